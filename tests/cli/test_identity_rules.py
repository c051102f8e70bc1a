"""`identity rules`: by ids alone, one for each credential; what it prints matches the subjects of old and new repos."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.sandbox import Token
from flowforge.sandbox.rules.access import Level

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

UUID = "00000000-0000-0000-0000-00000000000a"
OLD, NEW = "acme/repo-001", "acme/repo-002"
WITH_IDS = "with ids, so no rule by names matches it"
ISSUER = "https://token.actions.githubusercontent.com"


def _manifest(fleet: "Fleet", *targets: str, more: str = "") -> None:
    """Write a manifest with the identities `one` and `two`."""
    ids = f"organization_id: {UUID}{more}"
    entries = "".join(f"  - {{name: T{number}, {each}}}\n" for number, each in enumerate(targets))
    fleet.manifest(
        "version: 1\ncredentials:\n"
        f"  one: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, {ids}}}\n"
        f"  two: {{type: anthropic_workload_identity, federation_rule_id: fdrl_2, {ids}}}\n"
        f"  key: {{type: anthropic_api_key, from: {{env: ACME_KEY}}}}\ntargets:\n{entries}"
    )


def _json(done: "Done") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(done.out)
    Draft202012Validator(json.loads(schema_text("rules"))).validate(document)
    return document


def _ids(fleet: "Fleet", *repos: str) -> list[str]:
    directory = fleet.sandbox.world.directory
    return [str(directory[repo].id) for repo in repos]


def _owner(fleet: "Fleet", name: str) -> str:
    owner = fleet.sandbox.world.directory.owner(name)
    assert owner is not None
    return str(owner.id)


def _matches(fleet: "Fleet", match: dict[str, Any], repo: str, environment: str = "") -> bool:
    """Whether a token that GitHub gives a run of a repo is admitted: claims exactly, and the condition as CEL."""
    found = fleet.sandbox.world.directory[repo]
    token = {
        "repository_id": str(found.id),
        "repository_owner_id": str(found.owner.id),
        "repository_visibility": found.visibility,
        **({"environment": environment} if environment else {}),
    }
    if any(token.get(claim) != value for claim, value in match.get("claims", {}).items()):
        return False
    # What is printed of CEL is Python too, but for three words.
    text = match.get("condition", "True").replace("has(claims.environment)", "('environment' in claims)")
    text = text.replace("&&", " and ").replace("||", " or ")
    for claim in ("repository_id", "repository_owner_id", "repository_visibility", "environment"):
        text = text.replace(f"claims.{claim} ", f"claims['{claim}'] ")
    return bool(eval(text, {"__builtins__": {}}, {"claims": token}))  # noqa: S307 -- our own text, of names and numbers


def test_one_rule_for_the_repos_of_a_credential(fleet: "Fleet") -> None:
    """By the owner's id and the ids of the repos; old and new repos alike, and nobody else is admitted."""
    world = fleet.sandbox.world
    world.set_immutable_subject(NEW)
    world.create_repo("other/thing")
    _manifest(fleet, f"repos: [{OLD}, {NEW}], credential: one")
    (rule,) = _json(fleet.flowforge("identity", "rules", "--format", "json"))["rules"]
    first, second = _ids(fleet, OLD, NEW)
    expected = {
        "audience": "https://api.anthropic.com",
        "claims": {"repository_owner_id": _owner(fleet, "acme")},
        "condition": f'claims.repository_id in ["{first}", "{second}"]',
    }
    body = rule["body"]
    assert (expected, "workspace:inference", "flowforge-one") == (body["match"], body["oauth_scope"], body["name"])
    admitted = [repo for repo in (*fleet.repos, "other/thing") if _matches(fleet, body["match"], repo)]
    assert [OLD, NEW] == admitted
    # A rename, which makes the subject another one, changes nothing of it.
    world.rename_repo(OLD, "acme/renamed")
    assert _matches(fleet, body["match"], "acme/renamed")


