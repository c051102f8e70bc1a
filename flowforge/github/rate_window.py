"""How much may be sent now: points of a sliding minute, and the primary budget. No threads, no waits."""

import math
from collections import deque
from collections.abc import Iterator
from typing import Final

from flowforge.github.answer import Answer
from flowforge.github.clock import Clock
from flowforge.github.rate_ledger import SLACK, WINDOW, Points, Spent

_STEP: Final = 0.25  # ends of points are rounded up to this, so that a window is a short list
_PORTIONS: Final = 30
_SYNC: Final = 1.0
_POLL: Final = 0.25
FLOOR: Final = 60  # points a minute that slowing down never goes below: a write every five seconds


class Window:
    """Points of the last minute.

    GitHub allows 900 points in any 60 s. When it counts a request, between its sending and its answer, we cannot see.
    So a request's points are held from its sending until 60 s after its end. Then every window of 60 s at GitHub is
    within the budget, whatever the latency: let r be the last sent of the requests that GitHub counts within one
    window. Any other of them was counted no more than 60 s before r was sent, and so ended later than that; its points
    were still held when r was admitted. So all of them together were within the budget.
    """

    def __init__(self, clock: Clock, budget: int, spent: Spent) -> None:
        self._clock = clock
        self._spent = spent
        self.budget = budget
        self.in_flight = 0
        self._flying = 0  # points of the requests in flight
        self._leased = 0  # points taken from the shared budget and not spent yet
        self._ended: deque[Points] = deque()  # by this process's own clock, in order
        self._synced = -math.inf

    def delay(self, points: int) -> float:
        """Take the points and give 0, or give the seconds after which to ask again."""
        now = self._clock.now()
        if self._leased < points:
            self._leased += self._exchange(max(points - self._leased, self.budget // _PORTIONS))
        if self._leased < points:
            return self._until(points - self._leased, now)
        self._leased -= points
        self._flying += points
        self.in_flight += 1
        return 0.0

    def end(self, points: int) -> None:
        """Count a request's points for 60 s more, now that it has ended."""
        now = self._clock.now()
        self._flying -= points
        self.in_flight -= 1
        until = math.ceil((now + WINDOW) / _STEP) * _STEP
        if self._ended and self._ended[-1][0] == until:
            points += self._ended.pop()[1]
        self._ended.append((until, points))
        if now - self._synced >= _SYNC:
            self._exchange(0)

    def slow_down(self) -> bool:
        """Halve the budget, not below FLOOR; false when it is there already."""
        slower = max(min(FLOOR, self.budget), self.budget // 2)
        slowed, self.budget, self._leased = slower < self.budget, slower, 0
        return slowed

    def estimate(self, points: int) -> float:
        """Return the seconds until so many more points are sent: whole windows, as a spent one empties at its end."""
        self._exchange(0)
        free = self.budget - self._held() - sum(count for _, count in self._spent.others) + self._leased
        return math.ceil(max(0, points - max(0, free)) / self.budget) * WINDOW

    def close(self) -> None:
        """Return back what was taken and not spent, and leave the rest for the next process to know."""
        self._leased = 0
        self._exchange(0)

    def _held(self) -> int:
        now = self._clock.now()
        while self._ended and self._ended[0][0] <= now:
            self._ended.popleft()
        return self._flying + self._leased + sum(points for _, points in self._ended)

    def _exchange(self, want: int) -> int:
        """Publish what is held, and take more from the budget that all processes of the token share."""
        now, wall = self._clock.now(), self._clock.wall()
        self._synced = now
        self._held()
        mine = [(until - now + wall, points) for until, points in self._ended]
        if self._flying + self._leased:
            mine.append((wall + WINDOW + SLACK, self._flying + self._leased))
        return self._spent.take(mine, want, self.budget, wall)

    def _ends(self, now: float) -> Iterator[Points]:
        """Yield the seconds until points end, soonest first, for every process."""
        ahead = self._clock.wall() - now
        yield from sorted([*self._ended, *((until - ahead, points) for until, points in self._spent.others)])

    def _until(self, missing: int, now: float) -> float:
        """Return the seconds until so many more points can be free; those in flight take a whole window at least."""
        missing += self._held() + sum(points for _, points in self._spent.others) - self.budget
        for until, points in self._ends(now):
            missing -= points
            if missing <= 0:
                return max(until - now, 0.001)
        return WINDOW


class Primary:
    """The hourly budget, as the headers tell it; GitHub's own clock alone is compared with GitHub's times."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._remaining: int | None = None
        self._reset = 0
        self._until = 0.0

    def learn(self, answer: Answer | None) -> None:
        """Read an answer's headers; None for a request that ended without an answer and may have been counted.

        Answers overtake each other, so the lowest number of a period is the truth.
        """
        if answer is None:
            self._remaining = None if self._remaining is None else self._remaining - 1
            return
        remaining, reset, seconds = (
            answer.number("x-ratelimit-remaining"),
            answer.number("x-ratelimit-reset"),
            answer.until_reset,
        )
        if remaining is None or reset is None or seconds is None or reset < self._reset:
            return
        if reset > self._reset or self._remaining is None:
            self._remaining = remaining
        self._remaining = min(self._remaining, remaining)
        self._reset, self._until = reset, self._clock.now() + seconds + 1

    def delay(self, in_flight: int) -> float:
        """Return 0 when one more request fits beside those in flight, else the seconds until the budget is new."""
        now = self._clock.now()
        if self._remaining is None or self._remaining - in_flight > 0:
            return 0.0
        if now >= self._until:
            self._remaining = None
            return 0.0
        # An answer under way may show more than was feared.
        return min(_POLL, self._until - now) if in_flight else self._until - now
