"""`flowforge state move`, `push`, `migrate` and `unlock`: one state in the place of another, and never two alive."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.rules.faults import Fault, FaultKind
from flowforge.state import codec
from flowforge.state.branch import StateBranch
from flowforge.state.file import StateFile
from flowforge.state.model import Lease
from flowforge.steps.backend import transfer
from tests.powers import unwritable

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

BRANCH, PATH = "flowforge-state", "flowforge.state.json"
ON_BRANCH = "state:\n  github: {repo: acme/ops}\n"
PLACE = f"acme/ops {BRANCH}:{PATH}"
ASK = "  why: stdin is not a terminal\n  fix: say --yes\n"
HOMES = pytest.mark.parametrize("more", ["", ON_BRANCH], ids=["file", "branch"])
MOVED = (
    f"error FF450: {{}}: the state has moved\n  why: it is now kept in {PLACE}\n"
    "  fix: name that place under `state` in the manifest; `flowforge plan --offline` needs a copy of it\n"
)
CHANGED = (
    f"error FF452: {PLACE}: the state changed meanwhile\n"
    "  why: another run wrote it; nothing was replaced\n  fix: run it again\n"
)
IN_SYNC = "No changes. GitHub matches the manifest.\n"


def _file(fleet: "Fleet") -> Path:
    return fleet.folder / PATH


def _kept(fleet: "Fleet", more: str) -> dict[str, Any]:
    """Read the state where it is kept."""
    world = fleet.sandbox.world
    data = world.read_file("acme/ops", PATH, branch=BRANCH) if more else _file(fleet).read_text("ascii")
    read: dict[str, Any] = json.loads(data)
    return read


def _applied(fleet: "Fleet", more: str = "") -> None:
    fleet.simple(more=more)
    done = fleet.flowforge("apply", "--yes")
    assert done.code == 0, done.err


def _done(fleet: "Fleet", *args: str) -> "Done":
    done = fleet.flowforge("state", *args)
    assert (0, "") == (done.code, done.err)
    return done


@HOMES
def test_move(ops: "Fleet", more: str) -> None:
    """A repo renamed on GitHub keeps what was written to it: the plan with its new name is in sync."""
    _applied(ops, more)
    before = _kept(ops, more)
    ops.sandbox.world.rename_repo("acme/repo-002", "acme/repo-two")
    ops.requests()
    done = _done(ops, "move", "ACME/repo-002", "acme/Repo-Two")
    assert ["Moved: 1 secret of ACME/repo-002, now of acme/Repo-Two."] == done.lines
    assert not any("secrets" in route for route in ops.requests())
    after = _kept(ops, more)
    renamed = [{**each, "repo": each["repo"].replace("repo-002", "Repo-Two")} for each in before["secrets"]]
    assert sorted(renamed, key=lambda each: str(each["repo"]).lower()) == after["secrets"]
    assert (before["serial"] + 1, before["lineage"], before["salt"]) == tuple(
        after[key] for key in ("serial", "lineage", "salt")
    )
    ops.simple(*(repo.replace("repo-002", "repo-two") for repo in ops.repos), more=more)
    assert ops.flowforge("plan").out == IN_SYNC


def test_what_cannot_be_moved(fleet: "Fleet") -> None:
    """A name that is remembered already, one that is not, and what is no name: nothing is written."""
    _applied(fleet)
    done = fleet.refused("state", "move", "acme/repo-001", "acme/REPO-002")
    assert done.err == (
        'error FF451: the state remembers "acme/REPO-002" already\n'
        '  why: what is remembered of "acme/repo-001" would be lost, or take its place\n'
        "  fix: if it is wrong, drop it first: `flowforge state forget acme/REPO-002`\n"
    )
    done = fleet.refused("state", "move", "acme/repo-001", "ACME/Repo-001")
    assert done.err == (
        'error FF460: "acme/repo-001" and "ACME/Repo-001" are one repo\n  why: names are compared without case\n'
        "  fix: there is nothing to move: plan finds it by either name\n"
    )
    done = fleet.refused("state", "move", "acme/repo-01", "acme/x")
    assert 'error FF014: the state remembers nothing of "acme/repo-01"' == done.err.splitlines()[0]
    done = fleet.refused("state", "move", "acme/repo-001", "acme/x/actions/A")
    assert done.err == (
        'error FF460: "acme/x/actions/A" names no repo\n'
        "  why: not of the form owner/name\n"
        "  fix: write a repo as owner/name, as GitHub shows it\n"
    )


@HOMES
def test_push(ops: "Fleet", more: str) -> None:
    """An older copy goes back only by force, under a serial that grows; the same one is nothing to do."""
    _applied(ops, more)
    copy = ops.folder / "copy.json"
    copy.write_text(_done(ops, "pull").out, encoding="ascii")
    old = json.loads(copy.read_bytes())
    assert ["Nothing to push: the state is the same already."] == _done(ops, "push", "copy.json", "--yes").lines
    _done(ops, "forget", "acme/repo-001", "--yes")
    now = _kept(ops, more)
    where = PLACE if more else str(_file(ops))
    refused = ops.refused("state", "push", "copy.json", "--yes")
    assert refused.err == (
        f"error FF454: {where}: the state that is kept there is not older\n"
        f"  why: it has serial {now['serial']}, and copy.json has {old['serial']}\n"
        "  fix: add --force to replace it all the same\n"
    )
    done = ops.flowforge("state", "push", "copy.json", "--yes", "--force")
    serial = now["serial"] + 1
    assert [f"Pushed: {where}: serial {serial}, 5 secrets."] == done.lines
    assert done.err == (
        f"{where}: serial {now['serial']}, 4 secrets\nis to be replaced by\n"
        f"copy.json: serial {old['serial']}, 5 secrets\n"
    )
    after = _kept(ops, more)
    assert (old["secrets"], serial) == (after["secrets"], after["serial"])
    assert ops.flowforge("plan").out == IN_SYNC
    if not more:
        assert now == json.loads((ops.folder / f"{PATH}.backup").read_bytes())


def test_push_where_there_is_none(fleet: "Fleet") -> None:
    """A state that was lost is put back from its copy as it was."""
    _applied(fleet)
    copy = fleet.folder / "copy.json"
    _file(fleet).rename(copy)
    done = fleet.flowforge("state", "push", "copy.json", "--yes")
    assert (0, f"{_file(fleet)}: no state yet") == (done.code, done.err.splitlines()[0])
    assert copy.read_bytes() == _file(fleet).read_bytes()


def test_what_cannot_be_pushed(fleet: "Fleet") -> None:
    """Another lineage, even by force; a file that is not there, or is no state."""
    _applied(fleet)
    mine = StateFile.read(_file(fleet)).lineage
    _file(fleet).rename(fleet.folder / "copy.json")
    _applied(fleet)
    here = StateFile.read(_file(fleet)).lineage
    done = fleet.refused("state", "push", "copy.json", "--yes", "--force")
    assert done.err == (
        f"error FF453: {_file(fleet)}: another state is kept there\n"
        f"  why: its lineage is {here}, and the lineage of copy.json is {mine}\n"
        "  fix: if it is not needed, keep a copy (`flowforge state pull`) and remove it; then run this again\n"
    )
    done = fleet.refused("state", "push", "nowhere.json", "--yes")
    assert done.err == "error FF459: nowhere.json: there is no such file\n  fix: name a copy of the state\n"
    (fleet.folder / "bad.json").write_text('{"version": 2}', encoding="ascii")
    assert "error FF406: bad.json: " in fleet.refused("state", "push", "bad.json", "--yes").err
    (fleet.folder / "bad.json").write_text("{}", encoding="ascii")
    assert "error FF404: bad.json: " in fleet.refused("state", "push", "bad.json", "--yes").err


@pytest.mark.parametrize("args", [("push", "copy.json"), ("migrate",), ("unlock",)], ids=" ".join)
def test_nobody_to_ask(fleet: "Fleet", args: tuple[str, ...]) -> None:
    """Without a terminal --yes is needed."""
    done = fleet.refused("state", *args)
    assert (1, f"error FF008: {args[0]} cannot ask for approval\n{ASK}") == (done.code, done.err)


def test_only_yes_is_yes(ops: "Fleet") -> None:
    """What is not approved is not done, and each says so."""
    _applied(ops)
    _done(ops, "pull")
    (ops.folder / "copy.json").write_text(ops.flowforge("state", "pull").out, encoding="ascii")
    _done(ops, "forget", "acme/repo-001", "--yes")
    ops.answers("y")
    done = ops.refused("state", "push", "copy.json", "--force")
    assert done.err.endswith(
        "\n\nReplace the state? Only 'yes' is accepted.\nerror FF013: push was not approved\n"
        "  why: nothing was replaced\n  fix: answer yes, in full; --yes replaces without asking\n"
    )
    ops.simple(more=ON_BRANCH)
    done = ops.refused("state", "migrate")
    assert done.err == (
        f"4 secrets in {_file(ops)}\ngo to {PLACE}\n\nMove the state? Only 'yes' is accepted.\n"
        "error FF013: migrate was not approved\n  why: nothing was moved\n"
        "  fix: answer yes, in full; --yes moves it without asking\n"
    )
    ops.answers("yes")
    assert 0 == ops.flowforge("state", "migrate").code


def test_ctrl_c_at_the_question(ops: "Fleet") -> None:
    """It ends the command with everything as it was."""

    def interrupt() -> str:
        raise KeyboardInterrupt

    _applied(ops)
    ops.simple(more=ON_BRANCH)
    ops.answers(interrupt)
    done = ops.refused("state", "migrate")
    assert (130, True) == (done.code, done.err.endswith("interrupted; nothing was written\n"))


def test_migrate_there_and_back(ops: "Fleet") -> None:
    """From the file to GitHub and back: all is remembered, and the one left behind refuses by naming the other."""
    _applied(ops)
    before = _kept(ops, "")
    ops.simple(more=ON_BRANCH)
    done = ops.flowforge("state", "migrate", "--yes")
    assert (0, [f"Moved: 5 secrets: it is kept in {PLACE}.", f"Left behind, marked as moved: {_file(ops)}"]) == (
        done.code,
        done.lines,
    )
    assert before == _kept(ops, ON_BRANCH)
    assert (before["serial"] + 1, PLACE) == tuple(_kept(ops, "")[key] for key in ("serial", "moved_to"))
    assert ops.flowforge("plan").out == IN_SYNC
    again = ops.flowforge("state", "migrate", "--yes")
    assert (0, f"The state had moved already: it is kept in {PLACE}.") == (again.code, again.lines[0])
    ops.simple()
    for command in (("plan",), ("apply", "--yes"), ("state", "forget", "acme/repo-001", "--yes")):
        refused = ops.refused(*command)
        assert (1, refused.err) == (
            refused.code,
            MOVED.format(_file(ops)),
        )
    assert f"moved to: {PLACE}" in ops.flowforge("state", "show").lines
    assert 0 == ops.flowforge("state", "migrate", "--from-github", "acme/ops", "--yes").code
    after = _kept(ops, "")
    assert (before["secrets"], before["manifests"], before["serial"] + 2) == tuple(
        after[key] for key in ("secrets", "manifests", "serial")
    )
    assert ops.flowforge("plan").out == IN_SYNC
    assert _kept(ops, ON_BRANCH)["moved_to"] == str(_file(ops))
    assert f"flowforge: moved to {_file(ops)}" == ops.sandbox.world.history("acme/ops", branch=BRANCH)[-1]


def test_migrate_from_file_to_file(fleet: "Fleet") -> None:
    """The manifests' names are kept relative to the new folder, so that --prune knows them."""
    _applied(fleet)
    (fleet.folder / "below").mkdir()
    fleet.simple(more="state: {file: below/other.json}\n")
    assert 0 == fleet.flowforge("state", "migrate", "--from", PATH, "--yes").code
    assert ("../flowforge.yaml",) == StateFile.read(fleet.folder / "below" / "other.json").manifests
    done = fleet.flowforge("apply", "--yes", "--prune")
    assert (0, True) == (done.code, done.out.startswith(IN_SYNC))


