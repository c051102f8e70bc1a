"""The table of actions and the table of pins."""

import pytest

from flowforge.workflows.actions import ACTIONS, BASE, FORK, INPUTS, MAIN, SECURITY, ClaudeAction, action_of
from flowforge.workflows.pins import BETA, NEWEST, ActionVersion, read_uses, version_of
from tools.action_versions import rows

SHA = "28f83620103c48a57093dcc2837eec89e036bb9f"


@pytest.mark.parametrize(
    ("uses", "inputs", "expected"),
    [
        ("anthropics/claude-code-action@v1", "", MAIN),
        ("Anthropics/Claude-Code-Action@main", "", MAIN),
        ("anthropics/claude-code-action/base-action@v1", "", BASE),
        ("anthropics/claude-code-base-action@beta", "", BASE),
        ("anthropics/claude-code-security-review@main", "", SECURITY),
        ("anthropics/claude-code-action/agent-approval-check@main", "", None),
        ("someone/claude-code-action@v1", "", FORK),
        ("someone/reviewer@v1", "claude_code_oauth_token", FORK),
        ("someone/claude-helper@v1", "anthropic_api_key", FORK),
        ("someone/other-agent@v1", "anthropic_api_key", None),
        ("someone/claude-helper@v1", "github_token", None),
        ("actions/checkout@v4", "", None),
    ],
)
def test_which_action_runs_claude(uses: str, inputs: str, expected: ClaudeAction | None) -> None:
    """Anthropic's own are known by name, forks by name or by inputs, and other agents are none of ours."""
    read = read_uses(uses)
    assert read is not None
    assert expected is action_of(read, frozenset(filter(None, [inputs])))


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("v1", NEWEST),
        ("main", NEWEST),
        ("v1.0.171", (1, 0, 171)),
        ("v0.0.63", BETA),
        ("beta", BETA),
        ("v0", BETA),
        (SHA, BETA),
        ("0" * 40, None),
        ("my-branch", None),
        ("v2", None),
    ],
)
def test_versions(ref: str, expected: ActionVersion | None) -> None:
    """Tags say it themselves, commits by the table, moving references are the newest, and the rest is unknown."""
    read = read_uses(f"anthropics/claude-code-action@{ref}")
    assert read is not None
    assert expected == version_of(read)


@pytest.mark.parametrize("uses", ["./local", "docker://alpine:3", "a/b", "", "a@b", "../x/y@z"])
def test_what_names_no_action(uses: str) -> None:
    """A path of the checkout, a container and what has no ref are no action on GitHub."""
    assert read_uses(uses) is None


def test_each_input_of_the_table_has_a_slot() -> None:
    """No action has an input that the readers would not look at."""
    assert set() == {name for action in ACTIONS.values() for name in action.inputs} - INPUTS.keys()


def test_rows_of_versions() -> None:
    """An annotated tag counts by its commit, rows are in the order of versions, and other tags are left out."""
    one, two, three = "1" * 40, "2" * 40, "3" * 40
    listing = f"{one} refs/tags/v1.0.10\n{two} refs/tags/v1.0.9\n{three} refs/tags/v1.0.9^{{}}\n{two} refs/tags/v1\n"
    assert [f"a/b {three} v1.0.9", f"a/b {one} v1.0.10"] == rows("a/b", listing)
