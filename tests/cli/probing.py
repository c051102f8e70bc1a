"""What tests of `flowforge doctor --probe` share: a scratch repo, tokens of few permissions, and what is held."""

import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.sandbox import Level, Token

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

SCRATCH, PROBE = "acme/scratch", ("doctor", "--probe", "acme/scratch", "--yes")
STORES = ("actions", "agents", "codespaces", "dependabot")
ENVIRONMENT = "our live system"
READ = [("list", 200), ("list_again", 304)]
SECRET = [
    *READ,
    ("public_key", 200),
    ("create", 201),
    ("rotate", 204),
    ("public_key_again", 200),
    ("rewrite", 204),
    ("delete", 204),
]
VARIABLE = [*READ, ("create", 201), ("rotate", 204), ("rewrite", 204), ("delete", 204)]
PERMISSIONS = {
    "actions": "secrets",
    "agents": "agent_secrets",
    "codespaces": "codespaces_secrets",
    "dependabot": "dependabot_secrets",
    "variables": "actions_variables",
}


def make_scratch(fleet: "Fleet") -> "Fleet":
    """Return the fleet, with a private scratch repo that holds something of others at each place, and no manifest."""
    (fleet.folder / "flowforge.yaml").unlink()
    world = fleet.sandbox.world
    world.create_repo(SCRATCH, private=True)
    for store in STORES:
        world.set_secret(SCRATCH, "THEIRS", "of others", store=store)
    world.set_variable(SCRATCH, "THEIRS", "of others")
    fleet.later()
    return fleet


def held(fleet: "Fleet", repo: str = SCRATCH) -> dict[str, dict[str, str]]:
    """Return all that a repo holds, decrypted."""
    world = fleet.sandbox.world
    found = {store: world.reveal(repo, store=store) for store in STORES} | {"variables": world.variables(repo)}
    for name in world.environments(repo):
        found[f"environment {name}"] = world.reveal(repo, environment=name)
        found[f"variables of {name}"] = world.variables(repo, environment=name)
    return found


def document(done: "Done") -> Any:  # noqa: ANN401 -- JSON
    """Return the JSON of a probe, which fits its schema."""
    found = json.loads(done.out)
    Draft202012Validator(json.loads(schema_text("probe"))).validate(found)
    return found


def steps(found: Any) -> dict[str, list[tuple[str, int]]]:  # noqa: ANN401 -- JSON
    """Return the steps at each place, each with its status."""
    return {each["place"]: [(one["step"], one["status"]) for one in each["operations"]] for each in found["places"]}


def as_token(fleet: "Fleet", token: Token) -> None:
    """Use this token from now on."""
    fleet.sandbox.world.add_token("ghp_" + "fake" * 5, token)
    fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "ghp_" + "fake" * 5)


def only(*places: str) -> Token:
    """Return a token that has these places alone."""
    return Token(secrets=Level.NONE, permissions={PERMISSIONS[place]: Level.WRITE for place in places})
