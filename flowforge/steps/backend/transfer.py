"""What must hold between two states before one takes the place of the other."""

import os
import shlex
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from flowforge.errors import Problem, StateError, UsageError, printable
from flowforge.manifest.model import Manifest, StateSettings
from flowforge.manifest.settings import branch_at
from flowforge.paths import Confinement
from flowforge.plan.address import Address
from flowforge.plan.safety import LeftBehind
from flowforge.state import codec, disk
from flowforge.state.file import StateFile, manifest_names
from flowforge.state.model import State
from flowforge.state.signature import Signature
from flowforge.steps.backend.state_backend import StateBackend


def read_copy(path: Path, signing: Signature) -> State:
    """Return the state of a file that is a mere copy. Raises UsageError FF459 where there is none, and StateError."""
    data = disk.read_copy(path)
    if data is None:
        raise UsageError(
            Problem("FF459", "there is no such file", printable(str(path)), fix="name a copy of the state")
        )
    return codec.decode(
        data, printable(str(path)), replace(signing, restore="name a good copy; nothing was replaced")
    ).state


def same(one: State, other: State) -> bool:
    """Return whether two states remember the same. Serial, lock and journal do not count."""
    bare = [replace(each, serial=0, lease=None, folded="", moved_to="") for each in (one, other)]
    return bare[0] == bare[1]


def require_kin(there: State, where: str, given: State, name: str) -> None:
    """Raise StateError FF453 unless both are versions of one state. where, name: their places, in words."""
    if there.lineage != given.lineage:
        why = f"its lineage is {there.lineage}, and the lineage of {printable(name)} is {given.lineage}"
        fix = "if it is not needed, keep a copy (`flowforge state pull`) and remove it; then run this again"
        raise StateError(Problem("FF453", "another state is kept there", printable(where), why, fix))


def not_older(there: State, where: str, given: State, name: str, fix: str) -> StateError:
    """Return the error FF454."""
    why = f"it has serial {there.serial}, and {printable(name)} has {given.serial}"
    return StateError(Problem("FF454", "the state that is kept there is not older", printable(where), why, fix))


def missing(where: str, fix: str) -> StateError:
    """Return the error FF455."""
    return StateError(Problem("FF455", "there is no state", printable(where), fix=fix))


def source(manifest: Manifest, file: Path | None, github: str | None, confinement: Confinement) -> StateSettings:
    """Return the place that a state moves from. Raises UsageError FF458.

    Without an option it is a file: the one that the manifest would mean if it did not name GitHub.
    """
    now = manifest.state
    if github is not None and file is not None:
        what, fix = "the state is at one place now, and two are named", "use --from or --from-github"
        raise UsageError(Problem("FF458", what, fix=fix))
    if github is not None:
        branch = branch_at(github, now.file.name, manifest.github.where)
        if branch is None:
            what, fix = (
                "--from-github names no place for a state",
                "write it as owner/repo, owner/repo:branch or owner/repo:branch:path.json",
            )
            raise UsageError(Problem("FF458", what, fix=fix))
        # The manifest's token for the state is sent to the repo that it is meant for, and to no other.
        own = now.branch.auth if now.branch is not None and now.branch.repo == branch.repo else branch.auth
        return replace(now, branch=replace(branch, auth=own))
    if file is None and now.branch is None:
        what = "it is not known where the state is now"
        why = "the manifest only names the place that it moves to"
        raise UsageError(Problem("FF458", what, why=why, fix="add --from FILE or --from-github OWNER/REPO"))
    if file is None:
        return replace(now, branch=None)
    return replace(now, file=file.absolute(), branch=None, bounds=confinement.around(file))


def left_behind(settings: StateSettings, backend: StateBackend, state: State) -> LeftBehind | None:
    """Return the state in the usual place that should move to the one of these settings, which has none yet."""
    file = settings.usual
    if file is None or state.remembered:
        return None
    try:
        found = StateFile.find(file, backend.signing, settings.bounds)
    except StateError:
        # Whatever is wrong with it, to move it will say so.
        found = state if os.path.exists(file) else None  # noqa: PTH110 -- Path raises for a name too long
    if found is None or found.moved_to:
        return None
    option = "" if settings.branch is not None else f" --from {shlex.quote(str(file))}"
    return LeftBehind(printable(str(file)), printable(option))


