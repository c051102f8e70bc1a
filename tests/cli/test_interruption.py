"""A signal that comes while another is being answered, or while the main thread waits for the run to be stopped."""

import signal
import threading
import time

import pytest

from flowforge.cli.signals import Interruption


def test_a_signal_within_a_signal_waits_for_nothing() -> None:
    """A second Ctrl-C that comes while the first one is being answered ends the run at once."""
    state = Interruption()
    with pytest.raises(KeyboardInterrupt):
        state.handle(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt):
        state.handle(signal.SIGINT, None)
    assert state.stop.is_set()


def test_signals_by_the_thousand_while_the_main_thread_waits() -> None:
    """Whatever the main thread is doing with the event at the moment of a signal, neither waits for the other.

    An event with a lock that is not reentrant hangs here within moments.
    """
    state = Interruption()
    state.finish_first()
    before = signal.signal(signal.SIGALRM, lambda *_: state.stop.set())
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    try:
        ended = time.monotonic() + 0.5
        while time.monotonic() < ended:
            state.stop.wait(0)
            state.stop.set()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert state.stop.is_set()


def test_the_stop_ends_a_wait() -> None:
    """A thread that waits notices it within a tenth of a second; one that waits for a while goes on in time."""
    stop = Interruption().stop
    assert (False, False) == (stop.wait(0), stop.wait(0.06))
    timer = threading.Timer(0.1, stop.set)
    timer.start()
    begun = time.monotonic()
    assert stop.wait()
    assert time.monotonic() - begun < 5
