"""How many requests it takes to write a plan, estimated before it begins."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.github.pacer import READ_POINTS, WRITE_POINTS
from flowforge.github.paging import PER_PAGE, requests_of
from flowforge.github.variables import PER_PAGE as VARIABLES_PER_PAGE
from flowforge.plan.action import Action
from flowforge.plan.address import Address, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Listing, Seen
from flowforge.plan.ordering import Work, deletes, without_kept
from flowforge.state.batch_size import batch_of
from flowforge.steps.apply.access_writes import list_alone
from flowforge.steps.apply.batches import batches, in_lanes


@dataclass(frozen=True, slots=True)
class Cost:
    """The requests of a plan's writes.

    Each line takes a write, each scope a list afterwards where that costs no wait, and each scope of secrets a public
    key that is not remembered. A new environment takes a read and a write more. Retries and lists that lag cannot be
    foreseen.
    """

    reads: int = 0
    """Requests that only read, beside the lists."""
    writes: int = 0
    """Requests that write."""
    lists: int = 0
    """Requests that list what was written."""

    @property
    def requests(self) -> int:
        """How many requests it takes."""
        return self.reads + self.writes + self.lists

    @property
    def points(self) -> int:
        """How many points of GitHub's secondary limits it takes."""
        return self.writes * WRITE_POINTS + (self.reads + self.lists) * READ_POINTS

    def listed(self, *, confirm: bool, has_room: Callable[[int], bool]) -> "Cost":
        """Return it without the lists, which the next run makes, unless they cost no wait or are asked for.

        has_room: says whether so many points can be spent without a wait.
        """
        return self if confirm or has_room(self.points) else replace(self, lists=0)

    def __add__(self, other: "Cost") -> "Cost":
        """Return the sum of two costs."""
        return Cost(self.reads + other.reads, self.writes + other.writes, self.lists + other.lists)

    @classmethod
    def of(cls, work: Iterable[Work], seen: Mapping[Scope, Seen], keys: Collection[Scope] = ()) -> "Cost":
        """Return what the writes take, with the lists after them. seen: what the plan saw of each scope.

        keys: the scopes whose public key is remembered.
        """
        scopes = ((scope, changes) for stage in work for scope, changes in stage.items())
        costs = (_of_scope(scope, changes, seen[scope], known=scope in keys) for scope, changes in scopes)
        return sum(costs, cls())


def work_of(plan: Plan, clients: Clients) -> Mapping[str, tuple[Work, ...]]:
    """Return what apply would write, by the lanes of `Clients` and stage by stage; see `in_stages`."""
    return in_lanes(without_kept(plan.todo, plan.changes), clients)


def pushes(plan: Plan, work: Iterable[Work], remembered: Collection[Address]) -> int:
    """Return how often a state on a branch is pushed: before each batch, and at the end."""
    known, gone = set(remembered), {change.address for change in plan.changes if change.forgets}
    tidied = any(change.tidies for change in plan.changes)
    count = 0
    # The size of a batch depends on the size of the state, which changes from batch to batch: so this replays them.
    for stage in work:
        for batch in batches(stage, stage, lambda: batch_of(len(known))):
            count += 1
            changes = [change for scope in batch for change in stage[scope]]
            known.difference_update(gone)
            known.update(change.address.of_value for change in changes)
            gone = {change.address for change in changes if deletes(change)}
    return count + bool(count or tidied)


def _of_scope(scope: Scope, changes: Sequence[Change], seen: Seen, *, known: bool) -> Cost:
    written = [change for change in changes if not deletes(change)]
    # A delete needs no time of GitHub's, so a scope with deletes alone is not listed again.
    if not written:
        return Cost(writes=len(changes))
    made = any(change.makes_environment for change in written)
    asks_key = not (known or scope.is_readable or all(map(list_alone, written)))
    return Cost(asks_key + made, len(changes) + made, _pages(scope, changes, seen))


def _pages(scope: Scope, changes: Sequence[Change], seen: Seen) -> int:
    """Return how many requests it takes to list the scope after the writes."""
    there = len(seen.updated_at) if isinstance(seen, Listing) else 0
    there += sum((change.action is Action.CREATE) - deletes(change) for change in changes)
    return requests_of(there, VARIABLES_PER_PAGE if scope.is_readable else PER_PAGE)
