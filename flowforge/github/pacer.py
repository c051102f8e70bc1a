"""One pacer for all workers: no request is sent before GitHub's limits and our own allow it."""

import math
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from flowforge.github.answer import Answer
from flowforge.github.classify import limit_of
from flowforge.github.clock import Clock
from flowforge.github.content_limits import SLOT, ContentLimits
from flowforge.github.pauses import Pauses, held, spell, too_long
from flowforge.github.problems import StoppedError, refused_for_good
from flowforge.github.rate_ledger import WINDOW, Spent
from flowforge.github.rate_window import Primary, Window
from flowforge.waiting import Waiting

# docs.github.com, "Rate limits for the REST API": 900 points a minute, of which a GET takes 1 and a PUT or DELETE 5;
# 100 requests at once.
POINTS_PER_MINUTE: Final = 900
MAX_IN_FLIGHT: Final = 100
CORE: Final = "core"  # the hourly budget of REST
READ_POINTS: Final = 1
WRITE_POINTS: Final = 5
_WORTH_TELLING: Final = 5.0
_CONTENT: Final = "content creation"  # in GitHub's words to a write that it counts as that
_TWO_MINUTES: Final = 120.0
LIMITED: Final = 5
"""How often one request is sent again after a rate limit, and how many pauses in a row may end in a refusal."""