def test_where_it_cannot_be_migrated(ops: "Fleet") -> None:
    """Not from nowhere, nor to itself, nor over another state or a newer version of the same one."""
    _applied(ops)
    done = ops.refused("state", "migrate", "--yes")
    assert done.err == (
        "error FF458: it is not known where the state is now\n"
        "  why: the manifest only names the place that it moves to\n"
        "  fix: add --from FILE or --from-github OWNER/REPO\n"
    )
    for name in ("ops", "acme/ops:-x", "acme/ops:a b", "acme/ops::.github/x.json", "acme/ops:main:x.yaml"):
        done = ops.refused("state", "migrate", "--from-github", name, "--yes")
        assert done.err == (
            "error FF458: --from-github names no place for a state\n"
            "  fix: write it as owner/repo, owner/repo:branch or owner/repo:branch:path.json\n"
        )
    done = ops.refused("state", "migrate", "--from", PATH, "--yes")
    assert done.err == (
        f"error FF458: {_file(ops)}: the state is already where it should be\n"
        "  fix: first name the new place under `state` in the manifest\n"
    )
    done = ops.refused("state", "migrate", "--from-github", "acme/ops:other", "--yes")
    assert done.err == (
        f"error FF455: acme/ops other:{PATH}: there is no state\n"
        "  fix: name its place with --from FILE or --from-github OWNER/REPO\n"
    )
    copy = _file(ops).read_bytes()
    ops.simple(more=ON_BRANCH)
    assert 0 == ops.flowforge("state", "migrate", "--yes").code
    _file(ops).write_bytes(copy)
    _done(ops, "forget", "acme/repo-001", "--yes")
    done = ops.refused("state", "migrate", "--yes")
    assert re.fullmatch(
        rf"error FF454: {PLACE}: the state that is kept there is not older\n  why: it has serial \d+, and .*\n"
        "  fix: if that one is right, the state has already moved: remove the other one\n",
        done.err,
    )
    _file(ops).unlink()
    _applied(ops)
    ops.simple(more=ON_BRANCH)
    assert f"error FF453: {PLACE}: another state is kept there" in ops.refused("state", "migrate", "--yes").err


