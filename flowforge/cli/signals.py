"""Ctrl-C, SIGTERM, SIGHUP: before the first write they end the run, then they let what is in flight be finished."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

from flowforge.cli.streams import interject


def obeyed(system: Any = signal) -> tuple[signal.Signals, ...]:  # noqa: ANN401 -- the module, or what a test plays it with
    """Return the signals that end a run. SIGHUP is one, which a terminal sends that goes away, unless `nohup` is on."""
    hangup = getattr(system, "SIGHUP", None)  # Windows has none, and is to be told that by our own sentence
    heeded = hangup is not None and system.getsignal(hangup) is not signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *((hangup,) if heeded else ()))


# Whether what this process does may have written something: then no last words may deny it.
written: Final = threading.Event()
_FINISHED: Final = b"stopping: what is in flight is finished and recorded"


class _Stop(threading.Event):
    """An event that a signal handler may set, whatever the main thread is doing with it at that moment.

    NOTE: threading's own holds a lock that is not reentrant while it is set or begins to be waited for, so a handler
    that sets it could wait for itself. This one has no lock; who waits looks twenty times a second.
    """

    _TICK = 0.05

    def __init__(self) -> None:
        super().__init__()
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True

    def wait(self, timeout: float | None = None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._is_set:
            left = self._TICK if deadline is None else min(self._TICK, deadline - time.monotonic())
            if left <= 0:
                break
            time.sleep(left)
        return self._is_set


class Interruption:
    """What signals have asked of a run so far, and whether it may still end at once."""

    def __init__(self) -> None:
        self.stop: threading.Event = _Stop()
        self._finishing = False
        self._told = False
        self._asked = _FINISHED
        self._ended = "interrupted; the next plan knows what was under way"

    def finish_first(self, asked: bytes = b"", ended: str = "") -> None:
        """From now on the first signal only asks; a second one ends the run at once (the journal makes it safe).

        asked, ended: what is said of the first and of the second one, where that is not the journal.
        """
        self._asked, self._ended = asked or self._asked, ended or self._ended
        self._finishing = True
        written.set()

    # Python calls a handler in the main thread, between two instructions of whatever that does: no lock may be taken.
    def handle(self, number: int, frame: FrameType | None) -> None:
        """Ask the run to stop, or end it at once: see `finish_first`."""
        del number, frame
        first, self._told = not self._told, True
        self.stop.set()
        if not (self._finishing and first):
            raise KeyboardInterrupt(self._ended if self._finishing else "")
        with suppress(OSError):
            interject(self._asked)


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Handle the signals inside the context, all of them alike. Must be entered in the main thread."""
    state = Interruption()
    # What was there before is put back: tests run many commands in one process, and a command may call another.
    before = {number: signal.signal(number, state.handle) for number in obeyed()}
    try:
        yield state
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
