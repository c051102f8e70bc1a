"""The files of `--limit @FILE` and `--exclude @FILE`, with a repo or a glob on each line."""

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from flowforge.errors import Problem, UsageError, quote
from flowforge.paths import Confinement, IrregularError, OutsideError
from flowforge.text_encoding import NotUtf8, decode

# A hundred thousand repos, named in full.
MAX_BYTES: Final = 10_000_000
# The patterns of each file, by its name.
RepoLists = Mapping[str, tuple[str, ...]]


def read_lists(patterns: Iterable[str], groups: Collection[str], confinement: Confinement) -> RepoLists:
    """Read each file that a pattern names, once for the whole run. Raises UsageError FF016.

    groups: the groups of the manifest; `@NAME` is one of these before it is a file.
    """
    names = (pattern[1:] for pattern in patterns if pattern.startswith("@") and pattern[1:] not in groups)
    return {name: _read(name, confinement) for name in dict.fromkeys(names)}


def _read(name: str, confinement: Confinement) -> tuple[str, ...]:
    """Return the patterns of a file, without empty lines and those that begin with #."""
    try:
        with os.fdopen(confinement.around(Path(name)).read(Path(name)), "rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        what = f"{quote(f'@{name}')} is neither a group of the manifest nor a file that can be read"
        why = str(error.strerror) if isinstance(error, IrregularError | OutsideError) else ""
        fix = "name a group, or a file with a repo or a glob on each line"
        raise UsageError(Problem("FF016", what, why=why, fix=fix)) from None
    if len(data) > MAX_BYTES:
        what = f"{quote(f'@{name}')} is larger than {MAX_BYTES // 1_000_000} MB"
        raise UsageError(Problem("FF016", what, fix="name a file with a repo or a glob on each line"))
    text = decode(data)
    if isinstance(text, NotUtf8):
        raise UsageError(Problem("FF016", f"{quote(f'@{name}')} is {text}", fix="save the file as UTF-8"))
    return tuple(line for each in text.splitlines() if (line := each.strip()) and not line.startswith("#"))
