"""What became of a whole plan: each result as the state took it in the end, and the account of the run."""

from dataclasses import dataclass, replace
from typing import cast

import pytest

from flowforge.errors import Problem, StateError, UnfoldedError, Where, bug
from flowforge.plan.action import Action, OnDrift, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Known, Presence, Wanted
from flowforge.plan.report import Outcome, Report, Result
from flowforge.state.session import StateSession
from flowforge.steps.apply.results import account, broken_off, recorded_after_all
from flowforge.steps.apply.unforeseen import unforeseen
from flowforge.steps.apply.writer import ScopeWriter
from tests.steps.apply.parts import Notes

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
        """Return it as one."""
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


OTHER = Address(Scope(Repo.parse("acme/web")), "A")
DETAIL = "see the error about the state"
NOT_KEPT = Problem("FF412", "not kept", "s", "the disk is full")
ANOTHER = Problem("FF428", "the state is another one", "s", "somebody replaced it")


@pytest.mark.parametrize(
    ("problems", "code", "why"),
    [
        ((NOT_KEPT, ANOTHER), "FF412", "the disk is full"),
        ((ANOTHER, NOT_KEPT), "FF428", "the state is another one"),
        ((), "FF412", "the run ended before it was recorded"),
    ],
)
@pytest.mark.parametrize("outcome", Outcome)
def test_what_the_state_did_not_take(outcome: Outcome, problems: tuple[Problem, ...], code: str, why: str) -> None:
    """What was done is unrecorded, and the first problem of the fold is why; what was not done stays as it is told."""
    told = Result(HERE, outcome, notes=("noted",))
    kept = Kept(unrecorded=frozenset({HERE}))
    lost = Problem(code, "done on GitHub, but not recorded in the state", str(HERE), why, DETAIL)
    done = outcome in {Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED}
    expected = Result(HERE, Outcome.UNRECORDED, lost, ("noted",)) if done else told
    assert [expected] == recorded_after_all([told], PLAN, kept.session, problems)


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.UNRECORDED])
def test_what_was_told_otherwise_stays_so(outcome: Outcome) -> None:
    """Only what was unrecorded is corrected by what the state took."""
    told = Result(HERE, outcome, Problem("FF348", "x"))
    assert [told] == recorded_after_all([told], PLAN, Kept(frozenset({HERE})).session, ())


def accepting(address: Address) -> Change:
    """Return a line whose drift is accepted."""
    wanted = Wanted(address, Presence.PRESENT, "T", Where("m", 1, 1), on_drift=OnDrift.ACCEPT)
    return Change(address, Action.NONE, Reason.CHANGED_OUTSIDE, wanted=wanted, drift=True)


def test_drift_that_was_accepted_and_not_kept_failed() -> None:
    """It was to be recorded as assumed, and the state has nothing of it."""
    kept = Kept(unrecorded=frozenset({HERE}))
    plan = Plan((accepting(HERE), accepting(OTHER), replace(PLAN.changes[0], address=HERE)))
    problem = Problem(
        "FF412", "changed outside FlowForge, and not recorded as assumed", str(HERE), "the disk is full", DETAIL
    )
    assert [Result(HERE, Outcome.FAILED, problem)] == recorded_after_all([], plan, kept.session, (NOT_KEPT,))


CREATES = replace(
    PLAN.changes[0], wanted=Wanted(HERE, Presence.PRESENT, "T", Where("m", 1, 1), "k", value=Known("fp-one"))
)
LEFT = Change(OTHER, Action.NONE, Reason.NOT_NAMED)
WHOLE = Plan((CREATES, LEFT))


def test_the_account_of_a_run(writer: ScopeWriter, notes: Notes) -> None:
    """Every line's result, what was said of the run, and what the fold said; the state is folded twice, to be sure."""
    writer.write_scope(HERE.scope, [CREATES])
    writer.problems.append(ANOTHER)
    writer.warnings.append("warned")
    notes.fails["close"] = StateError(NOT_KEPT)
    report = account(WHOLE, writer)
    assert (
        Report(
            (Result(HERE, Outcome.CREATED), Result(OTHER, Outcome.LEFT)),
            problems=(NOT_KEPT, ANOTHER, NOT_KEPT),
            warnings=("warned",),
            sent=True,
        ),
        [("close",), ("close",)],
    ) == (report, notes.told[-2:])


