"""How a plan is made: `prepare` lists the verbs in order, and each verb stands below it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from flowforge.github.clients import Clients
from flowforge.github.repos import RepoInfo
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.decide import Plan, Situation, make_plan, unreadable_instead
from flowforge.plan.facts import Presence, Seen, Wanted
from flowforge.plan.rotation import Rotation
from flowforge.plan.safety import Estate, brakes
from flowforge.run.planned_audit import audit_planned, hides_identity, only_errors
from flowforge.run.request import Planned
from flowforge.run.task import Task
from flowforge.run.verifying import without_refused
from flowforge.state.model import State
from flowforge.steps.apply.cost import Cost, pushes, work_of
from flowforge.steps.apply.sealing import remembered_keys
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.backend.transfer import left_behind
from flowforge.steps.permits import unpermitted
from flowforge.steps.refresh.accounts import users_among
from flowforge.steps.refresh.observe import Ids, identify, observe, refused
from flowforge.steps.refresh.viewers import free_organizations, identify_viewers
from flowforge.steps.values.resolver import Resolver, desired, with_overrides
from flowforge.steps.warnings.credential_warnings import advise, expiries
from flowforge.steps.warnings.ownership import contended, unmoved, unproven
from flowforge.steps.warnings.personal import in_doubt, known_users, readers_of, shared_personal
from flowforge.vault import Vault

if TYPE_CHECKING:
    from flowforge.steps.verify.check import KeyCheck

# Whether the line of an address is planned: --limit, --exclude and --tags in one.
Select = Callable[[Address], bool]


@dataclass(frozen=True, slots=True)
class PreparedPlan:
    """A plan, the values that it would write, and who the repos are."""

    planned: Planned
    vault: Vault
    repos: Mapping[Repo, RepoInfo]
    keys: Mapping[Scope, str]
    """The public keys that earlier runs have remembered, by their scopes."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of a rotation that is planned by itself. Its lines wait for no rotation of their credential."""

    credential: str
    """The credential."""
    addresses: Collection[Address]
    """Its lines in this part."""
    resolver: Resolver
    """Has read its value, which stays the same for the whole walk."""

    def narrows(self, select: Select) -> Select:
        """Return the function that chooses the lines, among those that another one chooses."""
        return lambda address: address in self.addresses and select(address)

    def others(self, rotations: Mapping[str, Rotation]) -> Mapping[str, Rotation]:
        """Return the rotations that its lines wait for."""
        return {name: each for name, each in rotations.items() if name != self.credential}


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What GitHub has, and what is wanted there now that the repos that are to see a secret are known by their ids."""

    seen: Mapping[Scope, Seen]
    wanted: Mapping[Address, Wanted]
    repos: Mapping[Repo, RepoInfo]
    """The repos that this run has met in GitHub's answers, which need not be looked up again."""


@dataclass(frozen=True, slots=True)
class Price:
    """What the writes of a plan take."""

    requests: int
    """How many requests."""
    seconds: float
    """How long GitHub's limits make them take, answers excluded."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The plan and all that it stands on."""

    plan: Plan
    situation: Situation
    repos: Mapping[Repo, RepoInfo]
    """The repos that the plan would write, as they were looked up."""


def prepare(
    task: Task,
    backend: StateBackend,
    state: State,
    clients: Clients,
    *,
    fresh: bool,
    records_only: bool = False,
    check: "KeyCheck | None" = None,
    leg: Leg | None = None,
) -> PreparedPlan:
    """Return the plan of a run: what `plan` shows and what `apply` carries out.

    fresh: whether to look up again the repos that selectors have listed, as the writes follow at once. records_only:
    whether nothing of it is written to GitHub, so that no permission is needed for that. check: what Anthropic is asked
    about the keys that would be written. leg: the part of a rotation that is planned, where it is one.
    """
    select = task.chooser(state) if leg is None else leg.narrows(task.chooser(state))
    resolver = Resolver(task.context, backend.fingerprinter(state)) if leg is None else leg.resolver
    rotations = state.rotations if leg is None else leg.others(state.rotations)
    wanted = desire(task, state, select, resolver)
    refreshed = refresh(task, state, select, clients, wanted)
    decided = decide(
        task, state, select, clients, refreshed, fresh=fresh, records_only=records_only, rotations=rotations
    )
    decided, told = verify(decided, check, resolver.vault, select)
    audits = audit_planned(task, clients, decided.plan, decided.situation)
    warnings = warn(task, clients, decided, keyed=backend.key is not None, hiding=hides_identity(audits))
    keys = remembered_keys(state.records, decided.repos, decided.situation.seen)
    cost = price(task, backend, clients, decided, keys)
    measured = estate(task, backend, state)
    planned = Planned(
        plan=decided.plan,
        brakes=brakes(decided.plan, measured, task.request.allowed),
        warnings=(
            *task.filter.unmatched(task.repos(state)),
            *task.warnings,
            *resolver.warnings,
            *warnings,
            *told,
            *unmoved(measured),
        ),
        requests=clients.requests + backend.requests,
        to_come=cost.requests,
        eta=cost.seconds,
        host=task.host,
        audits=only_errors(audits) if task.audits else None,
    )
    return PreparedPlan(planned, resolver.vault, decided.repos, keys)


def desire(task: Task, state: State, select: Select, resolver: Resolver) -> Mapping[Address, Wanted]:
    """Return what the manifest wants of every secret that it names; the values of the selected ones are resolved."""
    request = task.request
    from_manifest = desired(
        task.places,
        resolver,
        select=select,
        skip_values=request.skip_values,
        admitted=task.admitted(state),
        shown=task.selected.shown,
    )
    return with_overrides(from_manifest, prove=request.prove, accept_drift=request.accept_drift)


