"""A workload identity of an organization: its variables and who sees them, from the manifest and away again."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flowforge.sandbox import Fault, FaultKind, Level, Token

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

IN_SYNC = ["No changes. GitHub matches the manifest."]
RULE, ORG = "ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID"
UUID = "00000000-0000-0000-0000-00000000000a"
HELD = {RULE: "fdrl_1", ORG: UUID}
TWO = "{repos: [acme/repo-001, acme/repo-002]}"
KEY = "ANTHROPIC_API_KEY"


def wants(fleet: "Fleet", visible_to: str, more: str = "", *, rule: str = "fdrl_1") -> None:
    """Write a manifest that wants the identity as variables of acme. more: further sections of the file."""
    fleet.manifest(
        "version: 1\ncredentials:\n  federated: {type: anthropic_workload_identity, "
        f"federation_rule_id: {rule}, organization_id: {UUID}}}\n"
        f"targets:\n  - {{name: Org, org: acme, visible_to: {visible_to}, credential: federated}}\n{more}"
    )


def applied(fleet: "Fleet", *args: str) -> "Done":
    """Apply, which must succeed, and prove that nothing is left to do."""
    done = fleet.flowforge("apply", "--yes", *args)
    assert (0, "") == (done.code, done.told), done
    assert IN_SYNC == fleet.flowforge("plan").lines
    return done


def audience(fleet: "Fleet", name: str = RULE) -> tuple[str, list[str]]:
    """Return who sees a variable in truth."""
    return fleet.sandbox.world.org_audience("acme", name, store="variables")


def lines(fleet: "Fleet", *args: str) -> dict[str, Any]:
    """Plan, and give the lines of the JSON document by address."""
    document = json.loads(fleet.flowforge("plan", "--format", "json", *args).out)
    return {line["address"]: line for line in document["changes"]}


@pytest.mark.parametrize("visible_to", ["all", "private", TWO])
def test_made_with_their_audience(fleet: "Fleet", visible_to: str) -> None:
    """Values and audiences arrive as the manifest says, by one POST each; a second plan finds nothing."""
    wants(fleet, visible_to)
    fleet.requests()
    done = fleet.flowforge("apply", "--yes")
    asked = fleet.requests()
    expected = ("selected", ["acme/repo-001", "acme/repo-002"]) if "repos" in visible_to else (visible_to, [])
    assert (0, HELD) == (done.code, fleet.sandbox.world.org_variables("acme"))
    assert [expected] * 2 == [audience(fleet, name) for name in (RULE, ORG)]
    variables = "/orgs/{owner}/actions/variables"
    writes = {route: count for route, count in asked.items() if not route.startswith("GET ")}
    assert ({f"POST {variables}": 2}, 2) == (writes, asked[f"GET {variables}"])
    assert IN_SYNC == fleet.flowforge("plan").lines


def test_value_and_access_are_two_lines(fleet: "Fleet") -> None:
    """The plan shows the value, and on a line of its own who is to see it; the recap is the organization's."""
    wants(fleet, TWO)
    assert [
        f"+ acme  organization variables  {RULE}  federated  missing",
        "    value: missing -> fdrl_1",
        f"+ acme  organization variables  {RULE}  access     to be visible to 2 selected repositories",
        "    + acme/repo-001",
        "    + acme/repo-002",
    ] == fleet.flowforge("plan").lines[:5]
    assert "acme : in_sync=0 created=4 updated=0 deleted=0 failed=0 blocked=0" in applied(fleet).lines


