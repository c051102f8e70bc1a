"""What a state on GitHub needs of the place it is kept in, and of the run that uses it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from flowforge.state.merge import Now


@dataclass(frozen=True, slots=True)
class Version:
    """What was read or written: the bytes, None where there are certainly none; and the answer's `Date`.

    sha: by which a write names it; what it is where there are no bytes is the remote's own affair. date: ISO 8601;
    whether a lock has expired is told by that clock alone.
    """

    data: bytes | None
    sha: str | None
    date: str


class StateStore(Protocol):
    """A file that others write too.

    Its methods raise StateError for whatever is not said here, and GitHubError where the run is to stop and they
    would have to wait.
    """

    @property
    def where(self) -> str:
        """Name it for people."""
        ...

    def read(self) -> Version:
        """Return what stands there."""
        ...

    def require_room(self, size: int) -> None:
        """Raise StateError where so many bytes cannot be written for sure."""
        ...

    def write(self, data: bytes, before: Version, message: str) -> Version:
        """Put `data` in the place of exactly that version; raises LostRaceError when another one stands there."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """What a run brings along: its name for people, how it waits, and what GitHub shows of secrets now.

    sleep: of seconds; raises GitHubError when the run is to stop. clock: seconds, of which only differences count.
    """

    holder: str
    sleep: Callable[[float], None]
    now: Now
    clock: Callable[[], float] = time.monotonic
