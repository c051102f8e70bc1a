"""Reads side by side: four at a time, results in order, and nothing left behind by a Ctrl-C."""

import threading
import time

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
        together.wait(timeout=10)  # breaks, and so fails the test, unless four are there at once
        time.sleep(0.02 / (item + 1))
        with lock:
            inside[0] -= 1
        return item * item

    assert ([number * number for number in range(12)], AT_ONCE) == (side_by_side(read, range(12)), most[0])


def test_what_a_read_raises_is_raised() -> None:
    """An exception of a read reaches the caller, and no further item is begun."""
    begun: list[int] = []

    def read(item: int) -> int:
        begun.append(item)
        if item == 0:
            raise ZeroDivisionError
        time.sleep(0.1)
        return item

    with pytest.raises(ZeroDivisionError):
        side_by_side(read, range(1000))
    assert len(begun) < 20


def test_an_interruption_waits_for_those_begun_and_begins_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C in the caller's thread is raised after the reads that were begun have noticed that the run stops."""
    stop, ended = threading.Event(), [0]

    def read(_: int) -> None:
        stop.wait(10)
        ended[0] += 1

    def interrupted(_: object) -> None:
        stop.set()
        raise KeyboardInterrupt

    monkeypatch.setattr("flowforge.sources.side_by_side.Future.result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        side_by_side(read, range(100))
    assert AT_ONCE >= ended[0] > 0


def test_a_read_that_hangs_does_not_keep_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that notices nothing is left to its daemon thread after a while."""
    stop = threading.Event()
    monkeypatch.setattr("flowforge.sources.side_by_side._PATIENCE", 0.1)

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flowforge.sources.side_by_side.Future.result", interrupted)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        side_by_side(lambda _: stop.wait(20), range(8))
    assert time.monotonic() - began < 5
    stop.set()
