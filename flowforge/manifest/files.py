"""Find the files of a manifest and read them: regular files of UTF-8 text and of limited size."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import ManifestError, Problem, Where, printable
from flowforge.manifest.limits import too_much
from flowforge.paths import ANYWHERE, Bounds, Confinement, IrregularError, OutsideError, outside
from flowforge.real_path import real_path
from flowforge.text_encoding import NotUtf8, decode, without_mark

MAX_BYTES: Final = 10_000_000
_SUFFIXES: Final = (".yaml", ".yml")
# Of a double-quoted text, which only the parser sees: it is no less unfit than what stands in the file.
HALF_CHARACTER: Final = Problem("FF104", "half a character is escaped here", fix="write the character itself")
# What is not in YAML 1.2, production [1] c-printable, and the byte order mark. Stated as what is left out, it compiles
# ten times as fast as what is in.
_UNFIT: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class File:
    """A file of the manifest."""

    path: Path
    shown: str
    """Its name in messages."""
    bounds: Bounds = ANYWHERE
    """The folder that it must not leave, links resolved."""


def find_files(paths: Sequence[Path], confinement: Confinement) -> tuple[File, ...]:
    """Return the files that the paths name, each once. A folder means its `*.yaml` and `*.yml`, sorted, not hidden.

    Raise ManifestError (FF101) for a folder without any, (FF114) for a folder outside the checkout.
    """
    found: dict[str, File] = {}
    for path in paths:
        for file in _in_folder(path, confinement.around(path)) if is_folder(path) else (path,):
            bounds = confinement.below(file.parent)
            # By the real path, so that a file and a link to it are not read as two that define the same names.
            found.setdefault(real_path(file), File(file, printable(str(file)), bounds))
    return tuple(found.values())


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder. One that cannot be looked at is none: opening it will say why."""
    return os.path.isdir(path)  # noqa: PTH112 -- Path's raises where one may not search


def _in_folder(folder: Path, bounds: Bounds) -> Sequence[Path]:
    try:
        with bounds.open_resolved(bounds.resolve_folder(folder)) as opened:
            files = sorted(folder / name for name in opened.names() if is_manifest(folder / name))
    except OutsideError:
        raise ManifestError(outside("the manifests' folder is outside the checkout", folder)) from None
    except OSError as error:
        raise ManifestError(_unreadable(printable(str(folder)), error)) from None
    if not files:
        fix = "name a folder with *.yaml or *.yml files, or run `flowforge init`"
        raise ManifestError(Problem("FF101", "this folder has no manifest", printable(str(folder)), fix=fix))
    return files


def unread_folders(paths: Iterable[Path], confinement: Confinement) -> Iterator[Path]:
    """Yield each folder with manifests inside a folder that is named: its files are not read."""
    for folder in filter(is_folder, paths):
        bounds = confinement.around(folder)
        for inner in sorted(folder / name for name in _names(folder, bounds)):
            hidden = inner.name.startswith(".")
            if not hidden and is_folder(inner) and any(is_manifest(inner / name) for name in _names(inner, bounds)):
                yield inner


def _names(folder: Path, bounds: Bounds) -> Sequence[str]:
    """Return what is in a folder; nothing where it cannot be looked at."""
    try:
        with bounds.open_resolved(bounds.resolve_folder(folder)) as opened:
            return tuple(opened.names())
    except (OutsideError, OSError):
        return ()


def is_manifest(path: Path) -> bool:
    """Return whether a path in a folder of manifests is read as one of them."""
    return path.suffix in _SUFFIXES and not path.name.startswith(".") and not is_folder(path)


def read_text(file: File) -> str:
    """Read a whole file. Raise ManifestError (FF101 to FF104) if it is missing, no file, too large or not text."""
    try:
        data = _read(file)
    except OutsideError:
        raise ManifestError(outside("the manifest is a link out of its folder", file.path)) from None
    except IrregularError as error:
        # A device or a pipe could be endless, or wait for a writer that never comes.
        what = f"the manifest is {error.kind}, not a regular file"
        raise ManifestError(Problem("FF102", what, file.shown, fix="name a regular file with -m")) from None
    except FileNotFoundError:
        fix = "run `flowforge init` to begin one, or name yours with -m"
        raise ManifestError(Problem("FF101", "there is no such manifest", file.shown, fix=fix)) from None
    except OSError as error:
        raise ManifestError(_unreadable(file.shown, error)) from None
    return _decode(file, data)


def _unreadable(shown: str, error: OSError) -> Problem:
    reason = (error.strerror or type(error).__name__).lower()
    return Problem(
        "FF102", f"the manifest cannot be read: {reason}", shown, fix="let the user that runs flowforge read it"
    )


def _read(file: File) -> bytes:
    """Read at most MAX_BYTES, and one more to see that there are more."""
    with os.fdopen(file.bounds.read(file.path), "rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        what = f"the manifest is larger than {MAX_BYTES // 1_000_000} MB"
        raise too_much(what, file.shown, "split it, and name the files' folder with -m")
    return data


def _decode(file: File, data: bytes) -> str:
    text = decode(data)
    if isinstance(text, NotUtf8):
        where = str(_position(file, without_mark(data)[: text.start].decode()))
        raise ManifestError(Problem("FF104", f"this is {text}", where, fix="save the file as UTF-8"))
    unfit = _UNFIT.search(text)
    if unfit:
        what = f"the character U+{ord(unfit.group()):04X} cannot stand in YAML"
        where = str(_position(file, text[: unfit.start()]))
        raise ManifestError(Problem("FF104", what, where, fix="remove it; in double quotes an escape may stand for it"))
    return text


def _position(file: File, before: str) -> Where:
    """Return the position that follows a text."""
    # YAML's line breaks, so that the line is the one that the parser would report. str.splitlines knows more of them.
    lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", before)
    return Where(file.shown, len(lines), len(lines[-1]) + 1)


def lines_with(pattern: re.Pattern[str], text: str, file: str) -> Iterator[Where]:
    """Yield the position of each match in a file's text."""
    for number, line in enumerate(re.split("\r\n|[\r\n\x85\u2028\u2029]", text), start=1):
        for match in pattern.finditer(line):
            yield Where(file, number, match.start() + 1)
