"""Ctrl-C and SIGTERM: before the first write they end the run, after it they let what is in flight be finished."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from flowforge.cli.streams import say


class Interruption:
    """Whether the run was told to stop, and whether it may still simply end."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._finishing = False

    def finish_first(self) -> None:
        """From now on the first signal only asks; a second one ends the run at once (the journal makes it safe)."""
        self._finishing = True

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Answer a signal."""
        del number, frame
        first = not self.stop.is_set()
        self.stop.set()
        if not (self._finishing and first):
            raise KeyboardInterrupt("interrupted; the next plan knows what was under way" if self._finishing else "")
        say("stopping: what is in flight is finished and recorded")


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Handle SIGINT and SIGTERM alike inside the context; must be entered in the main thread."""
    state = Interruption()
    before = {number: signal.signal(number, state.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield state
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
