"""Organization secrets end to end: the value and who sees it are two lines, two writes, and one time at GitHub."""

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

KEY = "ANTHROPIC_API_KEY"
VALUE, ACCESS = f"orgs/acme/actions/{KEY}", f"orgs/acme/actions/{KEY}/access"
LINE = "~ acme  organization  ANTHROPIC_API_KEY  access"
IN_SYNC = "No changes. GitHub matches the manifest."


def wants(fleet: "Fleet", visible_to: str, more: str = "", *, group: str = "repo-001, acme/repo-002") -> None:
    """Write a manifest that wants the key as a secret of acme. more: further lines of the target, or of the file."""
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        f"groups:\n  services: {{repos: [acme/{group}]}}\n"
        f"targets:\n  - name: Org\n    org: acme\n    visible_to: {visible_to}\n    credential: ci-key\n{more}"
    )


def applied(fleet: "Fleet", *args: str) -> "Done":
    """Apply, which must succeed, and prove that nothing is left to do."""
    done = fleet.flowforge("apply", "--yes", *args)
    assert (0, "") == (done.code, done.told), done
    assert [IN_SYNC] == fleet.flowforge("plan").lines
    return done


def audience(fleet: "Fleet") -> tuple[str, list[str]]:
    """Return who sees the key in truth."""
    return fleet.sandbox.world.org_audience("acme", KEY)


def lines(fleet: "Fleet", *args: str) -> dict[str, Any]:
    """Plan, and give the lines of the JSON document by address."""
    document = json.loads(fleet.flowforge("plan", "--format", "json", *args).out)
    return {line["address"]: line for line in document["changes"]}


@pytest.mark.parametrize("visible_to", ["all", "private", "{groups: [services]}"])
@pytest.mark.parametrize("store", ["actions", "agents", "codespaces", "dependabot"])
def test_a_secret_is_made_in_every_store_with_its_audience(fleet: "Fleet", visible_to: str, store: str) -> None:
    """Value and audience arrive as the manifest says; a second plan finds nothing."""
    value = fleet.set_key()
    wants(fleet, visible_to, f"    stores: [{store}]\n")
    applied(fleet)
    seen = fleet.sandbox.world.org_audience("acme", KEY, store=store)
    selected = ["acme/repo-001", "acme/repo-002"]
    expected = ("selected", selected) if "groups" in visible_to else (visible_to, [])
    assert ({KEY: value}, expected) == (fleet.sandbox.world.reveal_org("acme", store=store), seen)


def test_value_and_access_are_two_lines(fleet: "Fleet") -> None:
    """The plan says who is to see it, in text and in JSON, and counts both lines; the recap is the organization's."""
    wants(fleet, "{groups: [services]}")
    assert [
        "+ acme  organization  ANTHROPIC_API_KEY  ci-key  missing",
        "+ acme  organization  ANTHROPIC_API_KEY  access  to be visible to 2 selected repositories",
        "    + acme/repo-001",
        "    + acme/repo-002",
        "",
        "Plan: 2 to create, 0 to update, 0 to delete, 0 in sync.",
    ] == fleet.flowforge("plan").lines[:6]
    both = lines(fleet)
    assert [VALUE, ACCESS] == list(both)
    assert (None, "acme", None) == tuple(both[VALUE][key] for key in ("repo", "org", "access"))
    assert {
        "before": None,
        "after": {"visibility": "selected", "repos": ["acme/repo-001", "acme/repo-002"], "unseen": 0},
        "added": ["acme/repo-001", "acme/repo-002"],
        "removed": [],
        "widens": False,
        "rewrites_value": False,
    } == both[ACCESS]["access"]
    assert "acme : in_sync=0 created=2 updated=0 deleted=0 failed=0 blocked=0" in applied(fleet).lines


