"""Progress for people, on stderr: a bar on a terminal, or a line now and then in CI."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

# Seconds between two lines in a log. A step that takes less than this writes none.
_SILENCE = 10.0


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar that disappears at the end. what: a word of ours, never text from outside."""
    # rich reads [red] and the like in a text as markup, which is why it is off.
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


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