def test_the_account_of_a_run_that_is_over(writer: ScopeWriter, notes: Notes) -> None:
    """One that was stopped, and one that ended before anything was sent."""
    writer.stop.set()
    writer.halted.set()
    notes.fails["close"] = UnfoldedError(Problem("FF411", "later", "s", "no room", "wait"))
    warning = "s: later: no room; nothing is lost: wait"
    assert Report(
        (Result(HERE, Outcome.NOT_DONE), Result(OTHER, Outcome.LEFT)),
        interrupted=True,
        warnings=(warning,),
        untouched=True,
    ) == account(WHOLE, writer)


@pytest.mark.parametrize(("begun", "outcome"), [(True, Outcome.UNRECORDED), (False, Outcome.NOT_DONE)])
def test_who_hangs_before_the_state_took_the_intent_sends_nothing(
    *, writer: ScopeWriter, notes: Notes, begun: bool, outcome: Outcome
) -> None:
    """A line that was begun, and of which nothing was told, may have been sent only if the state has its intent."""
    writer.ledger.begin(HERE)
    notes.begun = frozenset({HERE} if begun else ())
    assert outcome is account(WHOLE, writer).results[0].outcome


@pytest.mark.parametrize("kept", [True, False])
def test_a_bug_in_the_account_hides_nothing(*, writer: ScopeWriter, notes: Notes, kept: bool) -> None:
    """What is known for sure is told: what was done and folded, or that it may be recorded or not."""
    writer.write_scope(HERE.scope, [CREATES])
    if not kept:
        notes.fails["close"] = StateError(NOT_KEPT)
    report = account(cast("Plan", None), writer)
    error = AttributeError()
    doubtful = unforeseen(error, HERE, sent=True)
    result = Result(HERE, Outcome.CREATED) if kept else Result(HERE, Outcome.UNRECORDED, doubtful)
    problems = (bug(error),) if kept else (NOT_KEPT, bug(error))
    assert Report((result,), problems=problems, sent=True) == report


def test_a_bug_in_the_account_of_a_run_that_sent_nothing(writer: ScopeWriter) -> None:
    """It still says that GitHub is untouched, and is not the report of a person's stop."""
    assert Report((), problems=(bug(AttributeError()),), untouched=True) == account(cast("Plan", None), writer)


def test_a_bug_in_the_fold_leaves_what_was_done_in_doubt(writer: ScopeWriter, notes: Notes) -> None:
    """Whether it was kept is not known; the run is over, and the second fold is tried all the same."""
    writer.write_scope(HERE.scope, [CREATES])
    notes.fails["close"] = OSError("x")
    report = account(WHOLE, writer)
    assert ((Result(HERE, Outcome.CREATED), Result(OTHER, Outcome.LEFT)), (bug(OSError()), bug(OSError())), True) == (
        report.results,
        report.problems,
        writer.halted.is_set(),
    )
    failed = account(cast("Plan", None), writer)
    assert [Outcome.UNRECORDED] == [each.outcome for each in failed.results]


def test_what_is_raised_after_the_report_changes_nothing_of_it() -> None:
    """A person's Ctrl-C interrupts it; anything else is a warning, and seen by somebody if that works."""
    report, seen = Report((Result(HERE, Outcome.CREATED),), warnings=("before",)), list[BaseException]()
    assert replace(report, interrupted=True) == broken_off(report, KeyboardInterrupt(), seen.append)
    assert [] == seen
    for error, what in ((OSError("x"), "a bug in FlowForge: OSError"), (StateError(NOT_KEPT, ANOTHER), "not kept")):
        warned = replace(report, warnings=("before", f"after the last write: {what}"))
        assert warned == broken_off(report, error, seen.append)

    def refuse(error: BaseException) -> None:
        raise error

    assert 2 == len(seen) == len(broken_off(report, OSError("x"), refuse).warnings)
