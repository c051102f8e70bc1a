"""The repos that see an organization's secret and that this token cannot see. Pure."""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from flowforge.plan.action import Why
from flowforge.plan.audience import Audience, Visibility
from flowforge.plan.facts import Listing, Record, Remembered, Seen, Unreadable, Wanted

_SEE_ALL: Final = (
    "use a token that sees them, or allow it to see all repositories of the organization; if they are gone, "
    "`flowforge state forget {address}`, then apply"
)


def with_hidden(wanted: Wanted | None, seen: Seen, remembered: Remembered) -> tuple[Wanted | None, Seen]:
    """Return what is wanted and seen of a secret, with the repos added that see it and that only the state knows of."""
    # GitHub lists only the repos that the token may see. As long as the secret has the recorded time, nobody changed
    # the list, so a recorded repo that is not listed is hidden and still sees the secret. Where a selector chooses who
    # is to see it, the selector could not find the hidden ones, so they stay. Where all are named, the hidden ones are
    # not named, so they go. After a change outside, nobody knows which of them still see it: the secret is unreadable.
    record = remembered.record
    if wanted is None or wanted.audience is None or wanted.unread is not None or record is None:
        return wanted, seen
    if not isinstance(seen, Listing) or not wanted.audience.is_selected or record.visibility != Visibility.SELECTED:
        return wanted, seen
    secret = wanted.address.secret
    before = seen.audiences.get(secret)
    listed = before if before is not None and before.is_selected else None
    hidden = _hidden(record, listed, wanted.audience, wanted.shown or frozenset())
    if listed is not None and hidden:
        entry = seen.entry(secret)
        if not (remembered.pending or entry.is_as_recorded(record) or entry.is_behind(record)):
            return wanted, seen if wanted.shown is None else _unknown(wanted, len(hidden))
        seen = replace(seen, audiences={**seen.audiences, secret: replace(listed, hidden=hidden)})
    return wanted if wanted.shown is None else replace(wanted, audience=replace(wanted.audience, hidden=hidden)), seen


def advice(wanted: Wanted) -> str:
    """Return what a person can do where repos that this token cannot see are in the way."""
    return _SEE_ALL.format(address=wanted.address)


def _hidden(record: Record, listed: Audience | None, wanted: Audience, shown: AbstractSet[int]) -> frozenset[int]:
    return frozenset(record.repo_ids) - {*(listed.ids if listed else ()), *wanted.ids, *shown}


def _unknown(wanted: Wanted, number: int) -> Unreadable:
    these = "a repository" if number == 1 else f"{number} repositories"
    detail = f"it was changed outside FlowForge, and {these} that saw it cannot be seen by this token"
    return Unreadable(Why.NOT_FOUND, detail, advice(wanted))
