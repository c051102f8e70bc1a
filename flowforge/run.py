"""The flow of every command that asks GitHub, readable top to bottom: here the parts are put together."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from flowforge.github.http import Client
from flowforge.github.repos import RepoInfo
from flowforge.github.secrets import Keys
from flowforge.manifest.expand import Place, expand_with, members_of, selectors_of
from flowforge.manifest.model import Manifest, Selector
from flowforge.offline import validate
from flowforge.plan.address import Address, Repo
from flowforge.plan.chosen import Roll
from flowforge.plan.decide import Plan, Situation, make_plan, unreadable_instead
from flowforge.plan.facts import Presence, Unresolved
from flowforge.plan.report import Report, settle
from flowforge.plan.safety import Allowed, Brake, Estate, brakes
from flowforge.sources import Context
from flowforge.state.file import StateFile, manifest_names
from flowforge.state.model import State
from flowforge.steps.admit import admit, chosen_by
from flowforge.steps.advise import advise
from flowforge.steps.audiences import free_organizations, identify_viewers
from flowforge.steps.choose import Filter
from flowforge.steps.cost import Cost
from flowforge.steps.observe import Ids, identify, observe, refused
from flowforge.steps.progress import Progress, silent
from flowforge.steps.refuse import refuse, require_same
from flowforge.steps.remember import fold, written_from
from flowforge.steps.resolve import Resolver, concealed, want
from flowforge.steps.select import Selected, select_repos
from flowforge.steps.sign_in import sign_in
from flowforge.steps.write import Writer, recorded_after_all, tidy, write_all
from flowforge.vault import Fingerprinter, Vault


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for.

    asks: whether a person is asked, so that time passes before the writes. interactive: whether a person is there to
    be asked for a value. `stop` ends the run early; `progress` and `notify` are told what goes on.
    """

    manifests: tuple[Path, ...]
    # Not in the repr: values come from it.
    environ: Mapping[str, str] = field(repr=False)
    limit: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    jobs: int = 32
    max_wait: float = 900.0
    tags: tuple[str, ...] = ()
    skip_values: bool = False
    prune: bool = False
    keep_going: bool = False
    asks: bool = False
    interactive: bool = False
    allowed: Allowed = field(default_factory=Allowed)
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Progress = silent
    notify: Callable[[str], None] = lambda _: None

    @property
    def patterns(self) -> tuple[str, ...]:
        """What chooses repos."""
        return (*self.limit, *self.exclude)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what surrounds it: what apply would refuse, warnings, and what it cost and will cost.

    requests: those the plan took. to_come: those that applying it takes. eta: seconds that needs at GitHub's limits.
    """

    plan: Plan
    brakes: tuple[Brake, ...]
    warnings: tuple[str, ...]
    requests: int
    to_come: int
    eta: float


@dataclass(frozen=True, slots=True)
class _Task:
    """What a run has to do: what was asked for, what the manifest says, and where values are read.

    warnings: what sources warned of, each once. unresolved: entries whose repos cannot be known. selected: what
    selectors found, nothing before `found`.
    """

    request: Request
    manifest: Manifest
    places: tuple[Place, ...]
    context: Context
    warnings: dict[str, None]
    unresolved: tuple[Unresolved, ...] = ()
    selected: Selected = field(default_factory=Selected)

    @classmethod
    def of(cls, request: Request) -> "_Task":
        manifest, places = validate(request.manifests, request.environ)
        warnings: dict[str, None] = {}
        context = Context(
            request.environ,
            manifest.folder,
            interactive=request.interactive,
            concealed=concealed(manifest, places),
            stop=request.stop,
            notify=request.notify,
            warn=warnings.setdefault,
        )
        return cls(request, manifest, places, context, warnings)

    def signed_in(self) -> AbstractContextManager[Client]:
        return sign_in(
            self.manifest.github,
            context=self.context,
            jobs=self.request.jobs,
            max_wait=self.request.max_wait,
            notify=self.request.notify,
        )

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """Those to be asked: of the manifest's entries, and of groups that the command line names."""
        return selectors_of(self.manifest, [each[1:] for each in self.request.patterns if each.startswith("@")])

    def found(self, client: Client) -> "_Task":
        """Ask which repos the selectors mean, and give the task with them."""
        request, selectors = self.request, self.selectors
        if not selectors:
            return self
        selected = select_repos(client, selectors, jobs=request.jobs, stop=request.stop, progress=request.progress)
        expanded = expand_with(self.manifest, selected.found, request.environ)
        new = (warning for warning in expanded.warnings if warning not in self.manifest.warnings)
        self.warnings.update(dict.fromkeys((*selected.notes, *new)))
        context = replace(self.context, concealed=concealed(self.manifest, expanded.places))
        return replace(self, places=expanded.places, context=context, unresolved=expanded.unresolved, selected=selected)


@dataclass(frozen=True, slots=True)
class _Prepared:
    planned: Planned
    vault: Vault
    repos: Mapping[Repo, RepoInfo]


def plan(request: Request) -> Planned:
    """Say what apply would do. Writes nothing, neither to GitHub nor to the state."""
    task = _Task.of(request)
    state = StateFile.read(task.manifest.state_file)
    with task.signed_in() as client:
        return _prepare(task.found(client), state, client, fresh=False).planned


