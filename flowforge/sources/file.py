"""The source `file`: a regular file, read once, whole, and never waited for."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from flowforge.errors import Problem, SourceError, TrustError, printable
from flowforge.sources.base import Ask, Context, Found, Spec, one_by_one, text_of
from flowforge.sources.text import decode_file
from flowforge.sources.trust import PATHS_VARIABLE, confining
from flowforge.vault import SecretValue

# No secret that GitHub takes is larger; one byte more is asked for, and never two.
LIMIT: Final = 64 * 1024
# Opening a FIFO or a terminal must neither wait nor take it over; it is refused right after.
_FILE: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# O_PATH, where the system has it, passes through folders that may be entered and not listed.
_FOLDER: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FORMS: Final = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"))


class FileSource:
    """`{file: PATH}`: relative to the manifest's folder, `~/` being HOME. Exactly one final LF is dropped."""

    name = "file"

    def read_all(self, asks: Sequence[Ask], context: Context) -> list[Found]:
        """Read them as `read` does."""
        return one_by_one(self.read, asks, context)

    def read(self, spec: Spec, context: Context) -> SecretValue:
        """Read the file; raises TrustError (FF232) and SourceError (FF223 to FF230)."""
        found = _find(text_of(spec, self.name), context)
        if isinstance(found, Problem):
            raise TrustError(found) if found.code == "FF232" else SourceError(found)
        return found


def _find(text: str, context: Context) -> SecretValue | Problem:
    """Read and decode. Every failure comes back as data, so that no raised exception chains to a frame with bytes."""
    origin = f"file {printable(text)}"
    home = context.environ.get("HOME", "")
    if text.startswith("~/") and not home:
        return Problem("FF230", f"{origin} cannot be found: HOME is unset", fix="set HOME, or write the path without ~")
    path = context.folder / (home + text[1:] if text.startswith("~/") else text)
    try:
        data = _read(origin, path, confining(context))
    except FileNotFoundError:
        fix = f"create it; a relative path begins at the manifest's folder, {printable(str(context.folder))}"
        return Problem("FF224", f"{origin} does not exist", fix=fix)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        return Problem("FF226", f"{origin} cannot be read: {reason}", fix="let the user that runs flowforge read it")
    except ValueError:
        fix = "write a path without NUL and other characters that no file name has"
        return Problem("FF230", f"{origin} is not a path", fix=fix)
    return data if isinstance(data, Problem) else decode_file(origin, data)


def _read(origin: str, path: Path, roots: tuple[Path, ...] | None) -> bytes | Problem:
    """Read at most LIMIT bytes of a regular file; raises OSError and ValueError as the system calls do."""
    real = Path(os.path.realpath(path))
    root = next((each for each in roots or () if each in real.parents), None)
    if roots is not None and root is None:
        why = f"where CI or {PATHS_VARIABLE} is set, files stay below the manifest's folder, links resolved"
        fix = f"keep it below that folder, or let the operator add its folder to {PATHS_VARIABLE}"
        return Problem("FF232", f"{origin} is outside the manifest's folder", why=why, fix=fix)
    # Looked at before it is opened, as opening some devices does something, and after, as it may have been replaced.
    irregular = _irregular(origin, path.stat().st_mode)
    if irregular is not None:
        return irregular
    opened = os.open(path, _FILE) if root is None else _open_below(root, real.relative_to(root))
    try:
        return _irregular(origin, os.fstat(opened).st_mode) or _drain(origin, opened)
    finally:
        os.close(opened)


def _irregular(origin: str, mode: int) -> Problem | None:
    if stat.S_ISREG(mode):
        return None
    form = next((noun for test, noun in _FORMS if test(mode)), "a device")
    return Problem(
        "FF225", f"{origin} is {form}, not a regular file", fix="name a regular file that holds the credential"
    )


def _open_below(root: Path, relative: Path) -> int:
    """Open a file below a folder, following no link at any step, so that a swap after the check leads nowhere else."""
    folder = os.open(root, _FOLDER)
    try:
        for part in relative.parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(relative.name, _FILE | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)


def _drain(origin: str, opened: int) -> bytes | Problem:
    data = b""
    while len(data) <= LIMIT and (piece := os.read(opened, LIMIT + 1 - len(data))):
        data += piece
    if len(data) > LIMIT:
        return Problem("FF227", f"{origin} is larger than 64 KiB", fix="name a file that holds the credential alone")
    return data
