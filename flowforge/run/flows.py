"""The flow of every command that asks GitHub, readable top to bottom: here the parts are put together."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from flowforge.github.secrets import PublicKeys
from flowforge.plan.adoption import Adopted, Adoption, adoption_of
from flowforge.plan.decide import Plan
from flowforge.plan.repo_list import RepoList
from flowforge.plan.report import Report
from flowforge.run.plan_file.basis import basis, manifests_of
from flowforge.run.plan_file.saved import SavedPlan
from flowforge.run.planning import prepare
from flowforge.run.request import Planned, Request
from flowforge.run.task import Task
from flowforge.state.branch import StateChangedError
from flowforge.steps import adopt as adopting
from flowforge.steps.apply.executor import tidy, write_all
from flowforge.steps.apply.finish import fold, written_from
from flowforge.steps.apply.preconditions import refuse, require_same, require_values
from flowforge.steps.apply.results import account, broken_off
from flowforge.steps.apply.writer import ScopeWriter
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.refresh.admission import admit, chosen_by
from flowforge.steps.refresh.observe import Ids, identify

# Others may write the state as often while one run plans; then it is left to a person.
_TRIES: Final = 3


def plan(request: Request) -> Planned:
    """Say what apply would do. Writes nothing, neither to GitHub nor to the state."""
    return plan_to_save(request)[0]


def plan_to_save(request: Request) -> tuple[Planned, Callable[[], SavedPlan]]:
    """Plan, and give what makes the file that `apply` carries out."""
    task = Task.of(request)
    with task.signed_in() as client, task.backend(client) as backend:
        state = backend.read()
        task = task.found(client)
        prepared = prepare(task, backend, state, client, fresh=False)
        return prepared.planned, lambda: SavedPlan(basis(task, backend, state, prepared, str(client.api)))


def list_repos(request: Request) -> RepoList:
    """Say who the manifest is about, and by which line; asks GitHub for nothing else, and nothing without selectors."""
    task = Task.of(request)
    with task.backend() as backend:
        state = backend.read()
    if task.selectors:
        with task.signed_in() as client:
            task = task.found(client)
    select = task.chooser(state)
    admitted = task.admitted(state)
    choices = {choice for place in task.places if select(place.address) for choice in chosen_by(place, admitted)}
    return RepoList(tuple(sorted(choices)), task.unresolved, (*task.manifest.warnings, *task.warnings))


def apply(
    request: Request,
    show: Callable[[Planned], None],
    approve: Callable[[Planned], bool],
    saved: SavedPlan | None = None,
    arrange: Callable[[ScopeWriter], ScopeWriter] = lambda writer: writer,
) -> tuple[Planned, Report | None]:
    """Make GitHub match the manifest. Gives no report where `approve` said no.

    saved: what is carried out; the request has its flags. UsageError unless planning again comes to the same.
    arrange: puts other parts into the writer, such as ones that fail.
    Where another run wrote the state between the plan and the first write, and nobody was asked, it is planned again.
    Raises RefusedError when a brake holds and SourceError when a value is missing and `keep_going` is not set; the
    plan was shown and nothing was written then. Raises nothing once something was sent: the report has it.
    """
    for _ in range(_TRIES):
        try:
            return _apply(request, show, approve, saved, arrange)
        except StateChangedError as moved:
            if request.asks:
                raise
            request.notify(f"{moved.problems[0].what}: planning again")
    return _apply(request, show, approve, saved, arrange)


def _apply(
    request: Request,
    show: Callable[[Planned], None],
    approve: Callable[[Planned], bool],
    saved: SavedPlan | None,
    arrange: Callable[[ScopeWriter], ScopeWriter],
) -> tuple[Planned, Report | None]:
    task = Task.of(request)
    if saved is not None:
        saved.require_manifests(manifests_of(task.manifest))
    fresh = saved.fresh if saved is not None else None
    done: tuple[Planned, Report] | None = None
    try:
        with (
            task.signed_in() as client,
            task.backend(client) as backend,
            backend.open(request.lock_timeout, fresh=fresh) as session,
        ):
            task = task.found(client)
            # Where a person is asked, all is looked up again after the answer; else what is about to be written is
            # fresh.
            prepared = prepare(task, backend, session.state, client, fresh=not request.asks)
            planned = prepared.planned
            if saved is not None:
                saved.require_unmoved(basis(task, backend, session.state, prepared, str(client.api)))
            show(planned)
            refuse(planned.plan, planned.brakes, keep_going=request.keep_going)
            if planned.plan.todo and not approve(planned):
                return planned, None
            keys = PublicKeys(client)
            parts = (client, session, prepared.vault, prepared.repos, keys, request.stop, request.unforeseen)
            done = planned, _carry_out(task, backend, planned.plan, arrange(ScopeWriter(*parts)))
    except BaseException as error:
        if done is not None:
            return done[0], broken_off(done[1], error, request.unforeseen)
        raise
    return done


def _carry_out(task: Task, backend: StateBackend, plan: Plan, writer: ScopeWriter) -> Report:
    """Write the plan. What is raised before the first write is raised here, and nothing after it."""
    request, session = task.request, writer.session
    if plan.todo and request.asks:
        require_same(writer.repos, identify(writer.client, plan, Ids(), jobs=request.jobs, stop=request.stop))
    if plan.todo:
        session.begin([change.address.of_value for change in plan.todo])
    session.adopt_manifests(written_from(session.state, backend.names, request.allowed))
    admit(task.places, session, {change.address for change in plan.todo if request.allowed.new_repos}, task.holders)
    tidy(plan, session)
    write_all(plan, writer, jobs=request.jobs, progress=request.progress)
    return account(plan, writer)


def adopt(
    request: Request, show: Callable[[Planned, Adoption], None], approve: Callable[[Adoption], bool]
) -> Adopted | None:
    """Record what is there, wanted and not remembered, as assumed to hold today's value. Writes nothing to GitHub.

    Gives None where `approve` said no. Raises SourceError when a value is missing; nothing was recorded then.
    """
    task = Task.of(request)
    with task.signed_in() as client, task.backend(client) as backend, backend.open(request.lock_timeout) as session:
        task = task.found(client)
        prepared = prepare(task, backend, session.state, client, fresh=False)
        adoption = adoption_of(prepared.planned.plan)
        show(prepared.planned, adoption)
        require_values(prepared.planned.plan)
        if not adoption.taken:
            return Adopted(adoption)
        ids = adopting.identities(client, adoption, prepared.repos, jobs=request.jobs, stop=request.stop)
        if not approve(adoption):
            return None
        session.begin([each.change.address for each in adoption.taken])
        session.adopt_manifests(written_from(session.state, backend.names, request.allowed))
        admit(task.places, session, (), task.holders)
        done = adopting.record(adoption.taken, session, ids, request.stop)
        problems, warnings = fold(session)
        # What the state did not take in the end is remembered nowhere: nothing was written that could be pending.
        return Adopted(replace(adoption, taken=() if problems else done), request.stop.is_set(), problems, warnings)
