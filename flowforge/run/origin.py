"""What a run writes from: the commit of the manifest, and the address of the CI run. No program is run for it."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from flowforge.ci_runs import address_said, commit_said, is_ci
from flowforge.paths import Bounds
from flowforge.plan.facts import UNTOLD, Origin
from flowforge.plan.recordable import is_commit, is_run
from flowforge.real_path import real_path
from flowforge.tokens import redact

# The packed references of the largest repositories are some megabytes.
_MOST: Final = 16_000_000
_REF: Final = re.compile(r"refs/(?!.*(?:\.\.|//))[^\s\x00-\x1f\\:?*\[~^]+")


def origin_of(environ: Mapping[str, str], folder: Path) -> Origin:
    """Return what this run writes from; nothing outside of CI. folder: that of the manifest."""
    if not is_ci(environ):
        return UNTOLD
    # What is checked out counts: a workflow may check out another commit, or another repository, than began its run.
    found = commit_of(folder)
    commit, run = commit_said(environ) if found is None else found, address_said(environ)
    return Origin(commit if is_commit(commit) else "", run if is_run(run) and redact(run) == run else "")


def commit_of(folder: Path) -> str | None:
    """Return the commit that a checkout is at; empty where its files do not say, None where a folder is in none."""
    top = next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)
    if top is None:
        return None
    git = _git_folder(top / ".git")
    head = _read(git, "HEAD")
    if not head.startswith("ref:"):
        return head if is_commit(head) else ""
    ref = head.removeprefix("ref:").strip()
    if not _REF.fullmatch(ref):
        return ""
    # The checkouts that share a repository share its references.
    common = git / (_read(git, "commondir") or ".")
    loose = _read(common, ref)
    return loose if is_commit(loose) else _packed(common, ref)


def _git_folder(git: Path) -> Path:
    """Return the folder of a checkout's own files: `.git`, or where that leads if it is a file."""
    text = _read(git.parent, git.name)
    return git.parent / text.removeprefix("gitdir:").strip() if text.startswith("gitdir:") else git


def _packed(common: Path, ref: str) -> str:
    for line in _read(common, "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref and is_commit(commit):
            return commit
    return ""


def _read(folder: Path, name: str) -> str:
    """Return the text of a file below a folder of git's; empty where there is none that can be read."""
    try:
        # Links may be followed, but not out of that folder; nothing but a commit is taken from what is read.
        handle = Bounds((Path(real_path(folder)),)).read(folder / name)
        with os.fdopen(handle, "rb") as file:
            return file.read(_MOST).decode("utf-8", "replace").strip()
    except (OSError, ValueError):
        return ""
