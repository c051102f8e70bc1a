"""What a write means for the state, before and after it, and for the list that confirms it."""

from collections.abc import Mapping
from dataclasses import replace

from flowforge.github.confirm import Done, Readable, Sent
from flowforge.github.secrets import Written
from flowforge.plan.action import Action
from flowforge.plan.change import Change
from flowforge.plan.facts import Known, Origin, Public, Record
from flowforge.steps.apply.access_writes import Stamp, list_alone, record_of_list, recorded_audience


def intent(change: Change) -> str | None:
    """Return the intent to record before a write: the fingerprint that the secret will have, or None for a delete."""
    # A list of repos that is written alone needs one as well. GitHub moves the secret's time for it, and after a kill
    # the next run would take that for somebody else's write.
    if change.action is Action.DELETE:
        return None
    alone = list_alone(change)
    return alone.fingerprint if alone else _fingerprint(change)


def value_of(change: Change) -> Known | Public:
    """Return the value that a line writes."""
    if change.wanted is None or not isinstance(change.wanted.value, Known | Public):
        message = f"{change.address} has no value to write"
        raise TypeError(message)
    return change.wanted.value


def _fingerprint(change: Change) -> str:
    return value_of(change).fingerprint


def sent_of(change: Change, done: Written) -> Done:
    """Return what GitHub's list has to show after a write."""
    value = change.seen_value if list_alone(change) else change.wanted.value if change.wanted else None
    if isinstance(value, Public):
        return Readable(done.date, value)
    return Sent(done.date, change.seen_at or None, done.retried)


def surprises(change: Change, done: Written) -> tuple[str, ...]:
    """Return a note where the secret was no longer as the plan saw it: GitHub answers a create with 201, else 204."""
    # An earlier try of the same write may have created the secret before its answer was lost.
    if done.retried:
        return ()
    if change.action is Action.CREATE and not done.created:
        return ("somebody created it between the plan and the write; FlowForge has overwritten it",)
    if change.action is Action.UPDATE and done.created:
        return ("it was deleted between the plan and the write; FlowForge created it again",)
    return ()


def record_of(change: Change, done: Written, stamp: Stamp, *, repo_id: int, public_key: str) -> Record:
    """Return the record of a write. stamp: the time of it. public_key: what its value was sealed with, if it was."""
    if alone := list_alone(change):
        return record_of_list(change, alone, stamp)
    fingerprint, before = _fingerprint(change), change.record
    same_value = before is not None and before.fingerprint == fingerprint
    record = Record(
        fingerprint=fingerprint,
        updated_at=stamp.time,
        credential=change.wanted.credential if change.wanted else "",
        repo_id=repo_id,
        written_at=done.date,
        value_since=before.value_since if before is not None and same_value else done.date,
        drifted_at=change.drifted_at,
        public_key=public_key,
        unconfirmed=stamp.unconfirmed,
        api_key_id=before.api_key_id if before is not None and same_value else "",
    )
    return recorded_audience(change, record)


def from_here(record: Record, origin: Origin) -> Record:
    """Return a record with what this run writes from, in the place of what an earlier one wrote from."""
    return replace(record, commit=origin.commit, run=origin.run)


def identified(record: Record, ids: Mapping[str, str]) -> Record:
    """Return a record with the id of its API key, where this run knows it. ids: by the fingerprints of the keys."""
    return replace(record, api_key_id=ids.get(record.fingerprint, record.api_key_id))
