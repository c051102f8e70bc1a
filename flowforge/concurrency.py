"""A bounded pool of plain threads that can be stopped, and the progress that is shown meanwhile."""

import queue
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Final, Protocol, TypeVar

# Of all lanes together. More threads take memory and turns from each other, and send no more.
MOST_THREADS: Final = 256
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def each(
    items: Iterable[_Item],
    work: Callable[[_Item], _Result],
    *,
    jobs: int,
    stopped: Callable[[], bool],
    grace: float = 0.0,
    lane: Callable[[_Item], Hashable] = lambda _: None,
) -> Iterator[tuple[_Item, _Result]]:
    """Run `work` on every item in at most `jobs` threads. Yield each item with its result as soon as it is ready.

    lane: items of different lanes never wait for each other, so each lane has so many threads of its own. stopped: once
    it returns true, no further item is begun, and the pool waits `grace` seconds for those under way.
    Raises whatever `work` raises, after which no further item is begun, and RuntimeError where every thread died.
    """
    # The standard pool joins its threads when the process ends, so one that hangs in a system call would keep the
    # process alive. Daemon threads do not.
    lanes: dict[Hashable, queue.SimpleQueue[_Item]] = {}
    for item in items:
        lanes.setdefault(lane(item), queue.SimpleQueue()).put(item)
    done: queue.SimpleQueue[tuple[_Item, Future[_Result]] | None] = queue.SimpleQueue()
    over = threading.Event()
    threads = [
        threading.Thread(target=_worker, args=(waiting, done, work, stopped, over), daemon=True)
        for number in range(jobs)
        for waiting in lanes.values()
        if number < waiting.qsize()
    ][: max(jobs, MOST_THREADS, len(lanes))]
    try:
        start(threads)
        yield from _collect(done, threads, stopped, grace)
        if not (all(waiting.empty() for waiting in lanes.values()) or stopped()):
            raise RuntimeError("the threads ended before the work did")
    finally:
        over.set()


class InOrder(Protocol):
    """Maps a function over items as `map` does, in parallel, with the results in the items' order."""

    def __call__(self, function: Callable[[_Item], _Result], items: Iterable[_Item], /) -> Iterable[_Result]:
        """Return the results, in the order of the items."""
        ...


def in_order(*, jobs: int, stopped: Callable[[], bool], cut: type[Exception]) -> InOrder:
    """Return a `map` that works in at most `jobs` threads. It raises what the function raises.

    cut: raised where it was stopped before all was done: fewer results would pass for those of other items, or for all.
    """

    def run(function: Callable[[_Item], _Result], items: Iterable[_Item], /) -> Iterable[_Result]:
        given = list(items)
        done = dict(each(range(len(given)), lambda index: function(given[index]), jobs=jobs, stopped=stopped))
        if len(done) < len(given):
            raise cut
        return [done[index] for index in sorted(done)]

    return run


def start(threads: list[threading.Thread]) -> None:
    """Start the threads. Those that the system has no room for are dropped from the list."""
    for number, thread in enumerate(threads):
        try:
            thread.start()
        except RuntimeError:
            # One thread can do all the work, if slowly; none cannot.
            if not number:
                raise
            del threads[number:]
            return


def _worker(
    waiting: "queue.SimpleQueue[_Item]",
    done: "queue.SimpleQueue[tuple[_Item, Future[_Result]] | None]",
    work: Callable[[_Item], _Result],
    stopped: Callable[[], bool],
    over: threading.Event,
) -> None:
    try:
        while not (over.is_set() or stopped()):
            item = waiting.get_nowait()
            future: Future[_Result] = Future()
            try:
                future.set_result(work(item))
            except BaseException as error:  # noqa: BLE001 -- handed to the caller's thread, which raises it
                over.set()  # at once, because the caller may take its next result only after much more was done
                future.set_exception(error)
            done.put((item, future))
    except queue.Empty:
        pass
    finally:
        done.put(None)


def _collect(
    done: "queue.SimpleQueue[tuple[_Item, Future[_Result]] | None]",
    threads: Sequence[threading.Thread],
    stopped: Callable[[], bool],
    grace: float,
) -> Iterator[tuple[_Item, _Result]]:
    deadline: float | None = None
    workers = len(threads)
    while workers:
        if stopped() and deadline is None:
            deadline = time.monotonic() + grace
        if deadline is not None and time.monotonic() > deadline:
            return
        try:
            # A short wait lets the main thread see that it is to stop, and lets a signal interrupt it.
            entry = done.get(timeout=0.1)
        except queue.Empty:
            # A thread can die before our code begins in it, as under a debugger or coverage before CPython 3.12 while
            # an audit hook runs elsewhere. It never reports, not even its end, and the other threads do its work.
            if not any(thread.is_alive() for thread in threads) and done.empty():
                return
            continue
        if entry is None:
            workers -= 1
        else:
            item, future = entry
            yield item, future.result()


class Progress(Protocol):
    """Shows what is being done, and how much of it is done."""

    def __call__(self, what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
        """Return a context for `total` things to do, which yields a function to call after each of them."""


def silent(what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
    """Show nothing."""
    del what, total
    return nullcontext(lambda: None)


@contextmanager
def lenient(
    progress: Progress, what: str, total: int, broke: Callable[[Exception], None]
) -> Iterator[Callable[[], None]]:
    """Yield a function that advances the progress. What showing it raises goes to `broke`, and ends nothing else."""
    shown: list[Callable[[], None]] = []

    def tried(step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the work goes on
            shown.clear()
            broke(error)

    with ExitStack() as held:
        tried(lambda: shown.append(held.enter_context(progress(what, total))))
        try:
            yield lambda: tried(shown[0]) if shown else None
        finally:
            tried(held.close)
