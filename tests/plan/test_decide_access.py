"""The line of who sees an organization's secret, whole, for each row: from what was decided of the value."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Access, Audience, Viewer, Visibility
from flowforge.plan.change import Change
from flowforge.plan.decide_access import decide_access, seen_with_access
from flowforge.plan.facts import Known, Listing, Presence, Public, Record, Seen, Unreadable, Wanted

AT, LATER = "2026-03-01T10:00:00Z", "2026-03-02T11:30:00Z"
HERE = Address(Scope(Repo.organization("acme")), "ANTHROPIC_API_KEY")
SETTING = Address(Scope(Repo.organization("acme"), Store.VARIABLES), "ANTHROPIC_API_KEY")
A, B, C = (Viewer(Repo.parse(f"acme/{name}"), number) for number, name in enumerate("abc", start=1))
ALL, PRIVATE = Audience(Visibility.ALL), Audience(Visibility.PRIVATE)
ONE, TWO = Audience.selected([A]), Audience.selected([A, B])
RECORD = Record("aa", AT, "k", 0, AT, AT, visibility="selected", repo_ids=(1, 2))
WANTED = Wanted(HERE, Presence.PRESENT, "T", Where("m", 1, 1), "k", value=Known("aa"), audience=TWO)
SYNC = Change(HERE, Action.NONE, Reason.IN_SYNC, wanted=WANTED, record=RECORD, seen_at=AT)
DRIFT = replace(SYNC, reason=Reason.CHANGED_OUTSIDE, seen_at=LATER, drift=True)
ROTATED = replace(SYNC, action=Action.UPDATE, reason=Reason.VALUE_CHANGED)
BLOCKED = (
    "its value was changed outside FlowForge, and a change of visibility would overwrite it",
    "write `on_drift: overwrite` in the manifest, or change the visibility by hand",
)


def wants(line: Change, audience: Audience | None = TWO, policy: OnDrift = OnDrift.OVERWRITE) -> Change:
    """Have the manifest want another audience, or say something else of drift."""
    assert line.wanted is not None
    return replace(line, wanted=replace(line.wanted, audience=audience, on_drift=policy))


def holds(audience: Audience | None, secret: str = HERE.secret) -> Listing:
    """Return what GitHub shows; None: it is not there."""
    return Listing({secret: AT}, audiences={secret: audience}) if audience else Listing({})


RECORDED = Audience(Visibility.SELECTED, (A, B))
AS_WRITTEN = Access(TWO, TWO, by_list=True, recorded=RECORDED)
ROWS = {
    "in sync": (SYNC, TWO, Action.NONE, Reason.IN_SYNC, AS_WRITTEN),
    "a repo too few": (SYNC, ONE, Action.UPDATE, Reason.ACCESS_CHANGED, replace(AS_WRITTEN, before=ONE)),
    "a repo too few, as it was written": (
        wants(SYNC, policy=OnDrift.REPORT),
        ONE,
        Action.NONE,
        Reason.CHANGED_OUTSIDE,
        replace(AS_WRITTEN, before=ONE),
    ),
    "a repo too few, and otherwise written": (
        wants(replace(SYNC, record=replace(RECORD, repo_ids=(2, 3))), policy=OnDrift.REPORT),
        ONE,
        Action.UPDATE,
        Reason.ACCESS_CHANGED,
        Access(ONE, TWO, by_list=True, recorded=Audience(Visibility.SELECTED, (B,))),
    ),
    "another visibility, as it was written": (
        wants(SYNC, policy=OnDrift.REPORT),
        ALL,
        Action.NONE,
        Reason.CHANGED_OUTSIDE,
        Access(ALL, TWO, rewrites=True, recorded=RECORDED),
    ),
    "another visibility": (
        SYNC,
        ALL,
        Action.UPDATE,
        Reason.ACCESS_CHANGED,
        Access(ALL, TWO, rewrites=True, recorded=RECORDED),
    ),
    "another visibility, and a value that is left": (
        wants(DRIFT, PRIVATE, OnDrift.REPORT),
        ALL,
        Action.BLOCKED,
        Reason.ACCESS_CHANGED,
        Access(ALL, PRIVATE, rewrites=True, recorded=Audience(Visibility.SELECTED)),
    ),
    "another list, and a value that is left": (
        wants(DRIFT, ONE, OnDrift.REPORT),
        TWO,
        Action.UPDATE,
        Reason.ACCESS_CHANGED,
        Access(TWO, ONE, by_list=True, recorded=Audience(Visibility.SELECTED, (A,))),
    ),
    "another visibility, and a value that is overwritten": (
        wants(replace(DRIFT, action=Action.UPDATE), PRIVATE),
        ALL,
        Action.UPDATE,
        Reason.ACCESS_CHANGED,
        Access(ALL, PRIVATE, recorded=Audience(Visibility.SELECTED)),
    ),
    "a value that is written, and a list that is left": (
        wants(ROTATED, policy=OnDrift.REPORT),
        ONE,
        Action.UPDATE,
        Reason.ACCESS_CHANGED,
        Access(ONE, TWO, recorded=RECORDED),
    ),
    "a value that is written, and who sees it is in sync": (
        ROTATED,
        TWO,
        Action.NONE,
        Reason.IN_SYNC,
        Access(TWO, TWO, recorded=RECORDED),
    ),
    "missing": (
        replace(SYNC, action=Action.CREATE, reason=Reason.MISSING, seen_at="", record=None),
        None,
        Action.CREATE,
        Reason.MISSING,
        Access(None, TWO),
    ),
    "listed and not there": (
        replace(SYNC, action=Action.CREATE, reason=Reason.DELETED_OUTSIDE, seen_at=""),
        TWO,
        Action.CREATE,
        Reason.MISSING,
        Access(None, TWO, recorded=RECORDED),
    ),
    "adopted, of a time when nobody noted it": (
        replace(SYNC, record=replace(RECORD, visibility="", repo_ids=())),
        TWO,
        Action.NONE,
        Reason.IN_SYNC,
        Access(TWO, TWO, by_list=True),
    ),
    "a variable's other visibility": (
        replace(SYNC, address=SETTING, seen_value=Public("one")),
        ALL,
        Action.UPDATE,
        Reason.ACCESS_CHANGED,
        Access(ALL, TWO, by_list=True, recorded=RECORDED),
    ),
    "a variable's other visibility, beside its value": (
        replace(ROTATED, address=SETTING, seen_value=Public("one")),
        ALL,
        Action.UPDATE,
        Reason.ACCESS_CHANGED,
        Access(ALL, TWO, recorded=RECORDED),
    ),
    "a value that is accepted": (
        wants(DRIFT, policy=OnDrift.ACCEPT),
        TWO,
        Action.NONE,
        Reason.IN_SYNC,
        AS_WRITTEN,
    ),
}


@pytest.mark.parametrize(("value", "before", "action", "reason", "access"), ROWS.values(), ids=ROWS)
def test_row(*, value: Change, before: Audience | None, action: Action, reason: Reason, access: Access) -> None:
    """Each row gives this line, which stands on what the value's stands on, and no other."""
    blocked = action is Action.BLOCKED
    expected = Change(
        value.address.of_access,
        action,
        reason,
        detail=BLOCKED[0] if blocked else "",
        fix=BLOCKED[1] if blocked else "",
        wanted=value.wanted,
        record=value.noted,
        seen_at=value.seen_at,
        drift=reason is Reason.CHANGED_OUTSIDE,
        access=access,
        after_drift=value.drift and not value.accepts,
        seen_value=value.seen_value,
    )
    assert expected == decide_access(value, holds(before))


