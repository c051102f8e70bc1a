"""What a plan says of one secret of an organization, where it writes the same value to many of its repos."""

import json
from typing import TYPE_CHECKING, Final

import pytest

from flowforge.sandbox import Token

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

WHAT: Final = (
    "warning: credential ci-key: {repos} repos of {owner} get a secret each, which takes {requests} requests and "
    "{points} points; one secret of the organization with an access list (`org: {owner}` with `visible_to`) takes "
    "3 requests and 7 points{more}"
)
UNLESS: Final = "; on GitHub's Free plan private repos do not see it"


def _said(fleet: "Fleet", *args: str) -> list[str]:
    """Return what a plan says of an organization's secret."""
    done = fleet.flowforge("plan", *args)
    return [line for line in done.err.splitlines() if "one secret of the organization" in line]


def _costs(repos: int, owner: str = "acme", *, stores: int = 1, more: str = "") -> str:
    """Return what is said: each secret is a key and a write, and a list where that fits into the minute."""
    number = repos * stores
    lists = 7 * number <= 900
    requests, points = (2 + lists) * number, (6 + lists) * number
    text = WHAT.format(repos=repos, owner=owner, requests=f"{requests:,}", points=f"{points:,}", more=more)
    return text.replace(
        "3 requests and 7 points", f"{3 * stores} requests and {7 * stores} points", 1 if stores > 1 else 0
    )


def test_many_repos_with_one_credential(fleet: "Fleet") -> None:
    """A plan says once what an organization's secret would take instead, as text and as JSON."""
    fleet.grow(150)
    assert [_costs(150)] == _said(fleet)
    document = json.loads(fleet.flowforge("plan", "--format", "json").out)
    assert (1, 300) == (
        sum("one secret of the organization" in each for each in document["warnings"]),
        document["requests_to_come"],
    )
    assert [] == _said(fleet, "-q")


def test_few_repos_are_no_reason(fleet: "Fleet") -> None:
    """From a hundred on somebody waits for the writes: below, and where nothing is written, nothing is said."""
    fleet.grow(100)
    assert [_costs(100)] == _said(fleet)
    assert [] == _said(fleet, "--exclude", "acme/repo-001")
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert [] == _said(fleet)


@pytest.mark.parametrize(
    ("plan", "private", "said"),
    [
        ("team", True, [_costs(100)]),
        ("free", True, []),
        ("free", False, [_costs(100)]),
        ("", True, [_costs(100, more=UNLESS)]),
    ],
)
def test_the_free_plan(fleet: "Fleet", plan: str, *, private: bool, said: list[str]) -> None:
    """Its private repos see no secret of the organization, its public ones do; where no plan is shown, it says so."""
    fleet.grow(100)
    world = fleet.sandbox.world
    if plan:
        world.set_plan("acme", plan)
    else:
        world.add_token("github_pat_member", Token(role="write"))
        fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "github_pat_member")
    for repo in fleet.repos:
        world.set_visibility(repo, "private" if private else "public")
    assert said == _said(fleet)


def test_who_has_no_organization(fleet: "Fleet") -> None:
    """A user's repos have none, whose secret could take their place."""
    world = fleet.sandbox.world
    world.create_user("pat")
    fleet.repos = world.create_repos("pat", 100)
    fleet.simple()
    assert [] == _said(fleet)


def test_what_no_organization_could_hold(fleet: "Fleet") -> None:
    """A value for each repo, environments and variables have no such secret; two stores have one each."""
    fleet.grow(100)
    names = ", ".join(fleet.repos)
    for number, repo in enumerate(fleet.repos):
        (fleet.folder / f"{repo.partition('/')[2]}.txt").write_text(f"sk-ant-api03-{number:093}AA")
    head = "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: "
    each = f"targets:\n  - {{name: All, repos: [{names}], credential: ci-key"
    fleet.manifest(f'{head}{{file: "{{repo}}.txt"}}}}\n{each}}}\n')
    assert [] == _said(fleet)
    fleet.manifest(f"{head}{{env: ACME_KEY}}}}\n{each}, environments: [prod], create_environment: true}}\n")
    assert [] == _said(fleet)
    fleet.manifest(f"{head}{{env: ACME_KEY}}}}\n{each}, stores: [actions, dependabot]}}\n")
    assert [_costs(100, stores=2)] == _said(fleet)