def siblings(manifest: Manifest) -> Iterator[StateSettings]:
    """Yield where else the state of these files may be, where the manifest does not say.

    The place is named after what -m names first: `-m teams`, `-m teams/a.yaml -m teams/b.yaml` and the same files in
    another order mean three, and a file that has another name since means one more.
    """
    now = manifest.state
    here = now.branch.path if now.branch is not None else now.file.name
    if here != now.file.name or (now.branch is None and now.usual is not None):
        return
    names = [path.with_name(f"{path.stem}.state.json").absolute() for path in manifest.files]
    folders = [path.with_name("flowforge.state.json") for path in names]
    for path in dict.fromkeys([*folders, *names, *sorted(now.file.parent.glob("*.state.json"))]):
        # What lies beside the manifest says nothing of a branch, but it is no more than a name to look for.
        if now.branch is not None and path.name != here:
            yield replace(now, branch=replace(now.branch, path=path.name))
        elif now.branch is None and path != now.file:
            yield replace(now, file=path)


def remembers(settings: StateSettings, backend: StateBackend, addresses: Collection[Address]) -> LeftBehind | None:
    """Return the state of a sibling's backend that remembers one of these; None where it does not, or is no state."""
    try:
        found = backend.find()
    except StateError:
        return None
    if found is None or found.moved_to or found.remembered.keys().isdisjoint(addresses):
        return None
    file, branch = shlex.quote(str(settings.file)), settings.branch
    option = f" --from-github {branch.repo}:{branch.branch}:{branch.path}" if branch else f" --from {file}"
    return LeftBehind(printable(backend.where), printable(option), renamed=True)


def require_apart(old: StateBackend, new: StateBackend) -> None:
    """Raise UsageError FF458 where both are the same place."""
    if old.place == new.place:
        what, fix = "the state is already where it should be", "first name the new place under `state` in the manifest"
        raise UsageError(Problem("FF458", what, printable(old.where), fix=fix))


def require_arrived(new: StateBackend, old: StateBackend, left: State) -> None:
    """Raise StateError FF450, FF453 or FF455 unless the state has arrived at the new place and did not move on."""
    there = new.find()
    if there is None:
        raise missing(
            new.where,
            f"put a copy there (`flowforge state push FILE`); {printable(old.where)} still has what was moved",
        )
    require_kin(there, new.where, left, old.where)
    new.require_current(there)


def require_older(there: State, new: StateBackend, state: State, old: StateBackend) -> None:
    """Raise StateError FF454 unless the new place has an earlier version of the state that moves there."""
    # A copy with the same content is fine, and so is one that an earlier move from there to the old place left behind.
    known = there.moved_to == old.where if there.moved_to else same(there, state)
    if known or there.serial < state.serial:
        return
    fix = "if that one is right, the state has already moved: remove the other one"
    if there.moved_to:
        fix = f"it moved to {printable(there.moved_to)}: name that place, or remove this one if there is no such place"
    raise not_older(there, new.where, state, old.where, fix)


def for_backend(state: State, old: StateBackend, new: StateBackend) -> State:
    """Return a state for another backend: the names of its manifests are relative to the folder there."""
    paths = [old.folder / name for name in state.manifests]
    return replace(state, manifests=manifest_names(new.folder / "state", paths), moved_to="")


def require_copied(backend: StateBackend, written: State) -> None:
    """Raise StateError FF457 unless the backend reads back what was written to it."""
    found = backend.find()
    if found is None or not same(found, written) or found.moved_to:
        what, why = "the copy does not read back as it was written", "GitHub may show an older one for some seconds"
        fix = "run it again; until that succeeds, the state stays where it was"
        raise StateError(Problem("FF457", what, printable(backend.where), why, fix))
