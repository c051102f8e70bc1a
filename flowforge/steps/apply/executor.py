"""Write a whole plan, scope by scope through the pool, and say of every line what became of it."""

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

# A signal must not be kept waiting longer than a CI runner waits before it kills: 5 s (product documentation).
GRACE: Final = 4.0


def write_all(plan: Plan, writer: ScopeWriter, *, jobs: int, progress: Progress) -> None:
    """Write every applicable change, scope by scope through the pool; the writer's ledger has what became of them.

    Whatever is raised meanwhile, in a worker or here, is told: by a result, or by the writer's problems. Raises
    StateChangedError alone, where nothing was written yet: a new plan would be right then.
    """
    try:
        _write(without_kept(plan.todo, plan.changes), writer, jobs=jobs, progress=progress)
    except BaseException as error:
        if writer.sent.is_set() or not isinstance(error, StateChangedError):
            writer.end(error)
            return _wait_for(writer, 0.0 if isinstance(error, KeyboardInterrupt) else GRACE)
        raise


def _wait_for(writer: ScopeWriter, seconds: float) -> None:
    """Wait for what is under way, unless somebody who waits says stop twice."""
    try:
        writer.ledger.wait(seconds)
    except KeyboardInterrupt as error:
        writer.end(error)


def _write(planned: Sequence[Change], writer: ScopeWriter, *, jobs: int, progress: Progress) -> None:
    """Write them in stages.

    A repo that is written in one scope keeps what another would lose until then, and keeps it where a write failed.
    Where GitHub does not say what the token may do, one scope of each owner goes before the others.
    """
    work = in_stages(planned, permitted=bool(writer.client.scopes))
    with lenient(progress, "Writing", sum(map(len, work)), writer.unshown) as advance:
        for stage in work:
            scopes = without_lost(stage, writer.ledger.lacking()) if stage is work[-1] else stage
            for change in (change for scope, changes in stage.items() if scope not in scopes for change in changes):
                writer.ledger.tell(Result(change.address, Outcome.NOT_DONE))
            write = partial(_write_scope, writer, stage)
            for batch in batches(scopes, stage, lambda: writer.session.batch):
                _announce(writer, [change for scope in batch for change in stage[scope]])
                for _ in each(batch, write, jobs=jobs, stopped=writer.over, grace=GRACE):
                    advance()


def _announce(writer: ScopeWriter, changes: Collection[Change]) -> None:
    """Announce what is written next; where that fails, end the run: give these changes the reason.

    Raises StateChangedError where nothing was written yet: none of the lines of a new plan is lost then.
    """
    if writer.over():
        return
    try:
        writer.session.announce({change.address.of_value: intent(change) for change in changes})
    except StoppedError:
        pass
    except FlowForgeError as error:
        if isinstance(error, StateChangedError) and not writer.sent.is_set():
            raise
        writer.halted.set()
        first = error.problems[0]
        why = first.why or "no write begins before the state knows of it"
        problem = replace(first, what=f"not begun: {first.what}", why=why)
        for change in changes:
            writer.ledger.tell(Result(change.address, Outcome.FAILED, problem))


def _write_scope(writer: ScopeWriter, work: Work, scope: Scope) -> None:
    writer.write_scope(scope, work[scope])


def tidy(plan: Plan, session: StateSession) -> None:
    """Bring the state in line where GitHub needs nothing: forget what is gone, note what is to be known of the rest."""
    for change in plan.changes:
        if change.forgets:
            session.forget(change.address)
        elif change.noted is not None and change.noted != change.record:
            session.record(change.address, change.noted)
