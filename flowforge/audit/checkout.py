"""Read the workflow and action files of a checkout: regular files of limited size, none outside of it."""

import errno
import os
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import Final

from flowforge.data_class import dataclass
from flowforge.paths import Bounds, IrregularError, OutsideError
from flowforge.real_path import real_path
from flowforge.workflows.repository import FOLDER, Unread, is_action, is_workflow

# Far above the 500 KB at which GitHub refuses a workflow, so that the finding can name the size of such a file.
MAX_BYTES: Final = 10_000_000
MAX_TOTAL: Final = 200_000_000
"""Bytes of all files together: no repository has so much of workflows."""
# A checkout may be hostile: without these bounds a tree of empty folders would keep the walk busy for ever.
_MAX_DEPTH: Final = 8
_MAX_FOLDERS: Final = 50_000
# Where nobody keeps an action of a repository's own.
_PASSED_OVER: Final = frozenset({"node_modules", "vendor", "dist", "build", "target", "__pycache__", "site-packages"})


@dataclass(slots=True)
class Checkout:
    """What was read of a checkout."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By the path from its root, with `/`."""
    unread: list[Unread] = field(default_factory=list)


def read_checkout(root: Path) -> Checkout:
    """Return the workflow and action files below a folder. Raise OSError where the folder itself cannot be listed."""
    found = Checkout()
    real = real_path(root)
    # os.walk passes over a folder that it cannot list, so a mistyped one would be a checkout without any finding.
    os.listdir(real)  # noqa: PTH208 -- for its error alone
    left = MAX_TOTAL
    for path in _paths(real):
        # As GitHub writes paths, on Windows too: calls of local files, and what is disabled, are matched by them.
        shown = os.path.relpath(path, real).replace(os.sep, "/")
        try:
            data = _read(path, real, min(MAX_BYTES, left))
            left -= len(data)
            found.files[shown] = data
        except OSError as error:
            # Unreadable is not absent: the audit goes on, and says that it is not complete.
            reason = (error.strerror or type(error).__name__).lower()
            found.unread.append(Unread(shown, reason))
    return found


def _paths(real: str) -> Iterator[str]:
    """Yield the paths of workflow and action files, links to files too."""
    # Links to folders are not followed, which os.walk leaves out by itself: one may lead out, or in a circle.
    for seen, (folder, inner, names) in enumerate(os.walk(real)):
        relative = os.path.relpath(folder, real).replace(os.sep, "/")
        depth = 0 if relative == "." else relative.count("/") + 1
        # os.walk goes on with what is left in this very list. Sorted, so that the bound cuts alike everywhere.
        inner[:] = sorted(name for name in inner if _enters(name, depth)) if seen < _MAX_FOLDERS else []
        # Directly in this folder everything is a workflow to GitHub, also a file that is called action.yml.
        if relative == FOLDER:
            yield from (f"{folder}/{name}" for name in sorted(names) if is_workflow(f"{FOLDER}/{name}"))
        else:
            yield from (f"{folder}/{name}" for name in sorted(names) if is_action(name))


def _enters(name: str, depth: int) -> bool:
    # `.git`, and the caches of tools. An action that is kept in such a folder is not found, and its callers are
    # `cannot-know`.
    if name.startswith("."):
        return name == ".github" and depth == 0
    return name not in _PASSED_OVER and depth < _MAX_DEPTH


def _read(path: str, real: str, most: int) -> bytes:
    """Read a regular file that lies below the checkout, links resolved. Raise OSError."""
    try:
        descriptor = Bounds((Path(real),)).read(Path(path))
    except OutsideError:
        raise PermissionError(1, "It is a link out of the checkout") from None
    except IrregularError:
        raise PermissionError(1, "It is not a regular file") from None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(most)
        # Cut by its own bound it is too large for GitHub too. Cut by the bound of all it must not pass for a whole one.
        if most < MAX_BYTES and file.read(1):
            raise OSError(errno.EFBIG, "The files together are larger than 200 MB")
        return data


def repo_of(root: Path) -> str | None:
    """Return owner and name of the checkout's remote `origin`; None where that cannot be told."""
    try:
        # Read as text and not by git: a stranger's configuration can name programs that git would start.
        lines = (root / ".git" / "config").read_text(encoding="utf-8", errors="replace")[:100_000].splitlines()
    except OSError:
        return None
    section = ""
    for line in map(str.strip, lines):
        if line.startswith("["):
            section = line
        elif section == '[remote "origin"]' and line.partition("=")[0].strip() == "url":
            return _owner_and_name(line.partition("=")[2].strip())
    return None


def _owner_and_name(url: str) -> str | None:
    parts = url.removesuffix("/").removesuffix(".git").replace(":", "/").split("/")
    owner, name = parts[-2:] if len(parts) > 1 else ("", "")
    # The name is shown, and compared with the manifest's: what cannot be one on GitHub is taken for none.
    safe = all(part and all(char.isalnum() or char in "-_." for char in part) for part in (owner, name))
    return f"{owner}/{name}" if safe else None
