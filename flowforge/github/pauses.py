"""The pauses that GitHub's refusals ask for. They hold every worker of a token, or every one that would write."""

import math
from typing import Final

from flowforge.errors import Problem
from flowforge.github.clock import Clock
from flowforge.github.problems import HeldError, TokenError

# After a secondary limit without `retry-after`, wait a minute at least, then longer each time (docs.github.com, "Rate
# limits for the REST API").
_PAUSE: Final = 60.0
_MARGIN: Final = 1.0  # GitHub gives whole seconds
_LATER: Final = "run it again after that time, or allow it with --max-wait"


class Pauses:
    """What refusals have asked for. Not thread-safe: its pacer calls it under the pacer's own lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = self.until = self._writes_until = -math.inf
        # Pauses since a read, or a write, succeeded; and how many requests were in flight when the last one began.
        self._in_a_row = {False: 0, True: 0}
        self._before = 0

    def left(self, *, write: bool) -> float:
        """Return the seconds until a read, or a write, may be sent; not above 0 where it may."""
        return max(self.until, self._writes_until if write else -math.inf) - self._clock.now()

    def begin(self, seconds: float | None, *, sent: float, write: bool, in_flight: int) -> tuple[float, bool]:
        """Return how long a refusal is to be waited out, and whether it is the first of those refused together.

        seconds: what GitHub asks for; None is a minute, twice as long each time. sent: when the request was sent.
        write: whether it was a write. in_flight: how many other requests are.
        """
        # Requests that were sent before this pause began were refused together with the first: they are one refusal.
        first = sent >= self._begun
        if first:
            self._in_a_row[write] += 1
            self._begun, self._before = self._clock.now(), in_flight
        if seconds is not None:
            return seconds + _MARGIN, first
        return (_PAUSE * 2.0 ** (self._in_a_row[write] - 1) if first else 0.0), first

    def hold(self, seconds: float, *, writes_alone: bool) -> None:
        """Let it last for so many seconds from now, at least."""
        until = self._clock.now() + seconds
        if writes_alone:
            self._writes_until = max(self._writes_until, until)
        else:
            self.until = max(self.until, until)

    def in_a_row(self, *, write: bool) -> int:
        """Return how many pauses there were since the last request of the kind that succeeded."""
        return self._in_a_row[write]

    def slots(self, most: int) -> int:
        """Return how many requests may be in flight. most: without any refusal."""
        # After a refusal the next one goes alone: if it is refused, too, that is one refusal and not thirty.
        return min(most, self._before + 1) if any(self._in_a_row.values()) else most

    def end(self, *, write: bool, accepted: bool, in_flight: int) -> None:
        """Note the end of a request."""
        self._before = min(self._before, in_flight)
        if accepted and self.left(write=write) <= 0:
            self._in_a_row[write] = 0


def too_long(seconds: float, most: float, words: str, *, writes_alone: bool) -> TokenError:
    """Return the error of a pause that is longer than the run may wait. words: GitHub's own sentence, quoted."""
    # A run that waits for longer than its operator allows ends, and the next one resumes: CI would kill it anyway.
    what = f"GitHub asks to wait {spell(seconds)}, longer than the {spell(most)} that --max-wait allows"
    kind = HeldError if writes_alone else TokenError
    return kind(Problem("FF331", what, why=f"GitHub says {words}" if words else "", fix=_LATER))


def held(seconds: float, most: float, why: str) -> HeldError:
    """Return the error of a write that must wait for longer than the run may. why: which limit it is kept to."""
    what = f"the next write may be sent in {spell(seconds)}, longer than the {spell(most)} that --max-wait allows"
    return HeldError(Problem("FF331", what, why=why, fix=_LATER))


def spell(seconds: float) -> str:
    """Return a wait for people, rounded up: `45 s`, `47 min`."""
    return f"{math.ceil(seconds)} s" if seconds < 120 else f"{math.ceil(seconds / 60)} min"  # noqa: PLR2004 -- two minutes
