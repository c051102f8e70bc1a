"""`--owner`: a run for one organization or user, which may have a state of its own."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from flowforge.errors import Problem, UsageError, printable, quote
from flowforge.manifest.expand import selectors_of
from flowforge.manifest.model import Manifest
from flowforge.manifest.places import Expanded, Place
from flowforge.manifest.selector import Owned, Selector
from flowforge.plan.action import Why
from flowforge.plan.facts import Unreadable

_MOST_NAMED: Final = 5
_MOST_COMMANDS: Final = 3
# What stands in the place of the repos that a selector of another owner would find. None of them is planned.
OTHER_OWNER: Final = Unreadable(Why.NOT_ASKED, "it is about another owner", "run without --owner")


def of_one_owner(manifest: Manifest, places: tuple[Place, ...], owner: str) -> tuple[Manifest, tuple[Place, ...]]:
    """Return the manifest with the state of an owner, and the places that this state is for. owner: in lower case.

    Where all owners share a state, its places stay whole: `--owner` narrows a plan as `--limit` does. Raises UsageError
    FF033 where each owner has a state and none is named.
    """
    if not manifest.state.per_owner:
        return manifest, places
    if not owner:
        owners = owners_of(manifest, places)
        what, why = "it is not said whose state is meant", "the state's path has {owner} in it, so each owner has one"
        fix = f"name one owner each time: {_commands(owners)}; `flowforge matrix` makes a job for each"
        raise UsageError(Problem("FF033", what, str(manifest.github.where.file), why, fix))
    return replace(manifest, state=manifest.state.of_owner(owner)), _within(places, owner)


def stranger(manifest: Manifest, places: Iterable[Place], owner: str) -> Problem | None:
    """Return what is wrong with an owner that the manifest does not name: FF034; None where it names it, or may.

    An owner that left the manifest may have a state of its own still: that is for the caller to look at.
    """
    # A selector of an installation may find repos of any owner, so no name is surely wrong.
    if not owner or owner in (owners := owners_of(manifest, places)) or _open(manifest):
        return None
    near = get_close_matches(owner, owners, 1)
    fix = f"did you mean {near[0]}?" if near else f"name one of them: {_some(owners)}"
    return Problem("FF034", f"the manifest names nothing of the owner {quote(owner)}", fix=fix)


def owners_of(manifest: Manifest, places: Iterable[Place]) -> Collection[str]:
    """Return the owners that a manifest names, in lower case and sorted."""
    selected = {each.owner for each in selectors_of(manifest) if each.owner}
    return sorted({place.address.scope.repo.owner.lower() for place in places} | selected)


def for_owner(manifest: Manifest, expanded: Expanded, owner: str) -> Expanded:
    """Return what selectors made of the manifest, as far as a run for this owner is concerned."""
    unresolved = tuple(each for each in expanded.unresolved if each.unreadable != OTHER_OWNER)
    places = _within(expanded.places, owner) if manifest.state.per_owner else expanded.places
    return replace(expanded, places=places, unresolved=unresolved)


def concerns(selector: Selector, owner: str) -> bool:
    """Return whether a selector may find repos of an owner."""
    return not owner or selector.by is Owned.INSTALLATION or selector.owner == owner


def _within(places: Iterable[Place], owner: str) -> tuple[Place, ...]:
    return tuple(place for place in places if place.address.scope.repo.owner.lower() == owner)


def _open(manifest: Manifest) -> bool:
    """Return whether a selector may find repos of any owner."""
    return any(each.by is Owned.INSTALLATION for each in selectors_of(manifest))


def _commands(owners: Collection[str]) -> str:
    """Return the command that runs, once for each of the first owners."""
    named = [f"`flowforge … --owner {owner}`" for owner in list(owners)[:_MOST_COMMANDS]]
    more = len(owners) - len(named)
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _some(owners: Collection[str]) -> str:
    named = ", ".join(printable(owner) for owner in list(owners)[:_MOST_NAMED])
    return named + (f" and {len(owners) - _MOST_NAMED} more" if len(owners) > _MOST_NAMED else "")
