"""How a plan is made: `prepare` lists the verbs in order, and each verb stands below it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.github.repos import RepoInfo
from flowforge.on_demand import load
from flowforge.plan.action import Action
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.decide import Situation, make_plan, unreadable_instead
from flowforge.plan.facts import Wanted
from flowforge.plan.ordering import Work
from flowforge.plan.rotation import Rotation
from flowforge.plan.safety import brakes
from flowforge.plan.succession import Successor
from flowforge.run.decided import Decided
from flowforge.run.leg import Leg
from flowforge.run.many_repos import notes_on_many
from flowforge.run.pricing import beside, estate, price
from flowforge.run.refreshing import Refreshed, Select, refresh
from flowforge.run.request import Planned
from flowforge.run.task import Task
from flowforge.run.verifying import without_refused
from flowforge.state.model import State
from flowforge.steps.apply.cost import Cost
from flowforge.steps.apply.sealing import remembered_keys
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.refresh.accounts import users_among
from flowforge.steps.refresh.identities import has_identity
from flowforge.steps.refresh.observe import Ids, identify, refused
from flowforge.steps.refresh.viewers import free_organizations
from flowforge.steps.token_needs import unpermitted
from flowforge.steps.values.resolver import Resolver, desired, with_overrides
from flowforge.steps.warnings.credential_warnings import advise, expiries
from flowforge.steps.warnings.named_rule import named_rules
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
    """The plan, and what it stands on."""
    vault: Vault
    """The values, by their fingerprints."""
    repos: Mapping[Repo, RepoInfo]
    """What GitHub says of each repo."""
    keys: Mapping[Scope, str]
    """The public keys that earlier runs have remembered, by their scopes."""
    cost: Callable[[Iterable[Work]], Cost]
    """Returns what writes take."""
    key_ids: Mapping[str, str]
    """Anthropic's ids of the API keys among the values, where they are known, by their fingerprints."""


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
    decided, told, key_ids = verify(decided, check, resolver.vault, select)
    # Where nothing is written to GitHub nothing is deleted either, so nothing need be kept.
    decided = decided if records_only else hold(task, clients, decided, select)
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
    return PreparedPlan(planned, resolver.vault, decided.repos, decided.keys, cost_of, key_ids)


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
    wanted, seen = refreshed.wanted, refreshed.seen
    first = Situation(wanted, seen, state.remembered, request.prune, task.unresolved, rotations=rotations or {})
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


def verify(
    decided: Decided, check: "KeyCheck | None", vault: Vault, select: Select
) -> tuple[Decided, tuple[str, ...], Mapping[str, str]]:
    """Ask Anthropic about the keys that the plan would write, and decide once more without those that are dead.

    Return it with what a person should know, and with the ids of keys by their fingerprints. No more than what is
    written is asked about: each request sends a key.
    """
    if check is None:
        return decided, (), {}
    checked = check.ask(decided.plan, decided.situation.wanted, vault, today())
    situation = without_refused(decided.situation, checked)
    plan = make_plan(situation, select=select) if checked.refused else decided.plan
    decided = replace(decided, plan=replace(plan, expiries=checked.expiries), situation=situation)
    return decided, checked.warnings, checked.key_ids


def hold(task: Task, clients: Clients, decided: Decided, select: Select) -> Decided:
    """Decide once more with each key kept that a workload identity takes the place of and that cannot go yet."""
    plan, situation = decided.plan, decided.situation
    # Hardly any plan takes a key away, and this reads the workflows of the repos.
    if not any(change.action is Action.DELETE for change in plan.changes) or not has_identity(situation.wanted):
        return decided
    holding: Mapping[Address, Successor] = load("flowforge.run.holding").successors(task, clients, plan, situation)
    if not holding:
        return decided
    situation = replace(situation, successors=holding)
    held = make_plan(situation, select=select)
    return replace(decided, plan=replace(held, expiries=plan.expiries), situation=situation)


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
        *named_rules(clients, plan, jobs=request.jobs, stop=request.stop),
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