def list_repos(request: Request) -> Roll:
    """Say who the manifest is about, and by which line; asks GitHub for nothing else, and nothing without selectors."""
    task = _Task.of(request)
    state = StateFile.read(task.manifest.state_file)
    if task.selectors:
        with task.signed_in() as client:
            task = task.found(client)
    select = _chooser(task, state)
    choices = {choice for place in task.places if select(place.address) for choice in chosen_by(place, state.admitted)}
    return Roll(tuple(sorted(choices)), task.unresolved, (*task.manifest.warnings, *task.warnings))


def apply(
    request: Request, show: Callable[[Planned], None], approve: Callable[[Planned], bool]
) -> tuple[Planned, Report | None]:
    """Make GitHub match the manifest. Gives no report where `approve` said no.

    Raises RefusedError when a brake holds and SourceError when a value is missing and `keep_going` is not set; the
    plan was shown and nothing was written then.
    """
    task = _Task.of(request)
    state_file = task.manifest.state_file
    names = manifest_names(state_file, task.manifest.files)
    with StateFile.open(state_file, manifests=names) as memory, task.signed_in() as client:
        task = task.found(client)
        # Where a person is asked, all is looked up again after the answer; else what is about to be written is fresh.
        prepared = _prepare(task, memory.state, client, fresh=not request.asks)
        planned = prepared.planned
        show(planned)
        refuse(planned.plan, planned.brakes, keep_going=request.keep_going)
        if planned.plan.todo and not approve(planned):
            return planned, None
        if planned.plan.todo and request.asks:
            require_same(prepared.repos, identify(client, planned.plan, Ids(), jobs=request.jobs, stop=request.stop))
        if planned.plan.todo:
            memory.begin()
        memory.adopt_manifests(written_from(memory.state, names, request.allowed))
        admit(task.places, memory, {change.address for change in planned.plan.todo if request.allowed.new_repos})
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


def _prepare(task: _Task, state: State, client: Client, *, fresh: bool) -> _Prepared:
    """Resolve, observe, decide; look up what would be written, and decide again with what that shows.

    fresh: whether what selectors' lists said of a repo, before all that, is too old for the look-up.
    """
    request, places, remembered = task.request, task.places, state.remembered
    select = _chooser(task, state)
    resolver = Resolver(task.context, Fingerprinter(state.salt))
    wanted = want(places, resolver, select=select, skip_values=request.skip_values, admitted=state.admitted)
    scopes = {address.scope for address in {*wanted, *remembered} if select(address)}
    creatable = {place.address.scope for place in places if place.creates_environment}
    seen = observe(
        client,
        scopes,
        creatable=creatable,
        audiences=[address for address, want in wanted.items() if want.audience],
        jobs=request.jobs,
        stop=request.stop,
        progress=request.progress,
    )
    viewers = identify_viewers(client, wanted, seen, jobs=request.jobs, stop=request.stop, known=task.selected.repos)
    wanted, known = viewers.wanted, {**task.selected.repos, **viewers.repos}
    situation = Situation(wanted, seen, remembered, request.prune, task.unresolved)
    draft = make_plan(situation, select=select)
    ids = Ids.of(state.records, places, task.selected.listed)
    repos = identify(client, draft, ids, jobs=request.jobs, stop=request.stop, known={} if fresh else known)
    seen = unreadable_instead(seen, refused(scopes, repos))
    decided = make_plan(replace(situation, seen=seen), select=select)
    warnings = (
        *_filter(task).unmatched(_repos(task, state)),
        *task.warnings,
        *resolver.warnings,
        *free_organizations(client, decided, jobs=request.jobs, stop=request.stop),
        *advise(
            task.manifest, wanted, seen, remembered, token_expires=client.token_expires, today=datetime.now(UTC).date()
        ),
    )
    cost = Cost.of(decided)
    planned = Planned(
        plan=decided,
        brakes=brakes(decided, _estate(task, state), request.allowed),
        warnings=warnings,
        requests=client.requests,
        to_come=cost.requests,
        eta=client.pacer.estimate(cost.points),
    )
    return _Prepared(
        planned, resolver.vault, {repo: info for repo, info in repos.items() if isinstance(info, RepoInfo)}
    )


def _repos(task: _Task, state: State) -> set[Repo]:
    return {address.scope.repo for address in (*(place.address for place in task.places), *state.remembered)}


def _filter(task: _Task) -> Filter:
    request = task.request
    named = any(pattern.startswith("@") for pattern in request.patterns)
    groups = members_of(task.manifest, task.selected.found) if named else {}
    tags = {tag for each in task.manifest.targets for tag in each.tags}
    tags |= {tag for each in task.manifest.absent for tag in each.tags}
    return Filter(request.limit, request.exclude, request.tags, groups, tags)


def _chooser(task: _Task, state: State) -> Callable[[Address], bool]:
    return _filter(task).chooser(_repos(task, state), task.places)


def _estate(task: _Task, state: State) -> Estate:
    return Estate(
        managed=len(state.records),
        wanted=len(task.places) + len(task.unresolved),
        wanted_present=sum(place.presence is Presence.PRESENT for place in task.places),
        state_file=str(task.manifest.state_file),
        manifests=manifest_names(task.manifest.state_file, task.manifest.files),
        recorded_manifests=state.manifests,
        prune=task.request.prune,
    )
