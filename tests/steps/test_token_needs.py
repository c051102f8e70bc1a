"""What the token of each owner must be able to do: from a manifest, and from the lines of a plan."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, cast

import pytest

from flowforge.errors import Problem
from flowforge.github.clients import Clients
from flowforge.github.permissions import METADATA, AccessLevel, Needs
from flowforge.github.problems import TokenError
from flowforge.github.repos import RepoInfo
from flowforge.github.urls import ApiUrl
from flowforge.manifest.expand import selectors_of
from flowforge.manifest.loading import load
from flowforge.manifest.model import Manifest
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.plan.facts import Unreadable
from flowforge.steps.token_needs import narrow, to_read, unpermitted

_HEAD: Final = "version: 1\ncredentials: {k: {type: anthropic_api_key, from: {env: K}}}\n"


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Return a manifest with lists of many kinds."""
    text = f"""{_HEAD}targets:
  - {{name: a, repos: [acme/api], stores: [dependabot], credential: k}}
  - {{name: b, repos: [acme/api], environments: [production], credential: k}}
  - {{name: c, org: beta, visible_to: {{select: {{org: beta, team: core, properties: {{tier: gold}}}}}}, credential: k}}
absent:
  - {{name: d, repos: [acme/api], variable: OLD}}
"""
    (tmp_path / "flowforge.yaml").write_text(text, encoding="utf-8")
    return load([tmp_path / "flowforge.yaml"], environ={})


def _words(needs: Needs) -> dict[str, str]:
    return {permission.name: level.word for permission, level in needs.items()}


def test_what_a_plan_reads(manifest: Manifest) -> None:
    """Each list that the manifest or the state names, what tells a missing environment, and what selectors ask."""
    remembered = [Address(Scope(Repo.parse("acme/old"), Store.CODESPACES), "OLD")]
    assert dict.fromkeys(
        (
            "metadata",
            "dependabot_secrets",
            "environments",
            "secrets",
            "actions",
            "organization_secrets",
            "actions_variables",
            "codespaces_secrets",
            "members",
            "organization_custom_properties",
        ),
        "read",
    ) == _words(to_read(manifest, selectors_of(manifest), remembered))


@dataclass
class _Owner:
    """An owner's client and its token in one: it keeps what it is asked to be for, and lacks what it is told to."""

    lacking: tuple[str, ...] | TokenError = ()
    asked: list[tuple[dict[str, str], list[int | str]]] = field(default_factory=list)

    @property
    def token(self) -> "_Owner":
        """Return itself."""
        return self

    def need(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        """Keep it."""
        self.asked.append((_words(needs), sorted(repos, key=str)))

    def lacks(self, needs: Needs) -> tuple[str, ...]:
        """Keep it, and return or raise what it lacks."""
        self.asked.append((_words(needs), []))
        if isinstance(self.lacking, TokenError):
            raise self.lacking
        return self.lacking


def _clients(**owners: _Owner) -> Clients:
    return Clients(ApiUrl.parse("https://api.github.com"), lambda lane: cast("Any", _Held(owners[lane])), apart=bool)


class _Held:
    """A client in a context."""

    def __init__(self, owner: _Owner) -> None:
        self.token = owner

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _change(scope: Scope, action: Action = Action.CREATE, *, makes: bool = False) -> Change:
    return Change(Address(scope, "S"), action, Reason.MISSING, makes_environment=makes)


API_REPO, WEB, OTHER = (Repo.parse(name) for name in ("acme/api", "acme/web", "beta/api"))
INFO: Final = {
    repo: RepoInfo(number, str(repo), archived=False, can_write=None)
    for number, repo in enumerate((API_REPO, WEB, OTHER), 1)
}


def test_what_lines_need() -> None:
    """Each owner's token may write the lists of its lines, in their repos; to make an environment needs more."""
    acme, beta = _Owner(), _Owner()
    environment = Scope.of_environment(WEB, "production")
    lines = [_change(Scope(API_REPO)), _change(environment, makes=True), _change(Scope(OTHER, Store.DEPENDABOT))]
    narrow(_clients(acme=acme, beta=beta), lines, INFO)
    wide = {"secrets": "write", "environments": "write", "administration": "write"}
    nothing: tuple[dict[str, str], list[int | str]] = ({}, [])
    assert [nothing, ({"metadata": "read", "actions": "read", **wide}, [1, 2])] == acme.asked
    assert [nothing, ({"metadata": "read", "dependabot_secrets": "write"}, [3])] == beta.asked


def test_lines_of_an_organization() -> None:
    """Who sees an organization's secret may be any repo, so that owner's token names none."""
    beta = _Owner()
    lines = [_change(Scope(Repo.organization("beta"))), _change(Scope(OTHER))]
    narrow(_clients(beta=beta), lines, INFO)
    assert ({"metadata": "read", "organization_secrets": "write", "secrets": "write"}, []) == beta.asked[-1]


def test_what_is_not_permitted() -> None:
    """A list that would be written without its permission is unreadable by that name; one that is only read is not."""
    acme, beta = _Owner(("Secrets: write",)), _Owner()
    lines = [_change(Scope(API_REPO)), _change(Scope(WEB), Action.NONE), _change(Scope(OTHER))]
    found = unpermitted(_clients(acme=acme, beta=beta), lines)
    detail = "no permission: the installation of the GitHub App for acme lacks Secrets: write"
    fix = "give the App that permission in its settings, and accept it for the installation"
    assert {Scope(API_REPO): Unreadable(Why.NO_PERMISSION, detail, fix)} == found
    assert [({"secrets": "write"}, [])] == acme.asked[1:]


def test_only_what_is_certain_is_asked() -> None:
    """Nothing is concluded where GitHub names no permission, or where its pages differ on one of two."""
    acme = _Owner()
    lines = [
        _change(Scope(API_REPO, Store.AGENTS)),
        _change(Scope.of_environment(WEB, "production"), makes=True),
    ]
    assert {} == unpermitted(_clients(acme=acme), lines)
    assert [({}, []), ({"environments": "write", "administration": "write"}, [])] == acme.asked[1:]


def test_an_owner_without_a_token() -> None:
    """Where the owner has no token at all, its lines are unreadable for that reason."""
    error = TokenError(Problem("FF363", "the GitHub App is not installed for acme", fix="install it"))
    found = unpermitted(_clients(acme=_Owner(error)), [_change(Scope(API_REPO))])
    detail = "no usable token for acme: the GitHub App is not installed for acme"
    assert {Scope(API_REPO): Unreadable(Why.NO_TOKEN, detail, "install it")} == found


def test_what_every_token_is_for() -> None:
    """What is said of all tokens holds for those that are there, and for those that are made later."""
    acme, beta = _Owner(), _Owner()
    clients = _clients(acme=acme, beta=beta)
    clients.of("acme")
    clients.need({METADATA: AccessLevel.READ})
    clients.of("beta")
    assert [({}, []), ({"metadata": "read"}, [])] == acme.asked
    assert [({"metadata": "read"}, [])] == beta.asked
