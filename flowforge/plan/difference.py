"""What differs inside changes, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flowforge.plan.change import Change
from flowforge.plan.facts import Known, Presence, Public

_LONGEST = 100


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One field that differs. A secret's value is never shown, nor its fingerprint: before and after are empty for it.

    A variable's value is what GitHub holds and what is wanted there, each cut to 100 characters.
    """

    field: str
    before: str = ""
    after: str = ""


def differences(changes: Sequence[Change]) -> tuple[tuple[Difference, ...], ...]:
    """Return for each change, in their order, what differs between the record and what is wanted and seen, by field.

    Empty where there is nothing to compare: no record, nothing wanted to be present, or no sight of GitHub; but a
    variable's value is compared with what GitHub holds, which needs no record.
    """
    return tuple(tuple(sorted((*_fields(change), *_values(change)))) for change in changes)


def _fields(change: Change) -> Iterator[Difference]:
    before, after = _sides(change)
    for field, was in before.items():
        if was != after[field]:
            yield Difference(field) if field == "value" else Difference(field, was, after[field])


def _values(change: Change) -> tuple[Difference, ...]:
    """Give what a variable's value is and is to be. One that is to be deleted may hold anything: it is not shown."""
    wanted = change.wanted.value if change.wanted and change.why is None else None
    unseen = bool(change.seen_at) and change.seen_value is None  # recorded, and GitHub was not asked
    if not isinstance(wanted, Public) or wanted == change.seen_value or change.access or unseen:
        return ()
    return (Difference("value", _cut(change.seen_value.text if change.seen_value else ""), _cut(wanted.text)),)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _sides(change: Change) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Give the fields of the record and the same fields of what is wanted and seen."""
    record, wanted = change.record, change.wanted
    if change.access is not None:
        now, then = change.access.before, change.access.after
        return ({"visibility": now.visibility}, {"visibility": then.visibility}) if now else ({}, {})
    unreadable = change.why is not None  # nothing was seen, and that is not the same as seeing nothing
    if unreadable or record is None or wanted is None or wanted.presence is Presence.ABSENT:
        return {}, {}
    before, after = {"credential": record.credential}, {"credential": wanted.credential}
    if isinstance(wanted.value, Public):
        return before, after
    before["updated_at"], after["updated_at"] = record.updated_at, change.seen_at
    if isinstance(wanted.value, Known):
        before["value"], after["value"] = record.fingerprint, wanted.value.fingerprint
    return before, after