def test_subjects_of_old_and_new_repos(fleet: "Fleet") -> None:
    """As GitHub documents them, of a branch, a pull request and an environment: with names, or with names and ids."""
    fleet.sandbox.world.set_immutable_subject(NEW)
    _manifest(fleet, f"repos: [{OLD}, {NEW}], credential: one")
    (rule,) = _json(fleet.flowforge("identity", "rules", "--format", "json"))["rules"]
    owner, (_, number) = _owner(fleet, "acme"), _ids(fleet, OLD, NEW)
    endings = {
        "ref": "ref:refs/heads/BRANCH",
        "pull_request": "pull_request",
        "environment NAME": "environment:NAME",
    }
    prefixes = (f"repo:{OLD}", f"repo:acme@{owner}/repo-002@{number}")
    assert [{kind: f"{prefix}:{end}" for kind, end in endings.items()} for prefix in prefixes] == [
        each["subjects"] for each in rule["repos"]
    ]
    assert [False, True] == [each["subject_has_ids"] for each in rule["repos"]]


def test_text_for_the_console(fleet: "Fleet") -> None:
    """Each field stands on a line of its own; the new repo's line warns of a rule by names; the rest is in words."""
    fleet.sandbox.world.set_immutable_subject(NEW)
    accounts = ", service_account_id: svac_1, workspace_id: default"
    _manifest(fleet, f"repos: [{OLD}, {NEW}], credential: one", more=accounts)
    done = fleet.flowforge("identity", "rules")
    owner, (first, second) = _owner(fleet, "acme"), _ids(fleet, OLD, NEW)
    assert [
        "Credential one: one rule for 2 repositories",
        "  Rule       fdrl_1",
        f"  Issuer     {ISSUER}",
        "  Audience   https://api.anthropic.com",
        f"  Claim      repository_owner_id = {owner}",
        f'  Condition  claims.repository_id in ["{first}", "{second}"]',
        "  Scope      workspace:inference",
        "  Acts as    svac_1",
        "  Workspace  default",
        "",
        f"  {OLD}  id {first}  subject repo:{OLD}:...",
        f"  {NEW}  id {second}  subject repo:acme@{owner}/repo-002@{second}:...  {WITH_IDS}",
    ] == done.lines[:12]
    assert (0, "1 rule, and nobody is left out.") == (done.code, done.lines[-1])
    for said in ("repo:OWNER/*", "not established", "pull requests from forks"):
        assert said in done.out


def test_one_repo_and_its_environment_need_no_condition(fleet: "Fleet") -> None:
    """Exact claims say it all, and jobs of that environment alone are admitted."""
    fleet.sandbox.world.create_environment(OLD, "production")
    _manifest(fleet, f"repos: [{OLD}], environments: [production], credential: one")
    (rule,) = _json(fleet.flowforge("identity", "rules", "--format", "json"))["rules"]
    (number,) = _ids(fleet, OLD)
    claims = {"repository_owner_id": _owner(fleet, "acme"), "repository_id": number, "environment": "production"}
    assert (claims, False) == (rule["body"]["match"]["claims"], "condition" in rule["body"]["match"])
    found = [_matches(fleet, rule["body"]["match"], OLD, name) for name in ("production", "staging", "")]
    assert [True, False, False] == found
    assert f"repo:{OLD}:environment:production" == rule["repos"][0]["subjects"]["environment production"]


def test_owners_and_environments_together(fleet: "Fleet") -> None:
    """Repos of two owners, one with environments alone: each is admitted as its target says, and no further."""
    world = fleet.sandbox.world
    world.create_repo("beta/api")
    world.create_environment(NEW, "live")
    _manifest(
        fleet,
        f"repos: [{OLD}, beta/api], credential: one",
        f"repos: [{NEW}], environments: [live], credential: one",
        "repos: [acme/repo-003], credential: two",
    )
    one, two = _json(fleet.flowforge("identity", "rules", "--format", "json"))["rules"]
    match = one["body"]["match"]
    everybody = [(repo, name) for repo in (*fleet.repos, "beta/api") for name in ("", "live")]
    admitted = [each for each in everybody if _matches(fleet, match, *each)]
    assert [(OLD, ""), (OLD, "live"), (NEW, "live"), ("beta/api", ""), ("beta/api", "live")] == admitted
    assert ["acme/repo-003"] == [each["repo"] for each in two["repos"]]


