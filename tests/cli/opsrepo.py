"""An ops repository for a fleet, whose branch holds the state."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

OPS, BRANCH, PATH = "acme/ops", "flowforge-state", "flowforge.state.json"


def make_ops(fleet: "Fleet") -> None:
    """Make the private repository, with a first commit."""
    fleet.sandbox.world.create_repo(OPS)


def state_on_branch(fleet: "Fleet") -> dict[str, Any]:
    """Read the state as it stands on the branch."""
    read: dict[str, Any] = json.loads(fleet.sandbox.world.read_file(OPS, PATH, branch=BRANCH))
    return read
