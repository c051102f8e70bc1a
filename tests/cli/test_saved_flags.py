"""What a saved plan keeps of a request: every option that could change a line, or what apply does about it."""

import json
from dataclasses import fields
from typing import TYPE_CHECKING

from flowforge.plan.safety import Allowed
from flowforge.resources import schema_text
from flowforge.run.plan_file.shape import FLAGS
from flowforge.run.request import KEPT, Request

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

# What is the run's own: how quickly, who is asked, who is told, where the manifests are, and whose state it is.
OWN = {
    *(
        "manifests",
        "environ",
        "owner",
        "jobs",
        "max_wait",
        "cache",
        "pace",
        "lock_timeout",
        "asks",
        "interactive",
        "stop",
    ),
    *("progress", "pacers", "waiting", "notify", "unforeseen", "clock", "hidden"),
    # What is asked besides, which changes no line of what apply writes but to block it.
    *("audit", "verify", "confirm"),
}


def test_every_option_is_kept_or_means_nothing() -> None:
    """A new field of a request must be kept, or named here as one that no plan stands on; file and schema go along."""
    assert {field.name for field in fields(Request)} == {*KEPT, "allowed"} | OWN
    kept = {*KEPT, *(f"allow_{field.name}" for field in fields(Allowed))}
    assert kept == set(FLAGS)
    schema = json.loads(schema_text("plan-file"))
    assert kept == set(schema["properties"]["stands_on"]["properties"]["flags"]["properties"])


def test_a_saved_plan_over_a_state_on_a_branch(fleet: "Fleet") -> None:
    """The state's home makes no difference: the plan's lineage and salt begin it there, and it is applied once."""
    fleet.sandbox.world.create_repo("acme/ops", private=True)
    fleet.sandbox.world.edit_file("acme/ops", "README.md", "the ops repository\n")
    fleet.simple(more="state:\n  github: {repo: acme/ops}\n")
    assert 0 == fleet.flowforge("plan", "--out", "p.json").code
    assert 0 == fleet.flowforge("apply", "p.json").code
    text = fleet.sandbox.world.read_file("acme/ops", "flowforge.state.json", branch="flowforge-state")
    planned = json.loads((fleet.folder / "p.json").read_text())["stands_on"]["state"]
    assert [planned[key] for key in ("lineage", "salt")] == [json.loads(text)[key] for key in ("lineage", "salt")]
    assert "FF029" in fleet.flowforge("apply", "p.json").err
