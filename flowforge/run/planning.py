"""How a plan is made: `prepare` lists the verbs in order, and each verb stands below it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

from flowforge.github.clients import Clients
from flowforge.github.repos import RepoInfo
from flowforge.on_demand import load
from flowforge.plan.action import Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.decide import Plan, Situation, make_plan, unreadable_instead
from flowforge.plan.facts import Presence, Wanted
from flowforge.plan.ordering import Work
from flowforge.plan.rotation import Rotation
from flowforge.plan.safety import Estate, LeftBehind, brakes
from flowforge.run.leg import Leg
from flowforge.run.many_repos import notes_on_many
from flowforge.run.refreshing import Refreshed, Select, refresh
from flowforge.run.request import Planned
from flowforge.run.task import Task
from flowforge.run.verifying import without_refused
from flowforge.state.model import State
from flowforge.steps.apply.cost import Cost, pushes, work_of
from flowforge.steps.apply.sealing import remembered_keys
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.backend.transfer import left_behind, remembers, siblings
from flowforge.steps.permits import unpermitted
from flowforge.steps.refresh.accounts import users_among
from flowforge.steps.refresh.observe import Ids, identify, refused
from flowforge.steps.refresh.viewers import free_organizations
from flowforge.steps.values.resolver import Resolver, desired, with_overrides
from flowforge.steps.warnings.credential_warnings import advise, expiries
from flowforge.steps.warnings.ownership import contended, unmoved, unproven
from flowforge.steps.warnings.personal import in_doubt, known_users, readers_of, shared_personal
from flowforge.vault import Vault

if TYPE_CHECKING:
    from flowforge.run.planned_audit import PlannedAudit
    from flowforge.steps.verify.check import KeyCheck


@dataclass(frozen=True, slots=True)
class PreparedPlan:
    """A plan, the values that it would write, and who the repos are."""

    planned: Planned
    vault: Vault
    repos: Mapping[Repo, RepoInfo]
    keys: Mapping[Scope, str]
    """The public keys that earlier runs have remembered, by their scopes."""
    cost: Callable[[Iterable[Work]], Cost]
    """Returns what writes take."""


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
    keys: Mapping[Scope, str]
    """The public keys that earlier runs have remembered, by their scopes."""


def prepare(
    task: Task,
    backend: StateBackend,
    state: State,
    clients: Clients,
    *,
    fresh: bool,
    records_only: bool = False,
    carried_out: bool = False,
    check: "KeyCheck | None" = None,
    leg: Leg | None = None,
) -> PreparedPlan:
    """Return the plan of a run: what `plan` shows and what `apply` carries out.

    fresh: whether to look up again the repos that selectors have listed, as the writes follow at once. records_only:
    whether nothing of it is written to GitHub, so that no permission is needed for that. carried_out: whether it is
    written, so that nothing of an earlier run's may stand behind a write. check: what Anthropic is asked about the keys
    that would be written. leg: the part of a rotation that is planned, where it is one.
    """
    select = task.chooser(state) if leg is None else leg.narrows(task.chooser(state))
    resolver = Resolver(task.context, backend.fingerprinter(state)) if leg is None else leg.resolver
    rotations = state.rotations if leg is None else leg.others(state.rotations)
    wanted = desire(task, state, select, resolver)
    refreshed = refresh(task, state, select, clients, wanted, carried_out=carried_out)
    decided = decide(
        task, state, select, clients, refreshed, fresh=fresh, records_only=records_only, rotations=rotations
    )
    decided, told = verify(decided, check, resolver.vault, select)
    audited = audit(task, clients, decided)
    hiding = audited.hiding if audited else frozenset()
    warnings = warn(task, clients, decided, keyed=backend.key is not None, hiding=hiding)
    cost = price(task, backend, clients, decided)
    measured = estate(task, backend, state, beside(task, backend, state, clients, decided.plan))
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
        known_lists=(clients.lists.asked, clients.lists.unchanged),
        host=task.host,
        audits=audited.failing if audited else None,
    )
    cost_of = partial(Cost.of, seen=decided.situation.seen, keys=decided.keys)
    return PreparedPlan(planned, resolver.vault, decided.repos, decided.keys, cost_of)


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
    plan = replace(plan, expiries=expiries(task.manifest.credentials.values(), today()))
    return Decided(plan, situation, repos, remembered_keys(state.records, repos, situation.seen))


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


def audit(task: Task, clients: Clients, decided: Decided) -> "PlannedAudit | None":
    """Return what the workflows say of the repos that the plan would write; None where nobody asked for it."""
    # Most plans do without it, and its readers take an eighth of a plan's start.
    if not task.audits:
        return None
    audited: PlannedAudit = load("flowforge.run.planned_audit").audit_planned(
        task, clients, decided.plan, decided.situation
    )
    return audited


def warn(task: Task, clients: Clients, decided: Decided, *, keyed: bool, hiding: Collection[Repo]) -> tuple[str, ...]:
    """Return what a person should know of the plan; three of these ask GitHub something. keyed: the state has a key.

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
        *notes_on_many(request, clients, plan, situation.seen, repos=decided.repos, keys=decided.keys),
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


def price(task: Task, backend: StateBackend, clients: Clients, decided: Decided) -> Price:
    """Return what applying the plan takes at GitHub, with the pushes of a state that is kept on a branch."""
    seen, plan = decided.situation.seen, decided.plan
    lanes = work_of(plan, clients)
    costs: dict[str, Cost] = {}
    for lane, stages in lanes.items():
        pacer = clients.of(lane).pacer
        costs[lane] = Cost.of(stages, seen, decided.keys).listed(confirm=task.request.confirm, has_room=pacer.has_room)
    # The owners whose tokens differ are written side by side, so the longest of them counts.
    waits = [clients.of(lane).pacer.estimate(each.points, each.writes) for lane, each in costs.items()]
    for lane, each in costs.items():
        # So that they can tell how long the rest takes, once it is written.
        clients.of(lane).pacer.expect(each.points, each.writes)
    times = pushes(plan, [stage for stages in lanes.values() for stage in stages], decided.situation.remembered)
    kept = Cost(writes=backend.requests_of(times))
    return Price(sum(costs.values(), kept).requests, max([backend.estimate(kept.points, kept.writes), *waits]))


def beside(task: Task, backend: StateBackend, state: State, clients: Clients, plan: Plan) -> LeftBehind | None:
    """Return the state of the same files under another name that remembers what would be taken over.

    It is looked for only where nothing is remembered, and something is there already.
    """
    taken = {change.address for change in plan.changes if change.reason is Reason.NEVER_APPLIED}
    for settings in siblings(task.manifest) if taken and not state.remembered else ():
        with task.backend_under(backend.key, clients, settings) as other:
            found = remembers(settings, other, taken)
        if found is not None:
            return found
    return None


def estate(task: Task, backend: StateBackend, state: State, renamed: LeftBehind | None = None) -> Estate:
    """Return what the brakes measure a plan against. renamed: the state of the same files under another name."""
    # Counted before --limit: a filter must not turn two deletes of a fleet into all that there is.
    return Estate(
        managed=len(state.records),
        wanted=len(task.places) + len(task.unresolved),
        wanted_present=sum(place.presence is Presence.PRESENT for place in task.places),
        state_file=backend.where,
        manifests=backend.names,
        recorded_manifests=state.manifests,
        prune=task.request.prune,
        left_behind=left_behind(task.manifest.state, backend, state) or renamed,
    )