def refresh(task: Task, state: State, select: Select, clients: Clients, wanted: Mapping[Address, Wanted]) -> Refreshed:
    """Ask GitHub for the list of every selected scope, and for the ids of the repos that are to see a secret."""
    request, listed = task.request, task.selected.repos
    seen = observe(
        clients,
        # What is only remembered is asked for, too: it may be an orphan that --prune deletes.
        {address.scope for address in {*wanted, *state.remembered} if select(address)},
        creatable={place.address.scope for place in task.places if place.creates_environment},
        audiences=[address for address, want in wanted.items() if want.audience],
        jobs=request.jobs,
        stop=request.stop,
        progress=request.progress,
    )
    viewers = identify_viewers(clients, wanted, seen, jobs=request.jobs, stop=request.stop, known=listed)
    return Refreshed(seen, viewers.wanted, {**listed, **viewers.repos})


def decide(
    task: Task,
    state: State,
    select: Select,
    clients: Clients,
    refreshed: Refreshed,
    *,
    fresh: bool,
    records_only: bool = False,
    rotations: Mapping[str, Rotation] | None = None,
) -> Decided:
    """Decide every line, look up the repos that would be written, and decide again with what that shows."""
    request = task.request
    first = Situation(
        refreshed.wanted, refreshed.seen, state.remembered, request.prune, task.unresolved, rotations or {}
    )
    # A list of secrets does not tell whether its repo was archived, renamed or created anew. To look up every repo of
    # a fleet would cost as much as the lists did, so only those are looked up that the first decision would write.
    tentative = make_plan(first, select=select)
    answers = identify(
        clients,
        tentative,
        Ids.of(state.records, task.places),
        jobs=request.jobs,
        stop=request.stop,
        known={} if fresh else refreshed.repos,
    )
    barred = {} if records_only else unpermitted(clients, tentative.changes)
    unusable = {**barred, **refused(first.seen, answers)}
    situation = replace(first, seen=unreadable_instead(first.seen, unusable))
    repos = {repo: info for repo, info in answers.items() if isinstance(info, RepoInfo)}
    plan = make_plan(situation, select=select)
    return Decided(replace(plan, expiries=expiries(task.manifest.credentials.values(), today())), situation, repos)


def verify(decided: Decided, check: "KeyCheck | None", vault: Vault, select: Select) -> tuple[Decided, tuple[str, ...]]:
    """Ask Anthropic about the keys that the plan would write, and decide once more without those that are dead.

    Return it with what a person should know. No more than what is written is asked about: each request sends a key.
    """
    if check is None:
        return decided, ()
    checked = check.ask(decided.plan, decided.situation.wanted, vault, today())
    situation = without_refused(decided.situation, checked)
    plan = make_plan(situation, select=select) if checked.refused else decided.plan
    return replace(decided, plan=replace(plan, expiries=checked.expiries), situation=situation), checked.warnings


def warn(task: Task, clients: Clients, decided: Decided, *, keyed: bool, hiding: Collection[Repo]) -> tuple[str, ...]:
    """Return what a person should know of the plan; two of these ask GitHub something. keyed: the state has a key.

    hiding: the repos in which a workflow passes a key beside its identity.
    """
    plan, situation, request = decided.plan, decided.situation, task.request
    readers = readers_of(situation.wanted, task.manifest.credentials)
    known = known_users(task.manifest)
    asked = users_among(clients, in_doubt(readers, known), jobs=request.jobs, stop=request.stop)
    users = {*asked, *(owner for owner, is_user in known.items() if is_user)}
    return (
        *contended(plan),
        *unproven(plan, keyed=keyed),
        *free_organizations(clients, plan, jobs=request.jobs, stop=request.stop),
        *advise(
            task.manifest,
            situation.wanted,
            situation.seen,
            situation.remembered,
            personal=shared_personal(readers, users),
            token_expires=[(client.owner, client.token_expires) for client in clients.all],
            today=today(),
            hiding=hiding,
        ),
    )


def today() -> date:
    """Return the day of the run. It is compared with days of the manifest, never with GitHub's times."""
    return datetime.now(UTC).date()


def price(task: Task, backend: StateBackend, clients: Clients, decided: Decided, keys: Collection[Scope]) -> Price:
    """Return what applying the plan takes at GitHub, with the pushes of a state that is kept on a branch."""
    seen, plan = decided.situation.seen, decided.plan
    lanes = work_of(plan, clients)
    costs: dict[str, Cost] = {}
    for lane, stages in lanes.items():
        whole = Cost.of(stages, seen, keys)
        listed = task.request.confirm or clients.of(lane).pacer.has_room(whole.points)
        costs[lane] = whole if listed else whole.without_lists
    # The owners whose tokens differ are written side by side, so the longest of them counts.
    waits = [clients.of(lane).pacer.estimate(each.points) for lane, each in costs.items()]
    times = pushes(plan, [stage for stages in lanes.values() for stage in stages], decided.situation.remembered)
    kept = Cost(writes=backend.requests_of(times))
    return Price(sum(costs.values(), kept).requests, max([backend.estimate(kept.points), *waits]))


def estate(task: Task, backend: StateBackend, state: State) -> Estate:
    """Return what the brakes measure a plan against."""
    # Counted before --limit: a filter must not turn two deletes of a fleet into all that there is.
    return Estate(
        managed=len(state.records),
        wanted=len(task.places) + len(task.unresolved),
        wanted_present=sum(place.presence is Presence.PRESENT for place in task.places),
        state_file=backend.where,
        manifests=backend.names,
        recorded_manifests=state.manifests,
        prune=task.request.prune,
        left_behind=left_behind(task.manifest.state, backend, state),
    )
