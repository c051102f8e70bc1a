"""A move from a static key to a workload identity: variables first, the workflows in between, the key last."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.sandbox import Fault, FaultKind
from flowforge.sandbox.rules.faults import Faults
from tests.audit.leaving import BY_KEY, FILE, HEAD, KEY, MOVED, ORG, PASSES, RULE, STEP, WORKFLOWS
from tests.cli.owners import company
from tests.cli.test_kill import _Killer as Killer
from tests.rows import one_in

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

UUID = "00000000-0000-0000-0000-00000000000a"
HELD = {RULE: "fdrl_1", ORG: UUID}
REPO = "acme/repo-001"


def _manifest(fleet: "Fleet", *repos: str, absent: str = "", where: str = "", org: str = "", auth: str = "") -> None:
    """Write a manifest that wants the identity in repos, and no key there. absent: another entry in its place."""
    names = ", ".join(repos)
    absent = absent or f"  - {{name: The key goes, repos: [{names}], secret: {KEY}, tags: [last]}}\n"
    target = org or f"  - {{name: Identity, repos: [{names}], credential: federated, tags: [first]{where}}}\n"
    fleet.manifest(
        f"version: 1\n{auth}credentials:\n  federated:\n    type: anthropic_workload_identity\n"
        f"    federation_rule_id: fdrl_1\n    organization_id: {UUID}\ntargets:\n{target}absent:\n{absent}"
    )


def _line(done: "Done", repo: str = REPO, secret: str = KEY) -> str:
    """Return the line of a plan about a secret, without the repo and the name."""
    found = [line for line in done.lines if repo in line and secret in line]
    return " ".join(found[0].replace(repo, "", 1).replace(secret, "", 1).split()) if found else ""


def test_the_workflow_of_the_page() -> None:
    """What docs/howto/to-workload-identity.md tells people to write is what the tests here let the key go for."""
    page = (Path(__file__).parents[2] / "docs" / "howto" / "to-workload-identity.md").read_text("utf-8")
    assert f"```yaml\n{MOVED}```\n" in page


@pytest.mark.parametrize("case", one_in(5, WORKFLOWS))
def test_the_key_goes_where_the_workflows_take_the_identity(fleet: "Fleet", case: str) -> None:
    """With the variables in the same apply: it goes if all steps take the identity; else it stays, with the reason."""
    world = fleet.sandbox.world
    text, why = WORKFLOWS[case]
    world.set_secret(REPO, KEY, "x")
    world.edit_file(REPO, FILE, text)
    _manifest(fleet, REPO)
    line = _line(fleet.flowforge("plan"))
    assert line.startswith(f"! still needed: {why}" if why else "- declared absent"), line
    done = fleet.flowforge("apply", "--yes")
    assert (3 if why else 0, HELD, KEY in world.reveal(REPO)) == (done.code, world.variables(REPO), bool(why))


def test_no_filter_lets_the_key_go_first(fleet: "Fleet") -> None:
    """With the variables left out by --tags it stays until they are there; once they are, it goes by itself."""
    world = fleet.sandbox.world
    world.set_secret(REPO, KEY, "x")
    world.edit_file(REPO, FILE, MOVED)
    _manifest(fleet, REPO)
    said = f"! still needed: what takes its place is not there, as {RULE} is left out of this run"
    assert said == _line(fleet.flowforge("plan", "--tags", "last"))
    assert (3, True) == (fleet.flowforge("apply", "--yes", "--tags", "last").code, KEY in world.reveal(REPO))
    assert 0 == fleet.flowforge("apply", "--yes", "--tags", "first").code
    assert (0, {}) == (fleet.flowforge("apply", "--yes", "--tags", "last").code, world.reveal(REPO))


def test_a_variable_that_holds_something_else(fleet: "Fleet") -> None:
    """Drift that is left as it is is no identity: the key stays, and the line says which variable."""
    world = fleet.sandbox.world
    _manifest(fleet, REPO)
    assert 0 == fleet.flowforge("apply", "--yes").code
    world.set_secret(REPO, KEY, "x")
    world.set_variable(REPO, ORG, "another")
    world.edit_file(REPO, FILE, MOVED)
    _manifest(fleet, REPO, where=", on_drift: report")
    line = _line(fleet.flowforge("plan"))
    assert line.startswith(f"! still needed: what takes its place is not there, as {ORG} is not as wanted: changed out")


def test_prune_is_held_too(fleet: "Fleet") -> None:
    """A target whose credential became the identity leaves the key over: --prune takes it by the same rule."""
    world = fleet.sandbox.world
    fleet.set_key()
    fleet.simple(REPO)
    assert 0 == fleet.flowforge("apply", "--yes").code
    world.edit_file(REPO, FILE, HEAD + STEP + BY_KEY)
    _manifest(fleet, REPO, absent=f"  - {{name: Other, repos: [{REPO}], secret: OTHER}}\n")
    assert f"! still needed: {PASSES}" == _line(fleet.flowforge("plan", "--prune"))
    assert (3, [KEY]) == (fleet.flowforge("apply", "--yes", "--prune").code, [*world.reveal(REPO)])
    world.edit_file(REPO, FILE, MOVED)
    assert (0, {}) == (fleet.flowforge("apply", "--yes", "--prune").code, world.reveal(REPO))


def test_who_cannot_be_read_keeps_the_key(fleet: "Fleet") -> None:
    """A repo whose workflows GitHub does not show keeps it; a repo without an identity is none of this rule's."""
    world = fleet.sandbox.world
    for repo in (REPO, "acme/repo-002"):
        world.set_secret(repo, KEY, "x")
        world.edit_file(repo, FILE, HEAD + STEP + BY_KEY)
    world.settings.graphql = False
    world.faults.add(Fault(r"GET .*/contents/", FaultKind.STATUS, 50, 403, None, "Resource not accessible"))
    _manifest(fleet, REPO, absent=f"  - {{name: Gone, repos: [{REPO}, acme/repo-002], secret: {KEY}}}\n")
    done = fleet.flowforge("apply", "--yes")
    assert (3, True, {}) == (done.code, KEY in world.reveal(REPO), world.reveal("acme/repo-002"))
    assert _line(done).startswith("! still needed: its workflows could not be read"), _line(done)


