"""What is known before the first write: that a list is full, and that a token may not write."""

import json
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind, Level, Token, TokenKind

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

KEY = "ANTHROPIC_API_KEY"
REPO = "acme/repo-001"
FIX = (
    "    fix: first delete another one there, by hand or in a separate apply: an apply deletes last, so its own "
    "deletes make no room"
)


def fill(fleet: "Fleet", number: int) -> None:
    """Give the first repo so many secrets of others."""
    for each in range(number):
        fleet.sandbox.world.set_secret(REPO, f"OTHER_{each:03}", "x")


def test_a_full_repo(fleet: "Fleet") -> None:
    """A hundred others leave no room: the line says so, no request is spent on it, and the other repos are written."""
    fill(fleet, 100)
    planned = fleet.flowforge("plan")
    assert [f"! {REPO}  {KEY}  ci-key  no room for it: 100 secrets are there, and GitHub takes 100", FIX] == (
        planned.lines[4:6]
    )
    fleet.requests()
    done = fleet.flowforge("apply", "--yes")
    asked = fleet.requests()
    assert (3, 4) == (done.code, asked["PUT /repos/{owner}/{repo}/actions/secrets/{name}"])
    assert [[KEY]] * 4 == [list(fleet.held()[repo]) for repo in fleet.repos[1:]]
    fleet.sandbox.world.delete_secret(REPO, "OTHER_000")
    assert (0, 100) == (fleet.flowforge("apply", "--yes").code, len(fleet.held()[REPO]))


def test_what_goes_makes_no_room_and_stays(fleet: "Fleet") -> None:
    """A repo keeps the secret that was to go as long as there is no room for the other; said in the plan's advice."""
    fill(fleet, 99)
    fleet.sandbox.world.set_secret(REPO, "OLD", "x")
    fleet.simple(REPO, more=f"absent: [{{name: Old, repos: [{REPO}], secret: OLD}}]\n")
    assert {f"{REPO}/actions/{KEY}": ("blocked", "no_room"), f"{REPO}/actions/OLD": ("delete", "declared_absent")} == (
        fleet.plan()
    )
    assert (3, True) == (fleet.flowforge("apply", "--yes").code, "OLD" in fleet.held()[REPO])
    fleet.manifest(f"version: 1\nabsent: [{{name: Old, repos: [{REPO}], secret: OLD}}]\n")
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.simple(REPO)
    assert 0 == fleet.flowforge("apply", "--yes").code


@pytest.mark.parametrize("listed", [100, 101])
def test_more_than_there_is_room_for(fleet: "Fleet", listed: int) -> None:
    """A manifest that wants 101 secrets in one repo gets 100 of them; 100 fit."""
    names = [f"N{each:03}" for each in range(listed)]
    credentials = "".join(
        f"  c{name}: {{type: anthropic_api_key, secret: {name}, from: {{env: ACME_KEY}}}}\n" for name in names
    )
    targets = "".join(f"  - {{name: {name}, repos: [{REPO}], credential: c{name}}}\n" for name in names)
    fleet.manifest(f"version: 1\ncredentials:\n{credentials}targets:\n{targets}")
    blocked = [line for line in fleet.flowforge("plan").lines if line.startswith("!")]
    said = "no room for it: 0 secrets are there, 100 more are created before it, and GitHub takes 100"
    assert [f"! {REPO}  N100  cN100  {said}"][: listed - 100] == blocked


PUT = "PUT /repos/{owner}/{repo}/actions/secrets/{name}"
MET = 'no permission: "Resource not accessible by personal access token"'
STOPPED = f"not begun, because the first write for acme was refused: {MET}"


def two_owners(fleet: "Fleet") -> list[str]:
    """Return two repos of a second owner, with the key wanted in those of both."""
    others = fleet.sandbox.world.create_repos("other", 2)
    fleet.repos += others
    fleet.simple()
    return others


