"""How a step says how far it is, without knowing whether anybody looks."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Protocol


class Progress(Protocol):
    """Told what is being done and to how many things; gives a function to call after each of them."""

    def __call__(self, what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
        """Begin; leaving the context ends it."""


def silent(what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
    """Show nothing."""
    del what, total
    return nullcontext(lambda: None)


@contextmanager
def lenient(
    progress: Progress, what: str, total: int, broke: Callable[[Exception], None]
) -> Iterator[Callable[[], None]]:
    """Show progress as long as that works: what it raises is told to `broke`, and ends nothing but the showing."""
    shown: list[Callable[[], None]] = []

    def tried(step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the work goes on
            shown.clear()
            broke(error)

    with ExitStack() as held:
        tried(lambda: shown.append(held.enter_context(progress(what, total))))
        try:
            yield lambda: tried(shown[0]) if shown else None
        finally:
            tried(held.close)
