"""Which runs reach a step: conditions that several steps share, and that are each evaluated once."""

from typing import Final

import pytest

from flowforge.audit.reach import Reached, StepReach
from flowforge.workflows.joins import occurrences
from flowforge.workflows.repository import read_repository
from flowforge.workflows.runs import Who

FILE: Final = ".github/workflows/a.yml"


def _reaches(*steps: str, on: str = "pull_request", job: str = "") -> list[StepReach]:
    text = f"on: {on}\njobs:\n  a:\n    {job or 'runs-on: x'}\n    steps: [{', '.join(steps)}]\n"
    return [StepReach(each) for each in occurrences(read_repository({FILE: text}))]


def test_each_condition_names_its_own_bots() -> None:
    """Conditions of one job are about bots of their own, whatever else stands in the same place."""
    steps = [f"{{run: x, if: \"github.actor == '{bot}'\"}}" for bot in ("a[bot]", "B[bot]")]
    first, second, none = _reaches(*steps, "{run: x}")
    assert (frozenset({"a[bot]"}), frozenset({"b[bot]"}), frozenset()) == (first.bots, second.bots, none.bots)
    # Again, by what is known of them by now.
    again = _reaches(*steps)
    assert [["a[bot]"], ["b[bot]"]] == [[run.login for run in each.reaching] for each in again]


@pytest.mark.parametrize(
    ("condition", "reached", "unclear"),
    [
        ("true", {Reached.YES}, False),
        ("false", {Reached.NO}, False),
        ("a b", {Reached.UNKNOWN}, True),
        ("false && a", {Reached.NO}, False),
        ("contains(github.event.pull_request.body, 'x')", {Reached.YES}, False),
    ],
)
def test_a_condition(condition: str, reached: set[Reached], unclear: bool) -> None:  # noqa: FBT001 -- a table
    """What holds, what cannot, and what cannot be read; the last alone is unclear."""
    (step,) = _reaches(f'{{run: x, if: "{condition}"}}')
    sure = reached == {Reached.YES}
    assert (reached, sure, unclear) == ({step.by(run) for run in step.runs}, step.is_sure, step.is_unclear)


def test_one_that_cannot_hold_is_enough() -> None:
    """Whatever is unknown of the others."""
    (step,) = _reaches("{run: x, if: 'a b'}", job="if: false")
    assert ({Reached.NO}, False, ()) == ({step.by(run) for run in step.runs}, step.is_unclear, step.stores)


@pytest.mark.parametrize(
    ("on", "condition", "stores"),
    [
        ("pull_request", "true", ("actions", "dependabot")),
        ("pull_request", "github.actor != 'dependabot[bot]'", ("actions",)),
        ("pull_request", "github.actor == 'dependabot[bot]'", ("dependabot",)),
        ("pull_request_target", "true", ("actions",)),
        ("issue_comment", "true", ("actions",)),
        ("issue_comment", "false", ()),
        ("workflow_call", "true", ()),
    ],
)
def test_the_stores_of_a_step(on: str, condition: str, stores: tuple[str, ...]) -> None:
    """Of the runs that reach it, without those of forks, whom GitHub gives nothing or what a person's run has."""
    (step,) = _reaches(f'{{run: x, if: "{condition}"}}', on=on)
    assert stores == step.stores


def test_what_only_others_call_has_its_runs_elsewhere() -> None:
    """Nobody starts it here, so somebody does elsewhere."""
    (step,) = _reaches("{run: x}", on="workflow_call")
    assert ([], True, False) == ([*step.runs], step.is_sure, step.is_unclear)


@pytest.mark.parametrize(
    ("condition", "gated"),
    [
        ("secrets.KEY", True),
        ("secrets.OTHER", False),
        ("true", False),
        ("false", False),
        ("secrets.KEY && false", False),
    ],
)
def test_a_step_that_asks_for_the_secret(condition: str, gated: bool) -> None:  # noqa: FBT001 -- a table
    """Without the secret no run would reach it that does; what no run reaches is not gated."""
    (step,) = _reaches(f"{{run: x, if: '{condition}'}}", on="push")
    assert gated is step.is_gated("KEY")
    assert {Who.PERSON, Who.DEPENDABOT} == {run.who for run in step.runs}
