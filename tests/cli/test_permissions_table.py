"""Each cell of docs/permissions.md: with exactly these permissions a command works, and without any one it names it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

import pytest

from flowforge.github.permission_table import COMMANDS, ROWS, PermissionRow
from flowforge.github.permissions import AccessLevel, Permission
from flowforge.sandbox import Token, TokenKind
from flowforge.sandbox.rules import access
from tests.app_keys import app_key, pem
from tests.rows import one_in

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

UUID: Final = "00000000-0000-0000-0000-00000000000a"
HEAD: Final = f"""\
version: 1
credentials:
  key: {{type: anthropic_api_key, from: {{env: ACME_KEY}}}}
  ids: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}
"""
# What a manifest says to need each row, and whether it also needs that of the repository's actions secrets.
TARGETS: Final = {
    "actions": "repos: [acme/api], credential: key",
    "dependabot": "repos: [acme/api], stores: [dependabot], credential: key",
    "codespaces": "repos: [acme/api], stores: [codespaces], credential: key",
    "agents": "repos: [acme/api], stores: [agents], credential: key",
    "variables": "repos: [acme/api], credential: ids",
    "environment secrets": "repos: [acme/api], environments: [production], credential: key",
    "environment variables": "repos: [acme/api], environments: [production], credential: ids",
    "create_environment": "repos: [acme/api], environments: [missing], create_environment: true, credential: key",
    "org actions": "org: acme, visible_to: all, credential: key",
    "org dependabot": "org: acme, visible_to: all, stores: [dependabot], credential: key",
    "org codespaces": "org: acme, visible_to: all, stores: [codespaces], credential: key",
    "org agents": "org: acme, visible_to: all, stores: [agents], credential: key",
    "org variables": "org: acme, visible_to: all, credential: ids",
    "select": "select: {org: acme}, credential: key",
    "select team": "select: {org: acme, team: core}, credential: key",
    "select properties": "select: {org: acme, properties: {tier: gold}}, credential: key",
    "state": "repos: [acme/api], credential: key",
}
BASED: Final = ("select", "select team", "select properties", "state")
BY_NAME: Final = {row.name: row for row in ROWS}
# What the sandbox calls the permissions that GitHub documents no name of.
UNNAMED: Final = {"agent*secret": "agent_secrets", "organization*agent*secret": "organization_agent_secrets"}
FINE, APP, CLASSIC = "fine-grained", "App", "classic"
COLUMNS: Final = tuple(column[0] for column in COMMANDS)
EVERYTHING: Final = {each: AccessLevel.WRITE for row in ROWS for each in (*row.writes, *row.also)}
OPTIONS: Final = {"plan": (), "adopt": ("--yes",), "apply": ("--yes",)}


@dataclass
class Office:
    """One private repo with all that a row may name, at a sandbox whose token has what a test says."""

    fleet: "Fleet"

    def arrange(self, row: PermissionRow, kind: str) -> None:
        """Write the manifest of a row, and make what it names."""
        world = self.fleet.sandbox.world
        world.create_repo("acme/api")
        world.create_environment("acme/api", "production")
        world.create_team("acme", "Core", ["api"])
        world.define_property("acme", "tier")
        world.set_property("acme/api", "tier", "gold")
        world.edit_file("acme/api", "README.md", "a repository\n")
        auth, state = "", ""
        if kind == APP:
            made = world.create_app("ci", pem(app_key()))
            (self.fleet.folder / "app.pem").write_text(pem(app_key()), encoding="utf-8")
            auth = f"github: {{auth: {{app: {{client_id: {made['client_id']}, private_key: {{file: app.pem}}}}}}}}\n"
        if row.name == "state":
            state = "state: {github: {repo: acme/api}}\n"
        self.fleet.manifest(f"{HEAD}{auth}{state}targets:\n  - {{name: T, {TARGETS[row.name]}}}\n")

    def run(self, command: str, kind: str, has: "dict[Permission, AccessLevel] | tuple[str, ...]") -> "Done":
        """Run a command with a token that has exactly this: permissions, or scopes."""
        if isinstance(has, dict):
            names = {UNNAMED.get(each.name, each.name): level.word for each, level in has.items()}
            if kind == APP:
                self.fleet.sandbox.world.install_app("ci", "acme", permissions=names)
            else:
                named = access.levels(names)
                self._sign(Token(TokenKind.FINE_GRAINED, secrets=access.Level.NONE, permissions=named))
        else:
            self._sign(Token(TokenKind.CLASSIC, scopes=has))
        return self.fleet.flowforge(*command.split(), *OPTIONS[command])

    def _sign(self, token: Token) -> None:
        self.fleet.sandbox.world.add_token("github_pat_exact", token)
        self.fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "github_pat_exact")

    def begin(self, command: str, kind: str) -> None:
        """Let a command have everything to do: what it may adopt is there, written by somebody else."""
        self.calm()
        if command == "adopt":
            done = self.run("apply", kind, EVERYTHING if kind != CLASSIC else ("repo", "admin:org"))
            assert _well(done), done.out + done.err
            self.calm()

    def calm(self) -> None:
        """Forget what a command left in the state, and the environment that it made."""
        for path in self.fleet.folder.rglob("*.state.json*"):
            path.unlink()
        world = self.fleet.sandbox.world
        if "missing" in world.directory["acme/api"].environments:
            world.delete_environment("acme/api", "missing")
        if "flowforge-state" in world.branches("acme/api"):
            world.delete_branch("acme/api", "flowforge-state")


@pytest.fixture
def office(fleet: "Fleet") -> Office:
    """Return an office in which nothing is arranged."""
    return Office(fleet)


def _needs(row: PermissionRow, command: str, kind: str) -> dict[Permission, AccessLevel]:
    """Return what a token needs. Of an App's installation a plan tells what an apply would lack."""
    told = "apply" if kind == APP and command == "plan" else command
    base = BY_NAME["actions"].needs(told) if row.name in BASED else {}
    return {**base, **row.needs(command if row.recorded else told)}


