"""Who is new to a selector, and whom an apply admits."""

from pathlib import Path

import pytest

from flowforge.errors import Where
from flowforge.manifest.expand import Place
from flowforge.manifest.members import Holder
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Presence
from flowforge.state.file import StateFile
from flowforge.steps.admit import admit, new_to

A, B, AUTO = Holder("group a"), Holder("group b"), Holder("target c", auto=True)


def place(number: int, *holders: Holder) -> Place:
    """Give a place in a repo of that id, found by these."""
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
    with StateFile.open(tmp_path / "s.json") as memory:
        admit([place(1, A), place(2, A, AUTO), place(7)], memory, ())
        assert {"group a": {1, 2}, "target c": {2}} == memory.state.admitted
        admit([place(3, A), place(4, A), place(5, AUTO)], memory, {place(4).address})
        assert {"group a": {1, 2, 4}, "target c": {2, 5}} == memory.state.admitted
