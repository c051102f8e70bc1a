"""The flow of every command that asks GitHub, readable top to bottom: here the parts are put together."""

from collections.abc import Callable
from dataclasses import replace

from flowforge.github.secrets import Keys
from flowforge.plan.adoption import Adopted, Adoption, adoption_of
from flowforge.plan.chosen import Roll
from flowforge.plan.report import Report, settle
from flowforge.run.basis import basis, manifests_of
from flowforge.run.prepare import prepare
from flowforge.run.request import Planned, Request
from flowforge.run.saved import SavedPlan
from flowforge.run.task import Task
from flowforge.state.file import StateFile, manifest_names
from flowforge.steps import adopt as adopting
from flowforge.steps.admit import admit, chosen_by
from flowforge.steps.observe import Ids, identify
from flowforge.steps.refuse import refuse, require_same, require_values
from flowforge.steps.remember import fold, written_from
from flowforge.steps.write import Writer
from flowforge.steps.write_all import recorded_after_all, tidy, write_all


def plan(request: Request) -> Planned:
    """Say what apply would do. Writes nothing, neither to GitHub nor to the state."""
    return plan_to_save(request)[0]


def plan_to_save(request: Request) -> tuple[Planned, Callable[[], SavedPlan]]:
    """Plan, and give what makes the file that `apply` carries out."""
    task = Task.of(request)
    state = StateFile.read(task.manifest.state_file)
    with task.signed_in() as client:
        task = task.found(client)
        prepared = prepare(task, state, client, fresh=False)
        return prepared.planned, lambda: SavedPlan(basis(task, state, prepared, str(client.api)))


def list_repos(request: Request) -> Roll:
    """Say who the manifest is about, and by which line; asks GitHub for nothing else, and nothing without selectors."""
    task = Task.of(request)
    state = StateFile.read(task.manifest.state_file)
    if task.selectors:
        with task.signed_in() as client:
            task = task.found(client)
    select = task.chooser(state)
    admitted = task.admitted(state)
    choices = {choice for place in task.places if select(place.address) for choice in chosen_by(place, admitted)}
    return Roll(tuple(sorted(choices)), task.unresolved, (*task.manifest.warnings, *task.warnings))


def apply(
    request: Request,
    show: Callable[[Planned], None],
    approve: Callable[[Planned], bool],
    saved: SavedPlan | None = None,
) -> tuple[Planned, Report | None]:
    """Make GitHub match the manifest. Gives no report where `approve` said no.

    saved: what is carried out; the request has its flags. UsageError unless planning again comes to the same.

    Raises RefusedError when a brake holds and SourceError when a value is missing and `keep_going` is not set; the
    plan was shown and nothing was written then.
    """
    task = Task.of(request)
    state_file = task.manifest.state_file
    names = manifest_names(state_file, task.manifest.files)
    if saved is not None:
        saved.require_manifests(manifests_of(task.manifest))
    fresh = saved.fresh if saved is not None else None
    with StateFile.open(state_file, manifests=names, fresh=fresh) as memory, task.signed_in() as client:
        task = task.found(client)
        # Where a person is asked, all is looked up again after the answer; else what is about to be written is fresh.
        prepared = prepare(task, memory.state, client, fresh=not request.asks)
        planned = prepared.planned
        if saved is not None:
            saved.require_unmoved(basis(task, memory.state, prepared, str(client.api)))
        show(planned)
        refuse(planned.plan, planned.brakes, keep_going=request.keep_going)
        if planned.plan.todo and not approve(planned):
            return planned, None
        if planned.plan.todo and request.asks:
            require_same(prepared.repos, identify(client, planned.plan, Ids(), jobs=request.jobs, stop=request.stop))
        if planned.plan.todo:
            memory.begin()
        memory.adopt_manifests(written_from(memory.state, names, request.allowed))
        allowed = {change.address for change in planned.plan.todo if request.allowed.new_repos}
        admit(task.places, memory, allowed, task.holders)
        tidy(planned.plan, memory)
        writer = Writer(client, memory, prepared.vault, prepared.repos, Keys(client), request.stop)
        results = write_all(planned.plan, writer, jobs=request.jobs, progress=request.progress)
        problems, warnings = fold(memory)
        return planned, settle(
            planned.plan,
            recorded_after_all(results, planned.plan, memory.unrecorded),
            interrupted=request.stop.is_set(),
            problems=problems,
            warnings=warnings,
            untouched=writer.untouched,
        )


def adopt(
    request: Request, show: Callable[[Planned, Adoption], None], approve: Callable[[Adoption], bool]
) -> Adopted | None:
    """Record what is there, wanted and not remembered, as assumed to hold today's value. Writes nothing to GitHub.

    Gives None where `approve` said no. Raises SourceError when a value is missing; nothing was recorded then.
    """
    task = Task.of(request)
    state_file = task.manifest.state_file
    names = manifest_names(state_file, task.manifest.files)
    with StateFile.open(state_file, manifests=names) as memory, task.signed_in() as client:
        prepared = prepare(task.found(client), memory.state, client, fresh=False)
        adoption = adoption_of(prepared.planned.plan)
        show(prepared.planned, adoption)
        require_values(prepared.planned.plan)
        if not adoption.taken:
            return Adopted(adoption)
        ids = adopting.identities(client, adoption, prepared.repos, jobs=request.jobs, stop=request.stop)
        if not approve(adoption):
            return None
        memory.begin()
        memory.adopt_manifests(written_from(memory.state, names, request.allowed))
        done = adopting.record(adoption.taken, memory, ids, request.stop)
        problems, warnings = fold(memory)
        return Adopted(replace(adoption, taken=done), request.stop.is_set(), problems, warnings)