def test_a_change_of_membership_changes_the_list_alone(fleet: "Fleet") -> None:
    """Only the access line changes, by one PUT of the whole list; GitHub's time moves, and the next plan is clean."""
    value = fleet.set_key()
    wants(fleet, "{groups: [services]}")
    applied(fleet)
    fleet.later()
    wants(fleet, "{groups: [services]}", group="repo-003, acme/repo-001")
    assert [
        f"{LINE}  visible to 2 selected repositories: 1 added, 1 removed; more can see it",
        "    + acme/repo-003",
        "    - acme/repo-002",
    ] == fleet.flowforge("plan").lines[:3]
    before = lines(fleet)[VALUE]["updated_at"]
    fleet.requests()
    done = fleet.flowforge("apply", "--yes", "--allow-widening")
    asked = fleet.requests()
    assert (0, "") == (done.code, done.told), done
    assert {
        "GET /orgs/{owner}": 1,
        "GET /orgs/{owner}/actions/secrets": 2,
        "GET /orgs/{owner}/actions/secrets/{name}/repositories": 1,
        "GET /repos/{owner}/{repo}": 1,
        "PUT /orgs/{owner}/actions/secrets/{name}/repositories": 1,
    } == asked
    assert before < lines(fleet)[VALUE]["updated_at"]
    assert [IN_SYNC] == fleet.flowforge("plan").lines
    assert ("selected", ["acme/repo-001", "acme/repo-003"]) == audience(fleet)
    assert {KEY: value} == fleet.sandbox.world.reveal_org("acme")


def test_a_list_changes_without_its_value(fleet: "Fleet") -> None:
    """With --skip-values a list can be changed; what rewrites the value cannot."""
    wants(fleet, "{groups: [services]}")
    applied(fleet)
    wants(fleet, "{groups: [services]}", group="repo-001")
    assert (True, "update") == tuple(lines(fleet, "--skip-values")[ACCESS][key] for key in ("applicable", "action"))
    assert 0 == fleet.flowforge("apply", "--yes", "--skip-values").code
    assert ("selected", ["acme/repo-001"]) == audience(fleet)
    assert [IN_SYNC] == fleet.flowforge("plan").lines
    wants(fleet, "all")
    assert (False, "update") == tuple(lines(fleet, "--skip-values")[ACCESS][key] for key in ("applicable", "action"))


def test_a_new_value_carries_the_whole_list(fleet: "Fleet") -> None:
    """A PUT of the value says who sees it: the list stays, and one that is to change does so along with it."""
    wants(fleet, "{groups: [services]}")
    applied(fleet)
    for group, expected in (
        ("repo-001, acme/repo-002", ["acme/repo-001", "acme/repo-002"]),
        ("repo-002", ["acme/repo-002"]),
    ):
        fleet.later()
        value = fleet.set_key()
        wants(fleet, "{groups: [services]}", group=group)
        fleet.requests()
        applied(fleet)
        writes = {route: count for route, count in fleet.requests().items() if not route.startswith("GET")}
        assert {"PUT /orgs/{owner}/actions/secrets/{name}": 1} == writes
        assert (("selected", expected), {KEY: value}) == (audience(fleet), fleet.sandbox.world.reveal_org("acme"))


@pytest.mark.parametrize(
    ("before", "after", "brake"),
    [
        ("private", "all", "visible to all repositories"),
        ("private", "{groups: [services]}", "visible to acme/repo-001, acme/repo-002"),
        ("{groups: [services]}", "private", "visible to private repositories"),
        ("{groups: [services]}", "all", "visible to all repositories"),
        ("{repos: [acme/repo-003]}", "{repos: [acme/repo-003, acme/repo-004]}", "visible to acme/repo-004"),
    ],
)
def test_widening_is_refused_until_it_is_named(fleet: "Fleet", before: str, after: str, brake: str) -> None:
    """The plan shows it and says what apply will refuse; apply does so and writes nothing; the flag admits it."""
    wants(fleet, before)
    applied(fleet)
    wants(fleet, after)
    seen, said = audience(fleet), f"{KEY} of acme would be {brake}"
    planned = fleet.flowforge("plan").lines
    assert f"apply will refuse this (FF506): {said}." in planned
    refused = fleet.refused("apply", "--yes")
    assert (4, seen) == (refused.code, audience(fleet))
    assert [
        f"error FF506: {said}; nothing was written",
        "  fix: if they should see it, add --allow-widening",
    ] == refused.err.splitlines()
    applied(fleet, "--allow-widening")
    assert seen != audience(fleet)


