"""The flow of `doctor`: look at everything that a run would meet, in that order, and write nothing."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from flowforge.errors import FlowForgeError, Where
from flowforge.github.clients import Clients
from flowforge.manifest.github_settings import GitHubSettings
from flowforge.manifest.places import Place
from flowforge.plan.diagnosis import Checkup, Diagnosis, of_error, of_unreadable, unknown, well
from flowforge.run.owner import owners_of
from flowforge.run.request import Request
from flowforge.run.states_left import owners_left
from flowforge.run.task import Task, limits_of
from flowforge.sources import Context
from flowforge.state.model import State
from flowforge.steps.doctor.access import look_at_places, look_at_token, utc_now
from flowforge.steps.doctor.keeping import look_at_state
from flowforge.steps.doctor.machine import look_at_schema, look_at_sources, look_at_variables, look_at_verify
from flowforge.steps.session import sign_in


def doctor(request: Request, options: Collection[str]) -> Checkup:
    """Return what is well and what is wrong. Whatever would end a run is a line here, and the rest is looked at.

    options: the names of the variables that options of the command line have.
    """
    lines = look_at_variables(request.environ, options)
    tasks, found = _tasks(request)
    lines += [*found, *look_at_verify(tasks[0].manifest if tasks else None, request.environ)]
    try:
        # Line by line: what was found before an error counts, too.
        lines.extend(_asked(request, tasks))
    except FlowForgeError as error:
        lines += of_error("token", error)
    return Checkup(tuple(dict.fromkeys(lines)), tasks[0].host if tasks else "")


def _tasks(request: Request) -> tuple[list[Task], list[Diagnosis]]:
    """Return a task for each state that is looked at: none without a manifest that can be read."""
    if not request.manifests:
        return [], [unknown("manifest", "there is no flowforge.yaml here, so its places are not looked at")]
    try:
        whole = Task.of_all_owners(request)
        # Each owner's state where none is named; one at least, as FF033 says where the manifest names nobody.
        every = _owners(whole) if whole.manifest.state.per_owner and not request.owner else ()
        tasks = [whole.of_owner(owner) for owner in every] or [Task.of(request)]
    except FlowForgeError as error:
        return [], of_error("manifest", error)
    count, manifest = sum(len(_places_of(task)) for task in tasks), whole.manifest
    said = well("manifest", f"it is valid, and names {count:,} {'secret' if count == 1 else 'secrets'}")
    return tasks, [said, *look_at_schema(manifest), *look_at_sources(manifest, request.environ)]


def _owners(whole: Task) -> list[str]:
    """Return the owners of a manifest, and those of whom only a state is left."""
    named = owners_of(whole.manifest, whole.places)
    return sorted({*named, *(owner for owner, _ in owners_left(whole.manifest.state, named) if owner)})


def _places_of(task: Task) -> list[Place]:
    """Return the places that a task is about: where all owners share a state, --owner chooses among them."""
    owner = task.request.owner
    return [each for each in task.places if not owner or each.address.scope.repo.owner.lower() == owner]


def _asked(request: Request, tasks: Sequence[Task]) -> Iterator[Diagnosis]:
    """Look at what takes a token: GitHub, and states that may be kept there."""
    if not tasks:
        context = Context(request.environ, Path.cwd(), stop=request.stop, notify=request.notify)
        with sign_in(GitHubSettings("", Where("")), context=context, limits=limits_of(request)) as clients:
            yield from _tokens(clients, [""])
        return
    with tasks[0].signed_in() as clients:
        owners = {place.address.scope.repo.owner for task in tasks for place in _places_of(task)}
        tokens = _tokens(clients, sorted(owners, key=str.lower) or [request.owner])
        yield from tokens
        states: list[State | None] = []
        for task in tasks:
            kept, state = _state(task, clients)
            states.append(state)
            yield from kept
        if any(each.code for each in tokens):
            yield unknown("places", "without a token that works they are not looked at")
            return
        for task, state in zip(tasks, states, strict=True):
            yield from _places(task.with_selected_repos(clients), clients, state or State.fresh())


def _tokens(clients: Clients, owners: Collection[str]) -> list[Diagnosis]:
    lanes = {clients.lane(owner): owner for owner in reversed([*owners])}
    lines: list[Diagnosis] = []
    for lane, owner in sorted(lanes.items()):
        try:
            lines += look_at_token(clients.of(owner), lane, utc_now())
        except FlowForgeError as error:
            lines += of_error("token", error)
    return lines


def _state(task: Task, clients: Clients) -> tuple[list[Diagnosis], State | None]:
    try:
        with task.backend(clients) as backend:
            return look_at_state(backend)
    except FlowForgeError as error:
        return of_error("state", error), None


def _places(task: Task, clients: Clients, state: State) -> list[Diagnosis]:
    request = task.request
    clients.need(task.to_read(state))
    unresolved = of_unreadable("places", {each.entry: each.unreadable for each in task.unresolved})
    known = [place for place in _places_of(task) if place.unread is None]
    if not known:
        return unresolved
    return unresolved + look_at_places(clients, known, jobs=request.jobs, stop=request.stop, progress=request.progress)
