"""States that cannot be used, through the command line: one clear error, nothing lost, and nothing written."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.plan.address import Address, Repo, Scope
from flowforge.state.file import StateFile

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

RESTORE = "  fix: put a good copy back, from git or from the .backup file beside it; nothing was overwritten\n"
REMOVE = "; or remove the journal: what it held then shows as changed outside FlowForge\n"
CHECK = "  fix: check the disk's space, the permissions and the path\n"
IN_SYNC = "No changes. GitHub matches the manifest.\n"


@pytest.fixture
def applied(fleet: "Fleet") -> "Fleet":
    """Five repos in sync, and a new value that the next apply would write."""
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.set_key()
    return fleet


def _state(fleet: "Fleet") -> Path:
    return fleet.folder / "flowforge.state.json"


def _everywhere(fleet: "Fleet", expected: str) -> None:
    """Say that plan and apply answer so, exit 1 and write nothing, neither to GitHub nor over the state."""
    for command in (("plan",), ("apply", "--yes")):
        done = fleet.refused(*command)
        assert (1, "", expected) == (done.code, done.out, done.err)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        pytest.param(
            '"version": 1',
            '"version": 2, "shards": []',
            "error FF406: {path}: the state was written by a newer FlowForge\n"
            "  why: it has version 2; this FlowForge reads up to 1\n"
            "  fix: upgrade FlowForge\n",
            id="newer",
        ),
        pytest.param(
            '"ci-key"',
            '"ci_key"',
            "error FF405: {path}: the state is not as FlowForge wrote it\n"
            "  why: its checksum does not fit its content: it was edited by hand, merged or cut\n" + RESTORE,
            id="edited",
        ),
        pytest.param(
            '  "lineage"',
            '<<<<<<< HEAD\n  "lineage"',
            "error FF404: {path}: the state is damaged\n"
            "  why: it holds the markers of a merge conflict in git\n" + RESTORE,
            id="conflict",
        ),
        pytest.param(
            '"secrets"',
            '"secret"',
            'error FF404: {path}: the state is damaged\n  why: the file has "secret", which is not known\n' + RESTORE,
            id="another-shape",
        ),
    ],
)
def test_a_state_that_is_not_ours_to_read(applied: "Fleet", old: str, new: str, what: str) -> None:
    """A newer, an edited and a half-merged state are told apart; put back, nothing was lost."""
    path = _state(applied)
    good = path.read_text(encoding="utf-8")
    assert old in good
    path.write_text(good.replace(old, new), encoding="utf-8")
    _everywhere(applied, what.replace("{path}", str(path)))
    path.write_text(good, encoding="utf-8")
    assert 0 == applied.flowforge("apply", "--yes").code
    assert IN_SYNC == applied.flowforge("plan").out


@pytest.mark.parametrize(
    ("kept", "why"), [(0, "it is empty"), (0.5, "it is not JSON from line {line}, column {column} on")]
)
def test_a_torn_state(applied: "Fleet", kept: float, why: str) -> None:
    """A file that was cut is damaged, never taken for a new one; the backup beside it is a way out."""
    path = _state(applied)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    try:
        json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        why = why.format(line=error.lineno, column=error.colno)
    _everywhere(applied, f"error FF404: {path}: the state is damaged\n  why: {why}\n{RESTORE}")
    shutil.copy(f"{path}.backup", path)
    assert 0 == applied.flowforge("apply", "--yes").code
    assert IN_SYNC == applied.flowforge("plan").out


def _orphan_journal(path: Path) -> bytes:
    """Return the journal that a killed run leaves beside a state of its own."""
    with StateFile.open(path) as file:
        file.intend({Address(Scope(Repo.parse("acme/repo-001")), "ANTHROPIC_API_KEY"): "hmac-sha256:00"})
        return path.with_name(f"{path.name}.journal").read_bytes()


def test_a_journal_of_another_lineage(applied: "Fleet") -> None:
    """A state that was swapped for another team's beside its journal is recognised by the lineage."""
    path = _state(applied)
    ours = json.loads(path.read_bytes())["lineage"]
    other = applied.folder / "elsewhere" / "flowforge.state.json"
    other.parent.mkdir()
    Path(f"{path}.journal").write_bytes(_orphan_journal(other))
    theirs = json.loads(other.read_bytes())["lineage"]
    _everywhere(
        applied,
        f"error FF409: {path}.journal: the journal is of another state\n"
        f"  why: the journal is of lineage {theirs}, the state is of {ours}\n"
        "  fix: put the state and its own journal together again; nothing was changed\n",
    )
    Path(f"{path}.journal").unlink()
    assert 0 == applied.flowforge("apply", "--yes").code


