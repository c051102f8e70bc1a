"""Which steps that run no Claude are handed a credential of Claude's, and which secrets a document names."""

from typing import Final

import pytest

from flowforge.audit.needs import names_in, references
from flowforge.workflows.joins import occurrences
from flowforge.workflows.repository import documents, read_repository

FILE: Final = ".github/workflows/a.yml"
KEY: Final = "'${{ secrets.KEY }}'"


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (f"{{run: x, env: {{ANTHROPIC_API_KEY: {KEY}}}}}", ["KEY"]),
        (f"{{run: x, env: {{CLAUDE_CODE_OAUTH_TOKEN: {KEY}}}}}", ["KEY"]),
        (f"{{uses: a/b@v1, with: {{anthropic_api_key: {KEY}}}}}", ["KEY"]),
        (f"{{uses: a/b@v1, with: {{ANTHROPIC_API_KEY: {KEY}}}}}", ["KEY"]),
        (f"{{uses: a/b@v1, with: {{anthropic-api-key: {KEY}}}}}", ["KEY"]),
        (f"{{uses: a/b@v1, with: {{Claude-Code-OAuth-Token: {KEY}}}}}", ["KEY"]),
        (f"{{run: x, env: {{OTHER: {KEY}}}}}", []),
        (f"{{run: x, env: {{anthropic_federation_rule_id: {KEY}}}}}", []),
        ("{run: x, env: {ANTHROPIC_API_KEY: '${{ vars.KEY }}'}}", []),
        # What is known to be Claude's counts under any name, and in a script's own text.
        ("{run: x, env: {OTHER: '${{ secrets.KNOWN }}'}}", ["KNOWN"]),
        ("{run: 'echo ${{ secrets.KNOWN }}'}", ["KNOWN"]),
        ("{run: 'echo ${{ secrets.KEY }}'}", []),
        ("{run: 'echo ${{ vars.KNOWN }}'}", []),
        ("{run: 'echo secrets.KNOWN'}", []),
        # Each once, and none of what GitHub takes for no step.
        ("{run: 'echo ${{ secrets.KNOWN }}', env: {ANTHROPIC_API_KEY: '${{ secrets.KNOWN }}'}}", ["KNOWN"]),
        (f"{{name: x, env: {{ANTHROPIC_API_KEY: {KEY}}}}}", []),
    ],
)
def test_what_a_step_is_handed(step: str, names: list[str]) -> None:
    """By the name of what it is passed as, in any of the spellings, or by what the secret is known to hold."""
    text = f"on: push\njobs:\n  a:\n    steps: [{step}]\n"
    (occurrence,) = occurrences(read_repository({FILE: text}))
    assert names == [each.name for each, _ in references(occurrence, frozenset({"KNOWN"}))]


@pytest.mark.parametrize(
    ("text", "names", "computed"),
    [
        ("run: x", set(), False),
        ("run: '${{ secrets.key }}'", {"KEY"}, False),
        ("run: '${{ Secrets.A }} ${{ secrets[''b''] }}'", {"A", "B"}, False),
        ("if: secrets.A && vars.B", {"A"}, False),
        ("run: '${{ secrets[inputs.x] }}'", set(), True),
        ("run: '${{ toJSON(secrets) }}'", set(), True),
        ("run: '${{ secrets.A }} ${{ secrets[inputs.x] }}'", {"A"}, True),
        ("run: '${{ vars[inputs.secrets] }}'", set(), False),
        ("run: '${{ a b secrets }}'", set(), True),
        ("run: keep your secrets safe", set(), False),
        ("name: our secrets, all of them", set(), False),
    ],
)
def test_the_secrets_that_a_document_names(text: str, names: set[str], computed: bool) -> None:  # noqa: FBT001 -- a table
    """In upper case; one that is computed, or all of them at once, may be any."""
    repository = read_repository({FILE: f"on: push\njobs:\n  a:\n    steps:\n      - {{{text}}}\n"})
    (document,) = documents(repository)
    assert (names, computed) == names_in(document)
