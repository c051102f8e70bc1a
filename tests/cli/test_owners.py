"""A token for each owner: three owners by one GitHub App, and what its tokens can do."""

import json
from typing import TYPE_CHECKING, Final

import jsonschema
import pytest

from flowforge.resources import schema_text
from tests.cli.owners import KEY, Company, both, company, permissions

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

READS: Final = {"metadata": "read", "secrets": "read"}
WRITES: Final = {"metadata": "read", "secrets": "write"}


@pytest.fixture
def firm(fleet: "Fleet") -> Company:
    """Three owners of two repos each, and an App that is installed for two of them."""
    found = company(fleet, installed=("acme", "beta"))
    found.manifest(found.app, *both("acme", "beta", "gamma"))
    return found


def _signed_in(owner: str) -> list[tuple[str, str, int]]:
    """Return what the App asks before it has a token for an owner."""
    minted = "POST /app/installations/N/access_tokens"
    return [("ci", f"GET /orgs/{owner}/installation", 200), ("ci", minted, 201)]


def _listed(owner: str) -> list[tuple[str, str, int]]:
    """Return what an owner's token asks for a plan of its two repos."""
    lists = [f"GET /repos/{owner}/{name}/actions/secrets?per_page=100" for name in ("api", "web")]
    return [(f"ci@{owner}", one, 200) for one in (f"GET /orgs/{owner}/repos?type=all&per_page=100", *lists)]


_MISSING: Final = [("ci", f"GET /{kind}/gamma/installation", 404) for kind in ("orgs", "users")]


def test_a_plan_names_the_owner_without_the_app(firm: Company) -> None:
    """Two owners are planned; the third is blocked by name, and every request is signed by whom it concerns."""
    firm.log()
    planned = firm.fleet.refused("plan")
    assert [
        "+ acme/api   ANTHROPIC_API_KEY  ci-key  missing",
        "+ acme/web   ANTHROPIC_API_KEY  ci-key  missing",
        "+ beta/api   ANTHROPIC_API_KEY  ci-key  missing",
        "+ beta/web   ANTHROPIC_API_KEY  ci-key  missing",
        "! gamma/api  ANTHROPIC_API_KEY  ci-key  no usable token for gamma: the GitHub App is not installed for gamma",
        "! gamma/web  ANTHROPIC_API_KEY  ci-key  no usable token for gamma: the GitHub App is not installed for gamma",
        "    fix: install it for gamma, for the repositories of the manifest, or name another token for it",
        "",
        "Plan: 4 to create, 0 to update, 0 to delete, 0 in sync, 2 blocked.",
        "The plan is incomplete: see the lines above.",
        "It took 12 requests; applying takes 12 more, with no wait at GitHub's limits.",
    ] == planned.lines
    log = firm.log()
    assert sorted([*_MISSING, *_signed_in("acme"), *_signed_in("beta"), *_listed("acme"), *_listed("beta")]) == log
    assert 12 == len(log)


def test_an_apply_writes_two_owners_of_three(firm: Company) -> None:
    """The owners with the App are written, the third is blocked by name, and the command ends with 3."""
    value = firm.fleet.set_key()
    done = firm.fleet.flowforge("apply", "--yes")
    recap = "in_sync=0 created={} updated=0 deleted=0 failed=0 blocked={}"
    expected = [f"{repo} : {recap.format(1, 0)}" for repo in both("acme", "beta")]
    expected += [f"{repo} : {recap.format(0, 1)}" for repo in both("gamma")]
    last = "Not all done: 4 created, 0 updated, 0 deleted, 0 failed, 2 blocked."
    assert (3, [*expected, last]) == (done.code, done.lines[-7:])
    has = {repo: {KEY: value} for repo in both("acme", "beta")}
    assert {**has, "gamma/api": {}, "gamma/web": {}} == firm.held(*both("acme", "beta", "gamma"))
    writes = {(by, asked) for by, asked, _ in firm.log() if asked.startswith("PUT")}
    assert {(f"ci@{repo[:4]}", f"PUT /repos/{repo}/actions/secrets/{KEY}") for repo in has} == writes
    again = firm.fleet.flowforge("plan", "--detailed-exitcode")
    assert (3, "No changes found; 2 blocked.") == (again.code, again.lines[-2])


def _probes(owner: str) -> list[str]:
    """Return what a token may be tried on: two stores, a variable and an environment of a repo, and another repo."""
    stores = [f"/repos/{owner}/api/{store}/secrets/NONE" for store in ("actions", "dependabot", "codespaces", "agents")]
    more = "actions/variables/NONE", "environments/production/secrets/NONE", "environments/NONE"
    return [*stores, *(f"/repos/{owner}/api/{path}" for path in more), f"/repos/{owner}/other/actions/secrets/NONE"]


def test_what_the_tokens_could_have_done(firm: Company) -> None:
    """Tried at the sandbox: a plan's tokens can write nothing, and an apply's nothing but what its lines are about."""
    world = firm.world
    for owner in ("acme", "beta"):
        world.create_repo(f"{owner}/other", private=False)  # so that what is refused is not only invisible
        world.create_environment(f"{owner}/api", "production")
    assert 3 == firm.fleet.flowforge("plan").code
    planned = [(text, token.who.removeprefix("ci@")) for text, token in firm.tokens().items()]
    assert [("ci@acme", READS, None), ("ci@beta", READS, None)] == permissions(world.minted_tokens())
    assert [[], []] == [firm.may_delete(text, *_probes(owner)) for text, owner in planned]
    assert 3 == firm.fleet.flowforge("apply", "--yes").code
    wrote = [one for one in world.minted_tokens() if one["permissions"] != READS]
    assert [(f"ci@{owner}", WRITES, list(both(owner))) for owner in ("acme", "beta")] == permissions(wrote)
    writers = {one: token for one, token in firm.tokens().items() if token.number in {each["mint"] for each in wrote}}
    can = [path for text, token in writers.items() for path in firm.may_delete(text, *_probes(token.who[3:]))]
    assert [f"/repos/{owner}/api/actions/secrets/NONE" for owner in ("acme", "beta")] == sorted(can)


def test_documents_say_what_an_owner_lacks(firm: Company) -> None:
    """The JSON of a plan and of a report fits its schema, and has the code of why an owner has no token."""
    plan = json.loads(firm.fleet.flowforge("plan", "--format", "json").out)
    done = firm.fleet.flowforge("apply", "--yes", "--format", "json")
    for kind, document in (("plan", plan), ("report", json.loads(done.out))):
        jsonschema.validate(document, json.loads(schema_text(kind)))
    blocked = [line for line in plan["changes"] if line["action"] == "blocked"]
    assert ["gamma/api", "gamma/web"] == [line["repo"] for line in blocked]
    assert {"no_token"} == {line["why"] for line in blocked}
    assert (3, False) == (done.code, plan["complete"])
