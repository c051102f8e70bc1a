"""Who is new to a selector, and whom an apply admits."""

from dataclasses import replace
from pathlib import Path

import pytest

from flowforge.errors import Where
from flowforge.manifest.places import Holder, Member, Place
from flowforge.plan.action import OnDrift, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Visibility
from flowforge.plan.facts import Presence, Unreadable
from flowforge.state.file import StateFile
from flowforge.steps.refresh.admission import admit, admitted_by, audience_of, chosen_by, new_to

A, B, AUTO = Holder("group a"), Holder("group b"), Holder("target c", auto=True)


def place(number: int, *holders: Holder) -> Place:
    """Return a place in a repo of that id, found by these."""
    here = Address(Scope(Repo.parse(f"acme/r{number}")), "X")
    where = Where("f", 1, 1)
    return Place(
        here,
        Presence.ABSENT,
        None,
        "t",
        "absent entry t",
        where,
        OnDrift.OVERWRITE,
        where,
        holders=holders,
        repo_id=number,
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (place(1), ""),
        (place(1, A), ""),
        (place(2, A), "group a"),
        (place(2, B), "group b"),
        (place(2, Holder("group e")), ""),
        (place(2, A, B), "group a"),
        (place(2, A, Holder("group e")), ""),
        (place(2, A, AUTO), ""),
        (place(3, A, Holder("group d")), "group a"),
        (place(3, Holder("group d"), A), "group d"),
    ],
)
def test_who_is_new(found: Place, expected: str) -> None:
    """A repo is new where each selector that found it had found others, and not it; one that is named never is.

    Also where all others were forgotten since.
    """
    admitted = {"group a": frozenset({1}), "group b": frozenset(), "group d": frozenset({9})}
    assert expected == new_to(found, admitted)


def test_who_is_admitted(tmp_path: Path) -> None:
    """At first all; later those of `auto_admit` and those that were allowed; who was admitted stays so."""
    with StateFile.open(tmp_path / "s.json") as session:
        holders = dict.fromkeys(("group a", "target c"), True)
        admit([place(1, A), place(2, A, AUTO), place(7)], session, (), holders)
        assert {"group a": {1, 2}, "target c": {2}} == session.state.admitted
        admit([place(3, A), place(4, A), place(5, AUTO)], session, {place(4).address}, holders)
        assert {"group a": {1, 2, 4}, "target c": {2, 5}} == session.state.admitted


def test_who_finds_nothing_has_begun(tmp_path: Path) -> None:
    """A selector that was read whole and found none has admitted none; of one that was not, nothing is recorded."""
    with StateFile.open(tmp_path / "s.json") as session:
        admit([], session, (), {"group a": True, "group b": False})
        assert {"group a": frozenset()} == session.state.admitted
        admit([place(1, A), place(2, B)], session, (), {"group a": True, "group b": True})
        assert {"group a": frozenset(), "group b": {2}} == session.state.admitted


def test_who_may_not_be_meant_is_not_admitted(tmp_path: Path) -> None:
    """A repo that a list cut short would perhaps have excluded; a holder that has no other has not begun."""
    cut = Unreadable(Why.CUT_SHORT)
    lost = [replace(place(number, *holders), unread=cut) for number, holders in ((1, [A]), (2, [A, B]), (4, [AUTO]))]
    holders = dict.fromkeys(("group a", "group b", "target c"), True)
    with StateFile.open(tmp_path / "s.json") as session:
        admit([*lost, place(3, A)], session, {each.address for each in lost}, holders)
        assert {"group a": {3}} == session.state.admitted
        admit([*lost, place(5, B), place(6, AUTO)], session, {each.address for each in lost}, holders)
        assert {"group a": {3}, "group b": {5}, "target c": {6}} == session.state.admitted
    assert [] == [*chosen_by(lost[0], {})]


def test_another_name_opens_no_door(tmp_path: Path) -> None:
    """A holder that the state does not know has admitted what those had that the manifest has no more."""
    remembered = {"group a": frozenset({1}), "group x": frozenset({2}), "group y": frozenset({3})}
    assert remembered == admitted_by(["group a", "group x", "group y"], remembered)
    assert {} == admitted_by(["group b"], {})
    counted = admitted_by(["group a", "group b"], remembered)
    assert {**remembered, "group b": {2, 3}} == counted
    assert ["group b", "", ""] == [new_to(place(number, B), counted) for number in (1, 2, 3)]
    with StateFile.open(tmp_path / "s.json") as session:
        session.admit("group x", frozenset({2}))
        admit([place(1, B), place(2, B)], session, (), {"group b": True})
        assert {"group x": {2}, "group b": {2}} == session.state.admitted
        admit([place(1, B), place(2, B)], session, {place(1).address}, {"group b": True})
        assert {"group x": {2}, "group b": {1, 2}} == session.state.admitted


def test_who_sees_an_organizations_secret_is_admitted_by_groups(tmp_path: Path) -> None:
    """A repo that a group finds is new to it there as well; one of the target's own selector never is."""
    own = Holder("absent entry t")
    where = Where("f", 2, 2)
    viewers = tuple(
        Member(Repo.parse(f"acme/r{number}"), where, holders, number)
        for number, holders in enumerate([(), (A,), (A,), (own,), (A, own), (B,)])
    )
    here = Address(Scope(Repo.organization("acme")), "X")
    org = replace(place(0), address=here, visibility=Visibility.SELECTED, viewers=viewers)
    admitted = {"group a": frozenset({1})}
    audience = audience_of(org, admitted)
    assert audience is not None
    assert ["", "", "group a", "", "", ""] == [each.new_to for each in audience.viewers]
    assert ["", "", "group a", "", "", ""] == [each.new_to for each in chosen_by(org, admitted)]
    assert (None, []) == (audience_of(place(1), {}), [each.new_to for each in chosen_by(replace(org, viewers=()), {})])
    with StateFile.open(tmp_path / "s.json") as session:
        session.admit("group a", frozenset({1}))
        admit([org], session, (), {"group a": True, "group b": True})
        assert {"group a": {1}, "group b": {5}} == session.state.admitted
        admit([org], session, {here.of_access}, {"group a": True, "group b": True})
        assert {"group a": {1, 2, 4}, "group b": {5}} == session.state.admitted
