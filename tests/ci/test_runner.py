"""The runner of these tests: it does what GitHub's does, so that what it says of our files is worth something."""

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.ci.expressions import evaluate, filled
from tests.ci.runner import Event, assignments

if TYPE_CHECKING:
    from tests.ci.conftest import Ops

CONTEXTS: Final = {"a": {"b": {"c-d": "X"}, "yes": True, "none": None, "three": 3.0, "empty": ""}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b.c-d", "X"),
        ("a['b']['c-d']", "X"),
        ("a.absent.more", None),
        ("a.b.c-d == 'x'", True),
        ("a.b.c-d != 'it''s'", True),
        ("a.none == ''", True),
        ("a.empty || a.b.c-d", "X"),
        ("a.yes && 'then' || 'else'", "then"),
        ("!a.none && !(a.yes && a.empty)", True),
        ("a.three == 3", True),
        ("fromJSON('{\"x\": [1]}').x", [1]),
        ("${{ a.yes }}", True),
    ],
)
def test_an_expression(text: str, value: Any) -> None:  # noqa: ANN401 -- JSON
    """Texts compare without case, what is absent is null, `&&` and `||` return one of their sides."""
    assert value == evaluate(text, CONTEXTS)


@pytest.mark.parametrize("text", ["a.b)", "a +", "unknown.x", "unknown()", "a.b c"])
def test_what_is_not_known_is_an_error(text: str) -> None:
    """Nothing is passed over: a file that says more than this runner knows fails its test."""
    with pytest.raises((ValueError, KeyError, IndexError)):
        evaluate(text, CONTEXTS)


def test_texts_are_filled() -> None:
    """Inside of a text an expression is its text; a whole one keeps what it is."""
    assert {"k": ["X-true-", {"c-d": "X"}], "n": 1} == filled(
        {"k": ["${{ a.b.c-d }}-${{ a.yes }}-${{ a.none }}", "${{ a.b }}"], "n": 1}, CONTEXTS
    )


def test_the_file_of_the_outputs() -> None:
    """A value may have several lines between two marks, and what looks like another output in them is none."""
    text = "a=1=2\nb<<MARK\nx\nc=3\nMARK\na=last\n"
    assert {"a": "last", "b": "x\nc=3"} == assignments(text)
    for torn in ("b<<MARK\nx\n", "no sign\n"):
        with pytest.raises(ValueError, match=r"MARK|no sign"):
            assignments(torn)


WORKFLOW: Final = """\
on: push
permissions: {}
jobs:
  first:
    runs-on: ubuntu-latest
    outputs: {said: "${{ steps.say.outputs.word }}"}
    steps:
      - {name: says, id: say, run: 'echo "word=$WORD" >> "$GITHUB_OUTPUT"', env: {WORD: "${{ github.event_name }}"}}
      - {name: fails, if: steps.say.outputs.word == 'push', shell: bash, run: "false | true"}
      - {name: skipped, run: exit 0}
      - {name: always, if: "${{ always() }}", run: exit 0}
      - {name: after failure, if: failure(), run: exit 0}
  second:
    needs: first
    runs-on: ubuntu-latest
    steps: [{run: exit 0}]
  third:
    needs: first
    if: always() && needs.first.outputs.said == 'push'
    runs-on: ubuntu-latest
    steps: [{name: says, run: exit 0}]
"""


@pytest.mark.no_coverage
def test_steps_and_jobs_wait_for_each_other(ops: "Ops") -> None:
    """After a failure only what asks for it runs, in the job and in those that need it."""
    workflow = ops.site.folder / "workflow.yaml"
    workflow.write_text(WORKFLOW, "utf-8")
    run = ops.site.run(workflow, Event("push"))
    outcomes = {"says": "success", "fails": "failure", "skipped": "skipped", "always": "success"}
    assert ("failure", {**outcomes, "after failure": "success"}) == (
        run.jobs["first"].result,
        run.jobs["first"].outcomes,
    )
    assert ("push", "skipped", "success") == (
        run.jobs["first"].outputs["said"],
        run.jobs["second"].result,
        run.jobs["third"].result,
    )
