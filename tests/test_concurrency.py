"""The bounded pool of threads."""

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from flowforge.concurrency import each, in_order, lenient, silent, start

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator


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

    before = threading.gettrace()
    threading.settrace(watch)
    try:
        done = dict(each(range(12), str, jobs=3, stopped=_never))
    finally:
        threading.settrace(cast("Any", before))
    assert (done, left) == ({number: str(number) for number in range(12)}, [])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_that_no_thread_lived_to_do_is_not_passed_over() -> None:
    """Where every thread dies before it begins, what they were to do is not taken for done."""

    def watch(*_: object) -> None:
        raise RuntimeError

    before = threading.gettrace()
    threading.settrace(watch)
    try:
        with pytest.raises(RuntimeError, match=r"^the threads ended before the work did$"):
            list(in_order(jobs=2, stopped=lambda: False, cut=ValueError)(str, [1, 2, 3]))
    finally:
        threading.settrace(cast("Any", before))


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

    assert list(in_order(jobs=4, stopped=_never, cut=ValueError)(work, range(10))) == [-number for number in range(10)]


@pytest.mark.parametrize("after", [0, 1, 2])
def test_in_order_gives_all_or_nothing(after: int) -> None:
    """Where it is stopped before the last item, that is raised: what is short would pass for the whole."""
    done: list[int] = []
    with pytest.raises(LookupError):
        in_order(jobs=1, stopped=lambda: len(done) >= after, cut=LookupError)(done.append, range(3))
    assert [*range(after)] == done


class _Asked:
    """A `stopped` that counts how often the thread that collects has asked, and lets others wait for that."""

    def __init__(self) -> None:
        self.times = 0
        self.stop = False
        self._changed = threading.Condition()

    def __call__(self) -> bool:
        if threading.current_thread() is threading.main_thread():
            with self._changed:
                self.times += 1
                self._changed.notify_all()
        return self.stop

    def wait(self, more: int) -> None:
        """Wait until it was asked so many times more."""
        with self._changed:
            enough = self.times + more
            assert self._changed.wait_for(lambda: self.times >= enough, 10)


def test_who_is_slow_is_waited_for() -> None:
    """A thread that found no more work ends; what another still does is given all the same."""
    asked = _Asked()

    def work(number: int) -> int:
        if number:
            asked.wait(6)
        return number

    assert {0: 0, 1: 1} == dict(each([0, 1], work, jobs=2, stopped=asked))


def test_what_is_begun_may_end_within_the_grace() -> None:
    """After a stop the caller goes on waiting, and gets what was in flight; nothing else is begun."""
    asked = _Asked()

    def work(number: int) -> int:
        asked.stop = True
        asked.wait(4)
        return number

    assert [(0, 0)] == list(each([0, 1, 2], work, jobs=1, stopped=asked, grace=60))


def test_nobody_waits_after_a_stop_unless_told_to() -> None:
    """Without a grace what hangs is left behind as soon as that is seen."""
    asked, release = _Asked(), threading.Event()

    def work(number: int) -> int:
        asked.stop = True
        release.wait(10)
        return number

    assert [] == list(each([0], work, jobs=1, stopped=asked))
    assert asked.times <= 4
    release.set()


def test_the_end_is_seen_at_once() -> None:
    """When every thread has said that it ended there is nothing to wait for."""
    before, asked = set(threading.enumerate()), _Asked()

    def stopped() -> bool:
        if threading.current_thread() is threading.main_thread():
            for thread in set(threading.enumerate()) - before:
                thread.join(10)
        return asked()

    assert [(0, "0"), (1, "1")] == list(each([0, 1], str, jobs=1, stopped=stopped))
    assert 3 == asked.times


def test_who_wants_no_more_ends_the_work() -> None:
    """A caller that takes no further result lets nothing more begin but what is begun."""
    before, begun, go = set(threading.enumerate()), list[int](), threading.Semaphore(0)
    second = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == 1:
            second.set()
            go.acquire(timeout=10)
        return number

    results = each(range(100), work, jobs=1, stopped=_never)
    assert (0, 0) == next(results)
    assert second.wait(10)
    cast("Generator[tuple[int, int]]", results).close()
    go.release()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert [0, 1] == begun


def test_threads_are_as_many_as_there_is_work_and_keep_no_process() -> None:
    """Two items need two threads, however many jobs there may be; all are daemons."""
    seen: set[threading.Thread] = set()

    def watch(*_: object) -> None:
        seen.add(threading.current_thread())

    before = threading.gettrace()
    threading.settrace(watch)
    try:
        done = dict(each([0, 1], str, jobs=8, stopped=_never))
    finally:
        threading.settrace(cast("Any", before))
    assert ({0: "0", 1: "1"}, [True, True]) == (done, [thread.daemon for thread in seen])


