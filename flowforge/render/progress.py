"""Progress for people, on stderr: a bar on a terminal, a line now and then in CI, never both."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from flowforge.on_demand import load

# In a log, a step that is over sooner than this says nothing, and a longer one says something this often (seconds).
_SILENCE = 10.0


def bar(what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
    """Show a bar that goes away when it is done; `what` is a word of ours, never text from outside.

    rich, which draws it, is imported with the first one: most runs have nothing to wait for, or no terminal.
    """
    shown: AbstractContextManager[Callable[[], None]] = load("flowforge.render.progress_bar").bar(what, total)
    return shown


@contextmanager
def lines(say: Callable[[str], None], what: str, total: int) -> Iterator[Callable[[], None]]:
    """Say a line now and then; `say` sees to it that nobody listening is no reason to end an apply."""
    done, lock, last = 0, threading.Lock(), time.monotonic()

    def advance() -> None:
        nonlocal done, last
        with lock:
            done += 1
            now = time.monotonic()
            if now - last >= _SILENCE:
                last = now
                say(f"{what}: {done} of {total}")

    yield advance


@contextmanager
def nothing(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Stay quiet."""
    del what, total
    yield lambda: None