def test_a_changed_id_shows_old_and_new(fleet: "Fleet") -> None:
    """A changed value is one PATCH that says who sees it, too, and keeps the list."""
    wants(fleet, TWO)
    applied(fleet)
    wants(fleet, TWO, rule="fdrl_2")
    assert [
        f"~ acme  organization variables  {RULE}  federated  value changed",
        "    value: fdrl_1 -> fdrl_2",
    ] == fleet.flowforge("plan").lines[:2]
    fleet.requests()
    assert 0 == fleet.flowforge("apply", "--yes").code
    asked = fleet.requests()
    assert {"PATCH /orgs/{owner}/actions/variables/{name}": 1} == {
        route: count for route, count in asked.items() if not route.startswith("GET ")
    }
    assert ("fdrl_2", ("selected", ["acme/repo-001", "acme/repo-002"])) == (
        fleet.sandbox.world.org_variables("acme")[RULE],
        audience(fleet),
    )
    assert IN_SYNC == fleet.flowforge("plan").lines


def test_a_list_alone(fleet: "Fleet") -> None:
    """A changed list is a PUT of the list; that more see it waits for its flag, that fewer do does not."""
    wants(fleet, TWO)
    applied(fleet)
    wants(fleet, "{repos: [acme/repo-002, acme/repo-003]}")
    what = "visible to 2 selected repositories: 1 added, 1 removed; more can see it"
    assert [
        f"~ acme  organization variables  {RULE}  access  {what}",
        "    + acme/repo-003",
        "    - acme/repo-001",
    ] == fleet.flowforge("plan").lines[:3]
    refused = fleet.refused("apply", "--yes")
    said = f"{RULE} of acme would be visible to acme/repo-003; {ORG} of acme would be visible to acme/repo-003"
    assert (4, True) == (refused.code, f"error FF506: {said}" in refused.err), refused.err
    fleet.requests()
    assert 0 == fleet.flowforge("apply", "--yes", "--allow-widening").code
    asked = fleet.requests()
    assert {"PUT /orgs/{owner}/actions/variables/{name}/repositories": 2} == {
        route: count for route, count in asked.items() if not route.startswith("GET ")
    }
    assert (IN_SYNC, HELD) == (fleet.flowforge("plan").lines, fleet.sandbox.world.org_variables("acme"))
    wants(fleet, "{repos: [acme/repo-003]}")
    applied(fleet)
    assert ("selected", ["acme/repo-003"]) == audience(fleet)


def test_another_visibility_leaves_the_value_alone(fleet: "Fleet") -> None:
    """It is a PATCH without the value, said so by what the line lacks, also where the value drifts and is left."""
    wants(fleet, "all")
    applied(fleet)
    fleet.sandbox.world.set_org_variable("acme", RULE, "by hand", visibility="all")
    wants(fleet, TWO, "defaults: {on_drift: report}\n")
    value, access = f"orgs/acme/variables/{RULE}", f"orgs/acme/variables/{RULE}/access"
    both = lines(fleet)
    assert ("none", True) == (both[value]["action"], both[value]["drift"])
    assert ("update", "visible to 2 selected repositories, until now to all repositories", False) == (
        both[access]["action"],
        both[access]["sentence"],
        both[access]["access"]["rewrites_value"],
    )
    assert [{"field": "visibility", "before": "all", "after": "selected"}] == both[access]["differences"]
    done = fleet.flowforge("apply", "--yes")
    assert (0, "by hand") == (done.code, fleet.sandbox.world.org_variables("acme")[RULE]), done
    assert ("selected", ["acme/repo-001", "acme/repo-002"]) == audience(fleet)
    assert [("none", True), ("none", False)] == [
        (line["action"], line["drift"]) for address, line in lines(fleet).items() if RULE in address
    ]


def test_what_was_right_before_keeps_its_owner(fleet: "Fleet") -> None:
    """Of a variable that held the right value before, who sees it is set; but FlowForge did not write it: no prune."""
    for name, text in HELD.items():
        fleet.sandbox.world.set_org_variable("acme", name, text, visibility="private")
    wants(fleet, "private")
    assert IN_SYNC == fleet.flowforge("plan").lines
    wants(fleet, TWO)
    applied(fleet, "--allow-widening")
    fleet.simple("acme/repo-001")
    pruned = fleet.flowforge("apply", "--yes", "--prune")
    assert (3, HELD) == (pruned.code, fleet.sandbox.world.org_variables("acme"))


