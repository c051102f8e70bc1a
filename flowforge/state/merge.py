"""Merge the changes of two runs that began from the same state, secret by secret. Nothing is dropped."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from flowforge.plan.address import Address
from flowforge.plan.facts import Entry
from flowforge.plan.rotation import Rotation
from flowforge.state.model import State

# Returns the `updated_at` that GitHub shows now: empty for a secret that is absent; unreadable ones are left out.
Now = Callable[[Collection[Address]], Mapping[Address, str]]
_Key = TypeVar("_Key")
_Cell = TypeVar("_Cell")
_NONE: Final = object()


def merge(base: State, ours: State, theirs: State, now: Now) -> State:
    """Return `theirs`, which the branch has now, with the changes that `ours` made to `base`.

    A change that only one run made is taken over. Of two changed records, the one with the time that GitHub shows now
    is right. If neither has it, the secret becomes pending, so that the next apply writes it once more.
    """
    # Nobody knows which of two open writes came last, so a secret that both left open stays pending.
    pending, open_twice = _cells(base.pending, ours.pending, theirs.pending)
    pending |= {
        address: each.pending[address] for each in (ours, theirs) for address in open_twice & each.pending.keys()
    }
    records, torn = _cells(base.records, ours.records, theirs.records)
    times = now(torn) if torn else {}
    for address in sorted(torn):
        sides = [each.records[address] for each in (theirs, ours) if address in each.records]
        shown = Entry(times.get(address, ""))
        right = [side for side in sides if shown.is_as_recorded(side)]
        # The same fingerprint at the same time is one write that both runs recorded. One may know which key it was.
        if len(sides) > 1 and len({(side.fingerprint, side.updated_at) for side in sides}) == 1:
            records[address] = max(sides, key=lambda side: bool(side.api_key_id))
            continue
        if times.get(address) == "":
            records.pop(address, None)
        elif len({side.fingerprint for side in right}) == 1:
            records[address] = right[0]
        else:
            # A record without the time that GitHub shows would look like a change from outside.
            records[address] = sides[0]
            pending[address] = sides[0].fingerprint
    return replace(
        theirs,
        manifests=tuple(sorted(_members(base.manifests, ours.manifests, theirs.manifests))),
        records=records,
        pending=pending,
        admitted={
            holder: frozenset(_members(*(each.admitted.get(holder, frozenset()) for each in (base, ours, theirs))))
            for holder in ours.admitted.keys() | theirs.admitted.keys()
        },
        rotations=_rotations(base, ours, theirs),
    )


def _rotations(base: State, ours: State, theirs: State) -> dict[str, Rotation]:
    """Merge how far rotations are. Where two runs moved one at once, it is as far as either knows, and proven by both.

    Of two different walks that of the branch stands; a line that the other one wrote is blocked then, and told.
    """
    merged, torn = _cells(base.rotations, ours.rotations, theirs.rotations)
    for name in torn:
        mine, other = ours.rotations.get(name), theirs.rotations.get(name)
        # One run ended what the other still walks: it stays open, for the next run of the command to look at.
        if still := other or mine:
            merged[name] = still
        if mine and other and mine.fingerprint == other.fingerprint:
            proven = min(mine.proven, other.proven)
            at_once = mine.at_once or other.at_once
            reached = {**mine.reached, **other.reached}
            merged[name] = replace(other, proven=proven, reached=reached, at_once=at_once)
    return merged


def _cells(
    base: Mapping[_Key, _Cell], ours: Mapping[_Key, _Cell], theirs: Mapping[_Key, _Cell]
) -> tuple[dict[_Key, _Cell], set[_Key]]:
    """Merge cell by cell. Return the result, which has theirs where both differ, and the keys where they do."""
    merged, torn = dict(theirs), set()
    for key in base.keys() | ours.keys():
        before, mine, other = (each.get(key, _NONE) for each in (base, ours, theirs))
        if mine in (before, other):
            continue
        if other != before:
            torn.add(key)
        elif key in ours:
            merged[key] = ours[key]
        else:
            del merged[key]
    return merged, torn


def _members(base: Iterable[_Key], ours: Iterable[_Key], theirs: Iterable[_Key]) -> set[_Key]:
    """Merge sets: what either run added is in, what either run removed is out."""
    before, mine, other = set(base), set(ours), set(theirs)
    return (mine & other) | (mine - before) | (other - before)
