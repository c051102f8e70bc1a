"""The sandbox's clock: GitHub's time, which may run faster than ours so that an hour is rehearsed in a minute."""

import time
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache


class SandboxClock:
    """Seconds since the epoch, starting at the true time and running `scale` times as fast.

    Everything the sandbox says about time (Date, updated_at, resets, retry-after, token expiry) is on this clock;
    only latency and hanging are in real seconds.
    """

    def __init__(self, scale: float = 1.0) -> None:
        """Start now. Raise ValueError unless scale is above 0."""
        if scale <= 0:
            raise ValueError("the time scale must be above 0")
        self.scale = scale
        self._epoch = time.time()
        self._start = time.monotonic()
        self._ahead = 0.0
        self._written = 0

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self._epoch + self._ahead + (time.monotonic() - self._start) * self.scale

    def pace(self, scale: float) -> None:
        """Run so many times as fast from now on."""
        now = self.now()
        self._epoch, self._start, self._ahead, self.scale = now, time.monotonic(), 0.0, scale

    def advance(self, seconds: float) -> None:
        """Jump forward, so that a test need not wait."""
        self._ahead += seconds

    def write(self, second: int) -> None:
        """Remember that the API wrote something with this time."""
        self._written = max(self._written, second)

    def after(self, latest: int) -> int:
        """Return the time of an edit behind the API's back, where what is edited was written last at `latest`.

        GitHub's times are whole seconds, so an edit in the second of another write cannot be told from none. On a fast
        clock that would happen by chance: the clock steps on instead, to a second in which nothing was written.
        """
        first = max(latest, self._written) + 1
        self.advance(max(0.0, first - self.now()))
        return max(first, int(self.now()))


@lru_cache(maxsize=4096)
def timestamp(seconds: int) -> str:
    """Return `2026-11-23T03:43:00Z`, the form of created_at and updated_at."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=64)
def http_date(seconds: int) -> str:
    """Return `Mon, 23 Nov 2026 03:43:00 GMT`, the form of the Date header."""
    return formatdate(seconds, usegmt=True)
