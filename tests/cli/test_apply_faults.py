"""Apply on bad days: what GitHub holds, what is recorded and what the next plan says afterwards."""

import os
import re
from typing import TYPE_CHECKING

from flowforge import run
from flowforge.sandbox import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

IN_SYNC = "No changes. GitHub matches the manifest.\n"
PUT_ONE = r"PUT /repos/acme/repo-001/actions/secrets/"


def test_a_secret_made_or_deleted_between_plan_and_write_is_noted(fleet: "Fleet") -> None:
    """A create that GitHub answers as an update, and the other way round, are told; our value stands."""
    world = fleet.sandbox.world
    fleet.simple("acme/repo-001", "acme/repo-002")
    fleet.flowforge("apply", "--yes", "--limit", "repo-002")
    fleet.later()
    value = fleet.set_key()

    def behind_our_back(_: run.Planned) -> None:
        world.set_secret("acme/repo-001", "ANTHROPIC_API_KEY", "somebody else's")
        world.delete_secret("acme/repo-002", "ANTHROPIC_API_KEY")

    request = run.Request((fleet.folder / "flowforge.yaml",), dict(os.environ))
    _, report = run.apply(request, show=behind_our_back, approve=lambda _: True)
    assert report is not None
    assert [(result.outcome, result.notes) for result in report.results] == [
        ("created", ("somebody created it between the plan and the write; FlowForge has overwritten it",)),
        ("updated", ("it was deleted between the plan and the write; FlowForge created it again",)),
    ]
    assert {repo: held for repo, held in fleet.held().items() if held} == {
        repo: {"ANTHROPIC_API_KEY": value} for repo in ("acme/repo-001", "acme/repo-002")
    }


def test_a_refused_write_leaves_no_trace(fleet: "Fleet") -> None:
    """A write that GitHub refused is failed with GitHub's reason, is not pending, and is simply wanted again."""
    refusal = Fault(PUT_ONE, FaultKind.STATUS, times=10, status=403, message="Must have admin rights to Repository.")
    fleet.sandbox.world.faults.add(refusal)
    applied = fleet.flowforge("apply", "--yes")
    assert applied.code == 3
    assert re.search(r"^failed \(FF320\): ", applied.out, re.MULTILINE)
    fleet.sandbox.world.faults.clear()
    assert fleet.plan() == {"acme/repo-001/actions/ANTHROPIC_API_KEY": ("create", "missing")}


def test_a_writer_right_after_us_is_drift(fleet: "Fleet") -> None:
    """A time that is later than our write's own is somebody else's: a note now, drift in the next plan."""
    fleet.sandbox.world.settings.late_stamp = 10
    applied = fleet.flowforge("apply", "--yes", "--limit", "repo-001")
    assert (
        "note: acme/repo-001/actions/ANTHROPIC_API_KEY: somebody else wrote it right after FlowForge" in applied.lines
    )
    assert fleet.plan()["acme/repo-001/actions/ANTHROPIC_API_KEY"] == ("update", "changed_outside")
