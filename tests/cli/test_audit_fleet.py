"""`flowforge audit` over repos at GitHub: what their stores hold, who may be read, and one sentence for each."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.github.permission_table import AUDIT_ROWS, TO_AUDIT, ReadRow
from flowforge.github.permissions import METADATA
from flowforge.resources import schema_text
from flowforge.sandbox import Token, TokenKind
from flowforge.sandbox.rules.access import Level

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

FILE = ".github/workflows/claude.yml"
HEAD = "permissions: {contents: read, id-token: write}\njobs:\n  ask:\n    runs-on: ubuntu-latest\n"
STEPS = "    steps:\n      - uses: anthropics/claude-code-action@v1\n        with: {%s}\n"
KEY = "anthropic_api_key: '${{ secrets.ANTHROPIC_API_KEY }}'"
IDS = "anthropic_federation_rule_id: '${{ vars.RULE }}', anthropic_organization_id: '${{ vars.ORG }}'"
DISPATCH, PULLS = "on: workflow_dispatch\n", "on: pull_request\n"
WELL = "Claude runs in 1 step, and nothing is wrong with it."


@pytest.fixture(autouse=True)
def _alone(fleet: "Fleet") -> None:
    """Leave acme with the repos of each test alone."""
    for name in fleet.repos:
        fleet.sandbox.world.delete_repo(name)


def _repo(fleet: "Fleet", name: str, text: str, *, private: bool = True) -> None:
    fleet.sandbox.world.create_repo(name, private=private)
    fleet.sandbox.world.edit_file(name, FILE, text)


def _json(fleet: "Fleet", *args: str) -> tuple[int, dict[str, Any]]:
    done = fleet.flowforge("audit", *args, "--format", "json")
    document = json.loads(done.out)
    Draft202012Validator(json.loads(schema_text("audit"))).validate(document)
    return done.code, document


def _codes(document: dict[str, Any]) -> dict[str, list[str]]:
    return {each["repo"]: [finding["code"] for finding in each["findings"]] for each in document["repos"]}


def test_each_list_is_looked_at(fleet: "Fleet") -> None:
    """A secret of the repo, its environment or the organization, and a variable: there it is well, else an error."""
    world = fleet.sandbox.world
    environment = f"{DISPATCH}{HEAD}    environment: production\n{STEPS % KEY}"
    for name in ("own", "shared", "private", "none"):
        _repo(fleet, f"acme/{name}", DISPATCH + HEAD + STEPS % KEY, private=name != "none")
    for name in ("in-env", "no-env"):
        _repo(fleet, f"acme/{name}", environment)
        world.create_environment(f"acme/{name}", "production")
    for name in ("ids", "no-ids"):
        _repo(fleet, f"acme/{name}", DISPATCH + HEAD + STEPS % IDS)
    world.set_secret("acme/own", "ANTHROPIC_API_KEY", "x")
    world.set_secret("acme/in-env", "ANTHROPIC_API_KEY", "x", environment="production")
    world.set_org_secret("acme", "ANTHROPIC_API_KEY", "x", visibility="selected", repos=["shared", "private"])
    world.set_variable("acme/ids", "RULE", "fdrl_1")
    world.set_org_variable("acme", "ORG", "00000000-0000-0000-0000-00000000000a", visibility="private")
    code, document = _json(fleet, "--owner", "acme")
    expected = {
        **{f"acme/{name}": [] for name in ("ids", "in-env", "own", "private", "shared")},
        "acme/no-env": ["missing-secret"],
        "acme/no-ids": ["missing-variable"],
        "acme/none": ["missing-secret"],
    }
    assert (0, True, expected) == (code, document["complete"], _codes(document))
    assert 3 == fleet.flowforge("audit", "--owner", "acme", "--fail-on", "error").code
    assert 0 == fleet.flowforge("audit", "--owner", "acme", "--limit", "acme/own", "--fail-on", "note").code


def test_dependabot_reads_its_own_store(fleet: "Fleet") -> None:
    """A pull request of Dependabot's needs the secret in the Dependabot store, the repo's or the organization's."""
    world = fleet.sandbox.world
    keys = f"{KEY}, github_token: x, allowed_bots: '*'"
    for name in ("has", "from-org", "lacks"):
        _repo(fleet, f"acme/{name}", PULLS + HEAD + STEPS % keys)
        world.set_secret(f"acme/{name}", "ANTHROPIC_API_KEY", "x")
    world.set_secret("acme/has", "ANTHROPIC_API_KEY", "x", store="dependabot")
    world.set_org_secret(
        "acme", "ANTHROPIC_API_KEY", "x", store="dependabot", visibility="selected", repos=["from-org"]
    )
    _, document = _json(fleet, "--owner", "acme")
    lacking = [name for name, codes in _codes(document).items() if "dependabot-without-secret" in codes]
    assert ["acme/lacks"] == lacking


