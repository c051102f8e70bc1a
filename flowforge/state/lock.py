"""The lock of a state file: the system releases it when its holder dies. A note beside it says who holds it.

A state on a branch has no such file: there a `Lease` stands in the state itself (`flowforge.state.branch`).
"""

import contextlib
import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from flowforge.errors import StateError, printable
from flowforge.paths import PathEntry
from flowforge.state import disk, messages
from flowforge.state.shape import MalformedError, Shape, canonical, fields, parse_json

# What flock(2) says on file systems without locks, such as some network mounts.
_WITHOUT: Final = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})
# The note is for people. Whether the state is locked depends on the lock alone, so a note that lies does no harm.
_ELSEWHERE: Final = "keep it on a file system that has locks, or on a branch: state.github"
_NOTE: Final[Shape] = {"pid": (int,), "host": (str,), "since": (str,)}
_PAUSE: Final = 0.05


@contextlib.contextmanager
def locked(state: PathEntry, timeout: float, flock: Callable[[int, int], None] | None = None) -> Iterator[None]:
    """Hold the lock of a state, waiting up to `timeout` seconds; raises StateError FF401 or FF411.

    The lock is on `<state>.lock`. That file stays behind and means nothing by itself. `<state>.lock-holder` says who
    holds the lock. flock: the system's call, unless another is given.
    """
    note, lock = state.beside(".lock-holder"), state.beside(".lock")
    try:
        handle = _lock(lock, time.monotonic() + timeout, flock or fcntl.flock)
    except BlockingIOError as error:
        raise StateError(messages.locked(printable(str(state.path)), *_holder(note))) from error
    except OSError as error:
        elsewhere = (_ELSEWHERE,) if error.errno in _WITHOUT else ()
        raise disk.failed("lock the state", lock.path, error, *elsewhere) from error
    try:
        _write_note(note)
        yield
    finally:
        with contextlib.suppress(OSError):
            note.remove()
        os.close(handle)  # and with it goes the lock


def _lock(lock: PathEntry, deadline: float, flock: Callable[[int, int], None]) -> int:
    """Lock a file by its descriptor. Raises BlockingIOError when another holds it until the deadline, and OSError."""
    # Polled, because a blocking flock(2) has no timeout, and a signal to end it belongs to the main thread.
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
    """Return whether the lock is ours now."""
    try:
        flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # A lock on a removed file excludes nobody: the next process would create a new file and lock that.
    return os.fstat(handle).st_nlink > 0


def _write_note(note: PathEntry) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    data = canonical({"pid": os.getpid(), "host": socket.gethostname(), "since": now})
    try:
        disk.DISK.replace(note, data)
    except OSError as error:
        raise disk.failed("lock the state", note.path, error) from error


def _holder(note: PathEntry) -> tuple[str, str]:
    """Return which process holds the lock, and since when, as far as its note tells."""
    try:
        data = fields(parse_json(disk.DISK.read(note) or b""), _NOTE, "the note")
    except (MalformedError, StateError):
        return "another process", ""
    return f"process {data['pid']} on {printable(data['host'])}", printable(data["since"])
