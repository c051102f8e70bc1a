"""Which repos that selectors found may have secrets: all at first, later those of before and those admitted."""

from collections.abc import Collection, Iterable, Mapping

from flowforge.manifest.expand import Place
from flowforge.plan.address import Address
from flowforge.plan.chosen import Choice
from flowforge.state.file import StateFile

Admitted = Mapping[str, frozenset[int]]


def new_to(place: Place, admitted: Admitted) -> str:
    """Give the holder of the selector that found a place's repo and had found others before; empty for an old one.

    One selector that admits it is enough: what has several ways to the same secret has it by each.
    """
    for holder in place.holders:
        before = admitted.get(holder.name)
        if holder.auto or before is None or place.repo_id in before:
            return ""
    return place.holders[0].name if place.holders else ""


def chosen_by(place: Place, admitted: Admitted) -> Iterable[Choice]:
    """Give the repos that a place is about: the one that it is in, or those that see an organization's secret."""
    if place.address.scope.repo.is_organization:
        for each in place.viewers:
            yield Choice(each.repo, place.entry, each.where, tuple(holder.name for holder in each.holders))
    else:
        by = tuple(holder.name for holder in place.holders)
        yield Choice(place.address.scope.repo, place.entry, place.chosen, by, new_to(place, admitted))


def admit(places: Iterable[Place], memory: StateFile, allowed: Collection[Address]) -> None:
    """Record which repos every selector may give secrets to from now on.

    The first time these are all that it found; later the new ones too that its holder admits itself, or that are about
    to be written because a person said so. allowed: their addresses.
    """
    before = memory.state.admitted
    now: dict[str, set[int]] = {}
    for place in places:
        for holder in place.holders:
            known = before.get(holder.name)
            if known is None or holder.auto or place.address in allowed:
                now.setdefault(holder.name, {*(known or ())}).add(place.repo_id)
    for name, repos in now.items():
        memory.admit(name, frozenset(repos))
