"""One person's token in many repos: whom it is warned of, and what it costs to know whose they are."""

import json
from typing import TYPE_CHECKING

import pytest

from flowforge.errors import Where
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Known, Presence, Wanted
from flowforge.sandbox import Fault, FaultKind, Token
from flowforge.steps.warnings.personal import possible_users, readers_of, shared_personal

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

SAID = "it is tied to the person who ran `claude setup-token`. An API key or workload identity is meant for sharing; "
SAID += "`shared: true` on the credential ends this warning"


def wanted(*repos: str, name: str = "max", kind: str = "claude_code_oauth_token") -> dict[Address, Wanted]:
    """Return what one credential wants in some repos."""
    return {
        address: Wanted(address, Presence.PRESENT, "T", Where("m", 1, 1), name, kind, Known("hmac-sha256:1"))
        for address in (Address(Scope(Repo.parse(repo)), kind.upper()) for repo in repos)
    }


@pytest.mark.parametrize(
    ("repos", "users", "said"),
    [
        (["acme/a", "acme/b", "acme/c"], [], ["one OAuth token for 3 repos"]),
        (["acme/a"], [], []),
        (["ada/a", "ada/b"], ["ada"], []),
        (["Ada/a", "ada/b"], ["ada"], []),
        (["ada/a", "acme/b"], ["ada"], ["one OAuth token for 2 repos"]),
        (["ada/a", "bob/b"], ["ada", "bob"], ["one OAuth token for 2 repos"]),
        (["acme/a", "acme/b"], ["ada"], ["one OAuth token for 2 repos"]),
    ],
)
def test_whom_it_is_warned_of(repos: list[str], users: list[str], said: list[str]) -> None:
    """Not of one person's own repos; of an organization's, and of those of several people."""
    readers = readers_of(wanted(*repos) | wanted("acme/a", "acme/b", name="key", kind="anthropic_api_key"), {})
    assert [f"credential max: {each}; {SAID}" for each in said] == list(shared_personal(readers, users))


def test_where_nobody_can_be_asked() -> None:
    """Every owner may be a user, but for one that the manifest calls an organization."""
    readers = readers_of(wanted("acme/a", "ada/b", "bob/c"), {})
    assert {"ada", "bob"} == possible_users(readers, {"acme": False, "bob": True})


ASKED = "GET /orgs/{owner}"


def manifest(more: str, target: str) -> str:
    """Return a manifest that wants one person's token."""
    return (
        f"version: 1\ncredentials: {{max: {{type: claude_code_oauth_token, from: {{env: MAX}}{more}}}}}\n"
        f"targets: [{{name: t, credential: max, {target}}}]\n"
    )


OWN = "repos: [ada/one, ada/two]"
TWO = ["one OAuth token for 2 repos"]
PLANS = {
    "a user's": ("", OWN, [], 1),
    "a user's, by a selector": ("", "select: {user: ada}", [], 0),
    "an organization's": ("", "repos: [acme/repo-001, acme/repo-002]", TWO, 1),
    "an organization's, by a selector": ("", "select: {org: acme, name: 'repo-00[12]'}", TWO, 0),
    "shared on purpose": (", shared: true", "repos: [acme/repo-001, acme/repo-002]", [], 0),
    "not shared": (", shared: false", "repos: [acme/repo-001, acme/repo-002]", TWO, 1),
    "of two owners": ("", "repos: [ada/one, acme/repo-001]", TWO, 0),
    "one": ("", "repos: [acme/repo-001]", [], 0),
}


@pytest.mark.parametrize(("more", "target", "said", "requests"), PLANS.values(), ids=PLANS)
def test_what_a_plan_asks_to_know_it(fleet: "Fleet", more: str, target: str, said: list[str], requests: int) -> None:
    """One request where one owner alone has such a token and the manifest does not say what it is; else none."""
    fleet.sandbox.world.create_user("ada")
    for name in ("one", "two"):
        fleet.sandbox.world.create_repo(f"ada/{name}", private=True)
    for repo in fleet.repos:
        fleet.sandbox.world.set_visibility(repo, "private")
    fleet.set_key("MAX", "oat01")
    fleet.manifest(manifest(more, target))
    fleet.sandbox.world.add_token(fleet.sandbox.token, Token(login="ada"))
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.requests()
    document = json.loads(fleet.flowforge("plan", "--format", "json").out)
    assert ([f"credential max: {each}; {SAID}" for each in said], requests) == (
        document["warnings"],
        fleet.requests().get(ASKED, 0),
    )


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (OWN, []),
        ("select: {user: ada}", []),
        ("org: acme, visible_to: all", ["one OAuth token for a whole organization"]),
    ],
)
def test_offline_nobody_is_asked(fleet: "Fleet", target: str, said: list[str]) -> None:
    """Without a word of the manifest that it is an organization, no warning rests on a guess."""
    fleet.manifest(manifest("", target))
    document = json.loads(fleet.flowforge("plan", "--offline", "--format", "json").out)
    warnings = [each for each in document["warnings"] if "OAuth" in each]
    assert [f"credential max: {each}; {SAID}" for each in said] == warnings


def test_an_answer_that_says_nothing(fleet: "Fleet") -> None:
    """Where GitHub does not say what the owner is, the warning is given: it costs nobody a run."""
    fleet.sandbox.world.faults.add(Fault("GET /orgs/acme$", FaultKind.STATUS, times=9, status=410))
    fleet.set_key("MAX", "oat01")
    fleet.manifest(manifest("", "repos: [acme/repo-001, acme/repo-002]"))
    done = fleet.flowforge("plan", "--format", "json")
    assert (0, [f"credential max: {TWO[0]}; {SAID}"]) == (done.code, json.loads(done.out)["warnings"])