class Pacer:
    """Lets requests through. Thread-safe; workers call `start` before each request and `end` after it.

    Every wait goes by the clock, and ends at once with StoppedError when `stop` is set. notify: told sentences for
    people. unless_free: whether a server that names no limits in its answers has none, as a GitHub Enterprise Server
    has none unless its owner switches them on (docs.github.com, "Configuring rate limits"). free: whether it has none
    whatever its answers name, until it refuses. content: the limits of writes. waiting: where people see the waits.
    whose: the owner whose token it is, where each has one.
    """

    # A request that need not wait goes through even after `stop`: a write under way can still be confirmed then.

    def __init__(
        self,
        clock: Clock,
        stop: threading.Event,
        *,
        points_per_minute: int = POINTS_PER_MINUTE,
        max_in_flight: int = 32,
        max_wait: float = 900.0,
        spent: Spent | None = None,
        notify: Callable[[str], None] = lambda _: None,
        unless_free: bool = False,
        free: bool = False,
        content: ContentLimits | None = None,
        waiting: Waiting | None = None,
        whose: str = "",
    ) -> None:
        self.clock = clock
        self.whose = whose
        self._stop = stop
        self._slots = min(max_in_flight, MAX_IN_FLIGHT)
        self.max_wait = max_wait
        self._notify = notify
        self._turnstile = threading.Lock()
        self._gate = threading.Lock()
        self._lock = threading.Lock()
        self._window = Window(clock, points_per_minute, spent or Spent(None))
        self._content = content or ContentLimits(clock)
        self._primary = Primary(clock)
        self._pauses = Pauses(clock)
        self._slowed_at = self._told_until = self._awaited_until = -math.inf
        self._told: dict[str, float] = {}
        # None until an answer shows whether this server has limits.
        self._always_free = free
        self._free: bool | None = True if free else None if unless_free else False
        self._coming: tuple[int, int] | None = None
        self._waiting = waiting or Waiting()
        self._waiting.join(self)

    def start(self, points: int, *, keeps: bool = False) -> float:
        """Wait until a request of so many points may be sent, count it, and return the time.

        keeps: whether it keeps the state. Raises StoppedError; GitHubError FF331 for a wait beyond `max_wait`.
        """
        if not _writes(points):
            return self._started(points)
        # At a gate of its own: what is written waits for the limits of content, and reads need not.
        with self._gate:
            while (seconds := self._admit_write(keeps=keeps)) > 0:
                self._hold(seconds)
        try:
            return self._started(points)
        except BaseException:
            with self._lock:
                self._content.give_back()
            raise

    def _started(self, points: int) -> float:
        # One worker waits and the others queue behind it, so reads, which need fewer points, cannot starve a write.
        with self._turnstile:
            while (seconds := self._admit(points)) > 0:
                self._tell(seconds)
                self._hold(seconds)
            return self.clock.now()

    def end(self, points: int, answer: Answer | None) -> None:
        """Count the end of a request. answer: None if the connection broke."""
        with self._lock:
            accepted = answer is not None and answer.status < HTTPStatus.BAD_REQUEST
            self._window.end(points)
            if _writes(points):
                limited = answer is not None and limit_of(answer) is not None
                self._content.end(accepted=accepted, limited=limited)
            self._pauses.end(write=_writes(points), accepted=accepted, in_flight=self._window.in_flight)
            if accepted and self._coming is not None:
                left, writes = self._coming
                self._coming = max(0, left - points), max(0, writes - _writes(points))
            # GraphQL has an hourly budget of its own, and its headers tell of that one alone.
            if answer is None or answer.headers.get("x-ratelimit-resource", CORE) == CORE:
                self._primary.learn(answer)
            if answer is not None and self._free is not False and not self._always_free:
                self._free = "x-ratelimit-limit" not in answer.headers

    def refused(
        self, seconds: float | None, *, secondary: bool, sent: float, words: str = "", write: bool = False
    ) -> None:
        """Hold every worker after a rate limit; after a secondary one, send more slowly from now on.

        seconds: what GitHub asks for. None means a minute, twice as long each time until a request succeeds. sent: when
        the refused request was sent, by the clock. words: GitHub's own sentence, quoted. write: whether it was a write.
        Raises GitHubError FF331, and FF333 when nothing else has come of several pauses.
        """
        said = []
        with self._lock:
            wait, first = self._pauses.begin(seconds, sent=sent, write=write, in_flight=self._window.in_flight)
            if first:
                said.append(f"GitHub asks to wait {spell(wait)}")
            # Whatever it said before: a server that refuses has limits.
            self._free = self._always_free = False
            # Who is "temporarily blocked from content creation" may read what was written.
            content = write and _CONTENT in words
            if secondary:
                said += self._slower(wait, write=write, sure=content)
            if self._pauses.in_a_row(write=write) > LIMITED:
                raise refused_for_good(self._pauses.in_a_row(write=write), words)
            if wait > self.max_wait:
                raise too_long(wait, self.max_wait, words, writes_alone=content)
            self._pauses.hold(wait, writes_alone=content)
        for text in said:
            self._say(text)

    def sleep(self, seconds: float) -> None:
        """Wait. Raises StoppedError as soon as the run is to stop."""
        if self.clock.wait(seconds, self._stop):
            raise StoppedError

    def outlast(self) -> None:
        """Let no stop end a wait from now on: what a run has left behind is still to be deleted."""
        self._stop = threading.Event()

    def estimate(self, points: int, writes: int = 0) -> float:
        """Return the seconds that so many points will take from now, pauses included and answers excluded.

        writes: how many of the requests are writes.
        """
        with self._lock:
            return self._estimate(points, writes)

    def expect(self, points: int, writes: int) -> None:
        """Take what is to come from now on, for whoever shows how long that takes."""
        with self._lock:
            self._coming = points, writes

    def reserve(self, writes: int) -> None:
        """Leave so many writes of each limit of content to what keeps the state."""
        with self._lock:
            self._content.spare = writes

    def awaited(self) -> float:
        """Return how many seconds are still waited for; 0 where nothing is."""
        return max(0.0, self._awaited_until - self.clock.now())

    def left(self) -> float | None:
        """Return the seconds that what is to come takes; None where nobody said what that is."""
        with self._lock:
            return None if self._coming is None else self._estimate(*self._coming)

    def has_room(self, points: int) -> bool:
        """Return whether so many points could be spent from now on without a wait for GitHub's limits."""
        with self._lock:
            if self._pauses.left(write=False) > 0 or not self._primary.has_room(points):
                return False
            # Asked of the file that all processes share only where this process alone would not rule it out.
            return bool(self._free) or (points <= self._window.budget and not self._window.estimate(points))

    def tell(self, text: str) -> None:
        """Report something that many workers may meet at once; the same text once in five seconds."""
        with self._lock:
            now = self.clock.now()
            fresh = now - self._told.get(text, -math.inf) >= _WORTH_TELLING
            self._told[text] = now if fresh else self._told[text]
        if fresh:
            self._say(text)

    def close(self) -> None:
        """Leave what was spent to the next process of this token."""
        with self._lock:
            self._window.close()
            self._content.close()

    def _tell(self, seconds: float) -> None:
        """Report why nothing moves, once a minute. A pause that GitHub asked for was told when it began."""
        now = self.clock.now()
        if seconds >= _WORTH_TELLING and now >= max(self._told_until, self._pauses.until):
            self._told_until = now + WINDOW
            self._say(f"waiting {spell(seconds)} to stay within GitHub's rate limit")

    def _say(self, text: str) -> None:
        # After a stop nobody waits any more, and the last sentence is to be the last.
        if not self._stop.is_set():
            self._notify(text)

    def _admit(self, points: int) -> float:
        """Count a request in and return 0, or return the seconds after which to ask again."""
        with self._lock:
            if (pause := self._pauses.left(write=False)) > 0:
                return pause
            if self._window.in_flight >= self._pauses.slots(self._slots):
                return SLOT
            dry = self._primary.delay(self._window.in_flight)
            if dry > self.max_wait:
                raise too_long(dry, self.max_wait, "", writes_alone=False)
            self._window.recover()
            return dry or (self._window.take(points) if self._free else self._window.delay(points))

    def _admit_write(self, *, keeps: bool) -> float:
        """Count a write among those of the hour and return 0, or return the seconds after which to ask again."""
        with self._lock:
            if (pause := self._pauses.left(write=True)) > 0:
                return pause
            self._content.recover()
            seconds = self._content.delay(keeps=keeps, free=bool(self._free))
            why = self._content.why(seconds)
        if seconds > self.max_wait:
            raise held(seconds, self.max_wait, why)
        if seconds >= _TWO_MINUTES:
            self._tell(seconds)
        return seconds

    def _hold(self, seconds: float) -> None:
        """Wait, and let people see it."""
        if seconds < 1:
            self.sleep(seconds)
            return
        self._awaited_until = until = self.clock.now() + seconds
        left, step = seconds, self._waiting.tick()
        while left > step:
            self.sleep(step)
            left, step = until - self.clock.now(), self._waiting.tick()
        self.sleep(left)

    def _estimate(self, points: int, writes: int, pause: float = 0.0) -> float:
        paused = max(0.0, pause, self._pauses.left(write=writes > 0))
        if self._free:
            return paused
        return max(paused + self._window.estimate(points), self._content.estimate(writes, paused))

    def _slower(self, wait: float, *, write: bool, sure: bool) -> list[str]:
        """Go slower after a secondary refusal, at most once a minute. Return what people are told."""
        now, known = self.clock.now(), self._content.in_force
        if now - self._slowed_at < WINDOW and (known or not write):
            return []
        if write:
            text = self._content.refused(sure=sure)
            left = self._estimate(*self._coming, wait) if self._coming and not known else 0.0
            if left > wait:
                text = f"{text}; what is left takes about {spell(left)}"
        else:
            slowed = self._window.slow_down()
            text = f"slower from now on: at most {self._window.budget} points a minute" if slowed else ""
        self._slowed_at = now if text else self._slowed_at
        return [text] if text else []


def _writes(points: int) -> bool:
    """Whether a request of so many points is a write."""
    return points >= WRITE_POINTS
