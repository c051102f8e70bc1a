"""The reconciler end to end: from a manifest through HTTP to what the sandbox holds."""

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

IN_SYNC = "No changes. GitHub matches the manifest."


def test_the_whole_circle(fleet: "Fleet") -> None:
    """Plan, apply, plan; then a rotated value is written everywhere, and the plan is clean again."""
    first = fleet.set_key()
    planned = fleet.flowforge("plan", "--detailed-exitcode")
    assert (planned.code, planned.lines[:2]) == (
        2,
        ["+ acme/repo-001  ANTHROPIC_API_KEY  ci-key  missing", "+ acme/repo-002  ANTHROPIC_API_KEY  ci-key  missing"],
    )
    assert "Plan: 5 to create, 0 to update, 0 to delete, 0 in sync." in planned.lines

    applied = fleet.flowforge("apply", "--yes")
    assert applied.code == 0
    assert applied.lines[-6:] == [
        *(f"acme/repo-00{n} : in_sync=0 created=1 updated=0 deleted=0 failed=0 blocked=0" for n in range(1, 6)),
        "Done: 5 created, 0 updated, 0 deleted, 0 failed, 0 blocked.",
    ]
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": first} for repo in fleet.repos}

    again = fleet.flowforge("plan", "--detailed-exitcode")
    assert (again.code, again.out) == (0, IN_SYNC + "\n")

    second = fleet.set_key()
    rotated = fleet.flowforge("plan")
    assert "~ acme/repo-001  ANTHROPIC_API_KEY  ci-key  value changed" in rotated.lines
    assert fleet.flowforge("apply", "--yes").code == 0
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": second} for repo in fleet.repos}
    assert fleet.flowforge("plan").out == IN_SYNC + "\n"


def test_edits_and_deletions_behind_our_back_are_seen_and_mended(fleet: "Fleet") -> None:
    """An edit and a deletion outside FlowForge are the only two lines of the next plan, and apply mends both."""
    value = fleet.set_key()
    fleet.flowforge("apply", "--yes")
    fleet.later()
    fleet.sandbox.world.set_secret("acme/repo-002", "ANTHROPIC_API_KEY", "edited")
    fleet.sandbox.world.delete_secret("acme/repo-004", "ANTHROPIC_API_KEY")
    planned = fleet.plan()
    assert planned == {
        "acme/repo-002/actions/ANTHROPIC_API_KEY": ("update", "changed_outside"),
        "acme/repo-004/actions/ANTHROPIC_API_KEY": ("create", "deleted_outside"),
    }
    assert fleet.flowforge("apply", "--yes").code == 0
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}
    assert fleet.plan() == {}


