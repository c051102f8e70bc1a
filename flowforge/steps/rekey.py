"""Change the key of a state. A fingerprint can only be made again from the value itself, so the values are read."""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from enum import Enum, auto
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Problem, RotationError, StateError, quote
from flowforge.manifest.places import Place
from flowforge.plan.address import Address, Store
from flowforge.plan.facts import UNKNOWN, Known, NotRead, Presence, Unavailable, Unresolved, Value
from flowforge.plan.rotation import backward, onward
from flowforge.sources.base import Context
from flowforge.state.model import State
from flowforge.steps.values.resolver import Resolver
from flowforge.vault import Fingerprinter, SecretValue, StateKey

_MOST_NAMED: Final = 3


class _Sort(Enum):
    KEPT = auto()
    CHANGED = auto()
    UNNAMED = auto()


class _Both(Fingerprinter):
    """Makes fingerprints with the old key, and keeps for each the one that the new key makes of the same value."""

    def __init__(self, salt: bytes, old: StateKey | None, new: StateKey | None) -> None:
        super().__init__(salt, old)
        self._other = Fingerprinter(salt, new)
        self.renewed: dict[str, str] = {}

    def fingerprint(self, value: SecretValue, *, guessable: bool) -> str:
        before = super().fingerprint(value, guessable=guessable)
        self.renewed[before] = self._other.fingerprint(value, guessable=guessable)
        return before


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """A state with the fingerprints of another key, and what became of the fingerprint of each secret."""

    state: State
    """The state with its new fingerprints."""
    keyed: bool
    """Whether there is a new key."""
    kept: tuple[Address, ...] = ()
    """Secrets whose value is still what was written: they have a new fingerprint. All others have lost theirs."""
    changed: tuple[Address, ...] = ()
    """Secrets whose value is another one by now."""
    unnamed: tuple[Address, ...] = ()
    """Secrets that the manifest no longer names, so that it has no value for them."""
    unread: Mapping[Address, str] = field(default_factory=dict)
    """Secrets whose value is not available, and why."""

    def require_values(self) -> None:
        """Raise StateError FF475 where values are not available, since their fingerprints would be lost."""
        reasons: dict[str, list[Address]] = {}
        for address, why in self.unread.items():
            reasons.setdefault(why, []).append(address)
        if reasons:
            raise StateError(*(_lost(why, addresses) for why, addresses in sorted(reasons.items())))


def rekeyed(
    state: State,
    places: Iterable[Place],
    unresolved: tuple[Unresolved, ...],
    context: Context,
    keys: tuple[StateKey | None, StateKey | None],
) -> Rekeyed:
    """Return the state under the new key. It reads the values of all secrets that the state remembers.

    Raises RotationError FF919 where a rotation is under way.
    """
    _require_no_rotation(state)
    # A variable's fingerprint has no key, so it stays as it is.
    both = _Both(state.salt, *keys)
    secrets = [address for address in sorted(state.records) if address.scope.store is not Store.VARIABLES]
    known = state.remembered.keys()
    wanted = (place for place in places if place.presence is Presence.PRESENT and place.address in known)
    values = Resolver(context, both).values(place for place in wanted if place.value is None)
    sorts = {each: _sort(values.get(each), state.records[each].fingerprint, unresolved) for each in secrets}
    records = dict(state.records)
    for address, sort in sorts.items():
        before = records[address]
        # UNKNOWN equals no fingerprint, so the next apply writes that secret again.
        renewed = both.renewed[before.fingerprint] if sort is _Sort.KEPT else UNKNOWN
        records[address] = replace(before, fingerprint=renewed)
    pending = {address: _of_pending(address, one, both.renewed) for address, one in state.pending.items()}
    kept, changed, unnamed = (tuple(each for each in secrets if sorts[each] is sort) for sort in _Sort)
    unread = {address: sort for address, sort in sorts.items() if not isinstance(sort, _Sort)}
    renewed_state = replace(state, records=records, pending=pending)
    return Rekeyed(renewed_state, keys[1] is not None, kept, changed, unnamed, unread)


def _require_no_rotation(state: State) -> None:
    # Nobody has the old value any more, so that its fingerprint would be lost, and with it what a way back may write.
    problems = [
        Problem(
            "FF919",
            f"the rotation of {quote(name)} is under way, and cannot be taken over to another state key",
            why="the fingerprint of the old value can only be made from that value",
            fix=f"end it first: {onward(name, rotation)} goes on with it; {backward(name)} takes it back",
        )
        for name, rotation in sorted(state.rotations.items())
    ]
    if problems:
        raise RotationError(*problems)


def _sort(value: Value | None, fingerprint: str, unresolved: tuple[Unresolved, ...]) -> _Sort | str:
    """Return what becomes of a fingerprint, or why its value is not available."""
    if value is None:
        return f"which repos {unresolved[0].entry} has is not known" if unresolved else _Sort.UNNAMED
    if isinstance(value, Known):
        return _Sort.KEPT if value.fingerprint == fingerprint else _Sort.CHANGED
    return value.why if isinstance(value, NotRead | Unavailable) else "it was not read"


def _of_pending(address: Address, fingerprint: str | None, renewed: Mapping[str, str]) -> str | None:
    if fingerprint is None or address.scope.store is Store.VARIABLES:
        return fingerprint
    return renewed.get(fingerprint, UNKNOWN)


def _lost(why: str, addresses: list[Address]) -> Problem:
    more = f" and {len(addresses) - _MOST_NAMED} more" if len(addresses) > _MOST_NAMED else ""
    named = ", ".join(map(str, addresses[:_MOST_NAMED]))
    fix = "make the value available; or add --keep-going, and the next apply writes these again"
    return Problem("FF475", f"no fingerprint can be made under the new key for {named}{more}", why=why, fix=fix)
