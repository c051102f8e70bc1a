"""Variables in the decision: by value, as GitHub gives it back; each row, then the laws over all combinations."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan, decide
from flowforge.plan.difference import Difference, differences
from flowforge.plan.facts import Entry, Listing, Presence, Public, Record, Remembered, Unreadable, Wanted
from flowforge.render.text import plan_lines

HERE = Address(Scope(Repo.parse("acme/api"), Store.VARIABLES), "ANTHROPIC_ORGANIZATION_ID")
OURS, LATER = "2026-03-01T10:00:00Z", "2026-03-02T11:30:00Z"
ONE, TWO, THREE = Public("one"), Public("two"), Public("three")
RECORD = Record(ONE.fingerprint, OURS, "federated", 7, OURS, OURS)
WHERE = Where("flowforge.yaml", 9, 5)
WANTED = Wanted(HERE, Presence.PRESENT, "CI", WHERE, "federated", "anthropic_workload_identity", ONE)
CHANGED = replace(WANTED, value=TWO)
REPORT = replace(WANTED, on_drift=OnDrift.REPORT)
ABSENT = Wanted(HERE, Presence.ABSENT, "Goes", WHERE)


def decided(
    wanted: Wanted | None,
    seen: Public | None,
    record: Record | None = None,
    *,
    pending: bool = False,
    prune: bool = False,
    at: str = LATER,
) -> Change:
    """Decide HERE where GitHub shows this value, or none."""
    listing = Listing({HERE.secret: at}, values={HERE.secret: seen}) if seen else Listing({})
    return decide(HERE, wanted, listing, Remembered(record, pending), prune=prune)


@pytest.mark.parametrize(
    ("wanted", "seen", "record", "pending", "expected"),
    [
        (WANTED, None, None, False, (Action.CREATE, Reason.MISSING)),
        (WANTED, None, RECORD, False, (Action.CREATE, Reason.DELETED_OUTSIDE)),
        (WANTED, None, None, True, (Action.CREATE, Reason.INTERRUPTED)),
        (WANTED, ONE, RECORD, True, (Action.UPDATE, Reason.INTERRUPTED)),
        (WANTED, ONE, None, False, (Action.NONE, Reason.IN_SYNC)),
        (WANTED, ONE, RECORD, False, (Action.NONE, Reason.IN_SYNC)),
        (WANTED, TWO, None, False, (Action.UPDATE, Reason.NEVER_APPLIED)),
        (WANTED, TWO, RECORD, False, (Action.UPDATE, Reason.CHANGED_OUTSIDE)),
        (REPORT, TWO, RECORD, False, (Action.NONE, Reason.CHANGED_OUTSIDE)),
        (CHANGED, ONE, RECORD, False, (Action.UPDATE, Reason.VALUE_CHANGED)),
        (CHANGED, TWO, RECORD, False, (Action.NONE, Reason.IN_SYNC)),
        (CHANGED, THREE, RECORD, False, (Action.UPDATE, Reason.VALUE_CHANGED_AND_OUTSIDE)),
        (ABSENT, THREE, None, False, (Action.DELETE, Reason.DECLARED_ABSENT)),
        (ABSENT, None, RECORD, False, (Action.NONE, Reason.ALREADY_ABSENT)),
        (None, ONE, RECORD, False, (Action.NONE, Reason.NOT_NAMED)),
        (None, ONE, RECORD, True, (Action.NONE, Reason.NOT_NAMED)),
        (None, TWO, RECORD, False, (Action.NONE, Reason.NOT_OURS)),
        (None, TWO, None, True, (Action.NONE, Reason.INTERRUPTED)),
        (None, None, RECORD, False, (Action.NONE, Reason.GONE)),
    ],
)
def test_row(
    wanted: Wanted | None,
    seen: Public | None,
    record: Record | None,
    pending: bool,  # noqa: FBT001 -- a parameter of the row
    expected: tuple[Action, Reason],
) -> None:
    """Each row: what is wanted, seen, recorded and pending gives this action for this reason, whatever the time."""
    found = [decided(wanted, seen, record, pending=pending, at=at) for at in (OURS, LATER)]
    assert [expected] * 2 == [(change.action, change.reason) for change in found]


@pytest.mark.parametrize(
    ("seen", "record", "expected"),
    [
        (ONE, RECORD, Action.DELETE),
        (TWO, RECORD, Action.BLOCKED),
        (ONE, replace(RECORD, adopted=True), Action.BLOCKED),
        (None, RECORD, Action.NONE),
    ],
)
def test_prune_goes_by_the_value(seen: Public | None, record: Record, expected: Action) -> None:
    """Only what holds the value that FlowForge wrote is deleted, when it was written last or not."""
    assert [expected] * 2 == [decided(None, seen, record, prune=True, at=at).action for at in (OURS, LATER)]


def test_an_unreadable_list_blocks() -> None:
    """Variables that could not be read are not absent, and nothing of their values is said."""
    unread = Unreadable(Why.NO_PERMISSION, "no")
    change = decide(HERE, WANTED, unread, Remembered(RECORD), prune=False)
    assert (Action.BLOCKED, ((),)) == (change.action, differences([change]))


def test_both_values_are_shown() -> None:
    """Where it is written, what GitHub holds and what is wanted; nothing of one that is in sync or is deleted."""
    changes = [
        decided(WANTED, None),
        decided(WANTED, TWO),
        decided(REPORT, TWO, RECORD),
        decided(CHANGED, ONE, RECORD),
        decided(WANTED, ONE, replace(RECORD, credential="old")),
        decided(ABSENT, TWO, RECORD),
        decided(None, ONE, RECORD, prune=True),
    ]
    assert (
        (Difference("value", "", "one"),),
        (Difference("value", "two", "one"),),
        (Difference("value", "two", "one"),),
        (Difference("value", "one", "two"),),
        (Difference("credential", "old", "federated"),),
        (),
        (),
    ) == differences(changes)


def test_a_long_value_is_cut() -> None:
    """A hundred characters are shown of what may be 48,000 bytes."""
    ((found,),) = differences([decided(WANTED, Public("x" * 100)), decided(WANTED, Public("x" * 101))][1:])
    assert ("x" * 99 + "…", "one") == (found.before, found.after)


def test_laws() -> None:
    """Nothing is written where the wanted value is seen, but what is pending; what is written had another, or none.

    Drift is told only of what GitHub shows to be neither recorded nor wanted.
    """
    seen = 0
    for want, there, recorded, pending, prune in product(
        (WANTED, REPORT, CHANGED, ABSENT, None), (None, ONE, TWO, THREE), (None, RECORD), (False, True), (False, True)
    ):
        change = decided(want, there, recorded, pending=pending, prune=prune)
        holds = want is not None and there is not None and there == want.value
        if want is not None and want.presence is Presence.PRESENT:
            left = want is REPORT and recorded is not None and there not in {None, ONE} and not pending
            assert (change.writes, change.reported_drift) == ((not holds or pending) and not left, left)
            assert not (holds and change.drift)
        if change.action is Action.DELETE:
            ours = recorded is not None and there is not None and there.fingerprint == recorded.fingerprint
            assert want is ABSENT or (prune and ours)
        assert change.seen_value in {there, None}
        seen += 1
    assert 5 * 4 * 2 * 2 * 2 == seen


def test_a_variable_that_is_right_and_not_remembered_is_proven() -> None:
    """Values can be read, so GitHub is known to match, whoever wrote them."""
    assert Plan((decided(WANTED, ONE),)).proven


def test_a_fingerprint_holds_nothing_of_the_value() -> None:
    """The state gets a hash, the same for the same value and no other; a text no encoder takes has one too."""
    assert [ONE.fingerprint, False] == [Public("one").fingerprint, ONE.fingerprint == TWO.fingerprint]
    assert ("sha256:", 71, False) == (ONE.fingerprint[:7], len(ONE.fingerprint), "one" in ONE.fingerprint)
    assert Public("\ud800").fingerprint.startswith("sha256:")


def test_entries() -> None:
    """A secret is as recorded by its time, a variable by its value."""
    assert [True, False, True, False] == [
        Entry(OURS).is_as_recorded(RECORD),
        Entry(LATER).is_as_recorded(RECORD),
        Entry(LATER, ONE).is_as_recorded(RECORD),
        Entry(OURS, TWO).is_as_recorded(RECORD),
    ]


@pytest.mark.parametrize(
    ("scope", "place", "address"),
    [
        (HERE.scope, "variables", "acme/api/variables/X"),
        (
            Scope.of_environment(HERE.scope.repo, "a/variables", Store.VARIABLES),
            "variables of environment a/variables",
            "acme/api/variables/environments/a/variables/X",
        ),
    ],
)
def test_where_they_are(scope: Scope, place: str, address: str) -> None:
    """A list of variables is named; no environment's name makes its address look like another's."""
    assert (place, address, True) == (scope.place, str(Address(scope, "X")), scope.is_readable)


def test_the_page_shows_what_a_plan_prints() -> None:
    """The lines in docs/planning.md, under Variables, are printed by the code."""
    zero, ones, twos = (Public(f"{d * 8}-{d * 4}-{d * 4}-{d * 4}-{d * 12}") for d in "012")
    want, record = replace(WANTED, value=zero), replace(RECORD, fingerprint=zero.fingerprint)
    changes = [
        decided(want, None),
        decided(want, ones, replace(RECORD, fingerprint=ones.fingerprint)),
        decided(replace(want, on_drift=OnDrift.REPORT), twos, record),
    ]
    shown = [line for each in changes for line in list(plan_lines(Plan((each,)), verbose=False))[:2]]
    page = (Path(__file__).parents[2] / "docs" / "planning.md").read_text("utf-8")
    part = page.partition("## Variables\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```text\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    assert shown == block.splitlines()
