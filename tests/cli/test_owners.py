"""A token for each owner: three owners by one GitHub App, and tokens of three kinds in one manifest."""

import json

import pytest

from tests.app_keys import app_key, pem
from tests.cli.conftest import Fleet

OWNERS = ("acme", "beta", "gamma")


@pytest.fixture
def app(fleet: Fleet) -> str:
    """Register an App for three owners of two repos each, installed for two of them; return its client id."""
    world = fleet.sandbox.world
    for owner in OWNERS:
        for name in ("api", "web"):
            world.create_repo(f"{owner}/{name}")
    made = world.create_app("ci", pem(app_key()))
    for owner in OWNERS[:2]:
        world.install_app("ci", owner)
    (fleet.folder / "app.pem").write_text(pem(app_key()), "utf-8")
    return str(made["client_id"])


def manifest(client_id: str, *owners: str) -> str:
    """Return a manifest that gives a key to the repos of owners, signed in as an App."""
    repos = ", ".join(f"{owner}/{name}" for owner in owners for name in ("api", "web"))
    return f"""\
version: 1
github: {{auth: {{app: {{client_id: {client_id}, private_key: {{file: app.pem}}}}}}}}
credentials:
  ci-key: {{type: anthropic_api_key, from: {{env: ACME_KEY}}}}
targets:
  - {{name: T, repos: [{repos}], credential: ci-key}}
"""


def test_one_owner_of_three_without_the_app(fleet: Fleet, app: str) -> None:
    """Two are written, the third is blocked by name; a plan's tokens could not have written."""
    fleet.manifest(manifest(app, *OWNERS))
    planned = fleet.flowforge("plan")
    print(planned.out, planned.err, planned.code)
    print(json.dumps(fleet.sandbox.world.minted_tokens(), indent=1))
    done = fleet.flowforge("apply", "--yes")
    print(done.out, done.err, done.code)
    print(json.dumps(fleet.sandbox.world.minted_tokens(), indent=1))
    assert 0
