"""What a state on a branch needs: a store with compare-and-swap, and what the run brings along."""

import time
from collections.abc import Callable
from typing import Protocol

from flowforge.data_class import dataclass
from flowforge.state.merge import Now


@dataclass(frozen=True, slots=True)
class StateVersion:
    """One version of the file as it was read or written."""

    data: bytes | None
    """Its bytes; None where there is certainly no file."""
    sha: str | None
    """What a write names it by. What it is of a missing file is the store's own affair."""
    # Clocks of two machines differ by minutes, and a lease must not end early for one of them.
    date: str
    """The time of the answer by the store's clock, ISO 8601. Whether a lease has expired is judged by it alone."""


class StateStore(Protocol):
    """A file that other runs write too.

    Its methods raise StateError for whatever is not named here, and GitHubError when they would have to wait although
    the run is to stop.
    """

    @property
    def where(self) -> str:
        """Return its name for people."""
        ...

    def read(self) -> StateVersion:
        """Return the version that is there now."""
        ...

    def require_room(self, size: int) -> None:
        """Raise StateError where so many bytes cannot be written for sure."""
        ...

    def write(self, data: bytes, before: StateVersion, message: str) -> StateVersion:
        """Replace exactly the version `before` by `data`; raises LostRaceError when another version is there."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """What the run that uses a state on a branch brings along."""

    holder: str
    """Its name for people, which the lease shows to others."""
    sleep: Callable[[float], None]
    """Waits for seconds; raises GitHubError when the run is to stop."""
    now: Now
    """Returns the times that GitHub shows of secrets now."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, of which only differences count."""
