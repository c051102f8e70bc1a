"""What differs inside changes, field by field: the only file of the planner that uses deepdiff."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    """Give for each change, in their order, what differs between the record and what is wanted and seen, by field.

    Empty where there is nothing to compare: no record, nothing wanted to be present, or no sight of GitHub; but a
    variable's value is compared with what GitHub holds, which needs no record.

    DeepDiff walks attributes and prints what `repr` hides, so it is handed plain dicts of strings only. It is called
    once, a call for each line takes 2.5 times as long; and lines that differ alike, as those of a rotated credential
    do, are told once.
    """
    sides = [_paired(*_apart(*_sides(change))) for change in changes]
    alike = {each: number for number, each in enumerate(dict.fromkeys(sides))}
    before = {(number, field): was for each, number in alike.items() for field, was, _ in each}
    after = {(number, field): now for each, number in alike.items() for field, _, now in each}
    found: dict[int, list[Difference]] = {}
    for ((number, field),), was, now in _deep(before, after):
        found.setdefault(number, []).append(_difference(field, was, now))
    return tuple(
        tuple(sorted((*found.get(alike[each], ()), *_values(change))))
        for each, change in zip(sides, changes, strict=True)
    )


def _paired(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """Give both sides of each field; both have the same ones."""
    return tuple((field, was, after[field]) for field, was in before.items())


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


def _difference(field: str, before: str, after: str) -> Difference:
    return Difference(field) if field == "value" else Difference(field, before, after)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One thing that differs between two plain mappings: the keys that lead to it, and both sides, None for none."""

    path: tuple[str, ...]
    before: Any
    after: Any


def leaves(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Leaf, ...]:
    """Give all that differs, sorted by path."""
    found = (Leaf(tuple(map(str, path)), was, now) for path, was, now in _deep(*_apart(before, after)))
    return tuple(sorted(found, key=lambda leaf: leaf.path))


def _apart(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Leave out what is the same, level by level: DeepDiff would walk all of it, for 20 s where 10,000 lines differ."""
    was, now = dict(before), dict(after)
    for key in before.keys() & after.keys():
        if before[key] == after[key]:
            del was[key], now[key]
        elif isinstance(before[key], Mapping) and isinstance(after[key], Mapping):
            was[key], now[key] = _apart(before[key], after[key])
    return was, now


def _deep(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[tuple[list[Any], Any, Any]]:
    """Give what differs: the keys that lead to it, and both sides, None for none."""
    if before == after:
        return
    from deepdiff import DeepDiff  # noqa: PLC0415 -- a tenth of a second that a plan without changes need not wait

    # The threshold: sides with little in common are told apart key by key all the same.
    for kind, items in DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0).items():
        for item in items:
            was = None if kind.endswith("added") else item.t1
            yield item.path(output_format="list"), was, None if kind.endswith("removed") else item.t2
