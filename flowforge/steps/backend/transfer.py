"""Put one state in the place of another: what must hold between the two."""

from dataclasses import replace
from pathlib import Path

from flowforge.errors import Problem, StateError, UsageError, printable
from flowforge.manifest.model import Manifest, StateSettings
from flowforge.manifest.settings import branch_at
from flowforge.paths import Confinement
from flowforge.state import codec, disk
from flowforge.state.file import manifest_names
from flowforge.state.model import State
from flowforge.state.signature import Signature
from flowforge.steps.backend.state_backend import StateBackend


def read_copy(path: Path, signing: Signature) -> State:
    """Read a state from a file that is nobody's home. Raises UsageError FF459 where there is none, and StateError."""
    data = disk.read_copy(path)
    if data is None:
        raise UsageError(
            Problem("FF459", "there is no such file", printable(str(path)), fix="name a copy of the state")
        )
    return codec.decode(
        data, printable(str(path)), replace(signing, restore="name a good copy; nothing was replaced")
    ).state


def same(one: State, other: State) -> bool:
    """Return whether they hold the same, in whatever version. Locks and journals are no part of that."""
    bare = [replace(each, serial=0, lease=None, folded="", moved_to="") for each in (one, other)]
    return bare[0] == bare[1]


def require_kin(there: State, where: str, given: State, name: str) -> None:
    """Raise StateError FF453 unless both are versions of one state. where, name: what each is called."""
    if there.lineage != given.lineage:
        why = f"its lineage is {there.lineage}, and that of {printable(name)} is {given.lineage}"
        fix = "if it is not needed, keep a copy (flowforge state pull) and remove it; then run this again"
        raise StateError(Problem("FF453", "another state is kept there", printable(where), why, fix))


def not_older(there: State, where: str, given: State, name: str, fix: str) -> StateError:
    """Return the error FF454."""
    why = f"it has serial {there.serial}, and {printable(name)} has {given.serial}"
    return StateError(Problem("FF454", "the state that is kept there is not an older one", printable(where), why, fix))


def missing(where: str, fix: str) -> StateError:
    """Return the error FF455."""
    return StateError(Problem("FF455", "there is no state", printable(where), fix=fix))


def source(manifest: Manifest, file: Path | None, github: str | None, confinement: Confinement) -> StateSettings:
    """Say where a state that is to move to the manifest's place is now. Raises UsageError FF458.

    A branch of the repo that the manifest names for the state is read with that one's token, any other one with the
    token of the run. Where nothing is said and the manifest names GitHub, it is the file that there would be without.
    """
    now = manifest.state
    if github is not None and file is not None:
        what, fix = "the state is at one place now, and two are named", "say --from or --from-github"
        raise UsageError(Problem("FF458", what, fix=fix))
    if github is not None:
        branch = branch_at(github, now.file.name, manifest.github.where)
        if branch is None:
            what, fix = (
                "--from-github names no place for a state",
                "write it as owner/repo, owner/repo:branch or owner/repo:branch:path.json",
            )
            raise UsageError(Problem("FF458", what, fix=fix))
        own = now.branch.token if now.branch is not None and now.branch.repo == branch.repo else None
        return replace(now, branch=replace(branch, token=own))
    if file is None and now.branch is None:
        what = "it is not known where the state is now"
        why = "the manifest says where it is to be"
        raise UsageError(Problem("FF458", what, why=why, fix="say --from FILE or --from-github OWNER/REPO"))
    if file is None:
        return replace(now, branch=None)
    return replace(now, file=file.absolute(), branch=None, bounds=confinement.around(file))


def require_apart(old: StateBackend, new: StateBackend) -> None:
    """Raise UsageError FF458 where both are one place."""
    if old.place == new.place:
        what, fix = "the state is where it is to be already", "name the new place under `state` in the manifest first"
        raise UsageError(Problem("FF458", what, printable(old.where), fix=fix))


def require_arrived(new: StateBackend, old: StateBackend, left: State) -> None:
    """Raise StateError FF450, FF453 or FF455 unless the state that was moved to the new home is there, and alive."""
    there = new.find()
    if there is None:
        raise missing(new.where, f"put a copy there (flowforge state push); {printable(old.where)} has what was moved")
    require_kin(there, new.where, left, old.where)
    new.require_current(there)


def require_older(there: State, new: StateBackend, state: State, old: StateBackend) -> None:
    """Raise StateError FF454 where what the new home has is not a version before the state that is to move there.

    The same one is none, nor is what was left behind when the state moved from there to where it is now.
    """
    known = there.moved_to == old.where if there.moved_to else same(there, state)
    if known or there.serial < state.serial:
        return
    fix = "if that one is right, the state has moved already: remove the other one"
    if there.moved_to:
        fix = f"it was left behind for {printable(there.moved_to)}: name that place, or remove this one if it is none"
    raise not_older(there, new.where, state, old.where, fix)


def for_backend(state: State, old: StateBackend, new: StateBackend) -> State:
    """Return a state as it is kept in another home: the names of its manifests are relative to that one's folder."""
    paths = [old.folder / name for name in state.manifests]
    return replace(state, manifests=manifest_names(new.folder / "state", paths), moved_to="")


def require_copied(backend: StateBackend, written: State) -> None:
    """Raise StateError FF457 unless the home gives what was written to it."""
    found = backend.find()
    if found is None or not same(found, written) or found.moved_to:
        what, why = "the copy does not read back as it was written", "GitHub may show an older one for some seconds"
        fix = "run it again; until it goes well, the state is used where it was"
        raise StateError(Problem("FF457", what, printable(backend.where), why, fix))
