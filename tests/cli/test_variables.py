"""A workload identity: its Actions variables, from the manifest to GitHub and away again."""

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind
from flowforge.sandbox.rules.faults import Faults

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

IN_SYNC = "No changes. GitHub matches the manifest.\n"
RULE, ORG = "ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID"
UUID = "00000000-0000-0000-0000-00000000000a"
REPO = "acme/repo-001"
HELD = {RULE: "fdrl_1", ORG: UUID}


def _federated(fleet: "Fleet", rule: str = "fdrl_1", where: str = "", more: str = "") -> None:
    """Write a manifest that wants a workload identity in one repo."""
    fleet.manifest(
        "version: 1\ncredentials:\n  federated:\n    type: anthropic_workload_identity\n"
        f"    federation_rule_id: {rule}\n    organization_id: {UUID}\n"
        f"targets:\n  - {{name: CI, repos: [{REPO}], credential: federated{where}}}\n{more}"
    )


def test_two_variables(fleet: "Fleet") -> None:
    """The plan shows what each will be; apply creates them; the next plan is clean and costs one request."""
    _federated(fleet)
    assert [
        f"+ {REPO}  variables  {RULE}  federated  missing",
        "    value: missing -> fdrl_1",
        f"+ {REPO}  variables  {ORG}     federated  missing",
        f"    value: missing -> {UUID}",
    ] == fleet.flowforge("plan").lines[:4]
    fleet.requests()
    assert (0, HELD) == (fleet.flowforge("apply", "--yes").code, fleet.sandbox.world.variables(REPO))
    variables = "/repos/{owner}/{repo}/actions/variables"
    # The last one is for the warning of a rule by names.
    others = {"GET /repos/{owner}/{repo}": 1, "GET /repos/{owner}/{repo}/actions/oidc/customization/sub": 1}
    assert {f"GET {variables}": 2, f"POST {variables}": 2, **others} == fleet.requests()
    assert IN_SYNC == fleet.flowforge("plan").out
    assert {f"GET {variables}": 1} == fleet.requests()


def test_a_changed_id_shows_old_and_new(fleet: "Fleet") -> None:
    """One that the manifest changed is patched; the other stays in sync and is not shown."""
    _federated(fleet)
    fleet.flowforge("apply", "--yes")
    _federated(fleet, "fdrl_2")
    assert [
        f"~ {REPO}  variables  {RULE}  federated  value changed",
        "    value: fdrl_1 -> fdrl_2",
    ] == fleet.flowforge("plan").lines[:2]
    fleet.requests()
    fleet.flowforge("apply", "--yes")
    assert fleet.requests()["PATCH /repos/{owner}/{repo}/actions/variables/{name}"] == 1
    assert {**HELD, RULE: "fdrl_2"} == fleet.sandbox.world.variables(REPO)
    assert IN_SYNC == fleet.flowforge("plan").out


def test_json_has_both_values(fleet: "Fleet") -> None:
    """A line of a variable has its store, and under differences what is there and what is wanted."""
    fleet.sandbox.world.set_variable(REPO, RULE, "fdrl_0")
    _federated(fleet)
    (line, _) = json.loads(fleet.flowforge("plan", "--format", "json").out)["changes"]
    shown = {key: line[key] for key in ("address", "store", "secret", "action", "reason", "differences")}
    assert {
        "address": f"{REPO}/variables/{RULE}",
        "store": "variables",
        "secret": RULE,
        "action": "update",
        "reason": "never_applied",
        "differences": [{"field": "value", "before": "fdrl_0", "after": "fdrl_1"}],
    } == shown


def test_what_stands_there_is_shown_safely(fleet: "Fleet") -> None:
    """What somebody put into a variable is redacted, escaped and cut before it is shown."""
    key = fleet.set_key()
    fleet.sandbox.world.set_variable(REPO, RULE, f"{key}\n::error::{'x' * 300}")
    _federated(fleet)
    planned, document = fleet.flowforge("plan"), fleet.flowforge("plan", "--format", "json")
    assert (False, False) == (key[:20] in planned.out + document.out, "\n::error" in planned.out)
    assert max(map(len, planned.lines)) < 130


def test_changed_outside(fleet: "Fleet") -> None:
    """Another value is drift and is overwritten; under `on_drift: report` it is shown and left."""
    _federated(fleet)
    fleet.flowforge("apply", "--yes")
    fleet.later()
    fleet.sandbox.world.set_variable(REPO, RULE, "fdrl_9")
    address = f"{REPO}/variables/{RULE}"
    assert {address: ("update", "changed_outside")} == fleet.plan()
    _federated(fleet, more="defaults: {on_drift: report}\n")
    assert [
        f"? {REPO}  variables  {RULE}  federated  changed outside FlowForge; left as it is (on_drift: report)",
        "    value: fdrl_9 -> fdrl_1",
    ] == fleet.flowforge("plan").lines[:2]
    _federated(fleet)
    assert (0, HELD) == (fleet.flowforge("apply", "--yes").code, fleet.sandbox.world.variables(REPO))


