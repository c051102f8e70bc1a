"""A fleet whose key Anthropic knows, on a sandbox of both."""

from typing import Any

from tests.cli.conftest import Done, Fleet
from tests.made_up import letters

WORKSPACE = "wrkspc_reviews"
ORGANIZATION = "0a0b0c0d-0000-4000-8000-000000000001"
ADMIN = "FLOWFORGE_ANTHROPIC_ADMIN_KEY"


def admin_key() -> str:
    """Make up an Admin key."""
    return "sk-ant-" + f"admin01-{letters(93)}AA"


def serve(fleet: Fleet) -> str:
    """Let the fleet's sandbox be Anthropic too, and let the operator name it; returns its address."""
    url = fleet.sandbox.serve_anthropic()
    fleet.monkeypatch.setenv("FLOWFORGE_ANTHROPIC_URL", url)
    fleet.monkeypatch.setenv("FLOWFORGE_ALLOWED_VERIFY_HOSTS", "127.0.0.1")
    return url


def verifying(fleet: Fleet, options: str = "", *, repos: str = "acme/repo-001, acme/repo-002") -> None:
    """Write a manifest whose one credential is verified. options: more of its keys."""
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key:\n    type: anthropic_api_key\n    from: {env: ACME_KEY}\n"
        f"    verify: true\n{options}targets:\n  - {{name: All, repos: [{repos}], credential: ci-key}}\n"
    )


def known(fleet: Fleet, workspace: str = WORKSPACE, **more: Any) -> str:  # noqa: ANN401 -- what the verb takes
    """Set a new key that Anthropic knows, and return it."""
    value = fleet.set_key()
    fleet.sandbox.world.add_anthropic_key(value, workspace=workspace, organization=ORGANIZATION, **more)
    return value


def asked(fleet: Fleet) -> list[str]:
    """Return what Anthropic was asked since the last call, each with its status."""
    found = [f"{each.path} {each.status}" for each in fleet.sandbox.world.log() if each.path.startswith("/v1/")]
    fleet.sandbox.world.reset_stats()
    return found


def warned(done: Done) -> list[str]:
    """Return the warnings that a command printed."""
    return [line.removeprefix("warning: ") for line in done.err.splitlines() if line.startswith("warning: ")]
