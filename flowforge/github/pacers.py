"""The pacers of a run: one for each account whose limits it uses, however often the run signs in."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowforge.github.pacer import Pacer


class Pacers:
    """Keeps the pacer of each account from one sign-in to the next. Thread-safe.

    What is under way and what was spent counts for all that the run sends as that account: also where no file can be
    kept that would tell the next sign-in, and while an earlier one is still in use.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._made: dict[str, Pacer] = {}

    def of(self, account: str, make: "Callable[[], Pacer]") -> "Pacer":
        """Return the pacer of an account. account: the digest of a token that the limits are counted for."""
        with self._lock:
            if account not in self._made:
                self._made[account] = make()
            return self._made[account]