def test_a_journal_without_its_state(applied: "Fleet") -> None:
    """A state that was deleted beside its journal is not begun anew."""
    path = _state(applied)
    Path(f"{path}.journal").write_bytes(_orphan_journal(applied.folder / "other.state.json"))
    path.unlink()
    _everywhere(
        applied,
        f"error FF410: {path}.journal: the journal does not belong to this state\n"
        "  why: there is no state file beside it\n"
        f"  fix: put the state file back{REMOVE}",
    )


@contextmanager
def _held(path: Path) -> Iterator[int]:
    """Let another process hold the state's lock; gives its id."""
    hold = "import sys, pathlib\nfrom flowforge.state.file import StateFile\n"
    hold += "with StateFile.open(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    command = [sys.executable, "-c", hold, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert b"held\n" == process.stdout.readline()
        yield process.pid


def test_a_state_locked_by_another_process(applied: "Fleet") -> None:
    """Apply says who holds the lock and since when; plan needs none; when the holder is gone, apply goes on."""
    path = _state(applied)
    with _held(path) as pid:
        since = json.loads(Path(f"{path}.lock-holder").read_bytes())["since"]
        refused = applied.refused("apply", "--yes")
        expected = (
            f"error FF411: {path}: the state is in use\n"
            f"  why: process {pid} on {socket.gethostname()} holds its lock since {since}\n"
            "  fix: wait for it (--lock-timeout 60s), or stop it: the lock goes with it\n"
        )
        assert (1, "", expected) == (refused.code, refused.out, refused.err)
        assert 0 == applied.flowforge("plan").code
    assert 0 == applied.flowforge("apply", "--yes").code


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param(
            "nowhere/s.json",
            "error FF407: {folder}/nowhere: the state's folder does not exist\n"
            "  fix: make the folder, or name another file under state.file\n",
            id="no-folder",
        ),
        pytest.param(
            "flowforge.yaml/s.json",
            "error FF407: {folder}/flowforge.yaml: the state's folder does not exist\n"
            "  fix: make the folder, or name another file under state.file\n",
            id="a-file-for-a-folder",
        ),
        pytest.param(
            "a-folder",
            "error FF402: {folder}/a-folder: the state is not a regular file\n"
            "  why: it is a directory\n"
            "  fix: remove it, or name another file under state.file\n",
            id="a-folder",
        ),
        pytest.param(
            "a-fifo",
            "error FF402: {folder}/a-fifo: the state is not a regular file\n"
            "  why: it is a FIFO\n"
            "  fix: remove it, or name another file under state.file\n",
            id="fifo",
        ),
        pytest.param(
            "a-device",
            "error FF402: /dev/null: the state is not a regular file\n"
            "  why: it is a device\n"
            "  fix: remove it, or name another file under state.file\n",
            id="device",
        ),
    ],
)
def test_a_place_that_holds_no_state(fleet: "Fleet", place: str, expected: str) -> None:
    """What can be no state is refused before anything is asked; no one is waited for, and no folder made."""
    (fleet.folder / "a-folder").mkdir()
    os.mkfifo(fleet.folder / "a-fifo")
    (fleet.folder / "a-device").symlink_to("/dev/null")
    fleet.simple(more=f"state: {{file: {place}}}\n")
    done = fleet.refused("plan")
    assert (1, "", expected.replace("{folder}", str(fleet.folder))) == (done.code, done.out, done.err)
    assert {} == fleet.sandbox.world.stats().requests


def test_on_a_branch_a_good_copy_is_an_earlier_commit(ops: "Fleet") -> None:
    """Nothing lies beside a state on a branch, and what is damaged in the file of a push is that file."""
    ops.simple(more="state: {github: {repo: acme/ops}}\n")
    ops.sandbox.world.edit_file("acme/ops", "flowforge.state.json", "{", branch="flowforge-state")
    what = "the state is damaged\n  why: it is not JSON from line 1, column 2 on\n  fix: "
    fix = "restore the file of an earlier commit of that branch, in a new commit; nothing was overwritten\n"
    assert f"error FF404: acme/ops flowforge-state:flowforge.state.json: {what}{fix}" == ops.refused("plan").err
    copy = ops.folder / "flowforge.state.json"
    copy.write_text("{", encoding="ascii")
    fix = (
        "make a new copy: git fetch origin flowforge-state && "
        "git show FETCH_HEAD:flowforge.state.json > flowforge.state.json\n"
    )
    assert f"error FF404: {copy}: {what}{fix}" == ops.refused("plan", "--offline").err
    ops.simple()
    copy.unlink()
    (ops.folder / "copy.json").write_text("{", encoding="ascii")
    done = ops.refused("state", "push", "copy.json", "--yes")
    assert f"error FF404: copy.json: {what}name a good copy; nothing was replaced\n" == done.err
