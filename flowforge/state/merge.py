"""Two runs wrote from one state: put together what each of them changed, secret by secret, and drop nothing."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from flowforge.plan.address import Address
from flowforge.state.model import State

# What GitHub shows of secrets now: their `updated_at`, empty for one that is not there; nothing of what is unreadable.
Now = Callable[[Collection[Address]], Mapping[Address, str]]
_Key = TypeVar("_Key")
_Cell = TypeVar("_Cell")
_NONE: Final = object()


def merge(base: State, ours: State, theirs: State, now: Now) -> State:
    """Return `theirs`, which stands now, with what `ours` changed of `base`.

    What only one of them changed is as that one says. A record that both changed is the one whose time GitHub shows
    now; where that is neither's, the secret is pending, so that the next apply writes it once more.
    """
    pending, open_twice = _cells(base.pending, ours.pending, theirs.pending)
    pending |= {
        address: each.pending[address] for each in (ours, theirs) for address in open_twice & each.pending.keys()
    }
    records, torn = _cells(base.records, ours.records, theirs.records)
    times = now(torn) if torn else {}
    for address in sorted(torn):
        sides = [each.records[address] for each in (theirs, ours) if address in each.records]
        right = [side for side in sides if side.updated_at == times.get(address)]
        if len(sides) > 1 and len({(side.fingerprint, side.updated_at) for side in sides}) == 1:
            continue  # both recorded the same write, and one of them something beside it
        if times.get(address) == "":
            records.pop(address, None)
        elif len({side.fingerprint for side in right}) == 1:
            records[address] = right[0]
        else:
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
    )


def _cells(
    base: Mapping[_Key, _Cell], ours: Mapping[_Key, _Cell], theirs: Mapping[_Key, _Cell]
) -> tuple[dict[_Key, _Cell], set[_Key]]:
    """Merge cell by cell; gives the result and the keys that both changed, each in another way: there it has theirs."""
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
    """Merge sets: what one of them added is in, what one of them took away is out."""
    before, mine, other = set(base), set(ours), set(theirs)
    return (mine & other) | (mine - before) | (other - before)
