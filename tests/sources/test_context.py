"""What a child process gets of our environment."""

from pathlib import Path

import pytest

from flowforge.errors import Problem, TrustError
from flowforge.sources import Context
from tests.made_up import letters

KEPT = {"PATH": "/bin", "HOME": "/root", "OP_ACCOUNT": "acme", "VAULT_ADDR": "https://vault.example", "OPS": "x"}


HIDDEN = {
    "ACME_KEY": "of-a-gateway",
    "GITHUB_TOKEN": "x",
    "GH_TOKEN": "x",
    "GH_ENTERPRISE_TOKEN": "x",
    "GITHUB_ENTERPRISE_TOKEN": "x",
    "FLOWFORGE_STATE_KEY": "x",
    "FLOWFORGE_ALLOWED_SOURCES": "command",
    "OP_SERVICE_ACCOUNT_TOKEN": "x",
    "OP_CONNECT_TOKEN": "x",
    "OP_SESSION_acme": "x",
    "SOME_PAT": "ghp_" + letters(36),
    "SOME_OPS": "ops_eyJ" + letters(36),
}
# What looks like a credential may be passed on: it is no other's, and gives no more than it is for.
UNNAMED = {"UNNAMED_KEY": "sk-ant-" + "api03-" + letters(80)}
CONTEXT = Context({**KEPT, **HIDDEN, **UNNAMED}, Path(), concealed=frozenset({"ACME_KEY"}))


def test_a_child_gets_no_value_and_no_token() -> None:
    """Left out are what `env` sources name, tokens by name and by look, and what steers FlowForge."""
    assert CONTEXT.child_environ() == KEPT
    assert CONTEXT.child_environ(["OP_CONNECT_TOKEN", "UNSET"]) == {**KEPT, "OP_CONNECT_TOKEN": "x"}
    assert "of-a-gateway" not in repr(CONTEXT)


def test_a_program_gets_what_it_asks_for() -> None:
    """`pass_env` adds what only looks like a credential, what is there anyway, and nothing for what is unset."""
    assert CONTEXT.passing(["UNNAMED_KEY", "HOME", "UNSET"]) == KEPT | UNNAMED


WHY = {
    "ACME_KEY": "an env source names it",
    "FLOWFORGE_": "variables that begin with FLOWFORGE_ are for FlowForge alone",
    "OP": "it holds a token of 1Password's",
    "G": "it holds a token of GitHub's",
}


@pytest.mark.parametrize("name", [*HIDDEN, "FLOWFORGE_UNSET", "OP_SESSION"])
def test_what_no_program_gets(name: str) -> None:
    """FF261, whether or not it is set: what no program gets cannot be asked for."""
    with pytest.raises(TrustError) as caught:
        CONTEXT.passing(["HOME", name])
    first = {"SOME_PAT": "G", "SOME_OPS": "OP"}.get(name, name)
    why = next(text for begins, text in WHY.items() if first.startswith(begins))
    what = f"the variable {name} is passed to no program"
    assert (Problem("FF261", what, why=why, fix="remove it from pass_env"),) == caught.value.problems
