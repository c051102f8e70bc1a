"""Read a few values in parallel, for sources that wait for other programs."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Final, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

AT_ONCE: Final = 4
# How long an interrupted run waits for its reads to clean up: ending a stubborn program takes half a second.
_PATIENCE: Final = 2.0


def side_by_side(
    read: Callable[[_Item], _Result], items: Sequence[_Item], *, patience: float = _PATIENCE
) -> list[_Result]:
    """Call `read` on every item, four at a time. Return the results in the order of the items. Raises as `read` does.

    After a Ctrl-C no further item is begun. Those under way are waited for, so that they leave no process behind.
    """
    # Not a ThreadPoolExecutor: its threads are joined when the interpreter ends, so one that hangs would keep the
    # process alive. These threads are daemons.
    futures: list[Future[_Result]] = [Future() for _ in items]
    waiting: queue.SimpleQueue[tuple[_Item, Future[_Result]]] = queue.SimpleQueue()
    for entry in zip(items, futures, strict=True):
        waiting.put(entry)
    threads = [threading.Thread(target=_work, args=(read, waiting), daemon=True) for _ in futures[:AT_ONCE]]
    try:
        # Inside, as a Ctrl-C may come between two starts: those that were started have begun to read.
        for thread in threads:
            thread.start()
        return [future.result() for future in futures]
    finally:
        _leave(waiting, [thread for thread in threads if thread.ident is not None], patience)


def _work(read: Callable[[_Item], _Result], waiting: "queue.SimpleQueue[tuple[_Item, Future[_Result]]]") -> None:
    with suppress(queue.Empty):
        while True:
            item, future = waiting.get_nowait()
            try:
                future.set_result(read(item))
            except BaseException as error:  # noqa: BLE001 -- handed to the caller's thread, which raises it
                future.set_exception(error)


def _leave(
    waiting: "queue.SimpleQueue[tuple[_Item, Future[_Result]]]", threads: Sequence[threading.Thread], patience: float
) -> None:
    with suppress(queue.Empty):
        while True:
            waiting.get_nowait()
    deadline = time.monotonic() + patience
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