def test_a_free_plan(fleet: "Fleet") -> None:
    """The warning names what the private repositories do not see: variables, and secrets beside them."""
    free = "acme is on GitHub's Free plan: its private repositories do not see organization"
    fleet.sandbox.world.set_plan("acme", "free")
    wants(fleet, "all")
    warned = json.loads(fleet.flowforge("plan", "--format", "json").out)["warnings"]
    fleet.manifest(
        Path("flowforge.yaml")
        .read_text()
        .replace("targets", "  key: {type: anthropic_api_key, from: {env: ACME_KEY}}\ntargets")
        + "  - {name: Key, org: acme, visible_to: all, credential: key}\n"
    )
    both = json.loads(fleet.flowforge("plan", "--format", "json").out)["warnings"]
    assert ([f"{free} variables"], f"{free} secrets and variables") == (warned, both[0])


def test_absent_and_prune(fleet: "Fleet") -> None:
    """An entry deletes a variable whoever wrote it; what is no longer named goes under --prune alone."""
    wants(fleet, "all")
    applied(fleet)
    fleet.sandbox.world.set_org_variable("acme", "OLD", "anything", visibility="all")
    fleet.manifest("version: 1\nabsent:\n  - {name: Goes, org: acme, variable: old}\n")
    assert {
        "orgs/acme/variables/OLD": ("delete", "declared_absent"),
        f"orgs/acme/variables/{RULE}": ("none", "not_named"),
        f"orgs/acme/variables/{ORG}": ("none", "not_named"),
    } == fleet.plan()
    assert (0, HELD) == (fleet.flowforge("apply", "--yes").code, fleet.sandbox.world.org_variables("acme"))
    assert (0, {}) == (fleet.flowforge("apply", "--yes", "--prune").code, fleet.sandbox.world.org_variables("acme"))


def test_changed_outside(fleet: "Fleet") -> None:
    """Another value is drift, and so is another audience; a write of the same value is none."""
    wants(fleet, "private")
    applied(fleet)
    fleet.later()
    fleet.sandbox.world.set_org_variable("acme", ORG, UUID, visibility="private")
    assert IN_SYNC == fleet.flowforge("plan").lines
    fleet.sandbox.world.set_org_variable("acme", RULE, "fdrl_9", visibility="all")
    assert {
        f"orgs/acme/variables/{RULE}": ("update", "changed_outside"),
        f"orgs/acme/variables/{RULE}/access": ("update", "access_changed"),
    } == fleet.plan()
    applied(fleet)
    assert (HELD, ("private", [])) == (fleet.sandbox.world.org_variables("acme"), audience(fleet))


def test_an_answer_that_was_lost(fleet: "Fleet") -> None:
    """A create whose answer is lost meets what it made, and says again who sees it."""
    wants(fleet, TWO)
    fleet.sandbox.world.faults.waiting.append(Fault("POST .*/actions/variables", FaultKind.RESET_AFTER))
    applied(fleet)
    assert (HELD, ("selected", ["acme/repo-001", "acme/repo-002"])) == (
        fleet.sandbox.world.org_variables("acme"),
        audience(fleet),
    )


def test_a_token_that_may_not(fleet: "Fleet") -> None:
    """A list that is refused blocks, and names the permission."""
    token = Token(permissions={"organization_actions_variables": Level.NONE})
    fleet.sandbox.world.add_token(fleet.sandbox.token, token)
    wants(fleet, "all")
    line = lines(fleet)[f"orgs/acme/variables/{RULE}"]
    assert (
        "blocked",
        "no permission: GitHub accepts organization_actions_variables=read",
        "give the token (FLOWFORGE_GITHUB_TOKEN) that permission",
    ) == tuple(line[key] for key in ("action", "sentence", "fix"))
    fleet.manifest((fleet.folder / "flowforge.yaml").read_text().replace("acme", "nowhere"))
    line = lines(fleet)[f"orgs/nowhere/variables/{RULE}"]
    assert (
        "there is no such organization",
        "check its name; of a user, name repos",
    ) == (line["sentence"], line["fix"])


