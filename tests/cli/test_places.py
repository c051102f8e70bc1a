"""Every list of a repo that a secret can be in: its four stores and its environments."""

from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind, Level, Token

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

IN_SYNC = "No changes. GitHub matches the manifest.\n"
KEY = "ANTHROPIC_API_KEY"
STORES = ("actions", "agents", "codespaces", "dependabot")


def _wants(fleet: "Fleet", places: str, more: str = "") -> None:
    """Write a manifest that wants the key in such places of one repo."""
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key:\n    type: anthropic_api_key\n    from: {env: ACME_KEY}\n"
        f"targets:\n  - {{name: All, repos: [acme/repo-001], credential: ci-key, {places}}}\n{more}"
    )


def test_a_key_in_all_four_stores(fleet: "Fleet") -> None:
    """Each store gets the value under its own key; a second plan finds nothing; a new value goes to all of them."""
    _wants(fleet, f"stores: [{', '.join(STORES)}]")
    for _ in range(2):
        value = fleet.set_key()
        applied = fleet.flowforge("apply", "--yes")
        held = {store: fleet.sandbox.world.reveal("acme/repo-001", store=store) for store in STORES}
        assert (0, {store: {KEY: value} for store in STORES}) == (applied.code, held)
        assert IN_SYNC == fleet.flowforge("plan").out
        fleet.later()


def test_the_longest_names_are_remembered(fleet: "Fleet") -> None:
    """Whatever the manifest may name and GitHub takes, the state holds and gives back."""
    name, environment = "A" * 300, "é" * 255
    _wants(fleet, f"secret: {name}, environments: [{environment}], create_environment: true")
    fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert IN_SYNC == fleet.flowforge("plan").out


def test_a_store_is_named_where_it_is_not_the_usual_one(fleet: "Fleet") -> None:
    """The plan says which store a line is about; JSON says it of each."""
    _wants(fleet, "stores: [actions, dependabot]")
    assert [
        "+ acme/repo-001              ANTHROPIC_API_KEY  ci-key  missing",
        "+ acme/repo-001  dependabot  ANTHROPIC_API_KEY  ci-key  missing",
    ] == fleet.flowforge("plan").lines[:2]
    assert {
        "acme/repo-001/actions/ANTHROPIC_API_KEY": ("create", "missing"),
        "acme/repo-001/dependabot/ANTHROPIC_API_KEY": ("create", "missing"),
    } == fleet.plan()


def test_the_default_stores(fleet: "Fleet") -> None:
    """`defaults.stores` holds for targets and for what is to be absent, where they name none."""
    world = fleet.sandbox.world
    world.set_secret("acme/repo-001", "CLAUDE_CODE_OAUTH_TOKEN", "old", store="dependabot")
    absent = "absent: [{name: Old, repos: [acme/repo-001], secret: CLAUDE_CODE_OAUTH_TOKEN}]\n"
    _wants(fleet, "stores: [agents]", f"{absent}defaults: {{stores: [dependabot]}}\n")
    assert {
        "acme/repo-001/agents/ANTHROPIC_API_KEY": ("create", "missing"),
        "acme/repo-001/dependabot/CLAUDE_CODE_OAUTH_TOKEN": ("delete", "declared_absent"),
    } == fleet.plan()


def test_the_stores_do_not_mix(fleet: "Fleet") -> None:
    """A change in one store is drift there alone; taken out of the manifest, it is deleted there alone."""
    value, world = fleet.set_key(), fleet.sandbox.world
    _wants(fleet, "stores: [actions, dependabot]")
    fleet.flowforge("apply", "--yes")
    fleet.later()
    world.set_secret("acme/repo-001", KEY, "somebody else's", store="dependabot")
    assert {"acme/repo-001/dependabot/ANTHROPIC_API_KEY": ("update", "changed_outside")} == fleet.plan()
    fleet.flowforge("apply", "--yes")
    fleet.later()
    _wants(fleet, "stores: [actions]")
    assert 0 == fleet.flowforge("apply", "--yes", "--prune").code
    assert ({KEY: value}, {}) == (world.reveal("acme/repo-001"), world.reveal("acme/repo-001", store="dependabot"))


@pytest.mark.parametrize("name", ["production", "Staging / EU", "a/b", "été", "..x", "100%"])
def test_an_environment(fleet: "Fleet", name: str) -> None:
    """An environment's secrets are written whatever its name, in whatever case it is written, and never the repo's."""
    value, world = fleet.set_key(), fleet.sandbox.world
    world.create_environment("acme/repo-001", name)
    _wants(fleet, f'environments: ["{name.upper()}"]')
    assert 0 == fleet.flowforge("apply", "--yes").code
    held = world.reveal("acme/repo-001", environment=name)
    assert ({KEY: value}, {}) == (held, world.reveal("acme/repo-001"))
    _wants(fleet, f'environments: ["{name}"]')
    assert IN_SYNC == fleet.flowforge("plan").out


