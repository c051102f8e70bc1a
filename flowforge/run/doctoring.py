"""The flow of `doctor`: look at everything that a run would meet, in that order, and write nothing."""

from collections.abc import Collection, Iterator
from pathlib import Path

from flowforge.errors import FlowForgeError, Where
from flowforge.github.clients import Clients
from flowforge.manifest.github_settings import GitHubSettings
from flowforge.plan.diagnosis import Checkup, Diagnosis, of_error, of_unreadable, unknown, well
from flowforge.run.request import Request
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
    task, found = _task(request)
    lines += [*found, *look_at_verify(task.manifest if task else None, request.environ)]
    try:
        # Line by line: what was found before an error counts, too.
        lines.extend(_asked(request, task))
    except FlowForgeError as error:
        lines += of_error("token", error)
    return Checkup(tuple(dict.fromkeys(lines)), task.host if task else "")


def _task(request: Request) -> tuple[Task | None, list[Diagnosis]]:
    if not request.manifests:
        return None, [unknown("manifest", "there is no flowforge.yaml here, so its places are not looked at")]
    try:
        task = Task.of(request)
    except FlowForgeError as error:
        return None, of_error("manifest", error)
    count, manifest = len(task.places), task.manifest
    said = well("manifest", f"it is valid, and names {count:,} {'secret' if count == 1 else 'secrets'}")
    return task, [said, *look_at_schema(manifest), *look_at_sources(manifest, request.environ)]


def _asked(request: Request, task: Task | None) -> Iterator[Diagnosis]:
    """Look at what takes a token: GitHub, and a state that may be kept there."""
    if task is None:
        context = Context(request.environ, Path.cwd(), stop=request.stop, notify=request.notify)
        with sign_in(GitHubSettings("", Where("")), context=context, limits=limits_of(request)) as clients:
            yield from _tokens(clients, [""])
        return
    with task.signed_in() as clients:
        owners = sorted({place.address.scope.repo.owner for place in task.places}, key=str.lower) or [""]
        tokens = _tokens(clients, owners)
        yield from tokens
        kept, state = _state(task, clients)
        yield from kept
        if any(each.code for each in tokens):
            yield unknown("places", "without a token that works they are not looked at")
        else:
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
    known = [place for place in task.places if place.unread is None]
    if not known:
        return unresolved
    return unresolved + look_at_places(clients, known, jobs=request.jobs, stop=request.stop, progress=request.progress)
