"""From a task to a plan: resolve the values, ask GitHub, decide, look up what would be written, decide again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from flowforge.github.http import Client
from flowforge.github.repos import RepoInfo
from flowforge.plan.address import Repo
from flowforge.plan.decide import Situation, make_plan, unreadable_instead
from flowforge.plan.facts import Presence
from flowforge.plan.safety import Estate, brakes
from flowforge.run.request import Planned
from flowforge.run.task import Task
from flowforge.state.model import State
from flowforge.steps.apply.cost import Cost, pushes, work_of
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.refresh.observe import Ids, identify, observe, refused
from flowforge.steps.refresh.viewers import free_organizations, identify_viewers
from flowforge.steps.values.resolver import Resolver, desired, with_overrides
from flowforge.steps.warnings.credential_warnings import advise
from flowforge.steps.warnings.ownership import contended, unproven
from flowforge.vault import Vault


@dataclass(frozen=True, slots=True)
class PreparedPlan:
    """A plan, the values that it would write, and who the repos are."""

    planned: Planned
    vault: Vault
    repos: Mapping[Repo, RepoInfo]


def prepare(task: Task, backend: StateBackend, state: State, client: Client, *, fresh: bool) -> PreparedPlan:
    """Resolve, observe, decide; look up what would be written, and decide again with what that shows.

    fresh: whether what selectors' lists said of a repo, before all that, is too old for the look-up.
    """
    request, places, remembered = task.request, task.places, state.remembered
    select = task.chooser(state)
    resolver = Resolver(task.context, backend.fingerprinter(state))
    wanted = desired(
        places,
        resolver,
        select=select,
        skip_values=request.skip_values,
        admitted=task.admitted(state),
        shown=task.selected.shown,
    )
    wanted = with_overrides(wanted, prove=request.prove, accept_drift=request.accept_drift)
    scopes = {address.scope for address in {*wanted, *remembered} if select(address)}
    creatable = {place.address.scope for place in places if place.creates_environment}
    seen = observe(
        client,
        scopes,
        creatable=creatable,
        audiences=[address for address, desired in wanted.items() if desired.audience],
        jobs=request.jobs,
        stop=request.stop,
        progress=request.progress,
    )
    viewers = identify_viewers(client, wanted, seen, jobs=request.jobs, stop=request.stop, known=task.selected.repos)
    wanted, known = viewers.wanted, {**task.selected.repos, **viewers.repos}
    situation = Situation(wanted, seen, remembered, request.prune, task.unresolved)
    draft = make_plan(situation, select=select)
    ids = Ids.of(state.records, places)
    repos = identify(client, draft, ids, jobs=request.jobs, stop=request.stop, known={} if fresh else known)
    seen = unreadable_instead(seen, refused(scopes, repos))
    decided = make_plan(replace(situation, seen=seen), select=select)
    warnings = (
        *task.filter.unmatched(task.repos(state)),
        *task.warnings,
        *resolver.warnings,
        *contended(decided),
        *unproven(decided, keyed=backend.key is not None),
        *free_organizations(client, decided, jobs=request.jobs, stop=request.stop),
        *advise(
            task.manifest, wanted, seen, remembered, token_expires=client.token_expires, today=datetime.now(UTC).date()
        ),
    )
    work = work_of(decided, permitted=bool(client.scopes))
    pushed = Cost(writes=backend.requests_of(pushes(decided, work, remembered)))
    cost = Cost.of(work, seen) + pushed
    planned = Planned(
        plan=decided,
        brakes=brakes(decided, estate(task, backend, state), request.allowed),
        warnings=warnings,
        requests=client.requests + backend.requests,
        to_come=cost.requests,
        eta=client.pacer.estimate(cost.points),
    )
    return PreparedPlan(
        planned, resolver.vault, {repo: info for repo, info in repos.items() if isinstance(info, RepoInfo)}
    )


def estate(task: Task, backend: StateBackend, state: State) -> Estate:
    """Give what a plan is measured against."""
    return Estate(
        managed=len(state.records),
        wanted=len(task.places) + len(task.unresolved),
        wanted_present=sum(place.presence is Presence.PRESENT for place in task.places),
        state_file=backend.where,
        manifests=backend.names,
        recorded_manifests=state.manifests,
        prune=task.request.prune,
    )