def test_what_cannot_be_read_says_so(fleet: "Fleet") -> None:
    """A repo whose contents are closed to the token has a verdict with the reason; archived ones run nothing."""
    world = fleet.sandbox.world
    _repo(fleet, "acme/open", DISPATCH + HEAD + STEPS % KEY, private=False)
    _repo(fleet, "acme/closed", DISPATCH + HEAD + STEPS % KEY)
    _repo(fleet, "acme/old", DISPATCH + HEAD + STEPS % KEY)
    _repo(fleet, "acme/stopped", DISPATCH + HEAD + STEPS % KEY, private=False)
    world.archive_repo("acme/old")
    world.disable_repo("acme/stopped")
    world.set_secret("acme/open", "ANTHROPIC_API_KEY", "x")
    world.add_token("github_pat_half", Token(permissions={"contents": Level.NONE}))
    fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "github_pat_half")
    code, document = _json(fleet, "--org", "acme")
    closed = 'It could not be read: no permission: "Resource not accessible by personal access token".'
    expected = {
        "acme/closed": closed,
        "acme/old": "It is archived, so nothing runs here.",
        "acme/open": WELL,
        "acme/stopped": "GitHub has disabled it, so nothing runs here.",
    }
    assert (0, False) == (code, document["complete"])
    assert expected == {each["repo"]: each["verdict"] for each in document["repos"]}
    assert 1 == fleet.flowforge("audit", "--org", "acme", "--limit", "acme/closed").code


def test_stores_that_cannot_be_listed_are_not_empty(fleet: "Fleet") -> None:
    """Without Secrets: read nothing is said to be missing, and the verdict says what is not known."""
    world = fleet.sandbox.world
    _repo(fleet, "acme/api", DISPATCH + HEAD + STEPS % KEY)
    none = {"secrets": Level.NONE, "organization_secrets": Level.NONE, "actions": Level.NONE}
    world.add_token("github_pat_half", Token(permissions=none))
    fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "github_pat_half")
    code, document = _json(fleet, "--owner", "acme")
    verdict = (
        "Claude runs in 1 step, and the files show nothing wrong with it. Not everything could be read: "
        "its secrets: no permission: GitHub accepts secrets=read."
    )
    assert (0, False, [verdict]) == (code, document["complete"], [each["verdict"] for each in document["repos"]])


@pytest.mark.parametrize("row", AUDIT_ROWS, ids=lambda row: row.what.partition(" ")[0].lower())
def test_each_permission_of_the_table(fleet: "Fleet", row: ReadRow) -> None:
    """With exactly the permissions of the table all is known; without those of a row the audit says what is not."""
    world = fleet.sandbox.world
    keys = f"{KEY}, github_token: x, allowed_bots: '*', {IDS}"
    _repo(fleet, "acme/api", f"{PULLS}{HEAD}    environment: production\n{STEPS % keys}")
    world.create_environment("acme/api", "production")
    named = {each.name: Level.READ for each in (*TO_AUDIT, METADATA)}
    known = []
    for left_out in ((), row.needs):
        given = {name: level for name, level in named.items() if name not in {each.name for each in left_out}}
        world.add_token("github_pat_exact", Token(secrets=Level.NONE, permissions=given))
        fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "github_pat_exact")
        known.append(_json(fleet, "--owner", "acme")[1]["complete"])
    assert [True, False] == known


