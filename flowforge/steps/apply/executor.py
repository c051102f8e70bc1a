"""Write a whole plan, scope by scope through the pool of threads."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
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
from flowforge.steps.apply.batches import batches, in_lanes
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
    """Write the changes, those of each token by themselves, so that no owner waits for the limits of another."""
    work = in_lanes(planned, writer.clients)
    total = sum(len(stage) for stages in work.values() for stage in stages)
    with lenient(progress, "Writing", total, writer.unshown) as advance:
        if len(work) == 1:
            (stages,) = work.values()
            _write_lane(writer, stages, jobs, advance)
        else:
            _write_lanes(writer, work, jobs, advance)


def _write_lanes(
    writer: ScopeWriter, work: Mapping[str, Sequence[Work]], jobs: int, advance: Callable[[], None]
) -> None:
    """Write lanes side by side. Raises what one of them raised, when all are over."""
    turn = threading.Lock()

    def step() -> None:
        with turn:
            advance()

    def write(lane: str) -> BaseException | None:
        try:
            _write_lane(writer, work[lane], jobs, step)
        except BaseException as error:  # noqa: BLE001 -- every lane must be over before the run goes on
            writer.halted.set()
            return error
        return None

    ends = [end for _, end in each(work, write, jobs=len(work), stopped=lambda: False) if end is not None]
    # A state that changed before anything was written lets the caller plan again. Whatever else there is comes first.
    ends.sort(key=lambda end: isinstance(end, StateChangedError))
    for other in ends[1:]:
        writer.end(other)
    if ends:
        raise ends[0]


def _write_lane(writer: ScopeWriter, stages: Sequence[Work], jobs: int, advance: Callable[[], None]) -> None:
    """Write stage by stage, and each stage in batches that the state is told of before they begin."""
    writer.expect(stages)
    announced: list[Change] = []
    for stage in stages:
        # The last stage has the deletes that wait for another scope. A repo in which a write failed keeps its old
        # secrets, since one of them may be all that works.
        scopes = without_lost(stage, writer.ledger.undone_repos()) if stage is stages[-1] else stage
        for change in (change for scope, changes in stage.items() if scope not in scopes for change in changes):
            writer.ledger.report(Result(change.address, Outcome.NOT_DONE))
        write = partial(_write_scope, writer, stage)
        for batch in batches(scopes, stage, lambda: writer.session.batch):
            coming = [change for scope in batch for change in stage[scope]]
            _announce(writer, coming, announced)
            announced = coming
            for _ in each(batch, write, jobs=jobs, stopped=writer.over, grace=GRACE):
                advance()


def _announce(writer: ScopeWriter, changes: Collection[Change], before: Collection[Change]) -> None:
    """Record in the state which writes come next. Where that fails, end the run and report the reason for each.

    before: what was announced before, which is over. Raises StateChangedError where nothing was written yet.
    """
    if writer.over():
        return
    try:
        writer.session.announce(
            {change.address.of_value: intent(change) for change in changes},
            [change.address.of_value for change in before],
        )
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
