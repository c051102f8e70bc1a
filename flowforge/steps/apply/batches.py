"""In which order a plan is written: its stages, and the batches of each that are announced to the state together."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from flowforge.github.clients import Clients
from flowforge.plan.address import Scope
from flowforge.plan.change import Change
from flowforge.plan.ordering import Work, stages
from flowforge.steps.apply.access_writes import without_carried
from flowforge.steps.apply.permissions import first_of_each


def in_lanes(planned: Sequence[Change], clients: Clients) -> Mapping[str, tuple[Work, ...]]:
    """Return the work of each lane of the clients, stage by stage. Lanes do not wait for each other."""
    lanes = clients.by_lane(planned, lambda change: change.address.scope.repo.owner)
    # Only a classic token's scopes are known. What another one may do is found out by its first write.
    return {lane: in_stages(each, permitted=bool(clients.of(lane).scopes)) for lane, each in lanes.items()}


def in_stages(planned: Sequence[Change], *, permitted: bool) -> tuple[Work, ...]:
    """Return the work of each stage. The last has the deletes that wait for a write in another scope.

    permitted: whether GitHub has said what the token may do. Else one scope of each owner goes first, to find out.
    """
    at_once, last = stages(without_carried(planned))
    return *((at_once,) if permitted else first_of_each(at_once)), last


def batches(scopes: Iterable[Scope], work: Work, most: Callable[[], int | None]) -> Iterator[list[Scope]]:
    """Yield scopes in batches, each with about as many changes as the state takes at once by then."""
    batch: list[Scope] = []
    size, room = 0, most()
    for scope in scopes:
        # A scope is never split: one thread writes it, and lists it once at its end.
        if room is not None and batch and size + len(work[scope]) > room:
            yield batch
            batch, size, room = [], 0, most()
        batch.append(scope)
        size += len(work[scope])
    if batch:
        yield batch