def test_posted_as_one_issue(fleet: "Fleet") -> None:
    """The JSON of an audit is what `post` takes: an issue while something is wrong, closed once all is well."""
    world = fleet.sandbox.world
    _repo(fleet, "acme/api", DISPATCH + HEAD + STEPS % KEY)
    world.add_token("ghs_poster", Token(TokenKind.WORKFLOW, permissions={"issues": Level.WRITE}))
    post = ("post", "--to", "issue", "a.json", "--repo", "acme/api", "--token-env", "POSTER")
    fleet.monkeypatch.setenv("POSTER", "ghs_poster")
    audit = ("audit", "--owner", "acme", "--report", "json=a.json")
    assert (0, 0) == (fleet.flowforge(*audit).code, fleet.flowforge(*post).code)
    (issue,) = world.issues("acme/api")
    assert "there is no secret" in str(issue)
    world.set_secret("acme/api", "ANTHROPIC_API_KEY", "x")
    assert (0, 0) == (fleet.flowforge(*audit).code, fleet.flowforge(*post).code)
    assert "closed" in str(world.issues("acme/api")[0])


def test_a_workflows_own_token(fleet: "Fleet") -> None:
    """The token of a workflow reads files and no secrets: it audits what the files show."""
    _repo(fleet, "acme/api", DISPATCH + HEAD + STEPS % "use_bedrock: x", private=False)
    world = fleet.sandbox.world
    world.add_token("ghs_own", Token(TokenKind.WORKFLOW))
    for name in ("FLOWFORGE_GITHUB_TOKEN", "GH_TOKEN"):
        fleet.monkeypatch.delenv(name, raising=False)
    fleet.monkeypatch.setenv("GITHUB_TOKEN", "ghs_own")
    fleet.monkeypatch.setenv("GITHUB_ACTIONS", "true")
    fleet.monkeypatch.setenv("GITHUB_REPOSITORY", "acme/api")
    done = fleet.flowforge("audit", "--owner", "acme", "--format", "json")
    assert "a workflow's own token may list none" in json.loads(done.out)["repos"][0]["verdict"]


def test_local_actions_are_fetched(fleet: "Fleet") -> None:
    """An action that a workflow calls is read, and one that this calls in turn; by two queries more for all repos."""
    world = fleet.sandbox.world
    for number in range(3):
        name = f"acme/r{number}"
        _repo(fleet, name, f"{DISPATCH}{HEAD}    steps:\n      - uses: ./ci/outer\n")
        world.edit_file(name, "ci/outer/action.yml", "runs: {using: composite, steps: [{uses: ./ci/inner}]}\n")
        step = "{uses: anthropics/claude-code-action@v1, with: {anthropic_api_key: sk}}"
        world.edit_file(name, "ci/inner/action.yaml", f"runs: {{using: composite, steps: [{step}]}}\n")
    world.reset_stats()
    _, document = _json(fleet, "--owner", "acme")
    assert [("ci/inner/action.yaml", 1)] * 3 == [
        (step["via"]["file"], len(each["steps"])) for each in document["repos"] for step in each["steps"]
    ]
    assert 3 == world.stats().requests["POST /graphql"]


def test_what_github_says_of_actions(fleet: "Fleet") -> None:
    """A disabled workflow is a note; the default permission and the OIDC subject decide where files are silent."""
    world = fleet.sandbox.world
    silent = HEAD.replace("permissions: {contents: read, id-token: write}\n", "")
    _repo(fleet, "acme/off", DISPATCH + HEAD + STEPS % KEY)
    _repo(fleet, "acme/read", DISPATCH + silent + STEPS % KEY)
    _repo(fleet, "acme/write", DISPATCH + silent + STEPS % KEY)
    _repo(fleet, "acme/new", DISPATCH + HEAD + STEPS % IDS)
    world.set_workflow_state("acme/off", FILE)
    world.set_default_permissions("acme/write", "write")
    world.set_immutable_subject("acme/new")
    world.set_org_secret("acme", "ANTHROPIC_API_KEY", "x", visibility="all")
    for name in ("RULE", "ORG"):
        world.set_org_variable("acme", name, "x", visibility="all")
    _, document = _json(fleet, "--owner", "acme")
    expected = {
        "acme/new": ["identity-subject"],
        "acme/off": ["workflow-disabled"],
        "acme/read": ["id-token-missing"],
        "acme/write": [],
    }
    assert expected == _codes(document)


