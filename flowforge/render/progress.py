"""Progress for people, on stderr: a bar on a terminal, or a line now and then in CI."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from flowforge.on_demand import load

# Has what is said meanwhile printed above the bar, by the function that it is given.
Above = Callable[[Callable[[str], None]], AbstractContextManager[None]]

# Seconds between two lines in a log. A step that takes less than this writes none.
_SILENCE = 10.0


def bar(above: Above, what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
    """Show a bar that goes away when it is done; `what` is a word of ours, never text from outside.

    above: entered with what prints a line above the bar, for as long as the bar stands. rich, which draws it, is
    imported with the first one: most runs have nothing to wait for, or no terminal.
    """
    shown: AbstractContextManager[Callable[[], None]] = load("flowforge.render.progress_bar").bar(above, what, total)
    return shown


@contextmanager
def lines(say: Callable[[str], None], what: str, total: int, silence: float = _SILENCE) -> Iterator[Callable[[], None]]:
    """Write a line now and then. say: writes it, and must not raise when stderr is closed: an apply goes on."""
    done, lock, last = 0, threading.Lock(), time.monotonic()

    def advance() -> None:
        nonlocal done, last
        # Every worker thread calls this.
        with lock:
            done += 1
            now = time.monotonic()
            if now - last >= silence:
                last = now
                say(f"{what}: {done} of {total}")

    yield advance


@contextmanager
def nothing(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show no progress."""
    del what, total
    yield lambda: None