def test_reported_drift_is_left_alone(fleet: "Fleet") -> None:
    """Under `on_drift: report` an edit is shown, counted by --detailed-exitcode, and not overwritten."""
    fleet.simple(more="defaults: {on_drift: report}\n")
    fleet.flowforge("apply", "--yes")
    fleet.later()
    fleet.sandbox.world.set_secret("acme/repo-002", "ANTHROPIC_API_KEY", "edited")
    planned = fleet.flowforge("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "No changes found; 1 drifting." in planned.lines
    applied = fleet.flowforge("apply", "--yes")
    assert applied.code == 0
    assert fleet.held()["acme/repo-002"] == {"ANTHROPIC_API_KEY": "edited"}


def test_absent_deletes_and_prune_deletes_only_ours(fleet: "Fleet") -> None:
    """`absent` deletes by name; --prune deletes what FlowForge wrote and nothing else; without it, it is listed."""
    fleet.sandbox.world.set_secret("acme/repo-001", "OLD_TOKEN", "old")
    fleet.sandbox.world.set_secret("acme/repo-002", "FOREIGN", "not ours")
    fleet.simple(more="absent:\n  - name: Old\n    repos: [acme/repo-001]\n    secret: OLD_TOKEN\n")
    assert fleet.flowforge("apply", "--yes").code == 0
    assert set(fleet.held()["acme/repo-001"]) == {"ANTHROPIC_API_KEY"}

    fleet.simple("acme/repo-001", "acme/repo-003", "acme/repo-004", "acme/repo-005")
    listed = fleet.flowforge("plan")
    assert "  acme/repo-002  ANTHROPIC_API_KEY  no longer in the manifest" in listed.lines
    assert fleet.flowforge("apply", "--yes").code == 0
    assert set(fleet.held()["acme/repo-002"]) == {"ANTHROPIC_API_KEY", "FOREIGN"}
    assert fleet.flowforge("apply", "--yes", "--prune").code == 0
    assert set(fleet.held()["acme/repo-002"]) == {"FOREIGN"}
    assert fleet.flowforge("plan", "--prune").out == IN_SYNC + "\n"


def test_a_failed_repo_does_not_stop_the_others(fleet: "Fleet") -> None:
    """An archived, a renamed, a re-created and an invisible repo block themselves, each with its reason; exit 3."""
    world = fleet.sandbox.world
    value = fleet.set_key()
    fleet.flowforge("apply", "--yes", "--limit", "repo-004")
    world.archive_repo("acme/repo-001")
    world.rename_repo("acme/repo-002", "acme/new-name")
    world.hide_repo("acme/repo-003")
    world.recreate_repo("acme/repo-004")
    document = json.loads(fleet.flowforge("plan", "--format", "json").out)
    assert {change["repo"]: (change["action"], change["why"]) for change in document["changes"]} == {
        "acme/repo-001": ("blocked", "archived"),
        "acme/repo-002": ("blocked", "renamed"),
        "acme/repo-003": ("blocked", "not_found"),
        "acme/repo-004": ("blocked", "recreated"),
        "acme/repo-005": ("create", None),
    }
    assert document["complete"] is False
    applied = fleet.flowforge("apply", "--yes")
    assert applied.code == 3
    assert world.reveal("acme/repo-005") == {"ANTHROPIC_API_KEY": value}
    assert world.reveal("acme/new-name") == world.reveal("acme/repo-004") == {}


def test_a_missing_value_blocks_the_run_unless_told_to_keep_going(fleet: "Fleet") -> None:
    """Without its value apply writes nothing and says why; --keep-going writes the others and exits 3."""
    fleet.manifest(
        "version: 1\ncredentials:\n"
        "  a: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "  b: {type: anthropic_api_key, from: {env: NOT_SET}}\n"
        "targets:\n"
        "  - {name: A, repos: [acme/repo-001], credential: a}\n"
        "  - {name: B, repos: [acme/repo-002], credential: b}\n"
    )
    planned = fleet.flowforge("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "! acme/repo-002  ANTHROPIC_API_KEY  b  value not available: env NOT_SET is unset" in planned.lines
    refused = fleet.flowforge("apply", "--yes")
    assert (refused.code, fleet.held()["acme/repo-001"]) == (1, {})
    assert "value not available: env NOT_SET is unset" in refused.err
    assert fleet.flowforge("apply", "--yes", "--keep-going").code == 3
    assert set(fleet.held()["acme/repo-001"]) == {"ANTHROPIC_API_KEY"}


def test_limit_writes_only_what_it_names(fleet: "Fleet") -> None:
    """--limit and --exclude filter the lines; the rest stays as it is and is not forgotten."""
    assert fleet.flowforge("apply", "--yes", "--limit", "repo-00[12]", "--exclude", "*-002").code == 0
    assert {repo for repo, held in fleet.held().items() if held} == {"acme/repo-001"}
    assert len(fleet.plan()) == 4


def test_skip_values_opens_no_source_and_still_sees_drift(fleet: "Fleet") -> None:
    """--skip-values reads nothing, watches presence and times, and cannot write."""
    fleet.flowforge("apply", "--yes", "--limit", "repo-00[123]")
    fleet.monkeypatch.delenv("ACME_KEY")
    fleet.later()
    fleet.sandbox.world.set_secret("acme/repo-002", "ANTHROPIC_API_KEY", "edited")
    planned = fleet.flowforge("plan", "--skip-values")
    not_applicable = "ANTHROPIC_API_KEY  ci-key  missing; cannot be applied without its value"
    assert [line for line in planned.lines if line.startswith(("+", "?"))] == [
        "? acme/repo-002  ANTHROPIC_API_KEY  ci-key  value not checked: --skip-values; changed outside FlowForge",
        f"+ acme/repo-004  {not_applicable}",
        f"+ acme/repo-005  {not_applicable}",
    ]
    assert fleet.flowforge("apply", "--yes", "--skip-values").code == 3
    assert fleet.held()["acme/repo-004"] == {}


@pytest.mark.parametrize("number", [5, 45, pytest.param(101, marks=pytest.mark.slow)])
def test_requests_are_few(fleet: "Fleet", number: int) -> None:
    """A no-change plan costs a list per repo; applying costs list, key, PUT, re-list, and look-ups by the hundred.

    Where it writes a hundred it also asks what the organization is, and whether a secret of its own would do.
    """
    fleet.grow(number)
    fleet.requests()
    assert fleet.flowforge("apply", "--yes").code == 0
    applied = fleet.requests()
    assert sum(applied.values()) <= 4 * number + 1 + 2 * (number // 100)
    assert fleet.flowforge("plan").out == IN_SYNC + "\n"
    assert sum(fleet.requests().values()) <= number + 2
