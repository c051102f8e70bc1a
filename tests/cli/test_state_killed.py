"""`flowforge state migrate` and `push`, ended at each of their writes: the state is never lost, and never two."""

import json
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from flowforge.sandbox import Fault, FaultKind
from flowforge.state import disk
from flowforge.steps.backend.branch_store import BranchStore

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

BRANCH, PATH = "flowforge-state", "flowforge.state.json"
ON_BRANCH = "state:\n  github: {repo: acme/ops}\n"
STOPPED = "interrupted; `flowforge state show` says what is kept now"
IN_SYNC = "No changes. GitHub matches the manifest.\n"


def _dying(fleet: "Fleet", at: int, *, late: bool, args: tuple[str, ...]) -> int:
    """Run a command that is killed before or after its write number `at`, on disk or on GitHub; give its exit code."""
    count = 0

    def dies(write: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any) -> Any:  # noqa: ANN401 -- as the function's
            nonlocal count
            count += 1
            if count == at and not late:
                raise KeyboardInterrupt
            done = write(*given)
            if count == at:
                raise KeyboardInterrupt
            return done

        return wrapped

    with fleet.monkeypatch.context() as patch:
        patch.setattr(disk.Disk, "replace", dies(disk.Disk.replace))
        patch.setattr(BranchStore, "write", dies(BranchStore.write))
        return fleet.flowforge(*args).code


def _states(fleet: "Fleet") -> dict[str, dict[str, Any]]:
    """Read what is at both places, but for the one that was retired."""
    found = {"file": (fleet.folder / PATH).read_text("ascii")}
    if BRANCH in fleet.sandbox.world.branches("acme/ops"):
        found["branch"] = fleet.sandbox.world.read_file("acme/ops", PATH, branch=BRANCH)
    read = {name: json.loads(data) for name, data in found.items()}
    return {name: state for name, state in read.items() if "moved_to" not in state}


@pytest.mark.parametrize("back", [False, True], ids=["to GitHub", "to the file"])
def test_migrate(ops: "Fleet", *, back: bool) -> None:
    """What is left is one usable state, or two that hold the same; the same command ends what it began."""
    there = (ON_BRANCH, ("state", "migrate", "--yes"))
    again = ("", ("state", "migrate", "--from-github", "acme/ops", "--yes"))
    ops.flowforge("apply", "--yes")
    secrets = _states(ops)["file"]["secrets"]
    (more, args), (reset_more, reset) = (again, there) if back else (there, again)
    if back:
        ops.simple(more=reset_more)
        assert 0 == ops.flowforge(*reset).code
    seen = []
    for late in (False, True):
        for at in range(1, 20):
            ops.simple(more=more)
            code = _dying(ops, at, late=late, args=args)
            left = _states(ops)
            seen.append(sorted(left))
            assert [secrets] * len(left) == [each["secrets"] for each in left.values()]
            assert left
            if code == 0:
                break
            assert (130, 0) == (code, ops.flowforge(*args).code)
            assert [["file" if back else "branch"], IN_SYNC] == [sorted(_states(ops)), ops.flowforge("plan").out]
            ops.simple(more=reset_more)
            assert 0 == ops.flowforge(*reset).code
    # Before the copy, between it and the mark, and after that: each was tried.
    assert {("branch",), ("branch", "file"), ("file",)} == {*map(tuple, seen)}


@pytest.mark.parametrize("more", ["", ON_BRANCH], ids=["file", "branch"])
def test_push(ops: "Fleet", more: str) -> None:
    """What is there is the state of before or the one pushed, whole, and the next plan stands on it."""
    ops.simple(more=more)
    ops.flowforge("apply", "--yes")
    (ops.folder / "five.json").write_text(ops.flowforge("state", "pull").out, encoding="ascii")
    ops.flowforge("state", "forget", "acme/repo-001", "--yes")
    (ops.folder / "four.json").write_text(ops.flowforge("state", "pull").out, encoding="ascii")
    seen = set()
    for late in (False, True):
        for at in range(1, 20):
            assert 0 == ops.flowforge("state", "push", "four.json", "--yes", "--force").code
            code = _dying(ops, at, late=late, args=("state", "push", "five.json", "--yes", "--force"))
            left = json.loads(ops.flowforge("state", "list", "--format", "json").out)["counts"]["remembered"]
            seen.add((code, left))
            if code == 0:
                break
    assert {(130, 4), (130, 5), (0, 5)} == seen


def test_a_signal_after_the_first_write(ops: "Fleet") -> None:
    """Where GitHub makes it wait then, the wait ends, the exit code is that of a Ctrl-C, and nothing is lost."""
    ops.flowforge("apply", "--yes")
    ops.simple(more=ON_BRANCH)
    world, write = ops.sandbox.world, BranchStore.write

    def interrupted(*given: Any) -> Any:  # noqa: ANN401 -- as the method's
        done = write(*given)
        world.faults.add(Fault("GET .*/contents/.*", FaultKind.STATUS, status=503))
        os.kill(os.getpid(), signal.SIGINT)
        return done

    with ops.monkeypatch.context() as patch:
        patch.setattr(BranchStore, "write", interrupted)
        done = ops.flowforge("state", "migrate", "--yes")
    world.faults.clear()
    said = ["stopping: what is in flight is finished and recorded", "", STOPPED]
    assert (130, said) == (done.code, done.err.splitlines()[-3:])
    assert {"branch", "file"} == _states(ops).keys()
    assert 0 == ops.flowforge("state", "migrate", "--yes").code
    assert {"branch"} == _states(ops).keys()


def test_under_a_key(fleet: "Fleet") -> None:
    """What is pulled is signed; without the key nothing is shown of it, and no copy is taken that it did not sign."""
    fleet.flowforge("apply", "--yes")
    (fleet.folder / "unsigned.json").write_text(fleet.flowforge("state", "pull").out, encoding="ascii")
    (fleet.folder / PATH).unlink()
    fleet.monkeypatch.setenv("FLOWFORGE_STATE_KEY", "0123456789abcdef" * 4)
    fleet.flowforge("apply", "--yes")
    signed = fleet.flowforge("state", "pull").out
    assert (fleet.folder / PATH).read_text("ascii") == signed
    assert "signature" in json.loads(signed)
    assert "FF472" in fleet.refused("state", "push", "unsigned.json", "--yes").err
    fleet.monkeypatch.delenv("FLOWFORGE_STATE_KEY")
    for command in ("list", "show", "pull"):
        assert "FF470" in fleet.refused("state", command).err
