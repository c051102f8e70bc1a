"""The clock that every wait goes by: real, or faster for rehearsals against this machine."""

import threading
import time
from collections.abc import Mapping
from typing import Final

from flowforge.errors import GitHubError, Problem, quote
from flowforge.github.urls import ApiUrl

TIME_SCALE: Final = "FLOWFORGE_TIME_SCALE"


class Clock:
    """Seconds that pass `scale` times as fast as real ones. Never compared with GitHub's own times."""

    def __init__(self, scale: float = 1.0) -> None:
        """Take how many of our seconds pass in a real one."""
        self.scale = scale

    @classmethod
    def of(cls, api: ApiUrl, environ: Mapping[str, str]) -> "Clock":
        """Give the clock of an API: FLOWFORGE_TIME_SCALE counts only on loopback. Raises GitHubError (FF306)."""
        text = environ.get(TIME_SCALE, "")
        if not text or not api.loopback:
            return cls()
        try:
            scale = float(text)
        except ValueError:
            scale = 0.0
        if not 0 < scale < 1e6:  # noqa: PLR2004 -- false for nan too; a day passes in a tenth of a second there
            what = f"{quote(text)} is not a scale of time"
            raise GitHubError(Problem("FF306", what, TIME_SCALE, fix="set it to a number above 0, such as 60"))
        return cls(scale)

    def now(self) -> float:
        """Give the time in seconds since some moment; it never goes back."""
        return time.monotonic() * self.scale

    def wall(self) -> float:
        """Give the time that processes of the same scale on this machine agree on, in seconds."""
        return time.time() * self.scale

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Wait for `event`, at most so long; true when it is set."""
        return event.wait(max(0.0, seconds) / self.scale)