@pytest.mark.parametrize("contents", [False, True])
def test_an_app_reads_the_workflows_by_its_own_token(fleet: "Fleet", *, contents: bool) -> None:
    """Its token for the plan may read contents where the installation may; where not, the key stays and says why."""
    firm = company(fleet, ["beta"], ["beta"])
    more = {"contents": "read"} if contents else {}
    given = {"secrets": "write", "actions_variables": "write", "actions": "read", "metadata": "read", **more}
    firm.world.install_app("ci", "beta", permissions=given)
    firm.world.set_secret("beta/api", KEY, "x")
    firm.world.edit_file("beta/api", FILE, MOVED)
    fleet.monkeypatch.delenv("FLOWFORGE_GITHUB_TOKEN", raising=False)
    _manifest(fleet, "beta/api", auth=f"github: {{auth: {{{firm.app}}}}}\n")
    line = _line(fleet.flowforge("plan"), "beta/api")
    assert line.startswith("- declared absent" if contents else "! still needed: its workflows could not be read"), line
    read = {"contents": "read"} if contents else {}
    levels = {"metadata": "read", "secrets": "read", "actions_variables": "read", "actions": "read", **read}
    assert [("ci@beta", levels)] == [(one["by"], one["permissions"]) for one in firm.world.minted_tokens()]
    assert (0 if contents else 3) == fleet.flowforge("apply", "--yes").code
    assert (contents, HELD) == (not firm.held("beta/api")["beta/api"], firm.world.variables("beta/api"))


