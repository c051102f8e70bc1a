"""The clock that every wait uses, and the limits of waiting for GitHub: real, or faster against this machine."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import GitHubError, Problem, quote
from flowforge.github.urls import ApiUrl

# Two scales: a test that makes hours of rate limits pass must not cut the time that a busy machine needs to answer.
TIME_SCALE: Final = "FLOWFORGE_TIME_SCALE"
DEADLINE_SCALE: Final = "FLOWFORGE_DEADLINE_SCALE"


class Clock:
    """A clock whose seconds pass `scale` times as fast as real ones. It is never compared with GitHub's own times."""

    def __init__(self, scale: float = 1.0) -> None:
        """Take how many seconds of this clock pass in a real one."""
        self.scale = scale

    @classmethod
    def of(cls, api: ApiUrl, environ: Mapping[str, str]) -> "Clock":
        """Return the clock for an API; FLOWFORGE_TIME_SCALE counts only on loopback. Raises GitHubError FF306."""
        return cls(_scale(TIME_SCALE, api, environ))

    def now(self) -> float:
        """Return the seconds since some moment; they never go back."""
        return time.monotonic() * self.scale

    def wall(self) -> float:
        """Return a time in seconds on which all processes of this machine with the same scale agree."""
        return time.time() * self.scale

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Wait for `event`, `seconds` at most. Return whether it is set."""
        return event.wait(max(0.0, seconds) / self.scale)


# Makes the clock of a run, for its API and environment.
ClockOf = Callable[[ApiUrl, Mapping[str, str]], Clock]


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds to wait for the bytes of an exchange. Waits for rate limits go by the clock instead."""

    # GitHub ends a request itself after 10 seconds (docs.github.com, "Troubleshooting the REST API"), so whoever is
    # silent for longer is something between GitHub and this machine.
    connect: float = 5.0
    """For a connection."""
    silent: float = 15.0
    """For the next byte."""
    exchange: float = 60.0
    """For the whole exchange, from the connection to the last byte of the answer."""
    file: float = 300.0
    """For an exchange that carries the state's file, which may have 100 MB."""
    scale: float = 1.0
    """How many of these seconds pass in a real one."""
    now: Callable[[], float] = time.monotonic
    """Returns real seconds since some moment; they never go back."""

    @classmethod
    def of(cls, api: ApiUrl, environ: Mapping[str, str]) -> "Patience":
        """Return the limits for an API; FLOWFORGE_DEADLINE_SCALE counts only on loopback. Raises GitHubError FF306."""
        return cls(scale=_scale(DEADLINE_SCALE, api, environ))

    def real(self, seconds: float) -> float:
        """Return the real seconds that `seconds` of these take."""
        return seconds / self.scale


def _scale(variable: str, api: ApiUrl, environ: Mapping[str, str]) -> float:
    # Against GitHub itself a faster clock would go on during a rate limit, which "may result in the banning of your
    # integration" (docs.github.com, "Rate limits for the REST API").
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
