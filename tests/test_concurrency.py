"""The bounded pool of threads."""

import threading
import time
from typing import Any, cast

import pytest

from flowforge.concurrency import each, in_order, start


def _never() -> bool:
    return False


def test_every_item_is_worked_on_once() -> None:
    """Each item comes back exactly once with its own result, whatever the number of threads."""
    for jobs in (1, 3, 64):
        done = dict(each(range(50), lambda number: number * number, jobs=jobs, stopped=_never))
        assert done == {number: number * number for number in range(50)}


def test_no_items_is_no_threads() -> None:
    """Nothing to do ends at once."""
    before = threading.active_count()
    assert list(each([], str, jobs=8, stopped=_never)) == []
    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_before_it_begins_is_not_waited_for() -> None:
    """What watches threads may fail in one of them: the others do its work, and the end is found without its word."""
    left = ["fail"]

    def watch(*_: object) -> None:
        if left:
            raise RuntimeError(left.pop())

    threading.settrace(watch)
    try:
        done = dict(each(range(12), str, jobs=3, stopped=_never))
    finally:
        threading.settrace(cast("Any", None))
    assert (done, left) == ({number: str(number) for number in range(12)}, [])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_that_no_thread_lived_to_do_is_not_passed_over() -> None:
    """Where every thread dies before it begins, what they were to do is not taken for done."""

    def watch(*_: object) -> None:
        raise RuntimeError

    threading.settrace(watch)
    try:
        with pytest.raises(RuntimeError, match=r"^the threads ended before the work did$"):
            list(in_order(jobs=2, stopped=lambda: False)(str, [1, 2, 3]))
    finally:
        threading.settrace(cast("Any", None))


class _Limited(threading.Thread):
    """A thread that starts where there is room."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def start(self) -> None:
        """Start, or fail as Python does."""
        if not self._room:
            raise RuntimeError("can't start new thread")
        super().start()


def test_a_system_without_room_for_more_threads() -> None:
    """Those that it has room for are the workers; where there is room for none, that is raised."""
    threads: list[threading.Thread] = [_Limited(room) for room in (1, 1, 0, 1)]
    begun = threads[:2]
    start(threads)
    assert begun == threads
    with pytest.raises(RuntimeError, match=r"^can't start new thread$"):
        start([_Limited(0)])


def test_at_most_so_many_at_once() -> None:
    """Never more than `jobs` calls run at the same time, and with work enough all of them do."""
    lock, running, most = threading.Lock(), 0, 0
    full = threading.Barrier(4, timeout=60)

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait()
        with lock:
            running -= 1
        return number

    assert len(list(each(range(8), work, jobs=4, stopped=_never))) == 8
    assert most == 4


def test_a_failure_is_raised_and_ends_the_work() -> None:
    """What the work raises is raised to the caller, and no further item is begun after it."""
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise LookupError(str(number))
        return number

    with pytest.raises(LookupError, match="3"):
        list(each(range(1000), work, jobs=1, stopped=_never))
    assert begun == [0, 1, 2, 3]


def test_stopped_begins_nothing_more_and_waits_for_what_is_begun() -> None:
    """After a stop the item in flight is still given, and no other is begun."""
    stop, inside = threading.Event(), threading.Event()

    def work(number: int) -> int:
        inside.set()
        stop.wait(60)
        return number

    work_through = each(range(100), work, jobs=1, stopped=stop.is_set, grace=60)

    def end() -> None:
        inside.wait(60)
        stop.set()

    threading.Thread(target=end).start()
    done = [item for item, _ in work_through]
    assert [0] == done


def test_grace_bounds_the_wait_for_what_hangs() -> None:
    """A worker that hangs after a stop is left behind when the grace is over."""
    stop, release = threading.Event(), threading.Event()

    def work(number: int) -> int:
        stop.set()
        release.wait(60)
        return number

    began = time.monotonic()
    assert list(each([1], work, jobs=1, stopped=stop.is_set, grace=0.2)) == []
    assert time.monotonic() - began < 30
    release.set()


def test_in_order_keeps_the_order_of_the_items() -> None:
    """The parallel map gives results in the items' order, although later ones are ready first."""

    def work(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return -number

    assert list(in_order(jobs=4, stopped=_never)(work, range(10))) == [-number for number in range(10)]
