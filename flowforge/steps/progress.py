"""How a step says how far it is, without knowing whether anybody looks."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Progress(Protocol):
    """Told what is being done and to how many things; gives a function to call after each of them."""

    def __call__(self, what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
        """Begin; leaving the context ends it."""


def silent(what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
    """Show nothing."""
    del what, total
    return nullcontext(lambda: None)
