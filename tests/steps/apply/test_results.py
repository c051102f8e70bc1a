"""What becomes of a result whose record came late."""

from dataclasses import dataclass
from typing import cast

import pytest

from flowforge.errors import Problem
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.report import Outcome, Result
from flowforge.state.session import StateSession
from flowforge.steps.apply.results import recorded_after_all

HERE = Address(Scope(Repo.parse("acme/api")), "A")
PLAN = Plan((Change(HERE, Action.CREATE, Reason.MISSING),))
LATE = "it could not be recorded at once, so nothing more was begun; the state has it now"


@dataclass(frozen=True)
class Kept:
    """What a state says of itself after its fold."""

    settled: frozenset[Address] = frozenset()
    unrecorded: frozenset[Address] = frozenset()

    @property
    def session(self) -> StateSession:
        """Give it as one."""
        return cast("StateSession", self)


@pytest.mark.parametrize(
    ("problem", "notes"),
    [
        (Problem("FF412", "done on GitHub, but not recorded"), (LATE,)),
        (Problem("FF348", "a bug in FlowForge: KeyError"), ("a bug in FlowForge: KeyError", LATE)),
    ],
    ids=["refused", "unforeseen"],
)
def test_a_record_that_came_late_is_one(problem: Problem, notes: tuple[str, ...]) -> None:
    """What the state took in the end is done, and the notes say why the run went no further."""
    refused = Result(HERE, Outcome.UNRECORDED, problem)
    kept = Kept(frozenset({HERE}))
    assert [Result(HERE, Outcome.CREATED, notes=notes)] == recorded_after_all([refused], PLAN, kept.session, ())


def test_what_the_state_was_never_told_stays_unrecorded() -> None:
    """A state that lost nothing has nothing of a write whose end it was not told either."""
    refused = Result(HERE, Outcome.UNRECORDED, Problem("FF348", "a bug in FlowForge: KeyError"))
    assert [refused] == recorded_after_all([refused], PLAN, Kept().session, ())


def test_what_an_ended_fold_did_not_take_is_not_done() -> None:
    """Where nothing is said of the state, as after a second Ctrl-C, what it has not kept is told as that."""
    done = Result(HERE, Outcome.CREATED)
    kept = Kept(frozenset({HERE}), frozenset({HERE}))
    what, why = "done on GitHub, but not recorded in the state", "the run ended before it was recorded"
    problem = Problem("FF412", what, str(HERE), why, "see the error about the state")
    assert [Result(HERE, Outcome.UNRECORDED, problem)] == recorded_after_all([done], PLAN, kept.session, ())
