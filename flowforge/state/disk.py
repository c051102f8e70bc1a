"""The file operations of the state: read whole or not at all, replace atomically, mode 0600, synced to the disk."""

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from flowforge.errors import Problem, StateError, printable
from flowforge.paths import ANYWHERE, Bounds, Folder, IrregularError, OutsideError, PathEntry, outside
from flowforge.real_path import real_path

# Some 300,000 secrets. What is larger is not a state, and would be read into memory before we knew.
SIZE_LIMIT: Final = 128 * 2**20
MODE: Final = 0o600


class NoStateError(StateError):
    """What has the state's name cannot be a state: it is not a regular file, or it is too large."""


def failed(
    verb: str, path: Path, error: OSError, fix: str = "check the disk's space, the permissions and the path"
) -> StateError:
    """Return the error of an operation that the system refused: StateError FF401."""
    return StateError(Problem("FF401", f"cannot {verb}", printable(str(path)), reason(error), fix))


def reason(error: OSError) -> str:
    """Return the reason of an OSError as a clause without a path."""
    # `str(error)` would repeat the path as the system saw it, unescaped.
    if isinstance(error, IrregularError | OutsideError):
        return str(error.strerror)
    return os.strerror(error.errno).lower() if error.errno else "the system gave no reason"


@contextlib.contextmanager
def held(path: Path, bounds: Bounds = ANYWHERE) -> Iterator[PathEntry]:
    """Hold the folder of the state at `path` open.

    Links of the path are followed first, so that a link at the path survives. Everything is then done in that folder,
    whatever the path leads to later. Raises StateError: FF407 where there is no such folder, FF114 where the state may
    not lie there, and FF401.
    """
    try:
        real = bounds.resolve(path)
        folder = bounds.open_resolved(real.parent)
    except OutsideError:
        raise StateError(outside("the state is outside the manifest's folder", path)) from None
    except (FileNotFoundError, NotADirectoryError):
        fix = "make the folder, or name another file under state.file"
        place = printable(str(Path(real_path(path)).parent))
        raise StateError(Problem("FF407", "the state's folder does not exist", place, "", fix)) from None
    except OSError as error:
        raise failed("open the state's folder", path.parent, error) from error
    except ValueError as error:  # no file can be called so, in the C locale for one
        raise failed("open the state's folder", path.parent, OSError(errno.EINVAL, "")) from error
    with folder:
        yield PathEntry(folder, real.name)


def read_copy(path: Path) -> bytes | None:
    """Read as `read` does a file that a person named, and that no backend keeps its state in: a copy."""
    return _read(lambda: ANYWHERE.read(path), path)


def _read(opened: Callable[[], int], path: Path) -> bytes | None:
    try:
        with os.fdopen(opened(), "rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        return None
    except IrregularError as error:
        fix = "remove it, or name another file under state.file"
        why = f"it is {error.kind}"
        raise NoStateError(
            Problem("FF402", "the state is not a regular file", printable(str(path)), why, fix)
        ) from error
    except OSError as error:
        raise failed("read the state", path, error) from error
    if len(data) > SIZE_LIMIT:
        # The limit is checked by reading one byte more: the size that the system states may grow meanwhile.
        why = f"it holds more than {SIZE_LIMIT // 2**20} MiB, which no state does"
        fix = "check the path under state.file"
        raise NoStateError(Problem("FF403", "the state is too large", printable(str(path)), why, fix))
    return data


def write_all(handle: int, data: bytes) -> None:
    """Write every byte; `os.write` may take fewer. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def create(entry: PathEntry) -> int:
    """Create a new file of mode 0600, and return its descriptor for appending. Raises OSError.

    The caller holds the lock, so a file that has the name already was left behind by a killed run.
    """
    entry.remove()
    # O_EXCL: whoever may write in the folder could otherwise plant a file of their own between these two lines.
    handle = entry.open(os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, MODE)
    os.fchmod(handle, MODE)  # whatever the umask
    return handle


class Disk:
    """What the state asks of the disk it is on. A test hands in one that is full, or that stops half way."""

    def read(self, entry: PathEntry) -> bytes | None:
        """Read a regular file whole; None when there is none. Never blocks. Raises StateError FF401, FF402 or FF403."""
        return _read(entry.open_regular, entry.path)

    def sync(self, handle: int) -> None:
        """Wait until what was written is on the disk. Raises OSError."""
        os.fsync(handle)

    def sync_folder(self, folder: Folder) -> None:
        """Wait until a folder's new and renamed entries are on the disk. Raises OSError."""
        handle = folder.open_to_read()
        try:
            self.sync(handle)
        except OSError as error:
            if (
                error.errno != errno.EINVAL
            ):  # what file systems say that cannot sync a folder; the rename is atomic still
                raise
        finally:
            os.close(handle)

    def replace(self, entry: PathEntry, data: bytes) -> None:
        """Write `data` so that a reader, or a machine that stops, sees the old file or the new. Raises OSError."""
        temporary = entry.beside(".tmp")
        try:
            handle = create(temporary)
            try:
                write_all(handle, data)
                self.sync(handle)
            finally:
                os.close(handle)
            temporary.take_place_of(entry)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.remove()
            raise
        self.sync_folder(entry.folder)

    def wait(self, seconds: float) -> None:
        """Let another process write on."""
        time.sleep(seconds)


DISK: Final = Disk()


def tighten(entry: PathEntry) -> None:
    """Set a file to mode 0600 if it is not so already. Raises OSError."""
    # git checks files out as 0644, and a state names every repository and secret.
    if not entry.exists():
        return
    handle = entry.open_regular()
    try:
        if stat.S_IMODE(os.fstat(handle).st_mode) != MODE:
            os.fchmod(handle, MODE)
    finally:
        os.close(handle)
