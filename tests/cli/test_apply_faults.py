"""Apply on bad days: what GitHub holds, what is recorded and what the next plan says afterwards."""

import os
import re
from typing import TYPE_CHECKING

import pytest

from flowforge import run
from flowforge.sandbox import Fault, FaultKind, Lag

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

IN_SYNC = "No changes. GitHub matches the manifest.\n"
PUT_ONE = r"PUT /repos/acme/repo-001/actions/secrets/"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(PUT_ONE, FaultKind.RESET_BEFORE, times=2),
        Fault(PUT_ONE, FaultKind.RESET_AFTER, times=2),
        Fault(PUT_ONE, FaultKind.STATUS, times=3, status=500),
        Fault(PUT_ONE, FaultKind.STATUS, times=1, status=502),
        Fault(PUT_ONE, FaultKind.STATUS, times=1, status=429, retry_after=2),
        Fault(r"GET .*/public-key", FaultKind.WRONG_KEY, times=1),
        Fault(r"GET .*/public-key", FaultKind.PROXY, times=1),
        Fault(r"GET /repos/acme/repo-002/actions/secrets\?", FaultKind.TRUNCATED, times=1),
    ],
    ids=lambda fault: f"{fault.kind.value}-{fault.status}",
)
def test_passing_faults_are_mended_within_the_run(fleet: "Fleet", fault: Fault) -> None:
    """A fault that passes is met by trying again: exit 0, right values, and a clean plan afterwards."""
    value = fleet.set_key()
    fleet.sandbox.world.faults.add(fault)
    applied = fleet.flowforge("apply", "--yes")
    assert (applied.code, "note:" in applied.out) == (0, False)  # our own lost try is not taken for somebody else's
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}
    assert fleet.flowforge("plan").out == IN_SYNC


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
        ("created", ("somebody created it between the plan and the write; FlowForge's value stands",)),
        ("updated", ("it was deleted between the plan and the write; FlowForge created it again",)),
    ]
    assert {repo: held for repo, held in fleet.held().items() if held} == {
        repo: {"ANTHROPIC_API_KEY": value} for repo in ("acme/repo-001", "acme/repo-002")
    }


def test_a_write_without_an_answer_stays_open(fleet: "Fleet") -> None:
    """A write that got through and was never answered is failed now, interrupted in the next plan, then mended."""
    fleet.sandbox.world.faults.add(Fault(PUT_ONE, FaultKind.RESET_AFTER, times=10))
    applied = fleet.flowforge("apply", "--yes")
    assert applied.code == 3
    assert "acme/repo-001 : in_sync=0 created=0 updated=0 deleted=0 failed=1 blocked=0" in applied.lines
    fleet.sandbox.world.faults.clear()
    assert fleet.plan() == {"acme/repo-001/actions/ANTHROPIC_API_KEY": ("update", "write_interrupted")}
    assert fleet.flowforge("apply", "--yes").code == 0
    assert fleet.flowforge("plan").out == IN_SYNC


def test_a_refused_write_leaves_no_trace(fleet: "Fleet") -> None:
    """A write that GitHub refused is failed with GitHub's reason, is not pending, and is simply wanted again."""
    refusal = Fault(PUT_ONE, FaultKind.STATUS, times=10, status=403, message="Must have admin rights to Repository.")
    fleet.sandbox.world.faults.add(refusal)
    applied = fleet.flowforge("apply", "--yes")
    assert applied.code == 3
    assert re.search(r"^failed \(FF320\): ", applied.out, re.MULTILINE)
    fleet.sandbox.world.faults.clear()
    assert fleet.plan() == {"acme/repo-001/actions/ANTHROPIC_API_KEY": ("create", "missing")}


@pytest.mark.parametrize("update", [False, True], ids=["create", "update"])
def test_a_list_that_lags_is_asked_again(fleet: "Fleet", *, update: bool) -> None:
    """GitHub's lists lag behind its writes: the time recorded is the one of our write, so the next plan is clean."""
    if update:
        fleet.flowforge("apply", "--yes")
        fleet.later()
        fleet.set_key()
    fleet.sandbox.world.settings.lag = Lag(reads=2)
    assert fleet.flowforge("apply", "--yes").code == 0
    fleet.sandbox.world.settings.lag = Lag()
    assert fleet.flowforge("plan").out == IN_SYNC


def test_a_list_that_never_shows_the_write_is_said(fleet: "Fleet") -> None:
    """Written but never shown: exit 5, the address and the reason are printed, and the next plan writes it again."""
    fleet.sandbox.world.settings.lag = Lag(reads=1000)
    applied = fleet.flowforge("apply", "--yes", "--limit", "repo-001")
    assert applied.code == 5
    assert applied.lines[-7:] == [
        "unrecorded (FF340): written, but GitHub's list does not show it yet, so its time could not be recorded",
        "    acme/repo-001/actions/ANTHROPIC_API_KEY",
        "  why: GitHub's lists lag behind its writes at times",
        "  fix: run plan again in a minute; it will write this secret once more",
        "",
        "acme/repo-001 : in_sync=0 created=0 updated=0 deleted=0 failed=0 blocked=0 unrecorded=1",
        "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded.",
    ]


def test_a_writer_right_after_us_is_drift(fleet: "Fleet") -> None:
    """A time that is later than our write's own is somebody else's: a note now, drift in the next plan."""
    fleet.sandbox.world.settings.late_stamp = 10
    applied = fleet.flowforge("apply", "--yes", "--limit", "repo-001")
    assert (
        "note: acme/repo-001/actions/ANTHROPIC_API_KEY: somebody else wrote it right after FlowForge" in applied.lines
    )
    assert fleet.plan()["acme/repo-001/actions/ANTHROPIC_API_KEY"] == ("update", "changed_outside")
