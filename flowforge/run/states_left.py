"""States of owners that the manifest no longer names, where each owner has a file of its own."""

import glob
import os
import re
from collections.abc import Collection, Iterator
from typing import Final

from flowforge.errors import StateError, printable
from flowforge.manifest.model import OWNER, StateSettings
from flowforge.state.file import StateFile
from flowforge.state.signature import Signature

# Owners stand in a path in lower case; the letters of GitHub's names are those of `plan/address.py`.
_NAME: Final = "([a-z0-9][a-z0-9_-]*)"


def has_file(state: StateSettings) -> bool:
    """Return whether the file of a state is there, whatever is in it."""
    return state.branch is None and os.path.exists(state.file)  # noqa: PTH110 -- Path's may raise


def owners_left(state: StateSettings, named: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each owner that is not named and whose file remembers a secret of it, or a warning where it is unreadable.

    One of the two texts is empty. A state on a branch is not looked for, as whoever lists the owners may not read it.
    """
    if state.branch is not None or not state.per_owner:
        return
    first, *rest = str(state.file).split(OWNER)
    # From the second time on it must be the same owner.
    form = re.compile(
        re.escape(first) + _NAME + "".join(rf"{re.escape(part)}\1" for part in rest[:-1]) + re.escape(rest[-1])
    )
    for path in sorted(glob.iglob("*".join(map(glob.escape, (first, *rest))))):  # noqa: PTH207 -- the path is absolute, and `{owner}` may stand in any part of it
        found = form.fullmatch(path)
        if found is not None and found[1] not in named:
            yield from _left(state.of_owner(found[1]), found[1])


def _left(state: StateSettings, owner: str) -> Iterator[tuple[str, str]]:
    try:
        # Nothing is written by its word, so its signature may stay unchecked: the owner's own job has the key.
        found = StateFile.find(state.file, Signature(unchecked=lambda _: None), state.bounds)
    except StateError as error:
        what = "; ".join(problem.what for problem in error.problems)
        yield "", f"{printable(str(state.file))} may be the state of {owner}, and cannot be read: {what}"
        return
    remembered = found.remembered if found is not None and not found.moved_to else ()
    if any(address.scope.repo.owner.lower() == owner for address in remembered):
        yield owner, ""
