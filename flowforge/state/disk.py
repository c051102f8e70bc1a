"""Files as the state needs them: read whole or not at all, replaced atomically, mode 0600, synced."""

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Final

from flowforge.errors import Problem, StateError, printable

# Some 300,000 secrets. What is larger is not a state, and would be read into memory before we knew.
SIZE_LIMIT: Final = 128 * 2**20
MODE: Final = 0o600


def failed(
    verb: str, path: Path, error: OSError, fix: str = "check the disk's space, the permissions and the path"
) -> StateError:
    """Say what the system refused: StateError FF401."""
    return StateError(Problem("FF401", f"cannot {verb}", printable(str(path)), reason(error), fix))


def reason(error: OSError) -> str:
    """Give the meaning of an error's number as a clause, which names no path: the message names ours."""
    return os.strerror(error.errno).lower() if error.errno else "the system gave no reason"


def resolved(path: Path) -> Path:
    """Follow links, so that a link at the path survives; raises StateError FF407 when there is no such folder."""
    real = Path(os.path.realpath(path))
    if not os.path.isdir(real.parent):  # noqa: PTH112 -- Path.is_dir raises where a parent may not be searched
        fix = "make the folder, or name another file under state.file"
        raise StateError(Problem("FF407", "the state's folder does not exist", printable(str(real.parent)), "", fix))
    return real


def read(path: Path) -> bytes | None:
    """Read a regular file whole; None when there is none. Raises StateError FF401, FF402 or FF403; never blocks."""
    try:
        # A FIFO without a writer would block without O_NONBLOCK.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _read(handle, path)
        finally:
            os.close(handle)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failed("read the state", path, error) from error


def _read(handle: int, path: Path) -> bytes:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        fix = "remove it, or name another file under state.file"
        raise StateError(Problem("FF402", "the state is not a regular file", printable(str(path)), "", fix))
    with open(handle, "rb", closefd=False) as file:
        data = file.read(SIZE_LIMIT + 1)
    if len(data) > SIZE_LIMIT:
        why = f"it holds more than {SIZE_LIMIT // 2**20} MiB, which no state does"
        fix = "check the path under state.file"
        raise StateError(Problem("FF403", "the state is too large", printable(str(path)), why, fix))
    return data


def write_all(handle: int, data: bytes) -> None:
    """Write every byte; `os.write` may take fewer. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def sync(handle: int) -> None:
    """Wait until what was written is on the disk. Raises OSError."""
    os.fsync(handle)


def sync_folder(folder: Path) -> None:
    """Wait until a folder's new and renamed entries are on the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # what file systems say that cannot sync a folder; the rename is atomic still
            raise
    finally:
        os.close(handle)


def create(path: Path) -> int:
    """Make a new file of mode 0600 in place of any other, and give its descriptor for appending. Raises OSError.

    The caller holds the lock, so what stands there is what a killed run has left.
    """
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
    os.fchmod(handle, MODE)  # whatever the umask
    return handle


def replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that a reader, or a machine that stops, sees the old file or the new. Raises OSError."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        handle = create(temporary)
        try:
            write_all(handle, data)
            sync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def tighten(path: Path) -> None:
    """Take away what others may do with a file. Raises OSError."""
    if path.exists() and stat.S_IMODE(path.stat().st_mode) != MODE:
        path.chmod(MODE)
