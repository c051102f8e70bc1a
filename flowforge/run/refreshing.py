"""What GitHub has: the lists of the scopes, and the repos that are to see a secret."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.github.repos import RepoInfo
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.decide import Situation, make_plan
from flowforge.plan.facts import Seen, Wanted
from flowforge.plan.offline import plan_as_recorded
from flowforge.run.task import Task
from flowforge.state.model import State
from flowforge.steps.refresh.identities import scopes_beside
from flowforge.steps.refresh.observe import observe, unchanged
from flowforge.steps.refresh.viewers import identify_viewers

# Whether the line of an address is planned: --limit, --exclude and --tags in one.
Select = Callable[[Address], bool]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What GitHub has, and what is wanted there now that the repos that are to see a secret are known by their ids."""

    seen: Mapping[Scope, Seen]
    wanted: Mapping[Address, Wanted]
    repos: Mapping[Repo, RepoInfo]
    """The repos that this run has met in GitHub's answers, which need not be looked up again."""


def refresh(
    task: Task,
    state: State,
    select: Select,
    clients: Clients,
    wanted: Mapping[Address, Wanted],
    *,
    carried_out: bool,
) -> Refreshed:
    """Ask GitHub for the list of every selected scope, and for the ids of the repos that are to see a secret.

    carried_out: whether what comes of it is written. Then no write stands on a list that GitHub only called unchanged.
    """
    request, listed = task.request, task.selected.repos
    # What is only remembered is asked for, too: it may be an orphan that --prune deletes.
    chosen = [address for address in {*wanted, *state.remembered} if select(address)]
    scopes = {*(address.scope for address in chosen), *scopes_beside(wanted, chosen)}
    # What the state alone shows to need a write is asked for in full at once, so that it is asked for once.
    anew = _surely_written(task, state, select, wanted) if carried_out and request.cache else frozenset[Scope]()
    seen = _look(task, state, clients, scopes, wanted, anew=anew)
    viewers = identify_viewers(clients, wanted, seen, jobs=request.jobs, stop=request.stop, known=listed)
    refreshed = Refreshed(seen, viewers.wanted, {**listed, **viewers.repos})
    return _read_anew(task, state, select, clients, refreshed) if carried_out else refreshed


def _surely_written(task: Task, state: State, select: Select, wanted: Mapping[Address, Wanted]) -> frozenset[Scope]:
    """Return the scopes that an apply writes whatever GitHub has, and those of organizations, which are few."""
    prune, remembered = task.request.prune, state.remembered
    recorded = plan_as_recorded(wanted, remembered, unresolved=task.unresolved, prune=prune, select=select)
    whole = {address.scope for address in (*wanted, *remembered) if address.scope.repo.is_organization}
    return frozenset({change.address.scope for change in recorded.changes if change.writes} | whole)


def _look(
    task: Task,
    state: State,
    clients: Clients,
    scopes: Collection[Scope],
    wanted: Mapping[Address, Wanted],
    *,
    anew: Collection[Scope],
) -> Mapping[Scope, Seen]:
    """Ask GitHub for the lists of scopes."""
    return observe(
        clients,
        scopes,
        creatable={place.address.scope for place in task.places if place.creates_environment},
        audiences=[address for address, want in wanted.items() if want.audience],
        records=state.records,
        jobs=task.request.jobs,
        stop=task.request.stop,
        progress=task.request.progress,
        fresh=anew,
    )


def _read_anew(task: Task, state: State, select: Select, clients: Clients, refreshed: Refreshed) -> Refreshed:
    """Ask in full for the lists that GitHub only called unchanged, where a write would stand on them, as on drift."""
    wanted, seen = refreshed.wanted, refreshed.seen
    known = {scope for scope in seen if unchanged(clients, scope)}
    if not known:
        return refreshed
    situation = Situation(wanted, seen, state.remembered, task.request.prune, task.unresolved)
    written = {change.address.scope for change in make_plan(situation, select=select).changes if change.writes}
    stale = known & written
    return (
        replace(refreshed, seen={**seen, **_look(task, state, clients, stale, wanted, anew=stale)})
        if stale
        else refreshed
    )
