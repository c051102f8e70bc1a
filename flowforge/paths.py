"""The one way to open the files of a manifest, and those that a pull request may have put into the checkout.

The links of a path are resolved, the result is compared with the folders where the file may lie, and then it is opened
from the root on by descriptors that follow no link: what was swapped in between is a link by then, and is refused. A
folder stays open as long as work is done in it, so that a file is created, replaced and removed in that folder only,
whatever the path leads to later.

If nothing is confined, links are followed: they are a person's own.
"""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from flowforge.data_class import dataclass
from flowforge.errors import Problem, printable
from flowforge.real_path import real_path

VARIABLE: Final = "FLOWFORGE_ALLOWED_PATHS"
WHY: Final = f"where CI or {VARIABLE} is set, files stay below the manifest's folder, links resolved"
FIX: Final = f"keep it below that folder, or let the operator add its folder to {VARIABLE}"
# Opening a FIFO or a terminal must neither wait nor take it over.
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
# O_PATH, where the system has it, passes through folders that may be entered and not listed.
_FOLDER: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a link"),
)


class OutsideError(OSError):
    """A path leads to where its file may not lie."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "it leads out of the folder that it must stay in")


class IrregularError(OSError):
    """What has the name is not a regular file. kind: what it is, like `a FIFO`."""

    def __init__(self, kind: str) -> None:
        super().__init__(errno.EINVAL, f"it is {kind}, not a regular file")
        self.kind = kind


def outside(what: str, path: Path) -> Problem:
    """Return the problem of a file outside of the manifest's folder. what: a sentence that says so."""
    return Problem("FF114", what, printable(str(path)), why=WHY, fix=FIX)


class Folder:
    """A folder that is held open. path: its name, for people and for comparing two of them."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self.handle = handle

    @classmethod
    def open(cls, path: Path, *, follow: bool) -> Self:
        """Open it; raises OSError. follow: whether links on the way are followed."""
        if follow:
            return cls(path, os.open(path, _FOLDER))
        handle = os.open(path.anchor, _FOLDER)
        for part in path.parts[1:]:
            outer = handle
            try:
                handle = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=outer)
            finally:
                os.close(outer)
        return cls(path, handle)

    def names(self) -> list[str]:
        """List what is in it. Raises OSError."""
        listing = self.open_to_read()
        try:
            return os.listdir(listing)  # noqa: PTH208 -- by its descriptor, which no Path takes
        finally:
            os.close(listing)

    def open_to_read(self) -> int:
        """Return a second descriptor of the folder, for listing or syncing it."""
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.handle)


@dataclass(frozen=True, slots=True)
class PathEntry:
    """A name in a folder that is held open; a link of that name is never followed. Its methods raise OSError."""

    folder: Folder
    name: str

    @property
    def path(self) -> Path:
        """The path, for people."""
        return self.folder.path / self.name

    def beside(self, suffix: str) -> "PathEntry":
        """Return the entry in the same folder with `suffix` after the name."""
        return PathEntry(self.folder, self.name + suffix)

    def open(self, flags: int, mode: int = 0o666) -> int:
        """Open what has the name. Raises IrregularError for a link."""
        try:
            return os.open(self.name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.folder.handle)
        except OSError as error:
            if error.errno == errno.ELOOP:  # what O_NOFOLLOW says of a link; there is no other on this way
                raise IrregularError("a link") from error
            raise

    def open_regular(self) -> int:
        """Open a regular file for reading, without waiting. Raises IrregularError for anything else."""
        # Checked before it is opened, because opening some devices has an effect, and after: it may be another by then.
        _require_regular(os.stat(self.name, dir_fd=self.folder.handle, follow_symlinks=False))
        return _regular(self.open(_READ))

    def exists(self) -> bool:
        """Return whether anything has the name."""
        try:
            os.stat(self.name, dir_fd=self.folder.handle, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def remove(self) -> None:
        """Remove what has the name, if anything has."""
        try:
            os.unlink(self.name, dir_fd=self.folder.handle)
        except FileNotFoundError:
            return

    def take_place_of(self, other: "PathEntry") -> None:
        """Rename it to the name of another entry, and replace that, in one step."""
        os.replace(self.name, other.name, src_dir_fd=self.folder.handle, dst_dir_fd=other.folder.handle)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a file may lie: below one of these folders, links resolved. None: anywhere, and links are followed."""

    roots: tuple[Path, ...] | None = None

    def resolve(self, path: Path) -> Path:
        """Return a file's path without its links; raises OutsideError where that lies outside."""
        real = Path(real_path(path))
        self._require(real.parent)
        return real

    def resolve_folder(self, path: Path) -> Path:
        """Return a folder's path without its links, as `resolve` does. It may be one of the roots itself."""
        real = Path(real_path(path))
        self._require(real)
        return real

    def _require(self, folder: Path) -> None:
        if self.roots is not None and not any(folder.is_relative_to(root) for root in self.roots):
            raise OutsideError

    def admits(self, path: Path) -> bool:
        """Return whether the path of a file is inside now."""
        return _succeeds(self.resolve, path)

    def admits_folder(self, path: Path) -> bool:
        """Return whether a folder is inside now."""
        return _succeeds(self.resolve_folder, path)

    def open_resolved(self, folder: Path) -> Folder:
        """Open a folder that was resolved. If files are confined, a link that was put there since is refused."""
        return Folder.open(folder, follow=self.roots is None)

    @contextmanager
    def entry(self, path: Path) -> Iterator[PathEntry]:
        """Hold the folder of a path open, for writing there. Raises OutsideError and OSError."""
        with self.open_resolved(self.resolve_folder(path.parent)) as folder:
            yield PathEntry(folder, path.name)

    def read(self, path: Path) -> int:
        """Open a regular file for reading. Raises OutsideError, IrregularError, OSError, and ValueError for no path."""
        if self.roots is None:
            _require_regular(path.stat())
            return _regular(os.open(path, _READ | os.O_CLOEXEC))
        real = self.resolve(path)
        with self.open_resolved(real.parent) as folder:
            return PathEntry(folder, real.name).open_regular()

    def write(self, path: Path, flags: int) -> int:
        """Open a file for writing. If files are confined, its own name must be no link. Raises as `read` does."""
        flags |= os.O_WRONLY | os.O_CREAT
        if self.roots is None:
            return os.open(path, flags | os.O_CLOEXEC, 0o666)
        with self.entry(path) as entry:
            return entry.open(flags)

    def objection(self, path: Path) -> str:
        """Return how a link keeps a file from being written there, as a clause; empty if none does."""
        if self.roots is None:
            return ""
        if os.path.islink(path):  # noqa: PTH114 -- Path's raises where a name is too long
            return "it is a link, and none is followed here"
        if self.admits_folder(path.parent):
            return ""
        return f"a link leads it out of the checkout, into a folder that {VARIABLE} does not admit"


