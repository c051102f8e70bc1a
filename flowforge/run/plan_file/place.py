"""Where a plan may be saved."""

import os
from collections.abc import Iterable
from pathlib import Path

from flowforge.errors import Problem, UsageError, quote
from flowforge.paths import Bounds
from flowforge.real_path import real_path


def require_place(path: Path, bounds: Bounds, *, is_ours: bool, reports: Iterable[Path]) -> None:
    """Make sure before any work that a plan can be saved there. Raises UsageError FF024.

    is_ours: whether a manifest or a state is there. reports: what the same run writes.
    """
    fix, why = "name a file with --out, in a folder that exists", ""
    # Not those of Path, which raise where a name is too long or a folder may not be searched.
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 -- see above
        why = "it is there, and not a regular file"
    elif not os.path.isdir(path.parent):  # noqa: PTH112 -- see above
        why = "there is no such folder"
    elif is_ours:
        why = "it is a manifest or a state"
    elif objection := bounds.objection(path):
        why = objection
    elif real_path(path) in map(real_path, reports):
        why = "--report writes there, too"
    if why:
        raise UsageError(Problem("FF024", f"the plan cannot be saved as {quote(str(path))}", why=why, fix=fix))


def not_written(path: Path, reason: str) -> UsageError:
    """Return the error (FF024) of a file that the system did not take."""
    fix = "name another file with --out"
    return UsageError(Problem("FF024", f"the plan cannot be saved as {quote(str(path))}", why=reason, fix=fix))
