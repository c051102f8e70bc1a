"""Permissions: what lists need, what an installation is asked for and lacks, and the table of docs/permissions.md."""

import json
from typing import Final

import pytest

from flowforge.github.permission_table import AUDIT_ROWS, CANARY_ROWS, COMMANDS, OLD_RUN_ROWS, ROWS, STATUS_ROWS, page
from flowforge.github.permissions import (
    ACTIONS,
    ENVIRONMENTS,
    METADATA,
    AccessLevel,
    certain_of,
    granted,
    joined,
    lacking,
    needs_of,
    of_list,
)
from flowforge.plan.address import Repo, Scope, Store
from tests.openapi import DERIVED

API: Final = Repo.parse("acme/api")
ORG: Final = Repo.organization("acme")
# GitHub's description of its API lists the permissions of Apps, but for these: its page on the parameters of an App's
# registration has them, and an installation is never asked for what it does not have.
NOT_DESCRIBED: Final = {
    "actions_variables",
    "codespaces_secrets",
    "organization_actions_variables",
    "organization_codespaces_secrets",
    "organization_dependabot_secrets",
}


def test_names_are_github_s() -> None:
    """Each name that the table has is one of GitHub's description, with the level that is asked for."""
    schema = json.loads(DERIVED.read_text(encoding="utf-8"))["components"]["schemas"]["app-permissions"]["properties"]
    asked = {
        (permission.name, level.word)
        for row in ROWS
        for needs in (row.reads, row.writes)
        for permission, level in needs.items()
        if permission.documented
    }
    known = {(name, level) for name, each in schema.items() for level in each["enum"]}
    assert NOT_DESCRIBED == {name for name, _ in asked - known}


def test_every_list_is_in_the_table() -> None:
    """What a run asks for is what the table says: for each store of a repository, an environment, an organization."""
    scopes = {
        **{store.value: Scope(API, store) for store in Store},
        **{f"org {store}": Scope(ORG, store) for store in Store},
        "environment secrets": Scope.of_environment(API, "production"),
        "environment variables": Scope.of_environment(API, "production", Store.VARIABLES),
    }
    rows = {row.name: row for row in ROWS}
    assert {name: of_list(scope) for name, scope in scopes.items()} == {
        name: (*rows[name].reads, *rows[name].also) for name in scopes
    }
    assert all({*row.reads} <= {*row.writes} for row in ROWS)


def test_what_lists_need() -> None:
    """Metadata always; for an environment also what tells a missing one; each at the level that is asked for."""
    scopes = [Scope(API), Scope(API, Store.VARIABLES), Scope.of_environment(API, "production")]
    needs = needs_of(scopes, AccessLevel.WRITE)
    assert {"metadata": 1, "secrets": 2, "actions_variables": 2, "environments": 2, "actions": 1} == {
        permission.name: int(level) for permission, level in needs.items()
    }
    assert {METADATA: AccessLevel.READ} == needs_of([], AccessLevel.WRITE)
    assert {ACTIONS: AccessLevel.WRITE, METADATA: AccessLevel.READ} == joined(
        {ACTIONS: AccessLevel.READ, METADATA: AccessLevel.READ}, {ACTIONS: AccessLevel.WRITE}
    )


@pytest.mark.parametrize(
    ("scope", "certain"),
    [
        (Scope(API), ("secrets",)),
        (Scope(API, Store.AGENTS), ()),
        (Scope(ORG, Store.AGENTS), ()),
        (Scope(ORG, Store.DEPENDABOT), ("organization_dependabot_secrets",)),
        (Scope.of_environment(API, "production"), ("environments",)),
    ],
)
def test_without_what_a_write_surely_fails(scope: Scope, certain: tuple[str, ...]) -> None:
    """Not what GitHub's pages differ on, and not what they do not name."""
    assert certain == tuple(each.name for each in certain_of(scope))


def test_what_an_installation_is_asked_for() -> None:
    """Never more than it has; for the agents store what looks like its permission, and no other that does."""
    (agents,), (org_agents,), (secrets,) = (
        of_list(Scope(API, Store.AGENTS)),
        of_list(Scope(ORG, Store.AGENTS)),
        of_list(Scope(API)),
    )
    has = {
        "agent_secrets": "write",
        "organization_agent_secrets": "read",
        "secrets": "read",
        "environments": "admin",
        "members": "write",
    }
    needs = {
        agents: AccessLevel.READ,
        org_agents: AccessLevel.WRITE,
        secrets: AccessLevel.WRITE,
        ENVIRONMENTS: AccessLevel.WRITE,
        ACTIONS: AccessLevel.READ,
    }
    assert {
        "agent_secrets": "read",
        "organization_agent_secrets": "read",
        "secrets": "read",
        "environments": "write",
    } == granted(needs, has)
    assert {"agent_secrets": "write"} == granted(
        {agents: AccessLevel.WRITE}, {"agent_secrets": "write", "organization_agent_secrets": "write"}
    )
    assert ("Actions: read", "Secrets: write", "Agents secrets: write") == tuple(
        sorted(lacking(needs, has), key=["Actions: read", "Secrets: write", "Agents secrets: write"].index)
    )


def test_the_page() -> None:
    """It has a line for each row with a cell for each column, and says what is asked for beside what is needed."""
    commands, _, reading = page().partition("## An audit")
    audits, _, reading = reading.partition("## A status")
    statuses, _, reading = reading.partition("## A rotation")
    rotations, _, canaries = reading.partition("## A canary")
    for text, rows, columns in (
        (commands, ROWS, len(COMMANDS) + 3),
        (audits, AUDIT_ROWS, 3),
        (statuses, STATUS_ROWS, 3),
        (rotations, OLD_RUN_ROWS, 3),
        (canaries, CANARY_ROWS, 3),
    ):
        lines = [line for line in text.splitlines() if line.startswith("| ")]
        assert len(rows) + 2 == len(lines)
        assert {columns + 1} == {line.count("|") for line in lines}
    assert "Environments: write<br>(Secrets: write)" in page()
