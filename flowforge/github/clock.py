"""The clock that every wait goes by, and how long GitHub is waited for: real, or faster against this machine."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from flowforge.errors import GitHubError, Problem, quote
from flowforge.github.urls import ApiUrl

TIME_SCALE: Final = "FLOWFORGE_TIME_SCALE"
DEADLINE_SCALE: Final = "FLOWFORGE_DEADLINE_SCALE"


class Clock:
    """Seconds that pass `scale` times as fast as real ones. Never compared with GitHub's own times."""

    def __init__(self, scale: float = 1.0) -> None:
        """Take how many of our seconds pass in a real one."""
        self.scale = scale

    @classmethod
    def of(cls, api: ApiUrl, environ: Mapping[str, str]) -> "Clock":
        """Give the clock of an API: FLOWFORGE_TIME_SCALE counts only on loopback. Raises GitHubError (FF306)."""
        return cls(_scale(TIME_SCALE, api, environ))

    def now(self) -> float:
        """Give the time in seconds since some moment; it never goes back."""
        return time.monotonic() * self.scale

    def wall(self) -> float:
        """Give the time that processes of the same scale on this machine agree on, in seconds."""
        return time.time() * self.scale

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Wait for `event`, at most so long; true when it is set."""
        return event.wait(max(0.0, seconds) / self.scale)


# Makes the clock of a run, for its API and environment.
ClockOf = Callable[[ApiUrl, Mapping[str, str]], Clock]


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds GitHub is waited for: not for its limits, which the clock is for, but for bytes.

    connect: for a connection. silent: for the next byte. exchange: for all of it, from the connection to the answer's
    last byte; file: the same where the state's file, which is large, goes to or fro. Each of these passes `scale` times
    as fast as a real second. now: real seconds since some moment; it never goes back.
    """

    connect: float = 5.0
    silent: float = 15.0
    exchange: float = 60.0
    file: float = 300.0
    scale: float = 1.0
    now: Callable[[], float] = time.monotonic

    @classmethod
    def of(cls, api: ApiUrl, environ: Mapping[str, str]) -> "Patience":
        """Return that for an API: FLOWFORGE_DEADLINE_SCALE counts only on loopback. Raises GitHubError (FF306)."""
        return cls(scale=_scale(DEADLINE_SCALE, api, environ))

    def real(self, seconds: float) -> float:
        """Return how many real seconds so many of its own are."""
        return seconds / self.scale


def _scale(variable: str, api: ApiUrl, environ: Mapping[str, str]) -> float:
    text = environ.get(variable, "")
    if not text or not api.loopback:
        return 1.0
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale < 1e6:  # noqa: PLR2004 -- false for nan too; a day passes in a tenth of a second there
        what = f"{quote(text)} is not a scale of time"
        raise GitHubError(Problem("FF306", what, variable, fix="set it to a number above 0, such as 60"))
    return scale
