"""Which repos that selectors found may have secrets: all at first, later those of before and those admitted."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from flowforge.manifest.places import Holder, Member, Place
from flowforge.plan.address import Address
from flowforge.plan.audience import Audience, Viewer
from flowforge.plan.repo_list import ChosenRepo
from flowforge.state.session import StateSession

AdmittedRepos = Mapping[str, frozenset[int]]


def admitted_by(holders: Collection[str], remembered: AdmittedRepos) -> AdmittedRepos:
    """Return the repos that each holder of the manifest has admitted; one that never was applied is not in it.

    One that the state does not know may be another under a new name, where the state knows some that the manifest has
    no more: then it has admitted what those had.
    """
    gone = [repos for name, repos in remembered.items() if name not in holders]
    return {**dict.fromkeys(holders, frozenset[int]().union(*gone)), **remembered} if gone else remembered


def new_to(place: Place, admitted: AdmittedRepos) -> str:
    """Return the holder of the selector that found a place's repo and has not admitted it; empty for an old one."""
    return _new_to(place.holders, place.repo_id, admitted)


def audience_of(place: Place, admitted: AdmittedRepos) -> Audience | None:
    """Return who is to see a secret, each with the group that has not admitted it.

    What a selector right under `visible_to` finds is admitted with the list itself, whose every addition is a widening.
    """
    if place.visibility is None:
        return None
    viewers = (
        Viewer(each.repo, each.id, "" if _is_own(place, each) else _new_to(each.holders, each.id, admitted))
        for each in place.viewers
    )
    return Audience(place.visibility, tuple(sorted(viewers)))


def chosen_by(place: Place, admitted: AdmittedRepos) -> Iterable[ChosenRepo]:
    """Return the repos that a place is about: the one that it is in, or those that see an organization's secret.

    None where it is not known which are meant.
    """
    if place.unread:
        return
    if place.address.scope.repo.is_organization:
        audience = audience_of(place, admitted)
        new = {viewer.repo: viewer.new_to for viewer in audience.viewers} if audience else {}
        for each in place.viewers:
            by = tuple(holder.name for holder in each.holders)
            yield ChosenRepo(each.repo, place.entry, each.where, by, new[each.repo])
    else:
        by = tuple(holder.name for holder in place.holders)
        yield ChosenRepo(place.address.scope.repo, place.entry, place.chosen, by, new_to(place, admitted))


def admit(
    places: Collection[Place], session: StateSession, allowed: Collection[Address], holders: Mapping[str, bool]
) -> None:
    """Record which repos every selector may give secrets to from now on.

    The first time these are all that it found, be it none; later the new ones too that its holder admits itself, or
    that are about to be written because a person said so. allowed: the addresses of their lines. holders: all of the
    manifest, and whether what they find is known. Where it is not known whether a repo is meant, it is not admitted;
    a holder of which no repo is known to be meant has not begun.
    """
    before = session.state.admitted
    counted = admitted_by(holders, before)
    meant = [place for place in places if not place.unread]
    idle = _holders_of(places) - _holders_of(meant)
    now = {name: set[int]() for name, known in holders.items() if known and name not in before and name not in idle}
    for place in meant:
        yes = place.address in allowed or place.address.of_access in allowed
        for holder, number in _found_by(place):
            known = counted.get(holder.name)
            if known is None or number in known or holder.auto or yes:
                now.setdefault(holder.name, {*before.get(holder.name, ())}).add(number)
    for name, repos in now.items():
        session.admit(name, frozenset(repos))


def _new_to(holders: Sequence[Holder], number: int, admitted: AdmittedRepos) -> str:
    """Return the first of the holders; empty where one of them admits the repo.

    One is enough: what has several ways to the same secret has it by each.
    """
    for holder in holders:
        before = admitted.get(holder.name)
        if holder.auto or before is None or number in before:
            return ""
    return holders[0].name if holders else ""


def _is_own(place: Place, viewer: Member) -> bool:
    return any(holder.name == place.entry for holder in viewer.holders)


def _holders_of(places: Iterable[Place]) -> set[str]:
    return {holder.name for place in places for holder, _ in _found_by(place)}


def _found_by(place: Place) -> Iterator[tuple[Holder, int]]:
    """Return whose selectors found the repos that a place is about; not those of its own `visible_to`."""
    for holder in place.holders:
        yield holder, place.repo_id
    for viewer in place.viewers:
        yield from ((holder, viewer.id) for holder in viewer.holders if holder.name != place.entry)
