"""The flow of `apply`, to be read from top to bottom. How a plan is made: `planning.py`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from flowforge.github.clients import Clients
from flowforge.github.secrets import PublicKeys
from flowforge.plan.decide import Plan
from flowforge.plan.report import Report
from flowforge.run.origin import origin_of
from flowforge.run.plan_file.basis import basis, manifests_of
from flowforge.run.plan_file.saved import SavedPlan
from flowforge.run.planning import PreparedPlan, prepare
from flowforge.run.request import Planned, Request
from flowforge.run.task import Task
from flowforge.run.verifying import check_of_apply
from flowforge.state.branch import StateChangedError
from flowforge.state.session import StateSession
from flowforge.steps.apply.confirming import Confirming
from flowforge.steps.apply.executor import tidy, write_all
from flowforge.steps.apply.finish import written_from
from flowforge.steps.apply.preconditions import refuse, require_same
from flowforge.steps.apply.results import account, broken_off
from flowforge.steps.apply.writer import ScopeWriter
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.refresh.admission import admit
from flowforge.steps.refresh.observe import Ids, identify
from flowforge.steps.token_needs import narrow

# How often an apply plans again because other runs write the state. After that a person should look at them.
_TRIES: Final = 3


_Done = TypeVar("_Done")


def apply(
    request: Request,
    show: Callable[[Planned], None],
    approve: Callable[[Planned], bool],
    saved: SavedPlan | None = None,
    arrange: Callable[[ScopeWriter], ScopeWriter] = lambda writer: writer,
) -> tuple[Planned, Report | None]:
    """Make GitHub match the manifest. Return the plan and its report, which is None where `approve` refused it.

    saved: the plan to carry out; the request has its flags. Raises UsageError unless planning again gives the same.
    arrange: changes the parts of the writer. Tests hand in parts that fail.
    Raises RefusedError when a brake holds, and SourceError when a value is missing and `keep_going` is not set. The
    plan was shown and nothing was written then. Raises nothing after the first request that writes: the report has it.
    """
    return planning_again(request, lambda: _apply(request, show, approve, saved, arrange))


def planning_again(request: Request, once: Callable[[], _Done]) -> _Done:
    """Return what `once` returns, which is tried again where the state has changed under its plan."""
    # Another run may write the state between our plan and our first write. Where a person has approved the plan, only
    # that person can approve the next one; else planning again is what they would do.
    for _ in range(_TRIES):
        try:
            return once()
        except StateChangedError as changed:
            if request.asks:
                raise
            request.notify(f"{changed.problems[0].what}: planning again")
    return once()


def _apply(
    request: Request,
    show: Callable[[Planned], None],
    approve: Callable[[Planned], bool],
    saved: SavedPlan | None,
    arrange: Callable[[ScopeWriter], ScopeWriter],
) -> tuple[Planned, Report | None]:
    task = Task.of(request)
    # Another manifest would differ in everything. It is refused by name, before a token is looked for.
    if saved is not None:
        saved.require_manifests(manifests_of(task.manifest))
    # A plan that was made before the first state has fixed the lineage and the salt that its fingerprints need.
    fresh = saved.fresh if saved is not None else None
    done: tuple[Planned, Report] | None = None
    try:
        with (
            task.signed_in() as clients,
            task.backend(clients) as backend,
            backend.open(request.lock_timeout, fresh=fresh) as session,
        ):
            clients.need(task.to_read(session.state))
            task = task.with_selected_repos(clients)
            # Where a person is asked, every repo is looked up once more after the answer, so the lists are good enough
            # to plan by. Where nobody is asked the writes follow at once, and this look-up is the last.
            check = check_of_apply(task, clients)
            prepared = prepare(
                task, backend, session.state, clients, fresh=not request.asks, carried_out=True, check=check
            )
            planned = prepared.planned
            if not session.state.serial:
                planned = replace(planned, new_state=backend.where)
            if saved is not None:
                saved.require_current(basis(task, backend, session.state, prepared, str(clients.api)))
            show(planned)
            refuse(planned.plan, planned.brakes, keep_going=request.keep_going)
            if planned.plan.todo and not approve(planned):
                return planned, None
            writer = arrange(writer_of(task, clients, session, prepared))
            done = planned, carry_out(task, backend, planned.plan, writer)
    except BaseException as error:
        # To leave the lock or the clients may fail, too. What was written by then must be reported all the same.
        if done is not None:
            return done[0], broken_off(done[1], error, request.unforeseen)
        raise
    return done


def writer_of(task: Task, clients: Clients, session: StateSession, prepared: PreparedPlan) -> ScopeWriter:
    """Return what writes a plan."""
    request = task.request
    return ScopeWriter(
        clients=clients,
        session=session,
        vault=prepared.vault,
        repos=prepared.repos,
        keys=PublicKeys(prepared.keys),
        stop=request.stop,
        confirming=Confirming(prepared.cost, always=request.confirm),
        key_ids=prepared.key_ids,
        origin=origin_of(request.environ, task.manifest.folder),
        unforeseen=request.unforeseen,
    )


def carry_out(
    task: Task,
    backend: StateBackend,
    plan: Plan,
    writer: ScopeWriter,
    note: Callable[[StateSession], None] = lambda _: None,
) -> Report:
    """Write the plan and return what became of it. Raises only before the first write.

    note: keeps something in the state before the first write.
    """
    request, session = task.request, writer.session
    # An approval may take hours, so the repos are looked up again. `Ids()` compares nothing; require_same does.
    if plan.todo and request.asks:
        require_same(writer.repos, identify(writer.clients, plan, Ids(), jobs=request.jobs, stop=request.stop))
    if plan.todo:
        narrow(writer.clients, plan.todo, writer.repos)
        session.begin([change.address.of_value for change in plan.todo])
    note(session)
    session.adopt_manifests(written_from(session.state, backend.names, request.allowed))
    admit(task.places, session, {change.address for change in plan.todo if request.allowed.new_repos}, task.holders)
    tidy(plan, session)
    write_all(plan, writer, jobs=request.jobs, progress=request.progress)
    return account(plan, writer)
