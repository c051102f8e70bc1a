"""Entries that meet at one place: those that want the same become one, and those that do not are reported."""

from dataclasses import replace
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.places import Holder, Place
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Address, Scope
from flowforge.plan.facts import Unreadable

_OWN_NAME: Final = ", or give one a `secret` of its own"


class PlaceMerger:
    """Merges the places of all entries as they come."""

    def __init__(self) -> None:
        self._found: dict[Address, Place] = {}
        self._shared: dict[Address, _Shared] = {}
        # By the two entries, so that a clash of theirs is reported once and not for each of ten thousand repos.
        self._clashes: dict[tuple[Where, Where], list[tuple[Place, Place]]] = {}
        self._disputed: dict[Address, Unreadable | None] = {}

    def add(self, place: Place) -> None:
        """Add the place of one more entry.

        If two entries want different things, and it is not known whether one of them means that repo, neither is done.
        """
        first = self._found.setdefault(place.address, place)
        if not _alike(first, place) and (first.unread or place.unread):
            self._disputed[place.address] = first.unread or place.unread
        elif not _alike(first, place):
            self._clashes.setdefault((first.where, place.where), []).append((first, place))
        elif first is not place:
            makes = first.creates_environment or place.creates_environment
            # What was overwritten cannot be brought back, so one entry that would leave it is enough.
            policy = OnDrift.REPORT if OnDrift.REPORT in {first.on_drift, place.on_drift} else first.on_drift
            shared = self._shared.setdefault(place.address, _Shared.of(first))
            joined = replace(shared.join(first, place), creates_environment=makes, on_drift=policy)
            self._found[place.address] = joined

    def places(self, findings: Findings) -> tuple[Place, ...]:
        """Return the places sorted by address, each once, and report the clashes."""
        found = dict(self._found)
        for address, shared in self._shared.items():
            found[address] = replace(found[address], tags=frozenset(shared.tags), holders=tuple(shared.holders))
        for pairs in self._clashes.values():
            _report(pairs, findings)
        found |= {address: replace(found[address], unread=why) for address, why in self._disputed.items()}
        return tuple(sorted(found.values(), key=lambda place: place.address))


def _alike(first: Place, second: Place) -> bool:
    """Return whether two entries want the same."""
    if (first.presence, first.credential) != (second.presence, second.credential):
        return False
    # Who sees it cannot be compared where the repos of one of them could not be read.
    return first.audience == second.audience or bool(first.unread or second.unread)


@dataclass(slots=True)
class _Shared:
    """The tags and holders of what several entries want alike at a place.

    They are put together once, since a new Place for each of a thousand entries would copy all of them each time.
    """

    tags: set[str]
    holders: dict[Holder, None]

    @classmethod
    def of(cls, place: Place) -> "_Shared":
        """Start with those of the first."""
        return cls(set(place.tags), dict.fromkeys(place.holders))

    def join(self, first: Place, second: Place) -> Place:
        """Return the one of two that counts: what is known before what is not, then what is named, then the first."""
        self.tags |= second.tags
        if bool(first.unread) != bool(second.unread):
            # Nobody knows who is to see an organization's secret before both lists are read: there the unread counts.
            stands = second if bool(first.unread) != bool(first.visibility) else first
        elif first.holders and second.holders:
            self.holders |= dict.fromkeys(second.holders)
            return first
        else:
            stands = second if first.holders else first
        if stands is second:
            self.holders = dict.fromkeys(second.holders)
        return stands


def _report(pairs: list[tuple[Place, Place]], findings: Findings) -> None:
    """Report that two entries want different things, once for all the repos that they share."""
    first, second = pairs[0]
    others = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    scope = second.address.scope
    named = scope.repo if scope == Scope(scope.repo) else scope
    secret = f"{second.address.secret} of {quote(str(named))}{others}"
    earlier = f"{quote(first.target)} at {first.where}"
    if first.credential and first.credential == second.credential:
        why = f"{earlier} wants it visible to others"
        fix = "name all who see it under visible_to of one target"
        findings.add(second.where, "FF174", f"{secret} is wanted visible to two sets of repositories", why=why, fix=fix)
    elif first.credential and second.credential:
        names = f"{quote(first.credential.name)} and {quote(second.credential.name)}"
        what, why = f"{secret} is wanted with two credentials: {names}", f"{earlier} wants it with the former"
        fix = f"exclude the repository from one of the two targets{_OWN_NAME * (second.value is None)}"
        findings.add(second.where, "FF150", what, why=why, fix=fix)
    else:
        what, why = f"{secret} is wanted present and absent", f"{earlier} wants it present"
        findings.add(second.where, "FF151", what, why=why, fix="exclude the repository from one of the two")
