"""`flowforge state forget`: drops what is remembered, after asking, and changes nothing on GitHub."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

ONE = "acme/repo-001/actions/ANTHROPIC_API_KEY"


def test_a_secret_or_a_whole_repo(fleet: "Fleet") -> None:
    """What is named is forgotten, in any case; the rest is remembered, and GitHub is not asked."""
    fleet.flowforge("apply", "--yes")
    fleet.requests()
    done = fleet.flowforge("state", "forget", ONE.upper(), "acme/REPO-002", "--yes")
    two = "acme/repo-002/actions/ANTHROPIC_API_KEY"
    assert (0, [f"Forgotten: {ONE}", f"Forgotten: {two}"], {}) == (done.code, done.lines, fleet.requests())
    assert dict.fromkeys((ONE, two), ("update", "never_applied")) == fleet.plan()


@pytest.mark.parametrize(
    ("named", "fix"),
    [
        ("acme/repo-01", 'did you mean "acme/repo-001"?'),
        ("zzz", "name a repo as owner/name, or a secret as `flowforge plan --format json` does"),
    ],
)
def test_what_is_not_remembered(fleet: "Fleet", named: str, fix: str) -> None:
    """A name that the state does not know is an error, and nothing is forgotten."""
    fleet.flowforge("apply", "--yes")
    done = fleet.refused("state", "forget", ONE, named, "--yes")
    assert (1, f'error FF014: the state remembers nothing of "{named}"\n  fix: {fix}\n') == (done.code, done.err)


def test_nobody_to_ask(fleet: "Fleet") -> None:
    """Without a terminal --yes is needed."""
    done = fleet.refused("state", "forget", ONE)
    expected = "error FF008: forget cannot ask for approval\n  why: stdin is not a terminal\n  fix: say --yes\n"
    assert (1, expected) == (done.code, done.err)


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 1), (None, 1)])
def test_only_yes_is_yes(fleet: "Fleet", answer: str | None, code: int) -> None:
    """What would be forgotten is shown, and is only after a yes in full."""

    def reply() -> str:
        if answer is None:
            raise EOFError
        return answer

    fleet.flowforge("apply", "--yes")
    fleet.answers(reply)
    done = fleet.flowforge("state", "forget", ONE)
    assert code == done.code
    assert done.err.startswith(f"{ONE}\n\nForget 1 secret? Only 'yes' is accepted.\n")
    refused = (
        "error FF013: forget was not approved\n  why: nothing was forgotten\n"
        "  fix: answer yes, in full; --yes forgets without asking\n"
    )
    assert (code == 1) == done.err.endswith(refused)
    assert ({} if code else {ONE: ("update", "never_applied")}) == fleet.plan()


def test_the_group_alone_is_its_help(fleet: "Fleet") -> None:
    """`flowforge state` says what it has."""
    done = fleet.flowforge("state")
    assert "  forget   Forget a secret, or all of a repo." in done.out.splitlines()
