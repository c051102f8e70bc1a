"""What a child process gets of our environment."""

import secrets
from pathlib import Path

from flowforge.sources import Context

KEPT = {"PATH": "/bin", "HOME": "/root", "OP_SERVICE_ACCOUNT_TOKEN": "ops_fake", "VAULT_ADDR": "https://vault.example"}


def test_a_child_gets_no_value_and_no_token() -> None:
    """Left out are what `env` sources name, GitHub's tokens by name and by look, and what steers FlowForge."""
    hidden = {
        "ACME_KEY": "of-a-gateway",
        "GITHUB_TOKEN": "x",
        "GH_TOKEN": "x",
        "GH_ENTERPRISE_TOKEN": "x",
        "GITHUB_ENTERPRISE_TOKEN": "x",
        "FLOWFORGE_STATE_KEY": "x",
        "FLOWFORGE_ALLOWED_SOURCES": "command",
        "SOME_PAT": "ghp_" + secrets.token_hex(18),
        "UNNAMED_KEY": "sk-ant-" + "api03-" + secrets.token_hex(40),
    }
    context = Context({**KEPT, **hidden}, Path(), concealed=frozenset({"ACME_KEY"}))
    assert context.child_environ() == KEPT
    assert context.child_environ(["GITHUB_TOKEN", "UNSET"]) == {**KEPT, "GITHUB_TOKEN": "x"}
    assert "of-a-gateway" not in repr(context)
