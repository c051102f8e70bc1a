"""What became of a whole plan: every line's result, corrected by what the state took in the end."""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from flowforge.errors import FlowForgeError, Problem, bug
from flowforge.plan.action import Action
from flowforge.plan.address import Address
from flowforge.plan.decide import Plan
from flowforge.plan.report import DONE, Outcome, Report, Result, settle
from flowforge.state.memory import Memory
from flowforge.steps.ledger import is_unanswered
from flowforge.steps.remember import fold
from flowforge.steps.turns import without_kept
from flowforge.steps.unforeseen import UNFORESEEN, unforeseen
from flowforge.steps.write import Writer
from flowforge.steps.write_access import with_carried

NOT_RECORDED: Final = "FF412"  # the code of `flowforge.state.file`'s UnrecordedError
Folded = tuple[tuple[Problem, ...], tuple[str, ...]]
_LATE: Final = "its record was not kept at once, so nothing more was begun; the state has it now"
_ENDED: Final = "the run ended before the state had taken it"


def account(plan: Plan, writer: Writer) -> Report:
    """Fold the state, and return what became of every line, whatever is raised meanwhile.

    To be called when everything is written, or the run was ended.
    """
    found = _folded(writer)
    # Not before the fold, after which nobody who is still at work can begin anything more.
    results = writer.ledger.results()
    try:
        return _report(plan, writer, results, *(found or ((), ())))
    except BaseException as error:  # noqa: BLE001 -- see below
        writer.end(error)
        return _bare(writer, results, error, folded=found is not None and not found[0])


def _folded(writer: Writer) -> Folded | None:
    """Fold the state, and return its problems and warnings; None where it is not known what became of that."""
    found: Folded | None = None
    try:
        found = fold(writer.memory)
    except BaseException as error:  # noqa: BLE001 -- GitHub was written to before it
        writer.end(error)
    try:
        writer.problems += fold(writer.memory)[0]  # does nothing, unless the first one was kept from beginning
    except BaseException as error:  # noqa: BLE001 -- as above
        writer.end(error)
    return found


def _report(
    plan: Plan, writer: Writer, results: list[Result], problems: tuple[Problem, ...], warnings: tuple[str, ...]
) -> Report:
    problems = (*problems, *writer.problems)
    begun = writer.memory.begun
    # Whoever hangs before the state took the intent can send nothing any more.
    told = [each for each in results if not is_unanswered(each) or each.address.of_value in begun]
    told = with_carried(told, without_kept(plan.todo, plan.changes))
    return settle(
        plan,
        recorded_after_all(told, plan, writer.memory, problems),
        interrupted=writer.stop.is_set(),
        problems=problems,
        warnings=(*warnings, *writer.warnings),
        untouched=writer.untouched,
        sent=writer.sent.is_set(),
    )


def _bare(writer: Writer, results: Iterable[Result], error: BaseException, *, folded: bool) -> Report:
    """Return what is known for sure where nothing more could be made of it. folded: what was recorded is kept."""
    told = (each if folded or each.outcome not in DONE.values() else _doubtful(each, error) for each in results)
    problems, sent = tuple(writer.problems), writer.sent.is_set()
    return Report(tuple(told), writer.stop.is_set(), problems, untouched=writer.untouched, sent=sent)


def _doubtful(result: Result, error: BaseException) -> Result:
    return replace(result, outcome=Outcome.UNRECORDED, problem=unforeseen(error, result.address, sent=True))


def recorded_after_all(
    results: Iterable[Result], plan: Plan, memory: Memory, problems: Collection[Problem]
) -> list[Result]:
    """Correct results by what the fold made of them, drift that was accepted included. problems: those of the fold.

    A line whose record was not kept at once may have it in the state nevertheless; and what the journal took is in no
    state where that was replaced meanwhile.
    """
    unrecorded = memory.unrecorded
    kept = memory.settled - unrecorded
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
        Result(each, Outcome.FAILED, _unkept("changed outside, and not recorded as assumed", each, problems))
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
    told = ((each.code, each.why if each.code == NOT_RECORDED else each.what) for each in problems)
    code, why = next(told, (NOT_RECORDED, _ENDED))
    return Problem(code, what, str(address), why, "see what is said of the state")


def broken_off(report: Report, error: BaseException, note: Callable[[BaseException], None]) -> Report:
    """Return a report that tells what was raised after it was made, when all that it tells of was over."""
    if isinstance(error, KeyboardInterrupt):
        return replace(report, interrupted=True)
    with suppress(Exception):
        note(error)
    what = error.problems[0].what if isinstance(error, FlowForgeError) else bug(error).what
    return replace(report, warnings=(*report.warnings, f"after the last write: {what}"))