def test_written_again_with_the_same_value_is_no_drift(fleet: "Fleet") -> None:
    """The value counts, not who wrote it when: GitHub matches the manifest."""
    _federated(fleet)
    fleet.flowforge("apply", "--yes")
    fleet.later()
    fleet.sandbox.world.set_variable(REPO, RULE, "fdrl_1")
    assert IN_SYNC == fleet.flowforge("plan").out


def test_what_was_there_before_is_not_ours(fleet: "Fleet") -> None:
    """A variable that holds the wanted value already is in sync, is not written, and is never pruned."""
    for name, value in HELD.items():
        fleet.sandbox.world.set_variable(REPO, name, value)
    _federated(fleet)
    assert IN_SYNC == fleet.flowforge("plan").out
    assert 0 == fleet.refused("apply", "--yes").code
    fleet.simple(REPO)
    fleet.flowforge("apply", "--yes", "--prune")
    assert HELD == fleet.sandbox.world.variables(REPO)


def test_prune_deletes_what_flowforge_wrote_and_nothing_else(fleet: "Fleet") -> None:
    """No longer named: listed; with --prune the one that holds our value goes, and the other is blocked."""
    _federated(fleet)
    fleet.flowforge("apply", "--yes")
    fleet.sandbox.world.set_variable(REPO, ORG, "somebody else's")
    fleet.simple(REPO)
    fleet.flowforge("apply", "--yes")
    rule, org = (f"{REPO}/variables/{name}" for name in (RULE, ORG))
    assert {rule: ("none", "not_named"), org: ("none", "not_ours")} == fleet.plan()
    assert 3 == fleet.flowforge("apply", "--yes", "--prune").code
    assert {ORG: "somebody else's"} == fleet.sandbox.world.variables(REPO)


def test_absent(fleet: "Fleet") -> None:
    """An entry with `variable` deletes it whoever wrote it, and shows no value of it; the secret of that name stays."""
    world = fleet.sandbox.world
    world.set_variable(REPO, "OLD", "anything")
    world.set_secret(REPO, "OLD", "not this")
    fleet.manifest(f"version: 1\nabsent:\n  - {{name: Goes, repos: [{REPO}], variable: old}}\n")
    assert [f"- {REPO}  variables  OLD  declared absent", ""] == fleet.flowforge("plan").lines[:2]
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert ({}, {"OLD": "not this"}) == (world.variables(REPO), world.reveal(REPO))
    assert IN_SYNC == fleet.flowforge("plan").out


def test_an_environments_variables(fleet: "Fleet") -> None:
    """An environment that is missing is made, once, and has the variables; a name with a slash will do."""
    _federated(fleet, where=', environments: ["a/b"], create_environment: true')
    line = f"+ {REPO}  variables of environment a/b  {RULE}  federated  missing: its environment is created first"
    assert line == fleet.flowforge("plan").lines[0]
    assert 0 == fleet.flowforge("apply", "--yes").code
    world = fleet.sandbox.world
    assert (HELD, {}) == (world.variables(REPO, environment="a/b"), world.variables(REPO))
    assert IN_SYNC == fleet.flowforge("plan").out
    fleet.simple(REPO)
    assert 0 == fleet.flowforge("apply", "--yes", "--prune").code
    assert {} == world.variables(REPO, environment="a/b")


def test_a_missing_environment_blocks(fleet: "Fleet") -> None:
    """Its variables are blocked with the reason."""
    _federated(fleet, where=", environments: [production]")
    done = fleet.refused("apply", "--yes")
    line = f"! {REPO}  variables of environment production  {RULE}  federated  there is no environment production"
    assert (3, line) == (done.code, done.lines[0])


def test_no_value_is_needed(fleet: "Fleet") -> None:
    """What is public is planned under --skip-values too, whole."""
    _federated(fleet)
    lines = fleet.flowforge("plan", "--skip-values").lines
    assert (f"+ {REPO}  variables  {RULE}  federated  missing", True) == (lines[0], "2 to create" in lines[5])


@pytest.mark.slow
def test_an_interrupted_write_is_done_again(fleet: "Fleet") -> None:
    """`kill -9` as the second create, a change or its list comes in: the next plan wants what is wrong or pending."""
    world = fleet.sandbox.world
    for rule, requests in (("fdrl_1", 5), ("fdrl_2", 4), ("fdrl_3", 5)):
        _federated(fleet, rule)
        wanted = {**HELD, RULE: rule}
        code = _killed(fleet, requests)
        held, plan = world.variables(REPO), fleet.plan()
        wrong = {f"{REPO}/variables/{name}" for name, value in wanted.items() if held.get(name) != value}
        pending = {address for address, (_, reason) in plan.items() if reason == "write_interrupted"}
        assert (True, wrong - pending) == (code < 0, {*plan} - pending)
        assert (0, wanted) == (fleet.flowforge("apply", "--yes").code, world.variables(REPO))
        assert IN_SYNC == fleet.flowforge("plan").out


