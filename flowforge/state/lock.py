"""One writer at a time: a lock that the system frees when its holder dies, and a note of who holds it."""

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, Timeout, UnixFileLock

from flowforge.errors import Problem, StateError, printable
from flowforge.state import disk
from flowforge.state.shape import MalformedError, Shape, canonical, fields, parse_json

_WITHOUT: Final = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})
_ELSEWHERE: Final = "keep it on a file system that has locks, or on a branch: state.github"
_NOTE: Final[Shape] = {"pid": (int,), "host": (str,), "since": (str,)}


@contextlib.contextmanager
def locked(path: Path, timeout: float, make: Callable[..., BaseFileLock] = FileLock) -> Iterator[None]:
    """Hold the lock of the state at `path`, waiting up to `timeout` seconds; raises StateError FF401 or FF411.

    make: gives the lock. Where the file system has no locks, most releases of filelock take a file with a process id
    for one, some without being asked. That is none: it stays behind when its process is killed, and another machine's
    process of that id passes for its holder. So it is refused.

    The lock is `<path>.lock`, which stays behind and means nothing then. Who holds it is written to
    `<path>.lock-holder`, a file of its own, because some releases of filelock empty the lock file on every attempt.
    """
    note = path.with_name(path.name + ".lock-holder")
    name = path.with_name(path.name + ".lock")
    lock = make(name, timeout=max(timeout, 0), mode=disk.MODE, thread_local=False, fallback_to_soft=False)
    try:
        _acquire(lock)
    except Timeout as error:
        fix = "wait until it ends, or stop it: the lock goes with it"
        raise StateError(Problem("FF411", "the state is in use", printable(str(path)), _holder(note), fix)) from error
    except NotImplementedError as error:
        raise disk.failed("lock the state", name, OSError(errno.ENOTSUP, ""), _ELSEWHERE) from error
    except OSError as error:
        if error.errno in _WITHOUT:
            raise disk.failed("lock the state", name, error, _ELSEWHERE) from error
        raise disk.failed("lock the state", name, error) from error
    try:
        _sign(note)
        yield
    finally:
        with contextlib.suppress(OSError):
            note.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: BaseFileLock) -> None:
    """Take a lock of the system; raises NotImplementedError, filelock's own word too, for a file that stands for one.

    NOTE: before it had a setting for that, filelock turned a lock into the other kind when it met such a file system.
    """
    try:
        lock.acquire()
    except Timeout:
        if isinstance(lock, UnixFileLock):
            raise
    if not isinstance(lock, UnixFileLock):
        lock.release(force=True)
        raise NotImplementedError


def _sign(note: Path) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    data = canonical({"pid": os.getpid(), "host": socket.gethostname(), "since": now})
    try:
        disk.replace(note, data)
    except OSError as error:
        raise disk.failed("lock the state", note, error) from error


def _holder(note: Path) -> str:
    try:
        data = fields(parse_json(disk.read(note) or b""), _NOTE, "the note")
    except (MalformedError, StateError):
        return "another process holds its lock"
    return f"process {data['pid']} on {printable(data['host'])} holds its lock since {printable(data['since'])}"
