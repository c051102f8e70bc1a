"""What somebody else changed in the places of a rotation: what GitHub shows otherwise than it was written."""

from flowforge.github.clients import Clients
from flowforge.plan.action import Action
from flowforge.plan.address import Address
from flowforge.plan.change import Change
from flowforge.plan.facts import Entry
from flowforge.run.planning import decide, desire
from flowforge.run.refreshing import refresh
from flowforge.run.rotation_leg import Subject
from flowforge.state.model import State


def changed_outside(subject: Subject, state: State, clients: Clients) -> frozenset[Address]:
    """List the places of a rotation once more, and return those that are not known to hold what was written.

    Only they are looked at that the state knows to hold the value: what is left to write is left, whoever changed it.
    """
    task, walk = subject.task, subject.walk
    written = tuple(address for address in walk.lines if walk.holds(state, address))
    leg = subject.leg(written)
    select = leg.narrows(task.chooser(state))
    refreshed = refresh(task, state, select, clients, desire(task, state, select, subject.resolver), carried_out=False)
    rotations = leg.others(state.rotations)
    plan = decide(task, state, select, clients, refreshed, fresh=False, records_only=True, rotations=rotations).plan
    return frozenset(change.address.of_value for change in plan.changes if is_in_doubt(change))


def is_in_doubt(change: Change) -> bool:
    """Return whether GitHub shows a place otherwise than it is remembered, or does not show it."""
    if change.action is Action.BLOCKED or change.drift:
        return True
    record, seen = change.record, Entry(change.seen_at, change.seen_value)
    return record is not None and bool(change.seen_at) and not seen.is_as_recorded(record)
