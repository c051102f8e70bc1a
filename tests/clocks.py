"""Clocks for commands that run in this process: nothing is late because a machine is busy."""

import threading
from typing import Any

from flowforge.cli.surroundings import Outside, Screen
from flowforge.github.clock import Clock
from flowforge.sandbox.rules.clock import SandboxClock


class WaitedClock(Clock):
    """A clock on which time passes only while somebody waits, so that a busy machine makes nothing late.

    The sandbox's own clock goes on in real time: a limit that is waited for on this one is over there.
    """

    def __init__(self, scale: float) -> None:
        """Begin at 0. scale: how many of its seconds are waited for in a real one."""
        super().__init__(scale)
        self._now, self._lock = 0.0, threading.Lock()

    def now(self) -> float:
        """Return the seconds that were waited for; those who wait side by side wait once."""
        return self._now

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Wait, as the clock of a run does."""
        until = self._now + max(0.0, seconds)
        stopped = super().wait(seconds, event)
        with self._lock:
            self._now = self._now if stopped else max(self._now, until)
        return stopped


class SandboxTime(Clock):
    """The sandbox's own clock, which jumps ahead where somebody waits: hours of limits pass in no time, on both sides.

    `scale` is 1, so that the work itself takes next to nothing of it.
    """

    def __init__(self, clock: SandboxClock) -> None:
        """Take it over. Between the waits it goes at the true pace."""
        super().__init__()
        clock.pace(1)
        self._clock, self._lock = clock, threading.Lock()

    def now(self) -> float:
        """Return the sandbox's time."""
        return self._clock.now()

    def wall(self) -> float:
        """Return the sandbox's time, which all processes of a test share."""
        return self._clock.now()

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Jump ahead. Those who wait side by side wait once."""
        until = self.now() + max(0.0, seconds)
        # A moment, so that a worker that is waited for can go on.
        if event.wait(min(seconds, 0.0005)):
            return True
        with self._lock:
            self._clock.advance(max(0.0, until - self.now()))
        return False


def outside_of(scale: float, screen: Screen | None = None, platform: str = "linux", **parts: Any) -> Outside:  # noqa: ANN401 -- members of any type
    """Return what a command meets: a clock of its own, which no other command's waits move on, unless in `parts`."""
    clock = WaitedClock(scale)
    return Outside(screen or Screen(), platform, {"clock": lambda *_: clock, **parts})
