"""Why a key cannot go yet: what reads it still, what takes no identity, and what nobody can tell."""

import pytest

from flowforge.audit.judge import examine
from flowforge.audit.leaving import still_needs
from flowforge.audit.model import RepoFacts, StoreNames
from tests.audit.leaving import BY_KEY, FILE, HEAD, KEY, MOVED, ORG, PASSES, RULE, STEP, WORKFLOWS

FACTS = RepoFacts("acme/api", StoreNames(variables=frozenset({RULE, ORG})), default_permission="read")


def _why(files: dict[str, str], name: str = KEY, facts: RepoFacts = FACTS) -> str:
    return still_needs(*examine(dict(files), facts), name)


@pytest.mark.parametrize("case", WORKFLOWS)
def test_each_workflow(case: str) -> None:
    """The reason names the file and the line; none where the identity is taken and nobody reads the key."""
    text, expected = WORKFLOWS[case]
    found = _why({FILE: text})
    assert (expected, bool(expected)) == (found[: len(expected)], bool(found))


def test_the_worst_file_is_told_and_the_others_are_counted() -> None:
    """One reason for each place; a file that could not be read comes first."""
    files = {FILE: MOVED + BY_KEY, ".github/workflows/b.yml": HEAD + STEP, ".github/workflows/c.yml": "on: ["}
    assert _why(files).startswith(".github/workflows/c.yml could not be read: ")
    assert _why(files).endswith(", and 2 more")


def test_a_called_workflow_and_its_caller() -> None:
    """What only others call has no key of this repo; once a workflow here calls it and hands all on, it has."""
    called = f"on: workflow_call\n{(HEAD + STEP + BY_KEY).partition(chr(10))[2]}"
    caller = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/called.yml\n    secrets: inherit\n"
    alone = {".github/workflows/called.yml": called}
    assert "" == _why(alone)
    assert f"{FILE}:4 still passes it" == _why({**alone, FILE: caller})


def test_what_is_not_claudes() -> None:
    """A secret that no Claude step reads may go whoever names it; a key under another name that one passes may not."""
    other = f"{HEAD}{STEP}      - run: npm publish\n        env: {{T: '${{{{ secrets.OTHER }}}}'}}\n"
    assert "" == _why({FILE: other}, "OTHER")
    assert PASSES == _why({FILE: HEAD + STEP + BY_KEY.replace(KEY, "OTHER")}, "OTHER")


def test_a_disabled_workflow_runs_nothing() -> None:
    """GitHub does not start it, so it misses nothing."""
    disabled = RepoFacts("acme/api", FACTS.stores, default_permission="read", disabled=frozenset({FILE}))
    assert "" == _why({FILE: HEAD + STEP + BY_KEY}, facts=disabled)
