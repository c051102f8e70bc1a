"""One writer at a time: a lock that the system frees when its holder dies, and a note of who holds it."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from flowforge.errors import Problem, StateError, printable
from flowforge.state import disk
from flowforge.state.shape import MalformedError, Shape, canonical, fields, parse_json

_NOTE: Final[Shape] = {"pid": (int,), "host": (str,), "since": (str,)}


@contextlib.contextmanager
def locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of the state at `path`, waiting up to `timeout` seconds; raises StateError FF401 or FF411.

    The lock is `<path>.lock`, which stays behind and means nothing then. Who holds it is written to
    `<path>.lock-holder`, a file of its own, because some releases of filelock empty the lock file on every attempt.
    """
    note = path.with_name(path.name + ".lock-holder")
    name = path.with_name(path.name + ".lock")
    lock = FileLock(name, timeout=max(timeout, 0), mode=disk.MODE, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        fix = "wait until it ends, or stop it: the lock goes with it"
        raise StateError(Problem("FF411", "the state is in use", printable(str(path)), _holder(note), fix)) from error
    except OSError as error:
        raise disk.failed("lock the state", name, error) from error
    except NotImplementedError as error:  # filelock's word for a file system without locks
        raise disk.failed("lock the state", name, OSError(errno.ENOTSUP, "")) from error
    try:
        _sign(note)
        yield
    finally:
        with contextlib.suppress(OSError):
            note.unlink(missing_ok=True)
        lock.release()


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
