"""A state of an older format, through whole commands: read by a plan, upgraded by an apply, kept as a backup."""

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from flowforge.state import versions
from flowforge.state.shape import canonical
from flowforge.state.versions import Upgrade

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

OPS, BRANCH, PATH = "acme/ops", "flowforge-state", "flowforge.state.json"
IN_SYNC = "No changes. GitHub matches the manifest.\n"


def _older(data: str) -> str:
    """Write a state in a format that never was, version 0, which has no `folded`."""
    body = {key: value for key, value in json.loads(data).items() if key not in ("folded", "checksum")}
    body["version"] = 0
    return json.dumps({**body, "checksum": "sha256:" + hashlib.sha256(canonical(body)).hexdigest()})


@pytest.mark.parametrize("home", ["file", "branch"])
def test_an_older_state(ops: "Fleet", home: str) -> None:
    """A plan reads it and writes nothing; the next apply writes today's format, and the old bytes are still there."""
    world, file = ops.sandbox.world, ops.folder / PATH
    if home == "branch":
        ops.simple(more=f"state: {{github: {{repo: {OPS}}}}}\n")
    assert 0 == ops.flowforge("apply", "--yes").code
    new = file.read_text() if home == "file" else world.read_file(OPS, PATH, branch=BRANCH)
    old = _older(new)
    if home == "file":
        file.write_text(old)
    else:
        world.edit_file(OPS, PATH, old, branch=BRANCH)
    assert "error FF404" in ops.refused("plan").err
    ops.monkeypatch.setitem(versions.UPGRADES, 0, Upgrade(lambda body: {**body, "folded": ""}, dict))
    assert IN_SYNC == ops.refused("plan").out
    history = world.history(OPS, branch=BRANCH) if home == "branch" else []
    value = ops.set_key()
    assert 0 == ops.flowforge("apply", "--yes").code
    assert IN_SYNC == ops.flowforge("plan").out
    assert {"ANTHROPIC_API_KEY": value} == ops.held()["acme/repo-005"]
    if home == "file":
        assert (1, old) == (
            json.loads(file.read_text())["version"],
            (ops.folder / f"{PATH}.format-0.backup").read_text(),
        )
    else:
        assert 1 == json.loads(world.read_file(OPS, PATH, branch=BRANCH))["version"]
        assert history == world.history(OPS, branch=BRANCH)[: len(history)]
