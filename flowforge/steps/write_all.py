"""Write a whole plan, scope by scope through the pool, and say of every line what became of it."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import partial
from typing import Final

from flowforge.errors import FlowForgeError, Problem
from flowforge.github.problems import StoppedError
from flowforge.plan.action import Action
from flowforge.plan.address import Address, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.report import DONE, Outcome, Result
from flowforge.state.branch import MovedError
from flowforge.state.memory import Memory
from flowforge.steps.order import batches, in_turns
from flowforge.steps.pool import each
from flowforge.steps.progress import Progress
from flowforge.steps.turns import Work, without_kept, without_lost
from flowforge.steps.write import Writer, intent
from flowforge.steps.write_access import with_carried

# A signal must not be kept waiting longer than a CI runner waits before it kills: 5 s (product documentation).
GRACE: Final = 4.0
NOT_RECORDED: Final = "FF412"  # the code of `flowforge.state.file`'s UnrecordedError
_LACKING: Final = frozenset({Outcome.FAILED, Outcome.NOT_DONE})
_LATE: Final = "its record was not kept at once, so nothing more was begun; the state has it now"


def write_all(plan: Plan, writer: Writer, *, jobs: int, progress: Progress) -> list[Result]:
    """Write every applicable change, scope by scope through the pool; gives the results of what was begun.

    A repo that is written in one scope keeps what another would lose until then, and keeps it where a write failed.
    Where GitHub does not say what the token may do, one scope of each owner goes before the others.
    """
    planned = without_kept(plan.todo, plan.changes)
    work = in_turns(planned, permitted=bool(writer.client.scopes))
    results: list[Result] = []
    with progress("Writing", sum(map(len, work))) as advance:
        for turn in work:
            lacking = {result.address.scope.repo for result in results if result.outcome in _LACKING}
            scopes = without_lost(turn, lacking) if turn is work[-1] else turn
            held = [change for scope, changes in turn.items() if scope not in scopes for change in changes]
            results += [Result(change.address, Outcome.NOT_DONE) for change in held]
            write = partial(_write_scope, writer, turn)
            for batch in batches(scopes, turn, lambda: writer.memory.batch):
                results += _unannounced(writer, [change for scope in batch for change in turn[scope]])
                for _, part in each(batch, write, jobs=jobs, stopped=writer.over, grace=GRACE):
                    results += part
                    advance()
    lost = writer.begun.difference(result.address for result in results)
    results += [Result(address, Outcome.UNRECORDED, _unanswered(address)) for address in lost]
    return with_carried(results, planned)


def _unannounced(writer: Writer, changes: Collection[Change]) -> list[Result]:
    """Announce what is written next; where that fails, end the run: give these changes the reason.

    Raises MovedError where nothing was written yet: a new plan would be right then, and none of its lines is lost.
    """
    if writer.over():
        return []
    try:
        writer.memory.announce({change.address.of_value: intent(change) for change in changes})
    except StoppedError:
        return []
    except FlowForgeError as error:
        if isinstance(error, MovedError) and not writer.sent.is_set():
            raise
        writer.halted.set()
        first = error.problems[0]
        why = first.why or "no write begins before the state knows of it"
        problem = replace(first, what=f"not begun: {first.what}", why=why)
        return [Result(change.address, Outcome.FAILED, problem) for change in changes]
    return []


def _write_scope(writer: Writer, work: Work, scope: Scope) -> list[Result]:
    return writer.write_scope(scope, work[scope])


def recorded_after_all(
    results: Iterable[Result], plan: Plan, unrecorded: Collection[Address], problems: Collection[Problem]
) -> list[Result]:
    """Correct results by what the fold made of them, drift that was accepted included. problems: those of the fold.

    A line that the journal refused may have its record in the state nevertheless; and what the journal took is in no
    state where that was replaced meanwhile.
    """
    actions = {change.address: change.action for change in plan.changes}
    corrected = [
        _lost(each, problems) if each.address.of_value in unrecorded else _found(each, actions[each.address])
        for each in results
    ]
    accepted = [change.address for change in plan.changes if change.accepts and change.address in unrecorded]
    return corrected + [
        Result(each, Outcome.FAILED, _unkept("changed outside, and not recorded as assumed", each, problems))
        for each in accepted
    ]


def _found(result: Result, action: Action) -> Result:
    if result.problem is not None and result.problem.code == NOT_RECORDED:
        return replace(result, outcome=DONE[action], problem=None, notes=(*result.notes, _LATE))
    return result


def _lost(result: Result, problems: Iterable[Problem]) -> Result:
    if result.outcome not in DONE.values():
        return result
    problem = _unkept("done on GitHub, but not recorded in the state", result.address, problems)
    return replace(result, outcome=Outcome.UNRECORDED, problem=problem)


def _unkept(what: str, address: Address, problems: Iterable[Problem]) -> Problem:
    code, why = next(((each.code, each.why if each.code == NOT_RECORDED else each.what) for each in problems), ("", ""))
    return Problem(code, what, str(address), why, "see what is said of the state")


def tidy(plan: Plan, memory: Memory) -> None:
    """Bring the state in line where GitHub needs nothing: forget what is gone, note what is to be known of the rest."""
    for change in plan.changes:
        if change.forgets:
            memory.forget(change.address)
        elif change.noted is not None and change.noted != change.record:
            memory.record(change.address, change.noted)


def _unanswered(address: Address) -> Problem:
    fix = "run plan again; it will write this secret once more"
    return Problem("FF342", "sent, but the run ended before GitHub answered", str(address), fix=fix)
