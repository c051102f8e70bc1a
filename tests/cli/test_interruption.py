"""A signal that comes while another is being answered."""

import signal
import threading

import pytest

from flowforge.cli.signals import Interruption


def test_a_signal_within_a_signal_waits_for_nothing() -> None:
    """A second Ctrl-C that comes in the very moment in which the first one stops the run ends it at once."""
    state = Interruption()

    class Interrupted(threading.Event):
        """An event during whose setting another signal comes."""

        def set(self) -> None:
            """Hold the lock, as the event's own `set` does."""
            with self._cond:  # type: ignore[attr-defined]  # -- the lock that a signal may find taken
                state.handle(signal.SIGINT, None)

    state.stop = Interrupted()
    ended = threading.Event()

    def answer() -> None:
        with pytest.raises(KeyboardInterrupt):
            state.handle(signal.SIGINT, None)
        ended.set()

    threading.Thread(target=answer, daemon=True).start()
    assert ended.wait(5)