class _Shown:
    """A progress that notes what happens to it. fails: at which of its steps, counted from 0."""

    def __init__(self, *fails: int) -> None:
        self.told: list[object] = []
        self._fails = fails

    def _step(self, what: object) -> None:
        self.told.append(what)
        if len(self.told) - 1 in self._fails:
            raise OSError(str(what))

    @contextmanager
    def __call__(self, what: str, total: int) -> "Iterator[Callable[[], None]]":
        self._step((what, total))
        try:
            yield lambda: self._step("one")
        finally:
            self._step("over")


@pytest.mark.parametrize(
    ("fails", "told", "broke"),
    [
        ((), [("Writing", 2), "one", "one", "over"], []),
        ((0,), [("Writing", 2)], ["('Writing', 2)"]),
        ((1,), [("Writing", 2), "one", "over"], ["one"]),
        ((2,), [("Writing", 2), "one", "one", "over"], ["one"]),
        ((3,), [("Writing", 2), "one", "one", "over"], ["over"]),
        ((1, 2), [("Writing", 2), "one", "over"], ["one", "over"]),
    ],
)
def test_progress_is_shown_as_long_as_that_works(fails: tuple[int, ...], told: list[object], broke: list[str]) -> None:
    """Whatever it raises is told once and ends only the showing: the work is done to its end."""
    shown, met, done = _Shown(*fails), list[str](), 0
    with lenient(shown, "Writing", 2, lambda error: met.append(str(error))) as advance:
        for _ in range(2):
            advance()
            done += 1
    assert (told, broke, 2) == (shown.told, met, done)


def test_what_the_work_raises_is_no_matter_of_its_progress() -> None:
    """It is raised, after the showing was ended; what is no failure ends the showing too, and is raised."""
    shown, met = _Shown(), list[Exception]()
    with pytest.raises(LookupError), lenient(shown, "Writing", 1, met.append):
        raise LookupError
    assert ([("Writing", 1), "over"], []) == (shown.told, met)


def test_nothing_is_shown_to_nobody() -> None:
    """The silent progress counts whatever it is told to."""
    done = 0
    with silent("Writing", 1) as advance:
        for _ in range(3):
            advance()
            done += 1
    assert 3 == done


def test_lanes_do_not_wait_for_each_other() -> None:
    """What hangs in one lane, in every thread that it has, holds up no other lane."""
    free, hung = threading.Event(), threading.Barrier(3)

    def work(item: tuple[str, int]) -> None:
        if item[0] == "slow":
            hung.wait()
            free.wait()

    items = [("slow", number) for number in range(2)] + [("quick", number) for number in range(9)]
    found = each(items, work, jobs=2, stopped=_never, lane=lambda item: item[0])
    hung_up = threading.Thread(target=hung.wait, daemon=True)
    hung_up.start()
    quick = [next(found)[0] for _ in range(9)]
    free.set()
    slow = [item for item, _ in found]
    assert (set(items[2:]), set(items[:2])) == (set(quick), set(slow))


def test_each_lane_has_so_many_threads() -> None:
    """As many of each lane are under way at once as jobs say, and not as many of all lanes together."""
    together = threading.Barrier(6)
    items = [(lane, number) for lane in "abc" for number in range(2)]
    # Each waits for five others: with fewer threads than six this would never end.
    done = list(each(items, lambda _: together.wait(60), jobs=2, stopped=_never, lane=lambda item: item[0]))
    assert sorted(items) == sorted(item for item, _ in done)


def test_a_failure_in_one_lane_ends_them_all() -> None:
    """What the work raises ends the whole, as without lanes."""
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        list(each(range(1000), work, jobs=1, stopped=_never, lane=lambda item: item % 2))
    assert len(begun) < 1000


def test_more_lanes_than_threads() -> None:
    """Hundreds of owners have a thread each at least, so that none is passed over."""
    done = dict(each(range(600), str, jobs=32, stopped=_never, lane=lambda item: item % 300))
    assert {number: str(number) for number in range(600)} == done


def test_lanes_share_a_bound_of_threads() -> None:
    """However many threads the lanes would have together, 256 are begun, and each of them works."""
    all_at_once = threading.Barrier(256)
    threads: set[int] = set()

    def work(_: int) -> None:
        threads.add(threading.get_ident())
        all_at_once.wait(60)

    list(each(range(512), work, jobs=200, stopped=lambda: False, lane=lambda item: item % 2))
    assert 256 == len(threads)