@pytest.mark.parametrize("step", ["copied", "retired"])
def test_a_kill_leaves_one_or_two_equal(ops: "Fleet", step: str) -> None:
    """Ended after the copy, before or while the old one is retired: both hold the same; run again, it ends."""
    _applied(ops)
    ops.simple(more=ON_BRANCH)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with ops.monkeypatch.context() as patch:
        if step == "copied":
            patch.setattr(transfer, "require_copied", die)
        else:
            patch.setattr(StateFile, "_supersede", die)
        assert 130 == ops.flowforge("state", "migrate", "--yes").code
    assert _kept(ops, "") == _kept(ops, ON_BRANCH)
    assert ops.flowforge("plan").out == IN_SYNC
    assert 0 == ops.flowforge("state", "migrate", "--yes").code
    assert ("moved_to" in _kept(ops, ""), "moved_to" in _kept(ops, ON_BRANCH)) == (True, False)
    assert ops.flowforge("plan").out == IN_SYNC


def test_a_copy_that_does_not_read_back(ops: "Fleet") -> None:
    """The old one stays in use, and nothing is retired."""
    _applied(ops)
    ops.simple(more=ON_BRANCH)
    with ops.monkeypatch.context() as patch:
        patch.setattr(StateBranch, "find", lambda *_: None)
        done = ops.flowforge("state", "migrate", "--yes")
    assert (1, True) == (
        done.code,
        done.err.endswith(
            f"error FF457: {PLACE}: the copy does not read back as it was written\n"
            "  why: GitHub may show an older one for some seconds\n"
            "  fix: run it again; until that succeeds, the state stays where it was\n"
        ),
    )
    assert "moved_to" not in _kept(ops, "")
    assert 0 == ops.flowforge("state", "migrate", "--yes").code


