"""The state on a branch of the ops repository, through whole commands."""

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

OPS, BRANCH, PATH = "acme/ops", "flowforge-state", "flowforge.state.json"
IN_SYNC = "No changes. GitHub matches the manifest.\n"


@pytest.fixture
def ops(fleet: "Fleet") -> "Fleet":
    """Give a fleet whose state is on a branch of a private repo with a first commit."""
    fleet.sandbox.world.create_repo(OPS, private=True)
    fleet.sandbox.world.edit_file(OPS, "README.md", "the ops repository\n")
    return fleet


def on_branch(fleet: "Fleet", *repos: str, more: str = "") -> None:
    """Write the manifest."""
    fleet.simple(*repos, more=f"state:\n  github: {{repo: {OPS}}}\n{more}")


def applied(fleet: "Fleet", *args: str) -> "Done":
    """Apply, and expect that all went well."""
    done = fleet.flowforge("apply", "--yes", *args)
    assert done.code == 0, done.err
    return done


def state(fleet: "Fleet") -> dict[str, object]:
    """Read the state as it stands on the branch."""
    read: dict[str, object] = json.loads(fleet.sandbox.world.read_file(OPS, PATH, branch=BRANCH))
    return read


def test_it_is_made_written_and_read(ops: "Fleet") -> None:
    """The first apply makes the branch; the next plan, on a machine without any file, is in sync; nothing is beside it."""
    on_branch(ops)
    value = ops.set_key()
    assert ops.flowforge("plan").code == 0
    assert ops.sandbox.world.branches(OPS) == ["main"]
    applied(ops)
    assert {"ANTHROPIC_API_KEY": value} == ops.sandbox.world.reveal(ops.repos[0])
    assert [path.name for path in ops.folder.iterdir()] == ["flowforge.yaml"]
    assert [len(ops.repos), 2] == [len(state(ops)["secrets"]), state(ops)["serial"]]  # type: ignore[arg-type] -- JSON
    assert ops.flowforge("plan").out == IN_SYNC
    history = ops.sandbox.world.history(OPS, branch=BRANCH)
    applied(ops)
    assert history == ops.sandbox.world.history(OPS, branch=BRANCH)
    ops.set_key()
    applied(ops)
    assert ["flowforge: 5 to be written", "flowforge: 5 recorded"] == [
        each.split("\n")[0] for each in ops.sandbox.world.history(OPS, branch=BRANCH)[-2:]
    ]
