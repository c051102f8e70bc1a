"""What became of a whole plan: the result of every line, corrected by what the state took in the end."""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from flowforge.errors import FlowForgeError, Problem, bug
from flowforge.plan.action import Action
from flowforge.plan.address import Address
from flowforge.plan.decide import Plan
from flowforge.plan.ordering import without_kept
from flowforge.plan.report import DONE, Outcome, Report, Result, settle
from flowforge.state.session import StateSession
from flowforge.steps.apply.access_writes import with_carried
from flowforge.steps.apply.finish import fold
from flowforge.steps.apply.ledger import is_unanswered
from flowforge.steps.apply.unforeseen import UNFORESEEN, unforeseen
from flowforge.steps.apply.writer import ScopeWriter

NOT_RECORDED: Final = "FF412"  # its owner is `flowforge.state.messages`
Folded = tuple[tuple[Problem, ...], tuple[str, ...]]
_LATE: Final = "it could not be recorded at once, so nothing more was begun; the state has it now"
_UNASKED: Final = "GitHub's times of the last writes are left to the next run"
_ENDED: Final = "the run ended before it was recorded"


def account(plan: Plan, writer: ScopeWriter) -> Report:
    """Fold the journal into the state and return what became of every line, whatever is raised meanwhile.

    Call it when everything is written, or after the run was ended.
    """
    found = _folded(writer)
    # Read after the fold: from then on, a worker that hangs can begin nothing more that these results would lack.
    results = writer.ledger.results()
    try:
        return _report(plan, writer, results, *(found or ((), ())))
    except BaseException as error:  # noqa: BLE001 -- see below
        writer.end(error)
        return _bare(writer, results, error, folded=found is not None and not found[0])


def _folded(writer: ScopeWriter) -> Folded | None:
    """Fold the journal. Return its problems and warnings, or None where it is not known what became of it."""
    found: Folded | None = None
    try:
        found = fold(writer.session)
    except BaseException as error:  # noqa: BLE001 -- GitHub was written to before it
        writer.end(error)
    try:
        # The first try may have stopped before it began. Where it had begun, this one does nothing.
        writer.problems += fold(writer.session)[0]
    except BaseException as error:  # noqa: BLE001 -- as above
        writer.end(error)
    return found


def _report(
    plan: Plan, writer: ScopeWriter, results: list[Result], problems: tuple[Problem, ...], warnings: tuple[str, ...]
) -> Report:
    problems = (*problems, *writer.problems)
    begun = writer.session.begun
    # A worker that hangs before the state took its intent can send nothing any more, so its line is not in doubt.
    certain = [each for each in results if not is_unanswered(each) or each.address.of_value in begun]
    with_access = with_carried(certain, without_kept(plan.todo, plan.changes))
    return settle(
        plan,
        recorded_after_all(with_access, plan, writer.session, problems),
        interrupted=writer.stop.is_set(),
        problems=problems,
        warnings=(*warnings, *writer.warnings, *(f"{_UNASKED}: {why}" for why in sorted(writer.left))),
        untouched=writer.untouched,
        sent=writer.sent.is_set(),
    )


def _bare(writer: ScopeWriter, results: Iterable[Result], error: BaseException, *, folded: bool) -> Report:
    """Return a report of the bare results, where an exception kept us from a better one. folded: records are kept."""
    known = (each if folded or each.outcome not in DONE.values() else _doubtful(each, error) for each in results)
    problems, sent = tuple(writer.problems), writer.sent.is_set()
    return Report(tuple(known), writer.stop.is_set(), problems, untouched=writer.untouched, sent=sent)


def _doubtful(result: Result, error: BaseException) -> Result:
    return replace(result, outcome=Outcome.UNRECORDED, problem=unforeseen(error, result.address, sent=True))


def recorded_after_all(
    results: Iterable[Result], plan: Plan, session: StateSession, problems: Collection[Problem]
) -> list[Result]:
    """Return the results, corrected by what the fold made of them. problems: those of the fold."""
    # A record that was not kept at once may be in the state by now, and one that the journal took may be lost, because
    # another run has replaced the state meanwhile. Drift that was accepted is a record without a write.
    unrecorded = session.unrecorded
    kept = session.settled - unrecorded
    actions = {change.address: change.action for change in plan.changes}
    corrected = [
        _lost(each, problems)
        if each.address.of_value in unrecorded
        else _found(each, actions[each.address])
        if each.address.of_value in kept
        else each
        for each in results
    ]
    accepted = [change.address for change in plan.changes if change.accepts and change.address in unrecorded]
    return corrected + [
        Result(each, Outcome.FAILED, _unkept("changed outside FlowForge, and not recorded as assumed", each, problems))
        for each in accepted
    ]


def _found(result: Result, action: Action) -> Result:
    if result.outcome is not Outcome.UNRECORDED:
        return result
    met = result.problem.what if result.problem is not None and result.problem.code == UNFORESEEN else ""
    notes = (*result.notes, *filter(None, (met, _LATE)))
    return replace(result, outcome=DONE[action], problem=None, notes=notes)


def _lost(result: Result, problems: Iterable[Problem]) -> Result:
    if result.outcome not in DONE.values():
        return result
    problem = _unkept("done on GitHub, but not recorded in the state", result.address, problems)
    return replace(result, outcome=Outcome.UNRECORDED, problem=problem)


def _unkept(what: str, address: Address, problems: Iterable[Problem]) -> Problem:
    causes = ((each.code, each.why if each.code == NOT_RECORDED else each.what) for each in problems)
    code, why = next(causes, (NOT_RECORDED, _ENDED))
    return Problem(code, what, str(address), why, "see the error about the state")


def broken_off(report: Report, error: BaseException, note: Callable[[BaseException], None]) -> Report:
    """Return a report with what was raised after it was made, as a warning: its results are final."""
    if isinstance(error, KeyboardInterrupt):
        return replace(report, interrupted=True)
    with suppress(Exception):
        note(error)
    what = error.problems[0].what if isinstance(error, FlowForgeError) else bug(error).what
    return replace(report, warnings=(*report.warnings, f"after the last write: {what}"))
