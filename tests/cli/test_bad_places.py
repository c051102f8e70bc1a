"""Stores, environments, selectors and organizations where something is wrong, also between plan and apply."""

from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Token
from tests.faults.bench import Watched

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

IN_SYNC = "No changes. GitHub matches the manifest."
KEY = "ANTHROPIC_API_KEY"
AGAIN = "what failed alone: `flowforge apply --limit acme/repo-001`\n"
NO_ENVIRONMENT = "make it in the repo's settings, or write `create_environment: true` in the target"
TWICE = (
    '  why: "A" at flowforge.yaml:{}:5 wants it with the former\n'
    "  fix: exclude the repository from one of the two targets, or give one a `secret` of its own\n"
)


def wants(fleet: "Fleet", *targets: str, more: str = "", credentials: str = "k") -> None:
    """Write a manifest with these targets. more: what stands before them. credentials: their names."""
    made = "".join(f"  {name}: {{type: anthropic_api_key, from: {{env: ACME_KEY}}}}\n" for name in credentials)
    listed = "".join(f"  - {{{target}}}\n" for target in targets)
    fleet.manifest(f"version: 1\ncredentials:\n{made}{more}targets:\n{listed}")


@pytest.mark.parametrize(
    "other", ["{repos: [Acme/Repo-002, acme/repo-003]}", "{select: {org: acme, name: '*-00[23]'}}"]
)
def test_a_repo_in_two_groups_with_different_credentials(fleet: "Fleet", other: str) -> None:
    """It is an error that names both targets, also where one of the groups is found by a selector."""
    groups = f"groups:\n  a: {{repos: [acme/repo-001, acme/repo-002]}}\n  b: {other}\n"
    wants(
        fleet,
        "name: A, groups: [a], credential: k",
        "name: B, groups: [b], credential: m",
        more=groups,
        credentials="km",
    )
    done = fleet.refused("plan")
    repo = "Acme/Repo-002" if "Acme" in other else "acme/repo-002"
    what = f'error FF150: flowforge.yaml:10:5: {KEY} of "{repo}" is wanted with two credentials: "k" and "m"\n'
    assert (1, what + TWICE.format(9)) == (done.code, done.err)


def test_names_that_differ_only_by_case(fleet: "Fleet") -> None:
    """They are one name to GitHub: with two credentials an error, with one credential one secret."""
    first, second = "name: A, repos: [acme/repo-001], secret: My_Key", "name: B, repos: [acme/repo-001], secret: MY_KEY"
    wants(fleet, f"{first}, credential: k", f"{second}, credential: m", credentials="km")
    done = fleet.refused("plan")
    what = 'error FF150: flowforge.yaml:7:5: MY_KEY of "acme/repo-001" is wanted with two credentials: "k" and "m"\n'
    assert (1, what + TWICE.format(6)) == (done.code, done.err)
    wants(fleet, f"{first}, credential: k", f"{second}, credential: k")
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert {"MY_KEY"} == {*fleet.sandbox.world.reveal("acme/repo-001")}


def test_a_token_that_sees_half_of_an_organization(fleet: "Fleet") -> None:
    """What it does not find any more is listed as not seen: nothing is deleted, forgotten or admitted anew."""
    world, token = fleet.sandbox.world, fleet.sandbox.token
    wants(fleet, "name: A, select: {org: acme}, credential: k")
    assert 0 == fleet.flowforge("apply", "--yes").code
    held = fleet.held()
    world.add_token(token, Token(repos=frozenset({"acme/repo-001", "acme/repo-002"})))
    unseen = [f"  acme/repo-00{number}  {KEY}  not found, or invisible to this token" for number in (3, 4, 5)]
    end = ["No changes found; 3 not seen.", "The plan is incomplete: see the lines above."]
    assert [*unseen, "", *end] == fleet.flowforge("plan", "--prune").lines[:6]
    assert unseen == fleet.refused("apply", "--yes", "--prune").lines[:3]
    world.add_token(token, Token())
    assert (held, [IN_SYNC]) == (fleet.held(), fleet.flowforge("plan", "--prune").lines)