@pytest.mark.parametrize(
    ("before", "after"),
    [("all", "private"), ("all", "{groups: [services]}"), ("{groups: [services]}", "{repos: [acme/repo-002]}")],
)
def test_narrowing_needs_no_flag(fleet: "Fleet", before: str, after: str) -> None:
    """What takes away only is applied as any other change; another visibility says that it rewrites the value."""
    wants(fleet, before)
    applied(fleet)
    fleet.later()
    wants(fleet, after)
    said = lines(fleet)[ACCESS]
    assert ("update", "access_changed", before == "all") == (
        said["action"],
        said["reason"],
        said["access"]["rewrites_value"],
    )
    assert ("; this rewrites the value" in said["sentence"]) == (before == "all")
    applied(fleet)


def test_an_edit_outside_may_be_of_either(fleet: "Fleet") -> None:
    """Somebody adds a repo: GitHub's time moves, so the value is written again, and who sees it is as wanted."""
    wants(fleet, "{groups: [services]}")
    applied(fleet)
    fleet.later()
    fleet.sandbox.world.set_org_secret("acme", KEY, "theirs", visibility="selected", repos=["repo-001", "repo-005"])
    assert [
        "~ acme  organization  ANTHROPIC_API_KEY  ci-key  value or access changed outside FlowForge",
        f"{LINE}  visible to 2 selected repositories: 1 added, 1 removed; more can see it",
    ] == [line for line in fleet.flowforge("plan").lines if line.startswith("~")]
    applied(fleet, "--allow-widening")
    assert ("selected", ["acme/repo-001", "acme/repo-002"]) == audience(fleet)


def test_drift_is_left_where_the_manifest_says_so(fleet: "Fleet") -> None:
    """Under on_drift: report both lines show it and nothing is written; a change of visibility is blocked then."""
    report = "defaults: {on_drift: report}\n"
    wants(fleet, "{groups: [services]}", report)
    applied(fleet)
    fleet.later()
    fleet.sandbox.world.set_org_secret("acme", KEY, "theirs", visibility="selected", repos=["repo-001"])
    both = lines(fleet)
    assert [("none", "changed_outside", True)] * 2 == [
        (line["action"], line["reason"], line["drift"]) for line in both.values()
    ]
    wants(fleet, "{groups: [services]}", report, group="repo-001, acme/repo-004")
    assert 0 == fleet.flowforge("apply", "--yes", "--allow-widening").code
    assert (("selected", ["acme/repo-001", "acme/repo-004"]), {KEY: "theirs"}) == (
        audience(fleet),
        fleet.sandbox.world.reveal_org("acme"),
    )
    assert [("changed_outside", True), ("in_sync", False)] == [
        (line["reason"], line["drift"]) for line in lines(fleet).values()
    ]
    wants(fleet, "all", report)
    line = lines(fleet)[ACCESS]
    assert ("blocked", "write `on_drift: overwrite` in the manifest, or change the visibility by hand") == (
        line["action"],
        line["fix"],
    )


def test_a_secret_of_the_organization_goes(fleet: "Fleet") -> None:
    """`absent` with org deletes it, --prune what is no longer named; no line is said of who saw it."""
    wants(fleet, "private")
    applied(fleet)
    fleet.manifest(f"version: 1\nabsent:\n  - {{name: Gone, org: ACME, secret: {KEY}}}\n")
    assert {VALUE.replace("acme", "ACME"): ("delete", "declared_absent")} == fleet.plan()
    applied(fleet)
    assert {} == fleet.sandbox.world.reveal_org("acme")
    wants(fleet, "all")
    applied(fleet)
    fleet.manifest("version: 1\ntargets: []\n")
    assert {VALUE: ("none", "not_named")} == fleet.plan()
    assert 0 == fleet.flowforge("apply", "--yes", "--prune", "--allow-empty").code
    assert {} == fleet.sandbox.world.reveal_org("acme")
