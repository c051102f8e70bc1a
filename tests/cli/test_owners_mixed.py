"""Tokens of three kinds in one manifest, and a state with a fourth owner: who signs which request."""

import re
from typing import TYPE_CHECKING, Final

import pytest

from flowforge.sandbox import Token, TokenKind
from tests.cli.owners import KEY, Company, company, permissions

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

_QUERY: Final = re.compile(r"\?.*")
TARGETS: Final = """\
  - {name: A selection, select: {org: acme, name: api}, credential: ci-key}
  - {name: An environment, repos: [beta/api], environments: [production], create_environment: true, credential: ci-key}
  - {name: An organization, org: beta, visible_to: {select: {org: beta}}, credential: ci-key}
  - {name: Another one, org: gamma, visible_to: all, credential: ci-key}
  - {name: A team, select: {org: gamma, team: core}, credential: ci-key}
"""
STATE: Final = "state: {github: {repo: delta/ops}}\n"


@pytest.fixture
def firm(fleet: "Fleet") -> Company:
    """Use a fine-grained token for acme, an App for beta, a classic token for gamma, and a state in delta/ops."""
    made = company(fleet, installed=("beta",))
    world, patch = made.world, fleet.monkeypatch
    world.create_repo("delta/ops")
    world.edit_file("delta/ops", "README.md", "the ops repository\n")
    world.create_team("gamma", "Core", ["api"])
    tokens = {
        "acme": Token(TokenKind.FINE_GRAINED, name="fine-grained", owner="acme"),
        "gamma": Token(TokenKind.CLASSIC, name="classic", scopes=("repo", "admin:org")),
        "delta": Token(TokenKind.FINE_GRAINED, name="keeper", owner="delta"),
    }
    for owner, token in tokens.items():
        patch.setenv(f"{owner.upper()}_TOKEN", f"github_pat_{owner}")
        world.add_token(f"github_pat_{owner}", token)
    named = ", ".join(f"{owner}: {{token: {{env: {owner.upper()}_TOKEN}}}}" for owner in tokens)
    made.manifest(f"owners: {{{named}, beta: {{{made.app}}}}}", more=STATE, targets=TARGETS)
    # Where every owner has a token, an ambient one is for nobody: this one would be refused.
    patch.setenv("FLOWFORGE_GITHUB_TOKEN", "github_pat_nobody")
    return made


def _asked(firm: Company) -> dict[str, set[str]]:
    """Return what each token asked, without queries; all of it was granted or not found."""
    asked: dict[str, set[str]] = {}
    for by, what, status in firm.log():
        assert status in {200, 201, 204, 404}, (by, what, status)
        asked.setdefault(by, set()).add(_QUERY.sub("", what))
    return asked


PLANNED: Final = {
    "fine-grained": {"GET /orgs/acme/repos", "GET /repos/acme/api/actions/secrets"},
    "classic": {
        "GET /orgs/gamma",
        "GET /orgs/gamma/teams/core/repos",
        "GET /orgs/gamma/actions/secrets",
        "GET /repos/gamma/api",
        "GET /repos/gamma/api/actions/secrets",
    },
    "ci": {"GET /orgs/beta/installation", "POST /app/installations/N/access_tokens"},
    "ci@beta": {
        "GET /orgs/beta",
        "GET /orgs/beta/repos",
        "GET /orgs/beta/actions/secrets",
        "GET /repos/beta/api",
        "GET /repos/beta/api/environments/production",
        "GET /repos/beta/api/environments/production/secrets",
    },
    "keeper": {
        f"GET /repos/delta/ops{path}"
        for path in ("", "/contents/flowforge.state.json", "/git/matching-refs/heads/flowforge-state")
    },
}


def test_a_plan(firm: Company) -> None:
    """Selectors, organizations, environments and the state are read, each with the token of its owner."""
    firm.log()
    planned = firm.fleet.refused("plan")
    assert (0, "Plan: 7 to create, 0 to update, 0 to delete, 0 in sync.") == (planned.code, planned.lines[-2])
    assert PLANNED == _asked(firm)


def test_an_apply(firm: Company) -> None:
    """What an apply adds: the writes of each owner with its token, and the state's with that of the fourth owner."""
    value = firm.fleet.set_key()
    firm.log()
    done = firm.fleet.flowforge("apply", "--yes")
    assert (0, "Done: 7 created, 0 updated, 0 deleted, 0 failed, 0 blocked.") == (done.code, done.lines[-1]), done.err
    added = {by: asked - PLANNED[by] for by, asked in _asked(firm).items()}
    keeper = added.pop("keeper")
    assert {
        "fine-grained": {
            "GET /repos/acme/api",
            "GET /repos/acme/api/actions/secrets/public-key",
            f"PUT /repos/acme/api/actions/secrets/{KEY}",
        },
        "classic": {
            "GET /orgs/gamma/actions/secrets/public-key",
            f"PUT /orgs/gamma/actions/secrets/{KEY}",
            "GET /repos/gamma/api/actions/secrets/public-key",
            f"PUT /repos/gamma/api/actions/secrets/{KEY}",
        },
        "ci": set(),
        "ci@beta": {
            "GET /orgs/beta/actions/secrets/public-key",
            f"PUT /orgs/beta/actions/secrets/{KEY}",
            "PUT /repos/beta/api/environments/production",
            "GET /repos/beta/api/environments/production/secrets/public-key",
            f"PUT /repos/beta/api/environments/production/secrets/{KEY}",
        },
    } == added
    assert all(" /repos/delta/ops/" in asked for asked in keeper)
    assert {"POST /repos/delta/ops/git/refs", "PUT /repos/delta/ops/contents/flowforge.state.json"} <= keeper
    assert {"acme/api": {KEY: value}, "gamma/api": {KEY: value}} == firm.held("acme/api", "gamma/api")
    assert {KEY: value} == firm.world.reveal("beta/api", environment="production")


def test_what_the_app_asks_for(firm: Company) -> None:
    """The App's tokens read what its owner's lines and lists need, and then write those lines alone."""
    assert 0 == firm.fleet.flowforge("apply", "--yes").code
    read, written = firm.world.minted_tokens()
    wide = {"administration": "write", "environments": "write", "organization_secrets": "write", "secrets": "write"}
    reads = {"environments": "read", "members": "read", "organization_secrets": "read", "secrets": "read"}
    base = {"actions": "read", "metadata": "read"}
    assert [("ci@beta", {**reads, **base}, None)] == permissions([read])
    assert [("ci@beta", {**wide, **base}, None)] == permissions([written])
