"""The source `file`: a regular file, which is read whole and once, and never waited for."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from flowforge.errors import Problem, SourceError, TrustError, printable
from flowforge.paths import FIX, WHY, Bounds, Confinement, IrregularError, OutsideError
from flowforge.sources.base import Context, FilledSpec, ReadResult, ValueRequest, one_by_one, text_of
from flowforge.sources.decoding import decode_whole
from flowforge.vault import SecretValue

# GitHub takes 47,952 bytes at most. One byte more than this is read, to see that a file is larger.
LIMIT: Final = 64 * 1024


class FileSource:
    """`{file: PATH}`: relative to the manifest's folder, with `~/` for HOME. One line end at the end is dropped."""

    name = "file"

    def read_all(self, asks: Sequence[ValueRequest], context: Context) -> list[ReadResult]:
        """Read each as `read` does."""
        return one_by_one(self.read, asks, context)

    def read(self, spec: FilledSpec, context: Context) -> SecretValue:
        """Return the file's value. Raises TrustError FF232 and SourceError FF223 to FF230."""
        found = _find(text_of(spec, self.name), context)
        if isinstance(found, Problem):
            raise TrustError(found) if found.code == "FF232" else SourceError(found)
        return found


def _find(text: str, context: Context) -> SecretValue | Problem:
    """Read and decode a file. Return every failure as a problem."""
    # Not as an exception, because one that is raised here would chain to a frame that holds the bytes.
    origin = f"file {printable(text)}"
    home = context.environ.get("HOME", "")
    if text.startswith("~/") and not home:
        return Problem("FF230", f"{origin} cannot be found: HOME is unset", fix="set HOME, or write the path without ~")
    path = context.folder / (home + text[1:] if text.startswith("~/") else text)
    try:
        data = _read(origin, path, Confinement.of(context.environ).below(context.folder))
    except OSError as error:
        return _unread(origin, error, context)
    except ValueError:
        fix = "write a path without NUL and other characters that no file name has"
        return Problem("FF230", f"{origin} is not a path", fix=fix)
    value = data if isinstance(data, Problem) else decode_whole(origin, data)
    if isinstance(value, SecretValue) and not value.reveal():
        return Problem("FF228", f"{origin} is empty", fix="write the credential into it")
    return value


def _unread(origin: str, error: OSError, context: Context) -> Problem:
    match error:
        case OutsideError():
            return Problem("FF232", f"{origin} is outside the manifest's folder", why=WHY, fix=FIX)
        case IrregularError():
            fix = "name a regular file that holds the credential"
            return Problem("FF225", f"{origin} is {error.kind}, not a regular file", fix=fix)
        case FileNotFoundError():
            fix = f"create it; a relative path begins at the manifest's folder, {printable(str(context.folder))}"
            return Problem("FF224", f"{origin} does not exist", fix=fix)
        case _:
            reason = (error.strerror or type(error).__name__).lower()
            fix = "let the user that runs flowforge read it"
            return Problem("FF226", f"{origin} cannot be read: {reason}", fix=fix)


def _read(origin: str, path: Path, bounds: Bounds) -> bytes | Problem:
    """Read at most LIMIT bytes of a regular file. Raises as `Bounds.read` does."""
    opened = bounds.read(path)
    try:
        return _drain(origin, opened)
    finally:
        os.close(opened)


def _drain(origin: str, opened: int) -> bytes | Problem:
    data = b""
    while len(data) <= LIMIT and (piece := os.read(opened, LIMIT + 1 - len(data))):
        data += piece
    if len(data) > LIMIT:
        return Problem("FF227", f"{origin} is larger than 64 KiB", fix="name a file that holds the credential alone")
    return data
