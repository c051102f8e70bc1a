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
from flowforge.steps.advise import advise
from flowforge.steps.audiences import free_organizations, identify_viewers
from flowforge.steps.cost import Cost, pushes, work_of
from flowforge.steps.home import Home
from flowforge.steps.observe import Ids, identify, observe, refused
from flowforge.steps.resolve import Resolver, insist, want
from flowforge.steps.rivals import rivals
from flowforge.steps.unproven import unproven
from flowforge.vault import Vault


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan, the values that it would write, and who the repos are."""

    planned: Planned
    vault: Vault
    repos: Mapping[Repo, RepoInfo]


def prepare(task: Task, home: Home, state: State, client: Client, *, fresh: bool) -> Prepared:
    """Resolve, observe, decide; look up what would be written, and decide again with what that shows.

    fresh: whether what selectors' lists said of a repo, before all that, is too old for the look-up.
    """
    request, places, remembered = task.request, task.places, state.remembered
    select = task.chooser(state)
    resolver = Resolver(task.context, home.fingerprinter(state))
    wanted = want(
        places,
        resolver,
        select=select,
        skip_values=request.skip_values,
        admitted=task.admitted(state),
        shown=task.selected.shown,
    )
    wanted = insist(wanted, prove=request.prove, accept_drift=request.accept_drift)
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
    ids = Ids.of(state.records, places)
    repos = identify(client, draft, ids, jobs=request.jobs, stop=request.stop, known={} if fresh else known)
    seen = unreadable_instead(seen, refused(scopes, repos))
    decided = make_plan(replace(situation, seen=seen), select=select)
    warnings = (
        *task.filter.unmatched(task.repos(state)),
        *task.warnings,
        *resolver.warnings,
        *rivals(decided),
        *unproven(decided, keyed=home.key is not None),
        *free_organizations(client, decided, jobs=request.jobs, stop=request.stop),
        *advise(
            task.manifest, wanted, seen, remembered, token_expires=client.token_expires, today=datetime.now(UTC).date()
        ),
    )
    work = work_of(decided, permitted=bool(client.scopes))
    pushed = Cost(writes=home.requests_of(pushes(decided, work, remembered)))
    cost = Cost.of(work, seen) + pushed
    planned = Planned(
        plan=decided,
        brakes=brakes(decided, estate(task, home, state), request.allowed),
        warnings=warnings,
        requests=client.requests + home.requests,
        to_come=cost.requests,
        eta=client.pacer.estimate(cost.points),
    )
    return Prepared(planned, resolver.vault, {repo: info for repo, info in repos.items() if isinstance(info, RepoInfo)})


def estate(task: Task, home: Home, state: State) -> Estate:
    """Give what a plan is measured against."""
    return Estate(
        managed=len(state.records),
        wanted=len(task.places) + len(task.unresolved),
        wanted_present=sum(place.presence is Presence.PRESENT for place in task.places),
        state_file=home.where,
        manifests=home.names,
        recorded_manifests=state.manifests,
        prune=task.request.prune,
    )