@pytest.mark.parametrize("passed", [False, True])
def test_another_secret_goes_unless_a_claude_step_passes_it(fleet: "Fleet", *, passed: bool) -> None:
    """What has nothing to do with Claude is deleted as ever, whoever names it; a key under another name is not."""
    world = fleet.sandbox.world
    text = f"{HEAD}{STEP}      - run: npm publish\n        env: {{NPM: '${{{{ secrets.OTHER }}}}'}}\n"
    given = HEAD + STEP + BY_KEY.replace(KEY, "OTHER")
    world.set_secret(REPO, "OTHER", "x")
    world.edit_file(REPO, FILE, given if passed else text)
    _manifest(fleet, REPO, absent=f"  - {{name: Gone, repos: [{REPO}], secret: OTHER, tags: [last]}}\n")
    expected = f"! still needed: {PASSES}" if passed else "- declared absent"
    assert expected == _line(fleet.flowforge("plan"), secret="OTHER")
    assert (3 if passed else 0) == fleet.flowforge("apply", "--yes", "--tags", "last").code
    assert passed is ("OTHER" in world.reveal(REPO))


ORGANIZATION = "  - {{name: Identity, org: acme, visible_to: {seen}, credential: federated}}\n"


def test_an_organizations_key(fleet: "Fleet") -> None:
    """It stays as long as one of the repos that see the identity reads it, which the line names; then it goes."""
    world = fleet.sandbox.world
    repos = [REPO, "acme/repo-002"]
    world.set_org_secret("acme", KEY, "x", visibility="all")
    absent = f"  - {{name: Gone, org: acme, secret: {KEY}}}\n"
    world.edit_file(REPO, FILE, MOVED)
    world.edit_file(repos[1], FILE, HEAD + STEP + BY_KEY)
    _manifest(fleet, absent=absent, org=ORGANIZATION.format(seen=f"{{repos: [{', '.join(repos)}]}}"))
    line = _line(fleet.flowforge("plan"), "acme")
    assert f"! organization still needed: acme/repo-002: {PASSES}" == line
    assert (3, [KEY]) == (fleet.flowforge("apply", "--yes").code, [*world.reveal_org("acme")])
    world.edit_file(repos[1], FILE, MOVED)
    assert (0, {}) == (fleet.flowforge("apply", "--yes").code, world.reveal_org("acme"))


def test_an_identity_for_all_keeps_the_organizations_key(fleet: "Fleet") -> None:
    """Where all see the identity, whose workflows must take it is not known by name: the line says what to do."""
    world = fleet.sandbox.world
    world.set_org_secret("acme", KEY, "x", visibility="all")
    _manifest(fleet, absent=f"  - {{name: Gone, org: acme, secret: {KEY}}}\n", org=ORGANIZATION.format(seen="all"))
    line = _line(fleet.flowforge("plan"), "acme")
    assert "! organization still needed: which repositories of acme have its identity is not known by name" == line


def test_json_and_requests(fleet: "Fleet") -> None:
    """The document is valid and has the reason; a plan that takes no key away reads no workflow."""
    world = fleet.sandbox.world
    world.edit_file(REPO, FILE, MOVED)
    _manifest(fleet, REPO)
    fleet.requests()
    fleet.flowforge("plan")
    assert "POST /graphql" not in fleet.requests()
    world.set_secret(REPO, KEY, "x")
    world.edit_file(REPO, FILE, MOVED + BY_KEY)
    document: dict[str, Any] = json.loads(fleet.flowforge("plan", "--format", "json").out)
    Draft202012Validator(json.loads(schema_text("plan"))).validate(document)
    (line,) = [each for each in document["changes"] if each["secret"] == KEY]
    assert ("blocked", "still_needed") == (line["action"], line["reason"])
    assert 1 == fleet.requests()["POST /graphql"]