def test_a_file_that_cannot_be_replaced(fleet: "Fleet") -> None:
    """A state that cannot be written is as it was."""
    _applied(fleet)
    with unwritable(fleet.folder / f"{PATH}.backup") as reason:
        done = fleet.refused("state", "move", "acme/repo-001", "acme/new")
    assert (1, True, True) == (done.code, "FF401" in done.err, reason in done.err)


def test_a_lost_race(ops: "Fleet") -> None:
    """Where somebody writes the branch between the look and the write, nothing is replaced."""
    _applied(ops, ON_BRANCH)
    world = ops.sandbox.world

    def edit() -> None:
        world.edit_file("acme/ops", PATH, world.read_file("acme/ops", PATH, branch=BRANCH) + "\n", branch=BRANCH)

    world.faults.add(Fault(f"GET .*/contents/{PATH}", FaultKind.THEN, then=edit))
    done = ops.flowforge("state", "move", "acme/repo-001", "acme/new")
    assert (1, done.err) == (
        done.code,
        CHANGED,
    )


def _locked(fleet: "Fleet", until: str) -> None:
    """Leave somebody's lock in the state on the branch, as a run that died does."""
    world = fleet.sandbox.world
    data = world.read_file("acme/ops", PATH, branch=BRANCH).encode("ascii")
    lease = Lease("run", "process 7 on ci", "2026-11-23T08:00:00Z", until)
    state = replace(codec.decode(data, "").state, lease=lease)
    world.edit_file("acme/ops", PATH, codec.encode(state)[0].decode("ascii"), branch=BRANCH)


