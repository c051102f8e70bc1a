"""What the workers of a run wait for at this moment, and how long the rest takes: told by pacers, shown to people."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

# Seconds between two looks at a wait that goes on: real ones, for people look at it.
_STEP: Final = 10.0


class Timekeeper(Protocol):
    """What passes while somebody waits."""

    scale: float
    """How many of its seconds pass in a real one."""

    def now(self) -> float:
        """Return the seconds since some moment; they never go back."""


class Waiter(Protocol):
    """Who waits: the pacer of a token."""

    whose: str
    """The owner whose token it is, where each has one."""

    def awaited(self) -> float:
        """Return how many seconds are still waited for; 0 where nothing is."""

    def left(self) -> float | None:
        """Return the seconds that GitHub's limits make what is left take; None where that is not known."""


class Waiting:
    """The waits of a run. Thread-safe."""

    def __init__(self) -> None:
        self._clock: Timekeeper | None = None
        self._waiters: list[Waiter] = []
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def go_by(self, clock: Timekeeper) -> None:
        """Take the clock of the run, before anybody waits by it."""
        self._clock = clock

    def join(self, waiter: Waiter) -> None:
        """Add somebody who waits."""
        with self._lock:
            self._waiters.append(waiter)

    @contextmanager
    def heard_by(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call a function whenever a wait begins, and every ten seconds of it, until it raises."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners = [each for each in self._listeners if each is not listener]

    def tick(self) -> float:
        """Call those who listen, and return in how many seconds to do so again."""
        with self._lock:
            listeners = [*self._listeners]
        for listener in listeners:
            try:
                listener()
            except Exception:  # noqa: BLE001 -- whatever it is, it is for people to look at, and ends no request
                with self._lock:
                    self._listeners = [each for each in self._listeners if each is not listener]
        return self.step if listeners else float("inf")

    @property
    def step(self) -> float:
        """The seconds of the run's clock in which ten real ones pass."""
        return _STEP * self._clock.scale if self._clock else _STEP

    def now(self) -> float:
        """Return the seconds of the run's clock."""
        return self._clock.now() if self._clock else time.monotonic()

    def longest(self) -> tuple[float, str]:
        """Return the seconds of the longest wait, and whose it is; 0 where nobody waits."""
        return max(((each.awaited(), each.whose) for each in self._all), default=(0.0, ""))

    def left(self) -> float | None:
        """Return the seconds that GitHub's limits make what is left take; None where that is not known."""
        return max((left for each in self._all if (left := each.left()) is not None), default=None)

    @property
    def _all(self) -> tuple[Waiter, ...]:
        with self._lock:
            return tuple(self._waiters)
