"""One pacer for all workers: no request is sent before GitHub's limits and our own allow it."""

import math
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from flowforge.errors import Problem
from flowforge.github.answer import Answer
from flowforge.github.clock import Clock
from flowforge.github.problems import StoppedError, TokenError
from flowforge.github.rate_ledger import WINDOW, Spent
from flowforge.github.rate_window import Primary, Window

# docs.github.com, "Rate limits for the REST API": 900 points a minute, of which a GET takes 1 and a PUT or DELETE 5;
# 100 requests at once. After a secondary limit without `retry-after`, wait a minute at least, then longer each time.
POINTS_PER_MINUTE: Final = 900
MAX_IN_FLIGHT: Final = 100
CORE: Final = "core"  # the hourly budget of REST
READ_POINTS: Final = 1
WRITE_POINTS: Final = 5
_PAUSE: Final = 60.0
_MARGIN: Final = 1.0  # GitHub gives whole seconds
_SLOT: Final = 0.01  # seconds until a request in flight may have ended
_WORTH_TELLING: Final = 5.0


class Pacer:
    """Lets requests through. Thread-safe; workers call `start` before each request and `end` after it.

    Every wait goes by the clock, and ends at once with StoppedError when `stop` is set. notify: told sentences for
    people. unless_free: whether a server that names no limits in its answers has none, as a GitHub Enterprise Server
    has none unless its owner switches them on (docs.github.com, "Configuring rate limits").
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
    ) -> None:
        self.clock = clock
        self._stop = stop
        self._slots = min(max_in_flight, MAX_IN_FLIGHT)
        self.max_wait = max_wait
        self._notify = notify
        self._turnstile = threading.Lock()
        self._lock = threading.Lock()
        self._window = Window(clock, points_per_minute, spent or Spent(None))
        self._primary = Primary(clock)
        self._paused_at = self._paused_until = self._slowed_at = self._told_until = -math.inf
        self._pauses = 0
        self._told: dict[str, float] = {}
        # None until an answer shows whether this server has limits.
        self._free: bool | None = None if unless_free else False

    def start(self, points: int) -> float:
        """Wait until a request of so many points may be sent, count it, and return the time.

        Raises StoppedError; GitHubError FF331 for a wait beyond `max_wait`.
        """
        # One worker waits and the others queue behind it, so reads, which need fewer points, cannot starve a write.
        with self._turnstile:
            while (seconds := self._admit(points)) > 0:
                self._tell(seconds)
                self.sleep(seconds)
            return self.clock.now()

    def end(self, points: int, answer: Answer | None) -> None:
        """Count the end of a request. answer: None if the connection broke."""
        with self._lock:
            self._window.end(points)
            # GraphQL has an hourly budget of its own, and its headers tell of that one alone.
            if answer is None or answer.headers.get("x-ratelimit-resource", CORE) == CORE:
                self._primary.learn(answer)
            if answer is not None and self._free is not False:
                self._free = "x-ratelimit-limit" not in answer.headers
            if answer is not None and answer.status < HTTPStatus.BAD_REQUEST and self.clock.now() >= self._paused_until:
                self._pauses = 0

    def refused(self, seconds: float | None, *, secondary: bool, sent: float, words: str = "") -> None:
        """Hold every worker after a rate limit; after a secondary one, send more slowly from now on.

        seconds: what GitHub asks for. None means a minute, twice as long each time until a request succeeds. sent: when
        the refused request was sent, by the clock. words: GitHub's own sentence, quoted. Raises GitHubError FF331.
        """
        with self._lock:
            wait, said = self._pause(seconds, self.clock.now(), secondary=secondary, sent=sent)
            self._check(wait, words)
            self._paused_until = max(self._paused_until, self.clock.now() + wait)
        for text in said:
            self._say(text)

    def sleep(self, seconds: float) -> None:
        """Wait. Raises StoppedError as soon as the run is to stop."""
        if self.clock.wait(seconds, self._stop):
            raise StoppedError

    def outlast(self) -> None:
        """Let no stop end a wait from now on: what a run has left behind is still to be deleted."""
        self._stop = threading.Event()

    def estimate(self, points: int) -> float:
        """Return the seconds that so many points will take from now, pauses included and answers excluded."""
        with self._lock:
            paused = max(0.0, self._paused_until - self.clock.now())
            return paused + (0.0 if self._free else self._window.estimate(points))

    def has_room(self, points: int) -> bool:
        """Return whether so many points could be spent from now on without a wait for GitHub's limits."""
        with self._lock:
            if self.clock.now() < self._paused_until or not self._primary.has_room(points):
                return False
            # Asked of the file that all processes share only where this process alone would not rule it out.
            return bool(self._free) or (points <= self._window.budget and not self._window.estimate(points))

    def tell(self, text: str) -> None:
        """Tell people of something that many workers may meet at once; the same text once in five seconds."""
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

    def _tell(self, seconds: float) -> None:
        """Tell people why nothing moves, once a minute. A pause that GitHub asked for was told when it began."""
        now = self.clock.now()
        if seconds >= _WORTH_TELLING and now >= max(self._told_until, self._paused_until):
            self._told_until = now + WINDOW
            self._say(f"waiting {_spell(seconds)} to stay within GitHub's rate limit")

    def _say(self, text: str) -> None:
        # After a stop nobody waits any more, and the last sentence is to be the last.
        if not self._stop.is_set():
            self._notify(text)

    def _admit(self, points: int) -> float:
        """Count a request in and return 0, or return the seconds after which to ask again."""
        with self._lock:
            pause = self._paused_until - self.clock.now()
            if pause > 0:
                return pause
            if self._window.in_flight >= self._slots:
                return _SLOT
            dry = self._primary.delay(self._window.in_flight)
            self._check(dry)
            return dry or (self._window.take(points) if self._free else self._window.delay(points))

    def _pause(self, seconds: float | None, now: float, *, secondary: bool, sent: float) -> tuple[float, list[str]]:
        """Return how long a refusal is to be waited out, and what people are told of it."""
        said = []
        # Requests that were sent before this pause began were refused together with the first: they are one refusal.
        if sent >= self._paused_at:
            self._pauses += 1
            self._paused_at = now
            wait = _PAUSE * 2.0 ** (self._pauses - 1) if seconds is None else seconds + _MARGIN
            said.append(f"GitHub asks to wait {_spell(wait)}")
        else:
            wait = 0.0 if seconds is None else seconds + _MARGIN
        # Whatever it said before: a server that refuses has limits.
        self._free = False
        if secondary and now - self._slowed_at >= WINDOW and self._window.slow_down():
            self._slowed_at = now
            said.append(f"slower from now on: at most {self._window.budget} points a minute")
        return wait, said

    # A run that waits for longer than its operator allows ends, and the next one resumes: CI would kill it anyway.
    def _check(self, seconds: float, words: str = "") -> None:
        if seconds > self.max_wait:
            what = (
                f"GitHub asks to wait {_spell(seconds)}, longer than the {_spell(self.max_wait)} that --max-wait allows"
            )
            why, fix = (
                f"GitHub says {words}" if words else "",
                "run it again after that time, or allow it with --max-wait",
            )
            raise TokenError(Problem("FF331", what, why=why, fix=fix))


def _spell(seconds: float) -> str:
    """Return a wait for people, rounded up: `45 s`, `47 min`."""
    return f"{math.ceil(seconds)} s" if seconds < 120 else f"{math.ceil(seconds / 60)} min"  # noqa: PLR2004 -- two minutes