def outcomes(fleet: "Fleet", *args: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Apply, and give the exit code, and of every line that was not done its outcome and what is said of it."""
    done = fleet.flowforge("apply", "--yes", "--format", "json", *args)
    results = json.loads(done.out)["results"]
    return done.code, {each["address"]: (each["outcome"], each["error"]["what"]) for each in results if each["error"]}


def test_one_owner_is_stopped_and_the_other_goes_on(fleet: "Fleet") -> None:
    """One secret for each owner is written first; who refuses that is asked for nothing more, and says why."""
    others = two_owners(fleet)
    message = "Resource not accessible by personal access token"
    fleet.sandbox.world.faults.add(Fault("PUT /repos/acme/", FaultKind.STATUS, times=99, status=403, message=message))
    fleet.requests()
    code, found = outcomes(fleet)
    first, *rest = (f"acme/repo-00{number}/actions/{KEY}" for number in range(1, 6))
    assert (3, {first: ("failed", MET)} | dict.fromkeys(rest, ("not_done", STOPPED))) == (code, found)
    assert 1 + len(others) == fleet.requests()[PUT]
    assert [[KEY]] * len(others) == [list(fleet.held()[repo]) for repo in others]


def test_what_needs_another_permission_goes_on(fleet: "Fleet") -> None:
    """Secrets of Dependabot need one of their own: where it lacks, those of Actions are written nevertheless."""
    fleet.sandbox.world.add_token(fleet.sandbox.token, Token(permissions={"dependabot_secrets": Level.READ}))
    fleet.simple(more="defaults: {stores: [actions, dependabot]}\n")
    code, found = outcomes(fleet)
    assert (3, 5, ["failed", *["not_done"] * 4]) == (code, len(found), [outcome for outcome, _ in found.values()])
    assert [[KEY]] * 5 == [list(held) for held in fleet.held().values()]


def test_a_refusal_after_a_write_that_arrived_is_that_repos_own(fleet: "Fleet") -> None:
    """The permission is there, so the others are written."""
    fleet.sandbox.world.faults.add(
        Fault("PUT /repos/acme/repo-003/", FaultKind.STATUS, status=403, message="Resource not accessible")
    )
    code, found = outcomes(fleet)
    assert (3, [f"acme/repo-003/actions/{KEY}"]) == (code, list(found))


def test_nothing_is_deleted_where_the_new_one_was_not_begun(fleet: "Fleet") -> None:
    """A key that an identity is to replace stays in every repo whose variables were not begun."""
    assert 0 == fleet.flowforge("apply", "--yes").code
    before = fleet.held()
    repos = ", ".join(fleet.repos)
    fleet.manifest(
        "version: 1\ncredentials:\n  k: {type: anthropic_workload_identity, federation_rule_id: fdrl_1, "
        "organization_id: 00000000-0000-0000-0000-000000000000}\n"
        f"targets: [{{name: New, repos: [{repos}], credential: k}}]\n"
        f"absent: [{{name: Old, repos: [{repos}], secret: {KEY}}}]\n"
    )
    token = Token(permissions={"actions_variables": Level.READ})
    fleet.sandbox.world.add_token(fleet.sandbox.token, token)
    code, found = outcomes(fleet)
    assert (3, 10, before) == (code, len(found), fleet.held())


def test_a_classic_token_needs_no_trial(fleet: "Fleet") -> None:
    """GitHub says its scopes, so that all repos are written at once; one that has not the scope is told so."""
    world = fleet.sandbox.world
    world.add_token(fleet.sandbox.token, Token(TokenKind.CLASSIC, scopes=("gist", "read:org")))
    assert [
        f"! acme/repo-005  {KEY}  ci-key  no permission: the token lacks the scope repo; it has gist, read:org",
        "    fix: give the token (FLOWFORGE_GITHUB_TOKEN) the scope repo",
    ] == fleet.refused("plan").lines[4:6]
    world.add_token(fleet.sandbox.token, Token(TokenKind.CLASSIC, scopes=("repo",)))
    assert (0, {}) == outcomes(fleet)


def test_an_environment_that_cannot_be_made_stops_no_other(fleet: "Fleet") -> None:
    """Making one takes a permission of its own: where it lacks, the secrets of those that are there are written."""
    world = fleet.sandbox.world
    for repo in fleet.repos[1:]:
        world.create_environment(repo, "production")
    world.add_token(fleet.sandbox.token, Token(permissions={"administration": Level.READ}))
    fleet.simple(more="    environments: [production]\n    create_environment: true\n")
    code, found = outcomes(fleet)
    assert (3, {f"acme/repo-001/environments/production/{KEY}": "failed"}) == (
        code,
        {address: outcome for address, (outcome, _) in found.items()},
    )
