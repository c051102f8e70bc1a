"""Reads side by side: four at a time, results in order, and nothing left behind by a Ctrl-C."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from flowforge.sources.side_by_side import AT_ONCE, side_by_side


def test_no_items() -> None:
    """Nothing to read starts no thread."""
    before = threading.active_count()
    assert ([], before) == (side_by_side(str, []), threading.active_count())


def test_four_at_a_time_and_in_order() -> None:
    """Four reads meet each other, a fifth never joins them, and each result stands at its item's place."""
    together = threading.Barrier(AT_ONCE)
    inside, most = [0], [0]
    lock = threading.Lock()

    def read(item: int) -> int:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        together.wait(timeout=60)  # breaks, and so fails the test, unless four are there at once
        time.sleep(0.02 / (item + 1))
        with lock:
            inside[0] -= 1
        return item * item

    assert ([number * number for number in range(12)], AT_ONCE) == (side_by_side(read, range(12)), most[0])


def test_what_a_read_raises_is_raised() -> None:
    """An exception of a read reaches the caller, and no further item is begun."""
    begun: list[int] = []
    over = threading.Event()

    def read(item: int) -> int:
        begun.append(item)
        if item == 0:
            raise ZeroDivisionError
        over.wait(20)
        return item

    with pytest.raises(ZeroDivisionError):
        side_by_side(read, range(1000), patience=0)
    # Those that were begun side by side, and one that took the failed one's place before the caller looked.
    assert len(begun) <= AT_ONCE + 1
    over.set()


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """Let SIGINT be a KeyboardInterrupt, also in a worker that is told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_an_interruption_waits_for_those_begun_and_begins_no_other() -> None:
    """A Ctrl-C in the caller's thread is raised after the reads that were begun have noticed that the run stops."""
    stop, ended = threading.Event(), [0]

    def read(item: int) -> None:
        if item == 0:
            os.kill(os.getpid(), signal.SIGINT)
            stop.set()
        stop.wait(10)
        ended[0] += 1
        time.sleep(0.1)  # those that ended begin no other meanwhile

    with pytest.raises(KeyboardInterrupt):
        side_by_side(read, range(1000), patience=20)
    assert 1000 > ended[0] > 0


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_a_read_that_hangs_does_not_keep_us() -> None:
    """A read that notices nothing is left to its daemon thread after a while."""
    stop, begun, ended = threading.Event(), [], []

    def read(item: int) -> None:
        begun.append(item)
        if item == 0:
            os.kill(os.getpid(), signal.SIGINT)
        stop.wait(60)
        ended.append(item)

    with pytest.raises(KeyboardInterrupt):
        side_by_side(read, range(8), patience=0.1)
    assert (True, []) == (0 in begun, ended)
    stop.set()