def _lowered(
    needs: dict[Permission, AccessLevel], one: Permission, command: str
) -> Iterator[dict[Permission, AccessLevel]]:
    """Yield permissions without one of them, and with that one to read where it has to write.

    A plan knows that an App's token could write no more than what GitHub documents a name of.
    """
    yield {each: level for each, level in needs.items() if each != one}
    if needs[one] is AccessLevel.WRITE and (one.documented or command != "plan"):
        yield {**needs, one: AccessLevel.READ}


def _well(done: "Done") -> bool:
    told = done.out.replace("0 blocked", "").replace("blocked=0", "")
    return done.code == 0 and "blocked" not in told and "incomplete" not in told


def _name(cell: tuple[str | PermissionRow, ...]) -> str:
    return "-".join(getattr(each, "name", str(each)) for each in cell)


def test_every_row_has_its_cells() -> None:
    """No row of the table is without a manifest here."""
    assert set(TARGETS) == set(BY_NAME)


@pytest.mark.parametrize(("kind", "command", "row"), one_in(12, product([FINE, APP], COLUMNS, ROWS), ids=_name))
def test_permissions(office: Office, row: PermissionRow, command: str, kind: str) -> None:
    """With exactly the permissions of a cell all is done; without one of them, it is named by what is blocked."""
    office.arrange(row, kind)
    needs = _needs(row, command, kind)
    for one in row.needs(command):
        for has in _lowered(needs, one, command):
            office.begin(command, kind)
            done = office.run(command, kind, has)
            said = done.out + done.err
            named = UNNAMED.get(one.name, one.name), one.title
            assert not _well(done), (one.name, said)
            assert any(name in said for name in named), (one.name, said)
    office.begin(command, kind)
    done = office.run(command, kind, needs)
    assert _well(done), done.out + done.err


@pytest.mark.parametrize(("command", "row"), one_in(12, product(COLUMNS, ROWS), ids=_name))
def test_scopes(office: Office, row: PermissionRow, command: str) -> None:
    """With the scopes of a cell all is done by a classic token; without one of them, it is named."""
    office.arrange(row, CLASSIC)
    scopes = tuple(sorted({*row.scopes(command), *(["repo"] if row.name in BASED else [])}))
    for one in row.scopes(command):
        office.begin(command, CLASSIC)
        done = office.run(command, CLASSIC, tuple(scope for scope in scopes if scope != one) or ("gist",))
        said = done.out + done.err
        assert not _well(done), (one, said)
        assert one in said, (one, said)
    office.begin(command, CLASSIC)
    done = office.run(command, CLASSIC, scopes)
    assert _well(done), done.out + done.err
