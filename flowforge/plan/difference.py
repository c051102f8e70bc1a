"""What differs inside changes, field by field."""

from collections.abc import Iterator, Mapping, Sequence

from flowforge.data_class import dataclass
from flowforge.plan.change import Change
from flowforge.plan.facts import Entry, Known, Presence, Public

# Enough to tell two values apart, and short enough for one line of a pull request's comment.
_LONGEST = 100


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One field that differs."""

    field: str
    """What differs: `credential`, `updated_at`, `visibility` or `value`."""
    before: str = ""
    """As it is; empty for a secret's value, of which not even the fingerprint is shown."""
    after: str = ""
    """As it is to be, or as GitHub shows it. A variable's value is cut to 100 characters on both sides."""


def differences(changes: Sequence[Change]) -> tuple[tuple[Difference, ...], ...]:
    """Return, for each change in their order, the fields that differ between the record and what is wanted and seen.

    A change without a record, or of an unreadable scope, has none. A variable's value needs no record: it is compared
    with what GitHub holds.
    """
    return tuple(tuple(sorted((*_fields(change), *_values(change)))) for change in changes)


def _fields(change: Change) -> Iterator[Difference]:
    before, after = _sides(change)
    for field, was in before.items():
        if was != after[field]:
            yield Difference(field) if field == "value" else Difference(field, was, after[field])


def _values(change: Change) -> tuple[Difference, ...]:
    """Return the two values of a variable that is to hold another one. What is deleted may hold anything: not shown."""
    wanted = change.wanted.value if change.wanted and change.why is None else None
    unseen = bool(change.seen_at) and change.seen_value is None  # recorded, and GitHub was not asked
    if not isinstance(wanted, Public) or wanted == change.seen_value or change.access or unseen:
        return ()
    return (Difference("value", _cut(change.seen_value.text if change.seen_value else ""), _cut(wanted.text)),)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _sides(change: Change) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the fields of the record and the same fields of what is wanted and seen."""
    record, wanted = change.record, change.wanted
    if change.access is not None:
        now, then = change.access.before, change.access.after
        return ({"visibility": now.visibility}, {"visibility": then.visibility}) if now else ({}, {})
    unreadable = change.why is not None  # nothing was seen, and that is not the same as seeing nothing
    if unreadable or record is None or wanted is None or wanted.presence is Presence.ABSENT:
        return {}, {}
    before, after = {"credential": record.credential}, {"credential": wanted.credential}
    # A variable is compared by its value, so GitHub's time of it explains nothing.
    if isinstance(wanted.value, Public):
        return before, after
    # A time that no list had shown before is no difference where this one shows it.
    known = record.unconfirmed and Entry(change.seen_at).is_as_recorded(record)
    before["updated_at"], after["updated_at"] = change.seen_at if known else record.updated_at, change.seen_at
    if isinstance(wanted.value, Known):
        before["value"], after["value"] = record.fingerprint, wanted.value.fingerprint
    return before, after
