"""In which order a plan is written: the turns, and the batches of each that the state is told of together."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from flowforge.plan.address import Scope
from flowforge.plan.change import Change
from flowforge.plan.ordering import Work, stages
from flowforge.steps.apply.access_writes import without_carried
from flowforge.steps.apply.permissions import first_of_each


def in_stages(planned: Sequence[Change], *, permitted: bool) -> tuple[Work, ...]:
    """Return the work of each turn; what is deleted for something that another turn writes is in the last.

    permitted: GitHub says what the token may do; else one scope of each owner goes before the others.
    """
    at_once, last = stages(without_carried(planned))
    return *((at_once,) if permitted else first_of_each(at_once)), last


def batches(scopes: Iterable[Scope], work: Work, most: Callable[[], int | None]) -> Iterator[list[Scope]]:
    """Part scopes so that each part has about as many changes as the state takes at once then."""
    batch: list[Scope] = []
    size, room = 0, most()
    for scope in scopes:
        if room is not None and batch and size + len(work[scope]) > room:
            yield batch
            batch, size, room = [], 0, most()
        batch.append(scope)
        size += len(work[scope])
    if batch:
        yield batch
