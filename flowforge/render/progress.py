"""Progress for people, on stderr: a bar on a terminal, a line now and then in CI, never both."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

# In a log, a step that is over sooner than this says nothing, and a longer one says something this often (seconds).
_SILENCE = 10.0


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar that goes away when it is done; `what` is a word of ours, never text from outside."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


@contextmanager
def lines(say: Callable[[str], None], what: str, total: int, silence: float = _SILENCE) -> Iterator[Callable[[], None]]:
    """Say a line now and then; `say` sees to it that nobody listening is no reason to end an apply."""
    done, lock, last = 0, threading.Lock(), time.monotonic()

    def advance() -> None:
        nonlocal done, last
        with lock:
            done += 1
            now = time.monotonic()
            if now - last >= silence:
                last = now
                say(f"{what}: {done} of {total}")

    yield advance


@contextmanager
def nothing(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Stay quiet."""
    del what, total
    yield lambda: None