# What `test_nobody_ever_has_neither` moves, and how often it kills; `.ci/run` has time for fewer.
FLEET, KILLS = 50, int(os.environ.get("KILLS", "12"))


def _has_one(fleet: "Fleet", repo: str) -> bool:
    """Whether a repo's workflow has what it takes: the key that it passes, or the variables of its identity."""
    world = fleet.sandbox.world
    by_key = KEY in world.reveal(repo) and f"secrets.{KEY}" in world.read_file(repo, FILE)
    return by_key or (world.variables(repo) == HELD and RULE in world.read_file(repo, FILE))


class Watched(Killer):
    """Looks at every repo with each request that comes in, and ends the process at one of them."""

    def __init__(self, process: "subprocess.Popen[bytes]", requests: int, fleet: "Fleet") -> None:
        super().__init__(process, requests, [])
        self.fleet, self.without = fleet, set[str]()

    def strike(self, method: str, target: str) -> Fault | None:
        """Note who has neither."""
        if method in {"PUT", "POST", "DELETE", "PATCH"} and "/graphql" not in target:
            self.without |= {repo for repo in self.fleet.repos if not _has_one(self.fleet, repo)}
        return super().strike(method, target)


def _killed(fleet: "Fleet", requests: int) -> tuple[int, set[str]]:
    """Apply, and kill it when so many requests have come in. Give how it ended, and who had neither meanwhile."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flowforge", "apply", "--yes", "-j", "8", "--allow-deletes", str(FLEET)],
        cwd=fleet.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    watched = fleet.sandbox.world.faults = Watched(process, requests, fleet)
    code = process.wait()
    fleet.sandbox.settle()
    fleet.sandbox.world.faults = Faults()
    return code, watched.without | {repo for repo in fleet.repos if not _has_one(fleet, repo)}


@pytest.mark.slow
def test_nobody_ever_has_neither(fleet: "Fleet") -> None:
    """Fifty repos move while applies are killed at any request: each has one all the time, and the key goes last.

    A third of the workflows is changed before, a third between the applies; the last third never, and keeps its key.
    """
    world = fleet.sandbox.world
    world.limits.enabled = False
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    fleet.grow(FLEET)
    for repo in fleet.repos:
        world.set_secret(repo, KEY, "x")
        world.edit_file(repo, FILE, HEAD + STEP + BY_KEY)
    _manifest(fleet, *fleet.repos)
    late, never = fleet.repos[FLEET // 3 : 2 * FLEET // 3], fleet.repos[2 * FLEET // 3 :]
    # Their workflows pass both meanwhile, as Anthropic's guide has it, and then the identity alone.
    for repo in fleet.repos[: FLEET // 3]:
        world.edit_file(repo, FILE, MOVED + BY_KEY)
    codes = []
    for number in range(KILLS):
        code, without = _killed(fleet, chance.randrange(1, 9 * FLEET))
        codes.append(code)
        assert (set(), True) == (without, code in {-9, 3}), f"seed {seed}, {number}: {without} {code}"
        moved = [repo for repo in [*fleet.repos[: FLEET // 3], *late] if world.variables(repo) == HELD]
        for repo in chance.sample(moved, len(moved) // 3):
            world.edit_file(repo, FILE, MOVED)
    assert 3 == fleet.flowforge("apply", "--yes", "--allow-deletes", str(FLEET)).code
    for repo in {*fleet.repos} - {*never}:
        world.edit_file(repo, FILE, MOVED)
    assert 3 == fleet.flowforge("apply", "--yes", "--allow-deletes", str(FLEET)).code
    held = {repo: [*names] for repo, names in fleet.held().items()}
    assert {repo: [KEY] if repo in never else [] for repo in fleet.repos} == held, f"seed {seed}"
    assert all(world.variables(repo) == HELD for repo in fleet.repos)
    assert -9 in codes, f"seed {seed}: no kill landed: {codes}"
