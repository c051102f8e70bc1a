"""What a plan takes to apply, and what its brakes measure it against."""

from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.plan.action import Reason
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Presence
from flowforge.plan.safety import Estate, LeftBehind
from flowforge.run.decided import Decided
from flowforge.run.task import Task
from flowforge.state.model import State
from flowforge.steps.apply.cost import Cost, pushes, work_of
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.backend.transfer import left_behind, remembers, siblings


@dataclass(frozen=True, slots=True)
class Price:
    """What the writes of a plan take."""

    requests: int
    """How many requests."""
    seconds: float
    """How long GitHub's limits make them take, answers excluded."""


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
        # A manifest that names other owners alone was not emptied.
        wanted=len(task.places) + len(task.unresolved) + task.others,
        wanted_present=sum(place.presence is Presence.PRESENT for place in task.places),
        state_file=backend.where,
        manifests=backend.names,
        recorded_manifests=state.manifests,
        prune=task.request.prune,
        left_behind=left_behind(task.manifest.state, backend, state) or renamed,
    )
