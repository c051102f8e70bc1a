"""One writer at a time: a lock that the system frees when its holder dies, and a note of who holds it."""

import contextlib
import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from flowforge.errors import Problem, StateError, printable
from flowforge.paths import PathEntry
from flowforge.state import disk
from flowforge.state.shape import MalformedError, Shape, canonical, fields, parse_json

_WITHOUT: Final = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})
_ELSEWHERE: Final = "keep it on a file system that has locks, or on a branch: state.github"
_NOTE: Final[Shape] = {"pid": (int,), "host": (str,), "since": (str,)}
_PAUSE: Final = 0.05


@contextlib.contextmanager
def locked(state: PathEntry, timeout: float, flock: Callable[[int, int], None] | None = None) -> Iterator[None]:
    """Hold the lock of a state, waiting up to `timeout` seconds; raises StateError FF401 or FF411.

    The lock is `<state>.lock`, which stays behind and means nothing then. Who holds it is written to
    `<state>.lock-holder`. flock: the system's call, unless another is given.
    """
    note, lock = state.beside(".lock-holder"), state.beside(".lock")
    try:
        handle = _lock(lock, time.monotonic() + timeout, flock or fcntl.flock)
    except BlockingIOError as error:
        fix = "wait until it ends, or stop it: the lock goes with it"
        where = printable(str(state.path))
        raise StateError(Problem("FF411", "the state is in use", where, _holder(note), fix)) from error
    except OSError as error:
        elsewhere = (_ELSEWHERE,) if error.errno in _WITHOUT else ()
        raise disk.failed("lock the state", lock.path, error, *elsewhere) from error
    try:
        _sign(note)
        yield
    finally:
        with contextlib.suppress(OSError):
            note.remove()
        os.close(handle)  # and with it goes the lock


def _lock(lock: PathEntry, deadline: float, flock: Callable[[int, int], None]) -> int:
    """Lock a file by its descriptor. Raises BlockingIOError when it is another's until the deadline, and OSError."""
    while True:
        handle = lock.open(os.O_RDWR | os.O_CREAT, disk.MODE)
        try:
            if _takes(handle, flock):
                return handle
        except OSError:
            os.close(handle)
            raise
        os.close(handle)
        if time.monotonic() >= deadline:
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
        time.sleep(_PAUSE)


def _takes(handle: int, flock: Callable[[int, int], None]) -> bool:
    """Whether the lock is ours now. One whose file somebody removed is nobody's: the next one would make a new file."""
    try:
        flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(handle).st_nlink > 0


def _sign(note: PathEntry) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    data = canonical({"pid": os.getpid(), "host": socket.gethostname(), "since": now})
    try:
        disk.DISK.replace(note, data)
    except OSError as error:
        raise disk.failed("lock the state", note.path, error) from error


def _holder(note: PathEntry) -> str:
    try:
        data = fields(parse_json(disk.DISK.read(note) or b""), _NOTE, "the note")
    except (MalformedError, StateError):
        return "another process holds its lock"
    return f"process {data['pid']} on {printable(data['host'])} holds its lock since {printable(data['since'])}"
