"""How a walk is proven is part of it: kept in the state, shown in each command that goes on, and never run from it."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from flowforge.plan.rotation import Proof
from flowforge.state import codec
from tests.cli.conftest import Fleet
from tests.cli.walking import asked, canary, kept, replaced, who_has

WALK = ("rotate", "ci-key", "--yes", "--batch", "1,40%,rest")


@pytest.fixture
def red(fleet: Fleet) -> tuple[Fleet, str, str, tuple[str, str]]:
    """Return five repos whose walk a canary stopped after the first batch, both keys, and the canary, well now."""
    old, new = replaced(fleet)
    assert 3 == fleet.flowforge(*WALK, *canary(fleet, fleet.repos[0])).code
    return fleet, old, new, canary(fleet)


def pasted(text: str) -> list[str]:
    """Return the first command of a text that rotates, as a shell would read it."""
    found = re.search(r"`flowforge (rotate [^`]*)`", text)
    assert found
    return shlex.split(found[1])


def test_the_printed_command_is_whole(red: tuple[Fleet, str, str, tuple[str, str]]) -> None:
    """What the run, a plan and a refusal print can be pasted: it asks the same canary, and has the same batches."""
    fleet, old, new, given = red
    told = fleet.flowforge(*WALK, *canary(fleet, fleet.repos[0])).out
    plan = fleet.flowforge("plan").out
    refused = fleet.refused("rotate", "ci-key", "--yes")
    assert (1, "error FF917") == (refused.code, refused.err.split(":")[0]), refused
    canary(fleet)
    whole = ["rotate", "ci-key", "--batch", "1,40%,rest", *given]
    assert [whole] * 3 == [pasted(each) for each in (told, plan, refused.err)]
    before = len(asked(fleet))
    done = fleet.flowforge(*whole, "--yes")
    assert (0, {"new": 5}) == (done.code, who_has(fleet, old, new)), done
    assert fleet.repos[0] == asked(fleet)[before]


def test_the_batches_are_remembered(red: tuple[Fleet, str, str, tuple[str, str]]) -> None:
    """Who does not name them has those of before."""
    fleet, *_, given = red
    done = fleet.flowforge("rotate", "ci-key", "--check", *given)
    assert (
        "  batch 2: 2 repos: acme/repo-002, acme/repo-003; then the canary in acme/repo-002, acme/repo-003"
        in done.lines
    )


def test_no_canary_is_said_by_name(red: tuple[Fleet, str, str, tuple[str, str]]) -> None:
    """Only --no-canary goes on without asking, and the state has none from then on."""
    fleet, old, new, _ = red
    fleet.sandbox.world.archive_repo(fleet.repos[4])
    many = len(asked(fleet))
    done = fleet.flowforge("rotate", "ci-key", "--yes", "--no-canary")
    assert (3, {"old": 1, "new": 4}, many) == (done.code, who_has(fleet, old, new), len(asked(fleet))), done
    assert {"batches": "1,40%,rest", "canary": "", "command": "", "timeout": 0} == kept(fleet)["proof"]


def test_another_canary_may_be_named(red: tuple[Fleet, str, str, tuple[str, str]]) -> None:
    """It takes the place of the one before, also where it is red at once and nothing is written."""
    fleet, *_ = red
    done = fleet.flowforge("rotate", "ci-key", "--yes", "--canary-command", "false", "--canary-timeout", "90s")
    assert (3, "false", 90) == (done.code, kept(fleet)["proof"]["command"], kept(fleet)["proof"]["timeout"]), done
    assert [
        "rotate",
        "ci-key",
        "--batch",
        "1,40%,rest",
        "--canary-command",
        "false",
        "--canary-timeout",
        "90s",
    ] == pasted(done.out)


def test_a_command_of_the_state_is_never_run(red: tuple[Fleet, str, str, tuple[str, str]]) -> None:
    """Whoever may edit the state names no program that runs, whatever way is gone, and fakes no line."""
    fleet, old, new, _ = red
    path = Path("flowforge.state.json")
    marker = fleet.folder / "ran"
    edit(path, f"touch {marker}; `touch {marker}`\x1b[2J")
    refused = fleet.refused("rotate", "ci-key", "--yes")
    assert "error FF917" in refused.err
    assert "\x1b" not in refused.err
    assert 3 == fleet.flowforge("apply", "--yes").code
    assert 0 == fleet.flowforge("rotate", "ci-key", "--yes", "--no-canary").code
    assert ({"new": 5}, False) == (who_has(fleet, old, new), marker.exists())


def edit(path: Path, command: str) -> None:
    """Let a state that is not signed name another canary, as whoever can make its checksum could."""
    held = codec.decode(path.read_bytes(), str(path)).state
    walk = replace(held.rotations["ci-key"], proof=Proof(command=command))
    path.write_bytes(codec.encode(replace(held, rotations={"ci-key": walk}))[0])
