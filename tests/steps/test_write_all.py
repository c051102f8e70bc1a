"""What becomes of a result whose record came late."""

from flowforge.errors import Problem
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.report import Outcome, Result
from flowforge.steps.write_all import recorded_after_all


def test_a_record_that_came_late_is_one() -> None:
    """What the state took in the end is done, wherever it is kept, and the note says why the run went no further."""
    address = Address(Scope(Repo.parse("acme/api")), "A")
    refused = Result(address, Outcome.UNRECORDED, Problem("FF412", "done on GitHub, but not recorded"))
    plan = Plan((Change(address, Action.CREATE, Reason.MISSING),))
    note = "its record was not kept at once, so nothing more was begun; the state has it now"
    assert [Result(address, Outcome.CREATED, notes=(note,))] == recorded_after_all([refused], plan, (), ())
