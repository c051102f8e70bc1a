"""Which of the repos that selectors find may get secrets: at first all, later only the known and the admitted ones.

Whoever can give a repo a topic, or create one with a fitting name, could get a secret otherwise.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from flowforge.manifest.places import Holder, Member, Place
from flowforge.plan.address import Address
from flowforge.plan.audience import Audience, Viewer
from flowforge.plan.repo_list import ChosenRepo
from flowforge.state.session import StateSession

AdmittedRepos = Mapping[str, frozenset[int]]


def admitted_by(holders: Collection[str], remembered: AdmittedRepos) -> AdmittedRepos:
    """Return the repos that each holder has admitted. A holder is a group or entry with a selector.

    One that was never applied has none, and is missing.
    """
    # A holder may have been renamed: one that the state does not know has admitted what those had that are gone.
    gone = [repos for name, repos in remembered.items() if name not in holders]
    return {**dict.fromkeys(holders, frozenset[int]().union(*gone)), **remembered} if gone else remembered


def new_to(place: Place, admitted: AdmittedRepos) -> str:
    """Return the holder whose selector found the repo of a place and has not admitted it; empty where it has."""
    return _new_to(place.holders, place.repo_id, admitted)


def audience_of(place: Place, admitted: AdmittedRepos) -> Audience | None:
    """Return who is to see a secret, each with the group that has not admitted it."""
    # The repos of a selector right under `visible_to` need no admission: --allow-widening guards them already.
    if place.visibility is None:
        return None
    viewers = (
        Viewer(each.repo, each.id, "" if _is_own(place, each) else _new_to(each.holders, each.id, admitted))
        for each in place.viewers
    )
    return Audience(place.visibility, tuple(sorted(viewers)))


def chosen_by(place: Place, admitted: AdmittedRepos) -> Iterable[ChosenRepo]:
    """Yield the repos that a place is about: its own, or those that see an organization's secret."""
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

    allowed: the addresses of lines that a person has allowed by --allow-new-repos. holders: all holders of the
    manifest, and whether it is known what they find.
    """
    # The first time, these are all repos that it finds, even if there are none. Later, new ones are added if the holder
    # admits them by itself or a person has allowed them. A holder for which not a single repo is known has not begun:
    # else its first repos would count as new the next time.
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
    """Return the first of the holders; empty where one of them admits the repo, which is enough to get the secret."""
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
    """Yield the holders whose selectors found the repos of a place, but for the selector of its own `visible_to`."""
    for holder in place.holders:
        yield holder, place.repo_id
    for viewer in place.viewers:
        yield from ((holder, viewer.id) for holder in viewer.holders if holder.name != place.entry)