def test_the_repos_of_a_manifest(fleet: "Fleet") -> None:
    """Without --owner the manifest's repos are read, and it says of which type their secrets are."""
    world = fleet.sandbox.world
    for name in ("acme/a", "acme/b", "acme/c"):
        _repo(fleet, name, DISPATCH + HEAD + STEPS % KEY.replace("ANTHROPIC_API_KEY", "MINE"))
        world.set_secret(name, "MINE", "x")
    fleet.manifest(
        "version: 1\ncredentials:\n  t: {type: claude_code_oauth_token, secret: MINE, from: {env: T}}\n"
        "  k: {type: anthropic_api_key, secret: MINE, from: {env: K}}\n"
        "targets:\n  - {name: A, repos: [acme/a], credential: t}\n  - {name: B, repos: [acme/b], credential: k}\n"
    )
    _, document = _json(fleet)
    assert {"acme/a": ["wrong-kind"], "acme/b": []} == _codes(document)


def test_alike_repos_are_one_block(fleet: "Fleet") -> None:
    """More than ten repos that differ in nothing but their names are told as one, the worst first."""
    for number in range(12):
        _repo(fleet, f"acme/r{number:02}", DISPATCH + HEAD + STEPS % KEY)
    _repo(fleet, "acme/a", "on: push\njobs: {}\n")
    done = fleet.flowforge("audit", "--owner", "acme")
    missing = "there is no secret ANTHROPIC_API_KEY that this reads"
    empty = "GitHub gives an empty text for a secret that is not there"
    why = f"{empty}, and Claude refuses to start without a credential"
    expected = [
        f"12 repos (acme/r00, acme/r01, acme/r02 and 9 more): Claude will fail: {missing} ({FILE}:7).",
        f"  error   {FILE}:7  missing-secret  {missing}",
        f"          why: {why}",
        "          fix: set ANTHROPIC_API_KEY at the repository, or name one that is there",
        "acme/a: No workflow runs Claude here.",
        "Audit: 12 errors, 0 warnings, 0 notes in 12 Claude steps of 13 repos.",
    ]
    assert expected == done.lines


def test_other_formats(fleet: "Fleet") -> None:
    """Markdown begins with the sum, the page holds each finding, and SARIF lands on its line."""
    _repo(fleet, "acme/api", DISPATCH + HEAD + STEPS % KEY)
    reports = ("markdown=a.md", "html=a.html", "sarif=a.sarif")
    options = [part for each in reports for part in ("--report", each)]
    assert 0 == fleet.flowforge("audit", "--owner", "acme", *options).code
    texts = [(fleet.folder / each.partition("=")[2]).read_text(encoding="utf-8") for each in reports]
    assert texts[0].startswith("Audit: 1 error, 0 warnings, 0 notes in 1 Claude step.\n\n**Repositories**\n")
    assert "there is no secret ANTHROPIC_API_KEY that this reads" in texts[1]
    (result,) = json.loads(texts[2])["runs"][0]["results"]
    assert 7 == result["locations"][0]["physicalLocation"]["region"]["startLine"]


def test_an_owner_that_cannot_be_listed(fleet: "Fleet") -> None:
    """One error with its code, and nothing is read."""
    done = fleet.flowforge("audit", "--owner", "nobody")
    assert (1, True) == (done.code, "FF701" in done.err)
    user = 'the token\'s user has no repositories as "nobody": use a token of that user'
    assert [
        'error FF701: the repositories of "nobody" cannot be listed',
        '  why: there is no organization or user "nobody" that this token can see',
        f"  fix: check its name; if it is a user, {user}: GitHub shows a user's private repositories to nobody else",
    ] == done.err.splitlines()


@pytest.mark.parametrize("more", [("--owner", "acme"), ("--limit", "acme/a")])
def test_a_checkout_stands_alone(fleet: "Fleet", more: tuple[str, str]) -> None:
    """--path reads one checkout, so nothing beside it may choose among repos."""
    done = fleet.flowforge("audit", "--path", ".", *more)
    assert (1, True) == (done.code, "FF035: --path reads one checkout" in done.err)


def test_a_users_repos(fleet: "Fleet") -> None:
    """Of a user it is the token's own user whose repos are listed, and there is no organization to ask."""
    world = fleet.sandbox.world
    world.create_user("rehearsal")
    _repo(fleet, "rehearsal/mine", DISPATCH + HEAD + STEPS % KEY)
    _, document = _json(fleet, "--owner", "rehearsal")
    assert {"rehearsal/mine": ["missing-secret"]} == _codes(document)