def test_a_missing_environment(fleet: "Fleet") -> None:
    """It blocks its secrets with the reason, and nothing is made."""
    _wants(fleet, "environments: [production]")
    done = fleet.refused("apply", "--yes")
    assert (3, 3) == (done.code, fleet.flowforge("plan").code)
    assert [
        "! acme/repo-001  environment production  ANTHROPIC_API_KEY  ci-key  there is no environment production",
        "    fix: make it in the repo's settings, or write `create_environment: true` in the target",
    ] == done.lines[:2]


def test_a_missing_environment_that_is_to_be_made(fleet: "Fleet") -> None:
    """The plan says that it is made; apply makes it, once, before the first of its secrets; a second plan is clean."""
    value, world = fleet.set_key(), fleet.sandbox.world
    _wants(fleet, "environments: [production], create_environment: true")
    line = (
        "+ acme/repo-001  environment production  ANTHROPIC_API_KEY  ci-key  missing: its environment is created first"
    )
    assert line == fleet.flowforge("plan").lines[0]
    fleet.requests()
    assert 0 == fleet.flowforge("apply", "--yes").code
    puts = {route: count for route, count in fleet.requests().items() if route.startswith("PUT")}
    assert {"PUT /repos/{owner}/{repo}/environments/{environment}": 1} == {
        route: count for route, count in puts.items() if "secrets" not in route
    }
    assert {KEY: value} == world.reveal("acme/repo-001", environment="production")
    assert IN_SYNC == fleet.flowforge("plan").out


def test_an_environment_that_is_there_is_not_touched(fleet: "Fleet") -> None:
    """`create_environment` sends no PUT to one that exists: that could take its protection away."""
    fleet.sandbox.world.create_environment("acme/repo-001", "production")
    _wants(fleet, "environments: [production], create_environment: true")
    fleet.requests()
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert [] == [route for route in fleet.requests() if route.endswith("/environments/{environment}")]


def test_an_environment_deleted_between_plan_and_apply(fleet: "Fleet") -> None:
    """What was recorded in it is gone with it: blocked, not created in a new one of that name."""
    world = fleet.sandbox.world
    world.create_environment("acme/repo-001", "production")
    _wants(fleet, "environments: [production]")
    fleet.flowforge("apply", "--yes")
    world.delete_environment("acme/repo-001", "production")
    assert {"acme/repo-001/environments/production/ANTHROPIC_API_KEY": ("blocked", "unreadable")} == fleet.plan()


def test_an_environment_that_cannot_be_made_forgets_no_interrupted_write(fleet: "Fleet") -> None:
    """A write that was cut off stays interrupted when the next run may not make the environment that is gone since."""
    world, put = fleet.sandbox.world, "PUT /repos/acme/repo-001/environments/production"
    world.create_environment("acme/repo-001", "production")
    _wants(fleet, "environments: [production], create_environment: true")
    world.faults.add(Fault(f"{put}/secrets", FaultKind.RESET_AFTER, times=10))
    assert 3 == fleet.flowforge("apply", "--yes").code
    world.faults.clear()
    world.delete_environment("acme/repo-001", "production")
    world.faults.add(Fault(f"{put}$", FaultKind.STATUS, times=10, status=403, message="Resource not accessible"))
    assert "Resource not accessible" in fleet.flowforge("apply", "--yes").out
    world.faults.clear()
    world.create_environment("acme/repo-001", "production")
    world.set_secret("acme/repo-001", KEY, "ours, for all that is known", environment="production")
    reason = fleet.plan()["acme/repo-001/environments/production/ANTHROPIC_API_KEY"]
    assert ("update", "write_interrupted") == reason


def test_a_placeholder_for_the_environment(fleet: "Fleet") -> None:
    """`{environment}` chooses the value of each environment."""
    world = fleet.sandbox.world
    values = {name: fleet.set_key(f"KEY_{name}") for name in ("staging", "production")}
    for name in values:
        world.create_environment("acme/repo-001", name)
    _wants(fleet, "environments: [staging, production]")
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text.replace("{env: ACME_KEY}", '{env: "KEY_{environment}"}'))
    assert 0 == fleet.flowforge("apply", "--yes").code
    held = {name: world.reveal("acme/repo-001", environment=name) for name in values}
    assert {name: {KEY: value} for name, value in values.items()} == held


@pytest.mark.parametrize(
    ("place", "permission", "named"),
    [
        ("stores: [dependabot]", "dependabot_secrets", "dependabot_secrets=read"),
        ("stores: [codespaces]", "codespaces_secrets", "codespaces_secrets=read"),
        ("environments: [production]", "environments", "environments=read"),
    ],
)
def test_a_token_without_the_permission_of_a_store(fleet: "Fleet", place: str, permission: str, named: str) -> None:
    """What the token lacks is named as GitHub names it, and blocks that store alone."""
    world = fleet.sandbox.world
    world.create_environment("acme/repo-001", "production")
    world.add_token(fleet.sandbox.token, Token(permissions={permission: Level.NONE}))
    _wants(fleet, place)
    done = fleet.refused("apply", "--yes")
    assert (3, True) == (done.code, done.lines[0].endswith(f"  no permission: GitHub accepts {named}"))
