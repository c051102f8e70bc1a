"""What a run has to do: the request, the manifest, and the repos that its selectors find."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import field, replace
from typing import Final

from flowforge.api_address import host_for_people
from flowforge.credentials import workload_identity
from flowforge.data_class import dataclass
from flowforge.errors import Problem, UsageError
from flowforge.github.clients import Clients
from flowforge.github.pace import Pace
from flowforge.github.permissions import ACTIONS, AccessLevel, Needs, joined
from flowforge.manifest.expand import expand_with, holders_of, members_of, selectors_of
from flowforge.manifest.model import Manifest, StateSettings
from flowforge.manifest.places import Place
from flowforge.manifest.selector import Selector
from flowforge.offline import validate
from flowforge.on_demand import load
from flowforge.paths import Confinement
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo, Store
from flowforge.plan.facts import Unreadable, Unresolved
from flowforge.run.owner import OTHER_OWNER, concerns, for_owner, of_one_owner, stranger
from flowforge.run.request import Request
from flowforge.run.states_left import has_file
from flowforge.sources import Context
from flowforge.state.model import State
from flowforge.steps.backend.state_backend import StateBackend, backend_of
from flowforge.steps.refresh.admission import AdmittedRepos, admitted_by
from flowforge.steps.refresh.line_filter import LineFilter
from flowforge.steps.refresh.repo_lists import RepoLists, read_lists
from flowforge.steps.refresh.selected import Selected
from flowforge.steps.session import RunLimits, sign_in
from flowforge.steps.token_needs import to_read
from flowforge.steps.values.resolver import concealed
from flowforge.steps.values.state_key import read_key
from flowforge.vault import StateKey

_NOT_ASKED: Final = Unreadable(
    Why.NOT_ASKED, "which repos a selector finds is not known offline", "run the plan without --offline to know it"
)


@dataclass(frozen=True, slots=True)
class Task:
    """What a run has to do. It begins without the repos that selectors find; `with_selected_repos` adds them."""

    request: Request
    """What the command line asks for."""
    manifest: Manifest
    """The manifest as it was read."""
    places: tuple[Place, ...]
    """The manifest expanded: one place for each secret that it names."""
    context: Context
    """Where and how values are read."""
    warnings: dict[str, None]
    """What sources and selectors warned of, each once: the keys, in order."""
    lists: RepoLists
    """The files that --limit and --exclude name, read once: another plan of the same run has the same lines."""
    unresolved: tuple[Unresolved, ...] = ()
    """The entries whose repos cannot be known."""
    selected: Selected = field(default_factory=Selected)
    """What the selectors found."""
    stranger: Problem | None = None
    """What is wrong with the owner of the run, unless it has a state."""
    others: int = 0
    """How many places and selectors of the manifest are of owners who have states of their own."""

    @classmethod
    def of(cls, request: Request) -> "Task":
        """Read the manifest and return the task. Raises ManifestError, TrustError and UsageError."""
        whole = cls.of_all_owners(request)
        unknown = stranger(whole.manifest, whole.places, request.owner)
        task = _of_owner(whole)
        if unknown is None or (whole.manifest.state.per_owner and has_file(task.manifest.state)):
            return task
        if whole.manifest.state.branch is None or not whole.manifest.state.per_owner:
            raise UsageError(unknown)
        # Whether there is a state on a branch GitHub alone can say: see `backend_under`.
        return replace(task, stranger=unknown)

    @classmethod
    def of_state(cls, request: Request) -> "Task":
        """Return the task of a run that is about a state alone, whomever the manifest names. Raises as `of` does."""
        return _of_owner(cls.of_all_owners(request))

    def of_owner(self, owner: str) -> "Task":
        """Return the task of one owner's state, from that of all owners. owner: in lower case."""
        return _of_owner(replace(self, request=replace(self.request, owner=owner)))

    @classmethod
    def of_all_owners(cls, request: Request) -> "Task":
        """Return the task of a run that needs no state, which each owner may have one of. Raises as `of` does."""
        manifest, places = validate(request.manifests, request.environ)
        # A dictionary is a set that keeps its order, and sources add to it until the run ends.
        warnings: dict[str, None] = {}
        context = Context(
            request.environ,
            manifest.folder,
            interactive=request.interactive,
            concealed=concealed(manifest, places, request.environ),
            stop=request.stop,
            notify=request.notify,
            warn=warnings.setdefault,
            hidden=request.hidden,
        )
        lists = read_lists(request.patterns, manifest.groups, Confinement.of(request.environ))
        return cls(request, manifest, places, context, warnings, lists)

    def signed_in(self) -> AbstractContextManager[Clients]:
        """Return the clients of the run, to be entered."""
        return sign_in(self.manifest.github, context=self.context, limits=self._limits)

    def backend(self, clients: Clients | None = None) -> AbstractContextManager[StateBackend]:
        """Return the state's backend, to be entered. It signs in by itself where it needs GitHub and gets no client."""
        return self.backend_under(self.key(), clients)

    @contextmanager
    def backend_under(
        self, key: StateKey | None, clients: Clients | None = None, settings: StateSettings | None = None
    ) -> Iterator[StateBackend]:
        """Yield the state's backend with this key, or without one. settings: another place than the manifest's.

        Raises UsageError FF034 where neither the manifest nor a state knows the owner of the run.
        """
        manifest = replace(self.manifest, state=settings or self.manifest.state)
        with backend_of(manifest, clients, self.context, self._limits, key) as backend:
            if self.stranger is not None and backend.find() is None:
                raise UsageError(self.stranger)
            yield backend

    def key(self) -> StateKey | None:
        """Return the state's key; None where it has none. Raises SourceError."""
        return read_key(self.manifest.state.key, self.context)

    @property
    def _limits(self) -> RunLimits:
        return limits_of(self.request)

    def to_read(self, state: State) -> Needs:
        """Return what the tokens of a plan must be able to read."""
        needs = to_read(self.manifest, self.selectors, state.remembered)
        # What the subject of a repo's OIDC tokens looks like is asked where it is given a workload identity.
        needs = joined(needs, {ACTIONS: AccessLevel.READ}) if self._has_identity else needs
        reads_workflows = self.audits or self._may_hold
        return joined(needs, load("flowforge.github.permission_table").TO_AUDIT) if reads_workflows else needs

    @property
    def audits(self) -> bool:
        """Whether a plan reads the workflows of the repos that it would write."""
        return self.request.audit or self.manifest.audit

    @property
    def _may_hold(self) -> bool:
        """Whether a key may go beside a workload identity, which the workflows must take first."""
        stores = {store for each in self.manifest.absent for store in each.lists.stores}
        goes = self.request.prune or bool(stores - {Store.VARIABLES})
        return goes and self._has_identity

    @property
    def _has_identity(self) -> bool:
        """Whether the manifest has a workload identity."""
        return any(each.type == workload_identity.TYPE for each in self.manifest.credentials.values())

    @property
    def host(self) -> str:
        """The host that the manifest is about."""
        return host_for_people(self.manifest.github.api_url, self.request.environ)

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """The selectors to ask GitHub for: of the manifest's entries, and of groups that the command line names."""
        return selectors_of(self.manifest, [each[1:] for each in self.request.patterns if each.startswith("@")])

    @property
    def holders(self) -> Mapping[str, bool]:
        """The groups and entries whose selectors give secrets, each with whether it is known what they find."""
        found = self.selected.found
        return {name: isinstance(found.get(each), Mapping) for name, each in holders_of(self.manifest).items()}

    def admitted(self, state: State) -> AdmittedRepos:
        """Return the repos that each of the holders has admitted."""
        return admitted_by(self.holders, state.admitted)

    def with_selected_repos(self, clients: Clients) -> "Task":
        """Ask GitHub which repos the selectors find, and return the task with them."""
        request, selectors = self.request, self.selectors
        # Without selectors the manifest already names all repos, and GitHub is asked for none.
        if not selectors:
            return self
        asked = [each for each in selectors if concerns(each, request.owner)]
        select_repos = load("flowforge.steps.refresh.selectors").select_repos
        selected: Selected = select_repos(
            clients, asked, jobs=request.jobs, stop=request.stop, progress=request.progress
        )
        others = dict.fromkeys((each for each in selectors if each not in asked), OTHER_OWNER)
        return self._with(replace(selected, found={**selected.found, **others}))

    def with_unknown_repos(self) -> "Task":
        """Return the task for a run that asks nobody, so that it is not known what each selector finds."""
        return self._with(Selected(dict.fromkeys(self.selectors, _NOT_ASKED)))

    def _with(self, selected: Selected) -> "Task":
        expanded = expand_with(self.manifest, selected.found, self.request.environ)
        expanded = for_owner(self.manifest, expanded, self.request.owner)
        # The manifest is expanded a second time here, and would repeat what it warned of the first time.
        new = (warning for warning in expanded.warnings if warning not in self.manifest.warnings)
        self.warnings.update(dict.fromkeys((*selected.notes, *new)))
        context = replace(self.context, concealed=concealed(self.manifest, expanded.places, self.request.environ))
        return replace(self, places=expanded.places, context=context, unresolved=expanded.unresolved, selected=selected)

    def repos(self, state: State) -> set[Repo]:
        """Every repo that the manifest names or the state knows."""
        return {address.scope.repo for address in (*(place.address for place in self.places), *state.remembered)}

    @property
    def filter(self) -> LineFilter:
        """The filter that --limit, --exclude and --tags make."""
        request = self.request
        # Groups cost an expansion of their own, and are named on few command lines.
        named = any(pattern.startswith("@") for pattern in request.patterns)
        groups = members_of(self.manifest, self.selected.found) if named else {}
        tags = {tag for each in self.manifest.targets for tag in each.tags}
        tags |= {tag for each in self.manifest.absent for tag in each.tags}
        return LineFilter(
            request.limit, request.exclude, request.tags, groups, tags, self.unresolved, self.lists, request.owner
        )

    def chooser(self, state: State) -> Callable[[Address], bool]:
        """Return the function that decides whether the line of an address is planned. Raises UsageError."""
        return self.filter.chooser(self.repos(state), self.places)


def limits_of(request: Request) -> RunLimits:
    """Return what bounds a run."""
    return RunLimits(
        request.jobs,
        request.max_wait,
        request.notify,
        request.clock,
        request.cache,
        Pace(request.pace),
        request.waiting,
        request.pacers,
    )


def _of_owner(whole: Task) -> Task:
    """Return a task as far as it is about the state of the run's owner."""
    owner = whole.request.owner
    manifest, places = of_one_owner(whole.manifest, whole.places, owner)
    selectors = whole.selectors if whole.manifest.state.per_owner else ()
    others = len(whole.places) - len(places) + sum(not concerns(each, owner) for each in selectors)
    return replace(whole, manifest=manifest, places=places, others=others)