@pytest.mark.parametrize(
    ("line", "expected"),
    [(SYNC, False), (DRIFT, True), (replace(DRIFT, action=Action.UPDATE), True), (wants(DRIFT), True)]
    + [(wants(DRIFT, policy=policy), policy is not OnDrift.ACCEPT) for policy in OnDrift],
)
def test_the_value_stays_drifted(*, line: Change, expected: bool) -> None:
    """A list that is written after drift of the value does not hide it, but where the value was accepted."""
    found = decide_access(line, holds(ONE))
    assert found is not None
    assert expected is found.after_drift


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (replace(SYNC, wanted=None), holds(TWO)),
        (wants(SYNC, None), holds(TWO)),
        (replace(SYNC, wanted=replace(WANTED, presence=Presence.ABSENT)), holds(TWO)),
        (replace(SYNC, action=Action.BLOCKED), holds(TWO)),
        (SYNC, Unreadable(Why.SSO)),
    ],
)
def test_nothing_is_said_of_who_sees_it(value: Change, seen: Seen) -> None:
    """Of what is not wanted, is no organization's, is to be absent, is blocked or cannot be seen."""
    assert decide_access(value, seen) is None


UNSEEN = Unreadable(Why.FAILED, "who sees it is not known", "run it again")
DENIED = Unreadable(Why.NO_PERMISSION)


@pytest.mark.parametrize(
    ("wanted", "seen", "expected"),
    [
        (WANTED, holds(TWO), holds(TWO)),
        (WANTED, Listing({}), Listing({})),
        (WANTED, Listing({HERE.secret: AT}), UNSEEN),
        (WANTED, Listing({HERE.secret: AT}, audiences={"OTHER": ALL}), UNSEEN),
        (WANTED, Listing({"OTHER": AT}), Listing({"OTHER": AT})),
        (replace(WANTED, audience=None), Listing({HERE.secret: AT}), Listing({HERE.secret: AT})),
        (None, Listing({HERE.secret: AT}), Listing({HERE.secret: AT})),
        (WANTED, DENIED, DENIED),
        (None, DENIED, DENIED),
    ],
)
def test_who_sees_it_is_never_nobody(wanted: Wanted | None, seen: Seen, expected: Seen) -> None:
    """A secret that is there, whose audience is to be known and is not, is unreadable."""
    assert expected == seen_with_access(wanted, HERE.secret, seen)