def test_the_old_key_stays_until_the_identity_is_there(fleet: "Fleet") -> None:
    """Keys of a repo and of the organization go after the organization's variables came, and not where one failed."""
    world = fleet.sandbox.world
    world.set_secret("acme/repo-001", KEY, "old")
    world.set_org_secret("acme", KEY, "old", visibility="all")
    gone = (
        f"absent:\n  - {{name: A, repos: [acme/repo-001], secret: {KEY}}}\n  - {{name: B, org: acme, secret: {KEY}}}\n"
    )
    wants(fleet, TWO, gone)
    world.faults.waiting.append(Fault("POST .*/actions/variables", FaultKind.STATUS, status=422, message="No."))
    assert 3 == fleet.flowforge("apply", "--yes").code
    assert ({KEY: "old"}, {KEY: "old"}) == (world.reveal("acme/repo-001"), world.reveal_org("acme"))
    applied(fleet)
    assert ({}, {}) == (world.reveal("acme/repo-001"), world.reveal_org("acme"))


def test_static_keys_beside_it(fleet: "Fleet") -> None:
    """A key of the organization, and one of a repo that sees the identity, are warnings where a workflow passes it."""
    world = fleet.sandbox.world
    given = f"anthropic_federation_rule_id: x, anthropic_api_key: '${{{{ secrets.{KEY} }}}}'"
    step = f"{{uses: anthropics/claude-code-action@v1, with: {{anthropic_organization_id: x, {given}}}}}"
    workflow = f"on: push\njobs:\n  a:\n    steps:\n      - {step}\n"
    world.edit_file("acme/repo-001", ".github/workflows/claude.yml", workflow)
    world.set_secret("acme/repo-001", KEY, "old")
    world.set_secret("acme/repo-003", KEY, "not concerned")
    world.set_org_secret("acme", KEY, "old", visibility="all")
    other = ", ".join(f"acme/repo-00{number}" for number in (1, 3))
    listed = f"absent:\n  - {{name: A, repos: [{other}], secret: OTHER}}\n  - {{name: B, org: acme, secret: OTHER}}\n"
    wants(fleet, TWO, listed)
    repo = f"{{name: {KEY} goes, repos: [acme/repo-001], secret: {KEY}}}"
    org = f"{{name: {KEY} goes, org: acme, secret: {KEY}}}"
    beside = "is there beside the workload identity of"
    add = "a step that passes it uses it, and not the identity; take it out of that step, then add under `absent`:"
    assert [
        f"warning: the secret {KEY} {beside} acme/repo-001: {add} {repo}",
        f"warning: the secret {KEY} of the organization acme {beside} acme: {add} {org}",
    ] == fleet.flowforge("plan", "--audit").err.splitlines()
    wants(fleet, TWO, f"absent:\n  - {repo}\n  - {org}\n")
    assert 3 == fleet.flowforge("apply", "--yes").code
    alone = workflow.replace(f", anthropic_api_key: '${{{{ secrets.{KEY} }}}}'", "")
    world.edit_file("acme/repo-001", ".github/workflows/claude.yml", f"permissions: {{id-token: write}}\n{alone}")
    applied(fleet)
    assert ({}, {}) == (world.reveal("acme/repo-001"), world.reveal_org("acme"))


def test_a_variable_of_a_repo_shadows_it(fleet: "Fleet") -> None:
    """Where a repo's variables are listed anyway, one of that name is a warning; of secrets' limits nothing is said."""
    fleet.sandbox.world.set_variable("acme/repo-001", RULE, "fdrl_0")
    wants(fleet, "all", "absent: [{name: A, repos: [acme/repo-001], variable: OTHER}]\n")
    assert [
        f"warning: orgs/acme/variables/{RULE}: acme/repo-001: a variable of the repository's own shadows it"
    ] == fleet.flowforge("plan").err.splitlines()
