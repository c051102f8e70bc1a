"""How many secrets or variables GitHub takes in one list. Pure: the lists were read anyway."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from flowforge.errors import quote
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Scope
from flowforge.plan.change import Change
from flowforge.plan.facts import Listing, Seen

# docs.github.com, "Secrets reference" and "Variables reference", limits. Of the stores besides Actions none is
# documented as smaller, and a limit that is larger in truth would block nothing but the hundred-and-first.
_OF_ORGANIZATION: Final = 1000
_OF_VARIABLES: Final = 500
_OF_ANY_OTHER: Final = 100
_LAST: Final = "an apply deletes last, so its own deletes make no room"


def capacity_of(scope: Scope) -> int:
    """Return how many secrets or variables GitHub takes in the list of a scope."""
    if scope.repo.is_organization:
        return _OF_ORGANIZATION
    return _OF_VARIABLES if scope.is_readable and not scope.environment else _OF_ANY_OTHER


def within_capacity(values: Collection[Change], seen: Mapping[Scope, Seen]) -> Iterable[Change]:
    """Block each create for which its list has no room.

    values: all lines of one apply about values, sorted. Which of them are blocked must not depend on chance.
    """
    created: Counter[Scope] = Counter()
    absent: defaultdict[Scope, set[str]] = defaultdict(set)
    for value in values:
        if value.reason is Reason.DECLARED_ABSENT and value.action is Action.DELETE and value.wanted is not None:
            absent[value.address.scope].add(value.wanted.target)
    for value in values:
        scope = value.address.scope
        listing = seen.get(scope)
        if value.action is not Action.CREATE or not isinstance(listing, Listing):
            yield value
        elif len(listing.updated_at) + created[scope] < capacity_of(scope):
            created[scope] += 1
            yield value
        else:
            yield _over_capacity(value, len(listing.updated_at), created[scope], absent[scope])


def _over_capacity(value: Change, there: int, created: int, absent: Collection[str]) -> Change:
    scope = value.address.scope
    before = f", {created} more {'is' if created == 1 else 'are'} created before it" if created else ""
    # Deletes come last, so that a repo never loses a credential before it has the next one; they make no room in time.
    detail = f"{there} {scope.noun}s are there{before}, and GitHub takes {capacity_of(scope):,}"
    return replace(
        value, action=Action.BLOCKED, reason=Reason.NO_ROOM, detail=detail, fix=_fix(absent), makes_environment=False
    )


def _fix(absent: Collection[str]) -> str:
    """Return how a person makes room. absent: the entries that delete something there."""
    if absent:
        entries = " and ".join(map(quote, sorted(absent)))
        return f"{_LAST}: give the absent entry {entries} a tag of its own, and apply that first with --tags"
    return f"first delete another one there, by hand or in a separate apply: {_LAST}"
