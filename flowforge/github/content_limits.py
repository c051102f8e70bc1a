"""Whether GitHub counts what is written as content, and the limits of that: 80 writes a minute, and 500 an hour.

docs.github.com, "Rate limits for the REST API": "no more than 80 content-generating requests per minute and no more
than 500 content-generating requests per hour". Whether the PUT of a secret is one is not documented, so it is found
out. The write that would be the first beyond a limit goes alone, as a scout: where it is refused the limits are in
force, for this process and, by the file that they share, for the next ones of the token; else that limit is none.
"""

import math
from collections.abc import Collection
from typing import Final

from flowforge.github.clock import Clock
from flowforge.github.pace import Pace
from flowforge.github.rate_ledger import MOST_NOTED, Spent
from flowforge.github.rate_window import Window, seconds_until

WRITES_PER_MINUTE: Final = 80
WRITES_PER_HOUR: Final = 500
HOUR: Final = 3600.0
SLOT: Final = 0.01  # seconds until a request in flight may have ended
_MOMENT: Final = 5.0  # seconds that whoever was refused has to say so
# Writes in flight, so that a refusal which nobody foresaw is not answered by thirty more: it is not known whether the
# limits are in force; they are.
_UNKNOWN: Final = 8
_IN_FORCE: Final = 4
_FLOOR: Final = 10  # writes a minute that slowing down never goes below


class ContentLimits:
    """Lets writes through. Not thread-safe: its pacer calls it under the pacer's own lock.

    minute, hour: where the writes of all processes are counted. spare: writes of each window that are left to what
    keeps the state.
    """

    def __init__(
        self, clock: Clock, minute: Spent | None = None, hour: Spent | None = None, pace: Pace = Pace.LIMITS
    ) -> None:
        self._clock = clock
        self._noted = hour = hour or Spent(None, span=HOUR)
        self._minute = Window(clock, WRITES_PER_MINUTE, minute or Spent(None), floor=_FLOOR)
        self._hour = Window(clock, WRITES_PER_HOUR, hour)
        self._windows = self._minute, self._hour
        # Which of them may be limits, for all that is known.
        self._unproven = [] if pace is Pace.FREE else [*self._windows]
        self._scouting: list[Window] = []
        self._alone = False
        self._refused_scout = False
        self._doubtful_until = -math.inf
        self._gentle = pace is Pace.GENTLE
        self.spare = 0
        self._hour.sync()

    @property
    def in_force(self) -> bool:
        """Whether GitHub counts writes as content, as far as is known, or is to be spared finding out."""
        return self._gentle or self._noted.noted > self._clock.wall()

    def delay(self, *, keeps: bool, free: bool) -> float:
        """Take a write and return 0, or return the seconds after which to ask again.

        keeps: whether it keeps the state, which goes before any other write. free: whether the server has no limits.
        """
        if free:
            return self._take()
        doubtful = self._clock.now() < self._doubtful_until
        if doubtful or self._scouting or self._minute.in_flight >= self._slots:
            return SLOT
        return self._within(keeps=keeps) if self.in_force else self._scout()

    def give_back(self) -> None:
        """Take back a write that is not sent after all."""
        self._scouting = []
        for window in self._windows:
            window.give_back(1)

    def end(self, *, accepted: bool, limited: bool) -> None:
        """Count the end of a write. limited: whether it was refused by a limit; `refused` is called then."""
        self._refused_scout = limited and bool(self._scouting)
        if limited:
            # What was refused created nothing. The next one waits until it is known what follows from that.
            self.give_back()
            self._doubtful_until = self._clock.now() + _MOMENT
            return
        for window in self._windows:
            window.end(1)
        if accepted:
            self._alone = False
            passed = [window for window in self._scouting if window.recent() >= window.budget]
            self._unproven = [window for window in self._unproven if window not in passed]
        self._scouting = []

    def refused(self, *, sure: bool) -> str:
        """Keep to the limits after a write was refused, more slowly where they were kept. Return what people are told.

        sure: whether GitHub says that it is for the limits of content.
        """
        # The next write goes alone, until one is accepted.
        self._alone, self._doubtful_until = True, -math.inf
        # Another process may have found it out while this one did.
        known, now = self.in_force and not self._refused_scout, self._clock.wall()
        # What is not sure is believed for as long as a window is, and is then found out again.
        self._noted.noted = max(self._noted.noted, now + (MOST_NOTED if sure else HOUR))
        self._hour.sync()
        if not known:
            return (
                "GitHub counts what is written as content: from now on at most "
                f"{WRITES_PER_MINUTE} writes a minute and {WRITES_PER_HOUR} an hour"
            )
        slowed = self._minute.slow_down()
        return f"slower from now on: at most {self._minute.budget} writes a minute" if slowed else ""

    def recover(self) -> None:
        """Let writes go faster again where none was refused for a while."""
        self._minute.recover()

    def why(self, seconds: float) -> str:
        """Return why the next write waits for so many seconds, in words."""
        by_hour = seconds > self._minute.span
        most = f"{WRITES_PER_HOUR} writes an hour" if by_hour else f"{self._minute.budget} writes a minute"
        if self._noted.noted > self._clock.wall():
            return f"GitHub counts what is written as content, and takes {most}"
        return f"--pace gentle keeps to {most}"

    def estimate(self, writes: int, after: float = 0.0) -> float:
        """Return the seconds that so many more writes take by these limits; 0 where they are not in force.

        after: seconds in which none is sent.
        """
        # Those in flight count in the windows already.
        count = max(0, writes - self._minute.in_flight)
        return seconds_until(count, self._windows, after) if self.in_force else 0.0

    def close(self) -> None:
        """Leave what was written to the next process."""
        for window in self._windows:
            window.close()

    @property
    def _slots(self) -> float:
        if self._alone:
            return 1
        if self.in_force:
            return _IN_FORCE
        return _UNKNOWN if self._unproven else math.inf

    def _within(self, *, keeps: bool) -> float:
        spare = 0 if keeps else self.spare
        # What is left to those that keep the state must not be taken for others with one of them.
        if wait := self._minute.delay(1, spare, alone=keeps):
            return wait
        if wait := self._hour.delay(1, spare, alone=keeps):
            self._minute.give_back(1)
        return wait

    def _scout(self) -> float:
        """Take a write that no limit is known for. One that is the first beyond a limit waits for all others."""
        beyond = [window for window in self._unproven if window.delay(1)]
        taken = [window for window in self._unproven if window not in beyond]
        others = self._minute.in_flight - (self._minute in taken)
        if beyond:
            self._hour.sync()  # another process may have found it out by now
        if beyond and (others or self.in_force):
            for window in taken:
                window.give_back(1)
            return SLOT
        self._scouting = beyond
        return self._take(taken)

    def _take(self, taken: Collection[Window] = ()) -> float:
        for window in self._windows:
            if window not in taken:
                window.take(1)
        return 0.0
