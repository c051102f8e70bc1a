"""Progress for people, on stderr: a bar on a terminal, or a line every ten seconds in CI."""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Final

from flowforge.on_demand import load
from flowforge.render.phrases import duration
from flowforge.waiting import Waiting

# Has what is said meanwhile printed above the bar, by the function that it is given.
Above = Callable[[Callable[[str], None]], AbstractContextManager[None]]

# A step that takes less than this part of ten real seconds has nothing to wait for, and shows no bar.
_MOMENT: Final = 0.05
_MINUTE: Final = 60.0
# Less than this is not worth telling.
_SOON: Final = 10.0
# An owner's name may have 39 letters, and a terminal 80 columns.
_OWNER: Final = 12


class StepProgress:
    """How far a step is, how fast it goes, how long it still takes, and what it waits for. Thread-safe."""

    def __init__(self, waiting: Waiting, total: int) -> None:
        """Begin. waiting: the waits of the run, and its clock."""
        self._waiting = waiting
        self._total = total
        self._lock = threading.Lock()
        self._begun = waiting.now()
        self._ends: deque[float] = deque()  # of the last minute
        self._limits: tuple[float, float | None] = (-math.inf, None)  # when they were asked for, and what they said
        self.done = 0

    def advance(self) -> None:
        """Count one thing that is done. Every worker thread may call this."""
        with self._lock:
            self.done += 1
            self._ends.append(self._waiting.now())

    @property
    def elapsed(self) -> float:
        """The seconds since the step began."""
        return self._waiting.now() - self._begun

    @property
    def is_worth_showing(self) -> bool:
        """Whether there is something to wait for."""
        return self.elapsed >= self._waiting.step * _MOMENT or self._waiting.longest()[0] > 0

    def text(self, columns: int = 0) -> str:
        """Return it in a line: `412/1,000  80/min  8 min left  acme waits 43 s`.

        columns: how long it may be. Where it is longer, the rate is left out, and then the time.
        """
        now = self._waiting.now()
        with self._lock:
            while self._ends and self._ends[0] <= now - _MINUTE:
                self._ends.popleft()
            done, minute = self.done, len(self._ends)
        parts = [f"{done:,}/{self._total:,}"]
        wait, whose = self._waiting.longest()
        left = self._left(done, minute, wait)
        if self.elapsed >= _SOON and minute:
            parts.append(f"{minute:,}/min")
        if left is not None and left >= _SOON:
            parts.append(f"{duration(left)} left")
        if wait >= 1:
            owner = whose if len(whose) <= _OWNER else f"{whose[: _OWNER - 1]}…"
            parts.append(f"{owner} waits {duration(wait)}" if owner else f"waiting {duration(wait)}")
        while 0 < columns < len("  ".join(parts)) and len(parts) > 1:
            del parts[1]
        return "  ".join(parts)

    def _left(self, done: int, minute: int, wait: float) -> float | None:
        """Return the seconds that the rest takes; None where nothing tells."""
        elapsed, rest = self.elapsed, self._total - done
        # What GitHub's limits make it take, where that is known. Else it goes on as it did: by the minute where limits
        # bind, which let a minute's work through at once.
        limits = self._by_limits()
        if limits is not None:
            return max(limits, wait)
        if not minute:
            return None
        return max(wait, rest * (_MINUTE / minute if wait or elapsed >= _MINUTE else elapsed / done))

    def _by_limits(self) -> float | None:
        """Return what GitHub's limits make the rest take. Asked for once a second: a bar is drawn more often."""
        now = self._waiting.now()
        if now - self._limits[0] >= 1:
            self._limits = now, self._waiting.left()
        return self._limits[1]


@contextmanager
def bar(above: Above, waiting: Waiting, what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar that goes away when it is done; `what` is a word of ours, never text from outside.

    above: entered with what prints a line above the bar, for as long as the bar stands. rich, which draws it, is
    imported with the first one: most runs have nothing to wait for, or no terminal.
    """
    standing, lock = StepProgress(waiting, total), threading.Lock()
    with ExitStack() as held:
        drawn: list[Callable[[int], None]] = []

        def draw() -> None:
            with lock:
                if not drawn and standing.is_worth_showing:
                    make = load("flowforge.render.progress_bar").bar
                    drawn.append(held.enter_context(make(above, what, total, standing.text)))
                done = standing.done
            for each in drawn:
                each(done)

        def advance() -> None:
            standing.advance()
            draw()

        with waiting.heard_by(draw):
            yield advance


@contextmanager
def lines(say: Callable[[str], None], waiting: Waiting, what: str, total: int) -> Iterator[Callable[[], None]]:
    """Write a line every ten seconds. say: writes it, and must not raise when stderr is closed: an apply goes on."""
    standing, lock, last = StepProgress(waiting, total), threading.Lock(), waiting.now()

    def tell() -> None:
        nonlocal last
        with lock:
            now = waiting.now()
            if now - last < waiting.step:
                return
            last = now
        say(f"{what}: {standing.text()}")

    def advance() -> None:
        standing.advance()
        tell()

    with waiting.heard_by(tell):
        yield advance


@contextmanager
def nothing(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show no progress."""
    del what, total
    yield lambda: None