def test_a_repo_that_is_archived_between_plan_and_apply(fleet: "Fleet") -> None:
    """Its write fails with the reason and the remedy; the others are written; unarchived, the same command ends it."""
    world = fleet.sandbox.world
    fleet.simple("acme/repo-001", "acme/repo-002")
    world.faults = Watched("GET .*repo-001/actions/secrets/public-key", lambda: world.archive_repo("acme/repo-001"), [])
    done = fleet.flowforge("apply", "--yes")
    said = [
        'failed (FF322): archived, so it is read-only: "Repository was archived so is read-only."',
        f"    acme/repo-001/actions/{KEY}",
        "  fix: unarchive it, or take it out of the manifest",
        "acme/repo-001 : in_sync=0 created=0 updated=0 deleted=0 failed=1 blocked=0",
        "acme/repo-002 : in_sync=0 created=1 updated=0 deleted=0 failed=0 blocked=0",
        "Not all done: 1 created, 0 updated, 0 deleted, 1 failed, 0 blocked.",
    ]
    assert (3, said, AGAIN) == (done.code, [line for line in done.lines[-7:] if line], done.told)
    world.archive_repo("acme/repo-001", archived=False)
    assert 0 == fleet.flowforge("apply", "--limit", "acme/repo-001", "--yes").code
    assert [IN_SYNC] == fleet.flowforge("plan").lines


def test_an_environment_that_is_deleted_between_plan_and_apply(fleet: "Fleet") -> None:
    """Its write fails with the reason; nothing is made in its place, and the next plan blocks it."""
    world, name = fleet.sandbox.world, "Staging / EU"
    world.create_environment("acme/repo-001", name)
    wants(fleet, f"name: A, repos: [acme/repo-001], environments: [{name}], credential: k")
    world.faults = Watched(
        "GET .*/environments/.*/public-key", lambda: world.delete_environment("acme/repo-001", name), []
    )
    done = fleet.flowforge("apply", "--yes")
    said = [
        f"failed (FF344): there is no environment {name}",
        f"    acme/repo-001/environments/{name}/{KEY}",
        f"  fix: {NO_ENVIRONMENT}",
        "acme/repo-001 : in_sync=0 created=0 updated=0 deleted=0 failed=1 blocked=0",
        "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked.",
    ]
    assert (3, said, AGAIN, {}) == (
        done.code,
        [line for line in done.lines[-6:] if line],
        done.err,
        world.environments("acme/repo-001"),
    )
    assert [
        f"! acme/repo-001  environment {name}  {KEY}  k  there is no environment {name}",
        f"    fix: {NO_ENVIRONMENT}",
    ] == fleet.flowforge("plan").lines[:2]


def test_lists_of_more_than_a_page_are_read_whole(fleet: "Fleet") -> None:
    """Ours comes after 101 of others, secrets and variables: it is found there, and theirs stay as they are.

    A list of several pages is read twice.
    """
    world = fleet.sandbox.world
    for number in range(101):
        world.set_org_secret("acme", f"A{number:03}", "theirs", store="dependabot")
        world.set_variable("acme/repo-001", f"A{number:03}", "theirs")
    federated = (
        "  f: {type: anthropic_workload_identity, federation_rule_id: fdrl_1, "
        "organization_id: 00000000-0000-0000-0000-000000000000}\n"
    )
    wants(
        fleet,
        "name: A, org: acme, visible_to: private, credential: k, stores: [dependabot]",
        "name: B, repos: [acme/repo-001], credential: f",
        more=federated,
    )
    before = (world.reveal_org("acme", store="dependabot"), world.variables("acme/repo-001"))
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.requests()
    assert [IN_SYNC] == fleet.flowforge("plan", "--quiet").lines
    assert {
        "GET /orgs/{owner}/dependabot/secrets": 4,
        "GET /repos/{owner}/{repo}/actions/variables": 8,
    } == fleet.requests()
    now = (world.reveal_org("acme", store="dependabot"), world.variables("acme/repo-001"))
    assert [102, 103] == [len(each) for each in now]
    assert all(each.items() >= old.items() for each, old in zip(now, before, strict=True))
