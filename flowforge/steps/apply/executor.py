"""Write a whole plan, scope by scope through the pool of threads."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from flowforge.concurrency import Progress, each, lenient
from flowforge.errors import FlowForgeError
from flowforge.github.problems import StoppedError
from flowforge.plan.address import Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.ordering import Work, without_kept, without_lost
from flowforge.plan.report import Outcome, Result
from flowforge.state.branch import StateChangedError
from flowforge.state.session import StateSession
from flowforge.steps.apply.batches import batches, in_stages
from flowforge.steps.apply.intents import intent
from flowforge.steps.apply.writer import ScopeWriter

# After a signal, a CI runner waits 5 s (by its documentation) before it kills. The report must be printed by then.
GRACE: Final = 4.0


def write_all(plan: Plan, writer: ScopeWriter, *, jobs: int, progress: Progress) -> None:
    """Write every applicable change. The writer's ledger has what became of each.

    Raises StateChangedError alone, and only before the first write, when the caller can plan again. Whatever else is
    raised meanwhile is in a result, or among the writer's problems.
    """
    try:
        _write(without_kept(plan.todo, plan.changes), writer, jobs=jobs, progress=progress)
    except BaseException as error:
        if writer.sent.is_set() or not isinstance(error, StateChangedError):
            writer.end(error)
            return _wait_for(writer, 0.0 if isinstance(error, KeyboardInterrupt) else GRACE)
        raise


def _wait_for(writer: ScopeWriter, seconds: float) -> None:
    """Wait for the writes that are under way. A second Ctrl-C ends the wait."""
    try:
        writer.ledger.wait(seconds)
    except KeyboardInterrupt as error:
        writer.end(error)


def _write(planned: Sequence[Change], writer: ScopeWriter, *, jobs: int, progress: Progress) -> None:
    """Write the changes in stages, and each stage in batches that the state is told of before they begin."""
    work = in_stages(planned, permitted=bool(writer.client.scopes))
    with lenient(progress, "Writing", sum(map(len, work)), writer.unshown) as advance:
        for stage in work:
            # The last stage has the deletes that wait for another scope. A repo in which a write failed keeps its old
            # secrets, since one of them may be all that works.
            scopes = without_lost(stage, writer.ledger.undone_repos()) if stage is work[-1] else stage
            for change in (change for scope, changes in stage.items() if scope not in scopes for change in changes):
                writer.ledger.report(Result(change.address, Outcome.NOT_DONE))
            write = partial(_write_scope, writer, stage)
            for batch in batches(scopes, stage, lambda: writer.session.batch):
                _announce(writer, [change for scope in batch for change in stage[scope]])
                for _ in each(batch, write, jobs=jobs, stopped=writer.over, grace=GRACE):
                    advance()


def _announce(writer: ScopeWriter, changes: Collection[Change]) -> None:
    """Record in the state which writes come next. Where that fails, end the run and report the reason for each.

    Raises StateChangedError where nothing was written yet.
    """
    if writer.over():
        return
    try:
        writer.session.announce({change.address.of_value: intent(change) for change in changes})
    except StoppedError:
        # `each` begins nothing after a stop, and the report has these lines as not done.
        pass
    except FlowForgeError as error:
        if isinstance(error, StateChangedError) and not writer.sent.is_set():
            raise
        writer.halted.set()
        first = error.problems[0]
        why = first.why or "a write must be recorded in the state before it begins"
        problem = replace(first, what=f"not begun: {first.what}", why=why)
        for change in changes:
            writer.ledger.report(Result(change.address, Outcome.FAILED, problem))


def _write_scope(writer: ScopeWriter, work: Work, scope: Scope) -> None:
    writer.write_scope(scope, work[scope])


def tidy(plan: Plan, session: StateSession) -> None:
    """Update the state where GitHub needs no write: forget what is gone, and note drift and renamed credentials."""
    for change in plan.changes:
        if change.forgets:
            session.forget(change.address)
        elif change.noted is not None and change.noted != change.record:
            session.record(change.address, change.noted)