class _Killer(Faults):
    """The end of a process when so many requests have come in."""

    def __init__(self, process: "subprocess.Popen[bytes]", requests: int) -> None:
        super().__init__()
        self._process, self._left = process, requests

    def strike(self, method: str, target: str) -> Fault | None:
        """Count the request, which is carried out whatever becomes of who asked."""
        self._left -= 1
        if self._left == 0:
            self._process.kill()
        return super().strike(method, target)


def _killed(fleet: "Fleet", requests: int) -> int:
    """Begin an apply and kill it when so many requests have come in; gives how it ended."""
    world = fleet.sandbox.world
    process = subprocess.Popen(
        [sys.executable, "-m", "flowforge", "apply", "--yes"],
        cwd=fleet.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    world.faults = _Killer(process, requests)
    code = process.wait()
    fleet.sandbox.settle()  # a request that the killed process had sent is still carried out
    world.faults = Faults()
    return code


def test_a_lost_answer_is_no_failure(fleet: "Fleet") -> None:
    """A create whose answer is lost is tried again, meets what it made, and is done."""
    _federated(fleet)
    fleet.sandbox.world.faults.waiting.append(Fault("POST .*/actions/variables", FaultKind.RESET_AFTER))
    done = fleet.flowforge("apply", "--yes")
    assert (0, HELD, IN_SYNC) == (done.code, fleet.sandbox.world.variables(REPO), fleet.flowforge("plan").out)


def test_the_old_key_stays_until_the_identity_is_there(fleet: "Fleet") -> None:
    """A key that is to be absent goes after the variables came, and not where one of them failed."""
    world = fleet.sandbox.world
    world.set_secret(REPO, "ANTHROPIC_API_KEY", "old")
    _federated(fleet, more=f"absent: [{{name: Key, repos: [{REPO}], secret: ANTHROPIC_API_KEY}}]\n")
    world.faults.waiting.append(Fault("POST .*/actions/variables", FaultKind.STATUS, status=403, message="No."))
    done = fleet.flowforge("apply", "--yes", "--format", "json")
    outcomes = {line["address"]: line["outcome"] for line in json.loads(done.out)["results"]}
    assert {
        f"{REPO}/actions/ANTHROPIC_API_KEY": "not_done",
        f"{REPO}/variables/{RULE}": "failed",
        f"{REPO}/variables/{ORG}": "created",
    } == outcomes
    assert (3, {"ANTHROPIC_API_KEY": "old"}) == (done.code, world.reveal(REPO))
    assert (0, {}) == (fleet.flowforge("apply", "--yes").code, world.reveal(REPO))


@pytest.mark.parametrize("slot", ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"])
def test_a_static_key_beside_it(fleet: "Fleet", slot: str) -> None:
    """Where a repo's secrets are listed anyway, a leftover key that a workflow passes is a warning with its entry."""
    world = fleet.sandbox.world
    given = f"anthropic_federation_rule_id: x, {slot.lower()}: '${{{{ secrets.{slot} }}}}'"
    step = f"{{uses: anthropics/claude-code-action@v1, with: {{anthropic_organization_id: x, {given}}}}}"
    workflow = f"on: push\njobs:\n  a:\n    steps:\n      - {step}\n"
    world.edit_file(REPO, ".github/workflows/claude.yml", workflow)
    world.set_secret(REPO, slot, "old")
    _federated(fleet)
    assert "" == fleet.flowforge("plan", "--quiet").err
    more = f"absent: [{{name: Other, repos: [{REPO}], secret: OTHER}}]\n"
    _federated(fleet, more=more)
    entry = f"{{name: {slot} goes, repos: [{REPO}], secret: {slot}}}"
    beside = f"warning: the secret {slot} is there beside the workload identity of {REPO}"
    said = f"{beside}: a step that passes it uses it, and not the identity; take it out of that step, then "
    assert "warning" not in fleet.flowforge("plan").err
    assert f"{said}add under `absent`: {entry}" in fleet.flowforge("plan", "--audit").err.splitlines()
    _federated(fleet, more=f"absent: [{entry}]\n")
    assert "warning" not in fleet.flowforge("plan").err
    assert (3, {slot: "old"}) == (fleet.flowforge("apply", "--yes").code, world.reveal(REPO))
    alone = workflow.replace(f", {slot.lower()}: '${{{{ secrets.{slot} }}}}'", "")
    world.edit_file(REPO, ".github/workflows/claude.yml", f"permissions: {{id-token: write}}\n{alone}")
    assert (0, {}) == (fleet.flowforge("apply", "--yes").code, world.reveal(REPO))