def test_unlock(ops: "Fleet") -> None:
    """The lock is named and removed, then the state can be written; where there is none, that is said."""
    _applied(ops, ON_BRANCH)
    assert [f"Nothing to unlock: nobody holds {PLACE}."] == _done(ops, "unlock", "--yes").lines
    until = timestamp(int(ops.sandbox.world.clock.now()) + 80_000)
    _locked(ops, until)
    whole = ops.flowforge("state", "show")
    locked = f"locked by: process 7 on ci since 2026-11-23T08:00:00Z, until {until} by GitHub's clock"
    assert locked == whole.lines[-1]
    lock = json.loads(ops.flowforge("state", "show", "--format", "json").out)["lock"]
    assert {"holder": "process 7 on ci", "since": "2026-11-23T08:00:00Z", "until": until} == lock
    before = _kept(ops, ON_BRANCH)
    refused = ops.refused("state", "move", "acme/repo-001", "acme/new", "--lock-timeout", "0.01")
    assert f"error FF411: {PLACE}: the state is in use" == refused.err.splitlines()[0]
    ops.answers("no")
    done = ops.refused("state", "unlock")
    assert done.err == (
        f"held by process 7 on ci\nsince 2026-11-23T08:00:00Z, until {until} by GitHub's clock\n"
        "If that run is alive, it stops with some of its secrets unwritten.\n\n"
        "Remove the lock? Only 'yes' is accepted.\nerror FF013: unlock was not approved\n"
        "  why: the lock is still there\n  fix: answer yes, in full; --yes unlocks without asking\n"
    )
    ops.answers("yes")
    assert [f"Unlocked: {PLACE}"] == ops.flowforge("state", "unlock").lines
    after = _kept(ops, ON_BRANCH)
    assert (before["secrets"], before["serial"] + 1, False) == (after["secrets"], after["serial"], "lease" in after)
    assert "flowforge: unlocked" == ops.sandbox.world.history("acme/ops", branch=BRANCH)[-1]
    assert 0 == ops.flowforge("state", "move", "acme/repo-001", "acme/new").code


def test_a_lock_that_has_expired_is_none(ops: "Fleet") -> None:
    """Nobody is said to hold a state whose lock ended by GitHub's clock; to remove what is left of it is no harm."""
    ops.simple("acme/repo-001", more=ON_BRANCH)
    assert 0 == ops.flowforge("apply", "--yes").code
    _locked(ops, "2001-01-01T00:00:00Z")
    assert "locked by" not in _done(ops, "show").out
    assert json.loads(_done(ops, "show", "--format", "json").out)["lock"] is None
    assert [f"Unlocked: {PLACE}"] == ops.flowforge("state", "unlock", "--yes").lines


def test_unlock_a_file(fleet: "Fleet") -> None:
    """A file's lock goes with its process: there is nothing to remove, whoever holds it."""
    _applied(fleet)
    with StateFile.open(_file(fleet)):
        done = fleet.flowforge("state", "unlock", "--yes")
        said = f"Nothing to unlock: {_file(fleet)} is a file, whose lock goes with the process that holds it."
        assert (0, [said]) == (done.code, done.lines)
        for command in (("move", "acme/repo-001", "acme/new"), ("forget", "acme/repo-001", "--yes")):
            refused = fleet.flowforge("state", *command, "--lock-timeout", "0.01")
            assert (1, True) == (refused.code, "FF411" in refused.err)
        assert 6 == len(fleet.flowforge("state", "list").lines)


def test_a_run_that_lost_its_lock_stops(ops: "Fleet") -> None:
    """Unlocked while it is alive, it begins no more writes, and says that another run took the state over."""
    _applied(ops, ON_BRANCH)
    ops.set_key()
    ops.later()
    announce = StateBranch.announce

    def unlocked(session: StateBranch, *args: Any) -> None:  # noqa: ANN401 -- as the method's
        announce(session, *args)
        ops.monkeypatch.setattr(StateBranch, "announce", announce)
        assert [f"Unlocked: {PLACE}"] == ops.flowforge("state", "unlock", "--yes").lines

    ops.monkeypatch.setattr(StateBranch, "announce", unlocked)
    done = ops.flowforge("apply", "--yes", "-j", "1")
    assert (3, True) == (done.code, "FF442" in done.out + done.err), done
    assert 0 == ops.flowforge("apply", "--yes").code
    assert ops.flowforge("plan").out == IN_SYNC