@pytest.mark.parametrize(
    ("seen", "admitted"),
    [
        ("all", [OLD, NEW, "acme/public"]),
        ("private", [OLD, NEW]),
        (f"{{repos: [{NEW}]}}", [NEW]),
    ],
)
def test_an_organizations_identity(fleet: "Fleet", seen: str, admitted: list[str]) -> None:
    """Whoever sees it is trusted: all of the owner's, all but the public ones, or those that are named."""
    world = fleet.sandbox.world
    world.create_repo("acme/public", private=False)
    world.create_repo("beta/api")
    _manifest(fleet, f"org: acme, visible_to: {seen}, credential: one")
    document = _json(fleet.flowforge("identity", "rules", "--format", "json"))
    match = document["rules"][0]["body"]["match"]
    everybody = [OLD, NEW, "acme/public", "beta/api"]
    assert admitted == [repo for repo in everybody if _matches(fleet, match, repo)]


def test_a_repo_that_is_not_known_is_said(fleet: "Fleet") -> None:
    """It is left out of the rule, the line says why, and it exits 3; without anybody there is no rule at all."""
    _manifest(fleet, f"repos: [{OLD}, acme/nowhere], credential: one", "repos: [acme/nowhere], credential: two")
    fleet.manifest(
        (fleet.folder / "flowforge.yaml").read_text().replace("repos: [acme/nowhere], c", "repos: [acme/no], c")
    )
    done = fleet.flowforge("identity", "rules", "--format", "json")
    document = _json(done)
    one, two = document["rules"]
    assert (3, False, False) == (done.code, document["complete"], one["complete"])
    assert ([OLD], None) == ([each["repo"] for each in one["repos"] if each["repository_id"]], two["body"])
    text = fleet.flowforge("identity", "rules")
    assert "! acme/nowhere   not known: not found" in text.out
    assert text.lines[-1] == "2 rules; not all repositories are known, so do not replace a rule by these."


def test_a_template_and_a_token_that_may_not_ask(fleet: "Fleet") -> None:
    """A subject by a template is told as such; without Actions: read it is not known, and the rule is whole."""
    world = fleet.sandbox.world
    world.set_subject_template(NEW, ["repo", "job_workflow_ref"])
    _manifest(fleet, f"repos: [{OLD}, {NEW}], credential: one")
    assert "subject by a template of repo, job_workflow_ref" in fleet.flowforge("identity", "rules").out
    world.add_token("half", Token(permissions={"actions": Level.NONE}))
    fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "half")
    done = fleet.flowforge("identity", "rules")
    said = "its subject is not known: the token may not read Actions"
    assert (0, 2, True) == (done.code, done.out.count(said), "claims.repository_id in [" in done.out)


def test_no_identity_and_no_value(fleet: "Fleet") -> None:
    """A manifest without one needs no rule; no source is opened; nothing is written anywhere."""
    _manifest(fleet, f"repos: [{OLD}], credential: key")
    fleet.monkeypatch.delenv("ACME_KEY", raising=False)
    done = fleet.refused("identity", "rules")
    said = "No target has a credential of type anthropic_workload_identity, so no rule is needed."
    assert (0, [said]) == (done.code, done.lines)


def test_a_plan_warns_of_a_rule_by_names(fleet: "Fleet") -> None:
    """Of the repos that it gives an identity those are named whose subject carries ids; once written nobody asks."""
    fleet.sandbox.world.set_immutable_subject(NEW)
    _manifest(fleet, f"repos: [{OLD}, {NEW}], credential: one")
    number = _ids(fleet, NEW)[0]
    said = (
        f"warning: {NEW}: the subject of an OIDC token there carries ids, such as "
        f"repo:acme@{_owner(fleet, 'acme')}/repo-002@{number}:..., and a federation rule by names never matches it; "
        "`flowforge identity rules` prints one by ids"
    )
    assert said in fleet.flowforge("plan").err.splitlines()
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.requests()
    assert "ids" not in fleet.flowforge("plan").err
    assert not [route for route in fleet.requests() if "oidc" in route]
