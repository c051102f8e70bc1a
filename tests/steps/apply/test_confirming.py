"""When the times of writes are asked for at once: as long as all that is left fits in, and never again after that."""

from typing import cast

import pytest

from flowforge.github.http import Client
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.steps.apply.confirming import Confirming
from tests.steps.apply.parts import cost

SCOPE, OTHER = Scope(Repo.parse("acme/api")), Scope(Repo.parse("acme/web"))
LINE = Change(Address(SCOPE, "A"), Action.CREATE, Reason.MISSING)
WORK = {SCOPE: (LINE, LINE), OTHER: (LINE,)}


class Room:
    """A client whose limits have room for so many points; asked is what it was asked for."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.asked: list[int] = []

    @property
    def pacer(self) -> "Room":
        """Return the pacer."""
        return self

    def has_room(self, points: int) -> bool:
        """Answer."""
        self.asked.append(points)
        return points <= self.room


def of(room: Room) -> Client:
    """Return it as a client."""
    return cast("Client", room)


def test_what_is_not_begun_counts() -> None:
    """Five points a write, and for each scope a key and its list; and one for the list that is asked about."""
    room, confirming = Room(100), Confirming(cost)
    confirming.expect(of(room), (WORK, {}))
    for scope, lines in WORK.items():
        confirming.begin(of(room), {scope: lines})
        assert confirming.at_once(of(room))
    assert [19, 8, 1] == room.asked


def test_what_did_not_fit_once_is_left_until_the_end() -> None:
    """Nobody asks again, not even where it did not fit before the first write; another token has its own limits."""
    before, then, free, confirming = Room(18), Room(100), Room(100), Confirming(cost)
    for room in (before, then, free):
        confirming.expect(of(room), (WORK,))
    then.room = 19
    assert [False, False, True] == [confirming.at_once(of(room)) for room in (before, then, free)]
    before.room = then.room = 100
    assert [False, False, True] == [confirming.at_once(of(room)) for room in (before, then, free)]
    assert ([19], [19, 20]) == (before.asked, then.asked)


@pytest.mark.parametrize("always", [True, False])
def test_a_person_may_want_them_all(*, always: bool) -> None:
    """With --confirm the limits are not asked."""
    room, confirming = Room(0), Confirming(cost, always=always)
    confirming.expect(of(room), (WORK,))
    assert always is confirming.at_once(of(room))
    assert room.asked == ([] if always else [19])


def test_of_a_client_of_which_nothing_was_expected() -> None:
    """Its list alone is asked about; what is begun is counted by the limits already."""
    room, confirming = Room(100), Confirming(cost)
    fits = [confirming.at_once(of(room))]
    confirming.begin(of(room), {OTHER: (LINE,)})
    fits.append(confirming.at_once(of(room)))
    assert ([True, True], [1, 1 - cost([{OTHER: (LINE,)}]).points]) == (fits, room.asked)