ANYWHERE: Final = Bounds()


@dataclass(frozen=True, slots=True)
class Confinement:
    """The rules of the environment about files."""

    admitted: tuple[Path, ...] | None
    """The folders besides a manifest's own, their links resolved. None: no file is confined."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Read the rules: files are confined if CI is set, or FLOWFORGE_ALLOWED_PATHS is, even to nothing."""
        listed = environ.get(VARIABLE)
        if listed is None and not environ.get("CI"):
            return cls(None)
        named = (part.strip() for part in re.split(f"[,{os.pathsep}]", listed or ""))
        return cls(tuple(Path(real_path(each)) for each in named if each))

    def below(self, folder: Path) -> Bounds:
        """Return the bounds of what a manifest in this folder names, and of its own files."""
        if self.admitted is None:
            return ANYWHERE
        # A manifest's folder that a link leads out of the checkout does not count as its own.
        own = (Path(real_path(folder)),) if self.around(folder).admits_folder(folder) else ()
        return Bounds((*own, *self.admitted))

    def around(self, path: Path) -> Bounds:
        """Return the bounds of what the command line names: no link leads it out of the checkout that it is named in.

        The operator's own path may lead anywhere by itself.
        """
        top = None if self.admitted is None else _top(path)
        return ANYWHERE if top is None or self.admitted is None else Bounds((Path(real_path(top)), *self.admitted))


def _succeeds(resolve: Callable[[Path], Path], path: Path) -> bool:
    try:
        resolve(path)
    except OutsideError:
        return False
    except ValueError:  # no file can be called so, in the C locale for one: it leads nowhere, and who opens it says so
        return True
    return True


def _top(path: Path) -> Path | None:
    """Return the top of the checkout that a path is in; None if it is in none."""
    # The current folder's checkout, or the outermost one on the path: an inner one may be a link to another checkout.
    try:
        here = Path.cwd()
        current = [next((each for each in (here, *here.parents) if _is_top(each)), here)]
    except OSError:  # somebody removed the folder where we stand: nothing is named in it
        here, current = Path(path.anchor), []
    named = Path(os.path.normpath(here / path))
    outermost = [each for each in (named, *named.parents) if _is_top(each)][-1:]
    tops = [each for each in (*current, *outermost) if each != Path(each.anchor) and named.is_relative_to(each)]
    return max(tops, key=lambda each: len(each.parts), default=None)


def _is_top(folder: Path) -> bool:
    return os.path.lexists(folder / ".git")


def _regular(handle: int) -> int:
    try:
        _require_regular(os.fstat(handle))
    except IrregularError:
        os.close(handle)
        raise
    return handle


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise IrregularError(next((kind for test, kind in _KINDS if test(status.st_mode)), "a device"))
