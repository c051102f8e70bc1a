"""How much may be sent now: what a sliding window holds, and the hourly budget. No threads, no waits."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from flowforge.github.answer import Answer
from flowforge.github.clock import Clock
from flowforge.github.rate_ledger import SLACK, Points, Spent

# Ends of points are rounded up to this part of the span, so that a window is a short list: a quarter of a second of a
# minute, fifteen of an hour.
_STEPS: Final = 240
# Points are taken from the shared file in portions of a thirtieth of the budget: locking it for each request would take
# longer than many requests do.
_PORTIONS: Final = 30
_SYNC: Final = 1.0
_POLL: Final = 0.25
FLOOR: Final = 60  # points a minute that slowing down never goes below: a write every five seconds
# After so many seconds without a refusal a budget that was halved grows by a quarter of what it was at first.
_QUIET: Final = 300.0


class Window:
    """The points of the last minute, or the writes of the last minute or hour: a point is what is counted.

    A request's points are held from its sending until a span after its end. The span is that of `spent`. floor: the
    budget that slowing down never goes below.
    """

    # GitHub allows 900 points in any 60 s, and counts a request at a moment between its sending and its answer that we
    # cannot see. Every window of 60 s at GitHub is within the budget all the same, whatever the latency: let r be the
    # request of that window that was sent last. Any other one of the window was counted no more than 60 s before r was
    # sent, and so ended later than that; its points were still held when r was admitted. So all of them together were
    # within the budget.

    def __init__(self, clock: Clock, budget: int, spent: Spent, *, floor: int = FLOOR) -> None:
        self._clock = clock
        self._spent = spent
        self.span = spent.span
        self._step = spent.span / _STEPS
        self._floor = min(floor, budget)
        self._whole = self.budget = budget
        self._changed_at = 0.0
        self.in_flight = 0
        self._flying = 0  # points of the requests in flight
        self._leased = 0  # points taken from the shared budget and not spent yet
        self._ended: deque[Points] = deque()  # by this process's own clock, in order
        self._synced = -math.inf
        self._told = False  # whether the shared file may have something of this process

    def delay(self, points: int, spare: int = 0, *, alone: bool = False) -> float:
        """Take the points and return 0, or return the seconds after which to ask again.

        spare: points that are to be left. alone: whether nothing is taken beside them, which the next one could have.
        """
        now = self._clock.now()
        if now - self._synced >= self.span:
            self._leased = 0  # nobody was told of it for so long that others may have spent it
        if self._leased < points:
            missing = points - self._leased
            most = missing if alone else max(missing, self.budget // _PORTIONS)
            self._leased += self._exchange(most, self.budget - spare)
        if self._leased < points:
            return self._until(points - self._leased + spare, now)
        self._leased -= points
        return self.take(points)

    def take(self, points: int) -> float:
        """Take the points without asking whether they are within the budget, and return 0."""
        self._flying += points
        self.in_flight += 1
        return 0.0

    def give_back(self, points: int) -> None:
        """Take back the points of a request that is not sent after all."""
        self._flying -= points
        self.in_flight -= 1

    def end(self, points: int) -> None:
        """Count a request's points for a span more, now that it has ended."""
        now = self._clock.now()
        self._flying -= points
        self.in_flight -= 1
        until = math.ceil((now + self.span) / self._step) * self._step
        if self._ended and self._ended[-1][0] == until:
            points += self._ended.pop()[1]
        self._ended.append((until, points))
        if now - self._synced >= _SYNC:
            self._exchange(0, self.budget)

    def slow_down(self) -> bool:
        """Halve the budget, but not below the floor. Return whether it became smaller."""
        slower = max(self._floor, self.budget // 2)
        slowed, self.budget, self._leased = slower < self.budget, slower, 0
        self._changed_at = self._clock.now()
        return slowed

    def recover(self) -> bool:
        """Let a budget that was halved grow after a while without a refusal. Return whether it did."""
        now = self._clock.now()
        if self.budget == self._whole or now - self._changed_at < _QUIET:
            return False
        self.budget, self._changed_at = min(self._whole, self.budget + self._whole // 4), now
        return True

    def recent(self) -> int:
        """Return how many points ended in the latest three quarters of the span, of every process as last told."""
        now = self._clock.now()
        return sum(points for until, points in self._ends(now) if until - now > self.span / 4)

    def ends(self) -> deque[float]:
        """Return for each point that counts in how many seconds it stops to; those in flight take a span at least."""
        self._exchange(0, self.budget)
        now = self._clock.now()
        known = deque(until - now for until, count in self._ends(now) for _ in range(count))
        known.extend([self.span] * self._flying)
        return known

    def estimate(self, points: int) -> float:
        """Return the seconds until so many more points are sent, in whole windows: a full one empties at its end.

        What other processes spent is known as of a second ago.
        """
        if self._clock.now() - self._synced >= _SYNC:
            self._exchange(0, self.budget)
        free = self.budget - self._held() - sum(count for _, count in self._spent.others) + self._leased
        return math.ceil(max(0, points - max(0, free)) / self.budget) * self.span

    def sync(self) -> None:
        """Exchange with the other processes what was spent."""
        self._exchange(0, self.budget)

    def close(self) -> None:
        """Return to the shared budget what was taken and not spent, and leave the rest for the next process."""
        self._leased = 0
        if self._told or self._held():
            self._exchange(0, self.budget)

    def _held(self) -> int:
        now = self._clock.now()
        while self._ended and self._ended[0][0] <= now:
            self._ended.popleft()
        return self._flying + self._leased + sum(points for _, points in self._ended)

    def _exchange(self, want: int, budget: int) -> int:
        """Publish what is held, and take more of the budget that all processes of the token share."""
        now, wall = self._clock.now(), self._clock.wall()
        self._synced = now
        self._held()
        mine = [(until - now + wall, points) for until, points in self._ended]
        if self._flying + self._leased:
            mine.append((wall + self.span + SLACK, self._flying + self._leased))
        granted = self._spent.take(mine, want, budget, wall)
        self._told = bool(mine or granted)
        return granted

    def _ends(self, now: float) -> Iterator[Points]:
        """Yield when points stop counting, soonest first, of every process."""
        ahead = self._clock.wall() - now
        yield from sorted([*self._ended, *((until - ahead, points) for until, points in self._spent.others)])

    def _until(self, missing: int, now: float) -> float:
        """Return the seconds until so many points can be free. Those in flight take a span at least."""
        missing += self._held() + sum(points for _, points in self._spent.others) - self.budget
        for until, points in self._ends(now):
            missing -= points
            if missing <= 0:
                return max(until - now, 0.001)
        return self.span


def seconds_until(count: int, windows: Sequence[Window], after: float = 0.0) -> float:
    """Return the seconds until so many more points are sent, each as soon as it is within all of these windows.

    after: seconds in which none is sent.
    """
    held = [(window, window.ends()) for window in windows]
    at = after
    for _ in range(count):
        for window, ends in held:
            while len(ends) >= window.budget:
                at = max(at, ends.popleft())
        for window, ends in held:
            ends.append(at + window.span)
    return at


class Primary:
    """The hourly budget, as the headers state it."""

    # 5,000 requests an hour for a user, 5,000 to 12,500 for an App's installation (docs.github.com, "Rate limits for
    # the REST API"). The reset is compared with the `Date` of the same answer: our own clock may be minutes off.

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._remaining: int | None = None
        self._reset = 0
        self._until = 0.0

    def learn(self, answer: Answer | None) -> None:
        """Read the headers of an answer. None: a request ended without one, and may have been counted."""
        # Answers overtake each other, so the lowest number of a period is the right one.
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

    def has_room(self, requests: int) -> bool:
        """Return whether so many requests are left of the hour, as far as it is known."""
        return self._remaining is None or self._remaining >= requests or self._clock.now() >= self._until

    def delay(self, in_flight: int) -> float:
        """Return 0 if one more request fits beside those in flight, else the seconds until the budget is new."""
        now = self._clock.now()
        if self._remaining is None or self._remaining - in_flight > 0:
            return 0.0
        if now >= self._until:
            self._remaining = None
            return 0.0
        # One of those in flight may show that more is left than was assumed.
        return min(_POLL, self._until - now) if in_flight else self._until - now
