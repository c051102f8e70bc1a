"""One line of a plan: what apply sends for it, what it leaves in the state, and what it says."""

from dataclasses import astuple, replace
from itertools import product

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Access, Audience, Visibility
from flowforge.plan.change import Change, Counts
from flowforge.plan.facts import Known, NotRead, Presence, Public, Record, Unavailable, Wanted

HERE = Address(Scope(Repo.parse("acme/api")), "ANTHROPIC_API_KEY")
OURS = Address(Scope(Repo.organization("acme")), "ANTHROPIC_API_KEY")
AT, LATER = "2026-03-01T10:00:00Z", "2026-03-02T11:30:00Z"
WANTED = Wanted(HERE, Presence.PRESENT, "Reviews", Where("m", 1, 1), "ci-key", value=Known("hmac-sha256:aa"))
RENAMED = replace(WANTED, credential="new")
ACCEPTED = replace(WANTED, on_drift=OnDrift.ACCEPT)
RECORD = Record("hmac-sha256:aa", AT, "ci-key", 7, AT, AT)
DRIFTED = replace(RECORD, drifted_at=LATER)
ALL = Audience(Visibility.ALL)
ACCESS = Access(ALL, Audience(Visibility.PRIVATE))
LINE = Change(HERE, Action.NONE, Reason.IN_SYNC, wanted=WANTED, record=RECORD, seen_at=AT)
DRIFT = replace(LINE, reason=Reason.CHANGED_OUTSIDE, seen_at=LATER, drift=True)


@pytest.mark.parametrize("action", Action)
def test_what_is_sent(action: Action) -> None:
    """A create, an update and a delete; nothing else."""
    assert (action in {Action.CREATE, Action.UPDATE, Action.DELETE}) is replace(LINE, action=action).writes


@pytest.mark.parametrize(
    ("action", "value", "access", "expected"),
    [
        (Action.CREATE, NotRead("x"), None, False),
        (Action.UPDATE, NotRead("x"), None, False),
        (Action.UPDATE, NotRead("x"), ACCESS, False),
        (Action.UPDATE, NotRead("x"), replace(ACCESS, by_list=True), True),
        (Action.DELETE, NotRead("x"), None, True),
        (Action.NONE, NotRead("x"), None, True),
        (Action.BLOCKED, NotRead("x"), None, True),
        (Action.CREATE, Known("a"), None, True),
        (Action.UPDATE, Public("a"), None, True),
        (Action.UPDATE, Unavailable("a"), None, True),
        (Action.UPDATE, None, None, True),
    ],
)
def test_a_write_needs_its_value(
    *, action: Action, value: Known | Public | NotRead | Unavailable | None, access: Access | None, expected: bool
) -> None:
    """What was not read cannot be created or updated; a list of repos alone needs no value."""
    wanted = None if value is None else replace(WANTED, value=value)
    assert expected is replace(LINE, action=action, wanted=wanted, access=access).applicable


@pytest.mark.parametrize("reason", Reason)
def test_a_name_is_changed_where_the_value_is_settled(reason: Reason) -> None:
    """Only there, only where both sides are known and differ, and never on the line of who sees it."""
    line = replace(LINE, reason=reason, wanted=RENAMED)
    settled = reason in {Reason.IN_SYNC, Reason.ASSUMED, Reason.NOT_CHECKED}
    others = (
        replace(line, wanted=WANTED),
        replace(line, record=None),
        replace(line, wanted=None),
        replace(line, access=ACCESS),
    )
    assert (settled, [False] * 4) == (line.relabels, [each.relabels for each in others])


@pytest.mark.parametrize(("policy", "action", "reason"), list(product(OnDrift, Action, Reason)))
def test_what_is_accepted(policy: OnDrift, action: Action, reason: Reason) -> None:
    """What was changed outside and is left so, under --accept-drift alone; who sees it is not accepted."""
    line = Change(HERE, action, reason, wanted=replace(WANTED, on_drift=policy), record=RECORD)
    expected = (policy, action, reason) == (OnDrift.ACCEPT, Action.NONE, Reason.CHANGED_OUTSIDE)
    assert (expected, False, False) == (
        line.accepts,
        replace(line, access=ACCESS).accepts,
        replace(line, wanted=None).accepts,
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # As it was: nothing to tell the state.
        (LINE, RECORD),
        (replace(LINE, record=None), None),
        (replace(DRIFT, record=DRIFTED), DRIFTED),
        # Drift is noted, by GitHub's time for it, and forgotten where it is gone.
        (DRIFT, DRIFTED),
        (replace(LINE, record=DRIFTED), RECORD),
        # Another name, and what was accepted: assumed from then on, with the time of now.
        (replace(LINE, wanted=RENAMED), replace(RECORD, credential="new")),
        (replace(DRIFT, wanted=RENAMED), DRIFTED),
        (replace(DRIFT, wanted=ACCEPTED), replace(DRIFTED, updated_at=LATER, adopted=True)),
        (
            replace(DRIFT, wanted=replace(ACCEPTED, credential="new")),
            replace(DRIFTED, updated_at=LATER, adopted=True, credential="new"),
        ),
        # Not what apply writes, does not know to be wanted, or says of who sees it.
        (replace(DRIFT, action=Action.UPDATE), RECORD),
        (replace(DRIFT, action=Action.BLOCKED, wanted=RENAMED), RECORD),
        (replace(DRIFT, wanted=None), RECORD),
        (replace(LINE, wanted=RENAMED, access=ACCESS, drift=True, seen_at=LATER), RECORD),
    ],
)
def test_what_the_state_is_told_without_a_write(line: Change, expected: Record | None) -> None:
    """The record as it is left; the state is changed for nothing else, but for what is forgotten."""
    assert (expected, expected != line.record, True) == (line.noted, line.tidies, replace(line, forgets=True).tidies)


@pytest.mark.parametrize(("line", "expected"), [(LINE, ""), (DRIFT, LATER), (replace(DRIFT, seen_at=""), "")])
def test_when_it_drifted(line: Change, expected: str) -> None:
    """GitHub's time of what drifts; there is none of what does not, or is gone."""
    assert expected == line.drifted_at


@pytest.mark.parametrize("action", Action)
def test_drift_is_reported_where_it_is_left(action: Action) -> None:
    """What is written over, is not wanted or did not drift is not reported; what is has its own mark."""
    line = replace(DRIFT, action=action)
    left = action is Action.NONE
    others = [replace(line, wanted=None), replace(line, drift=False)]
    assert (left, [False, False]) == (line.reported_drift, [each.reported_drift for each in others])
    marks = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.BLOCKED: "!", Action.NONE: "="}
    assert ("?" if left else marks[action], marks[action], " " if left else marks[action]) == (
        line.symbol,
        replace(line, drift=False).symbol,
        replace(line, wanted=None).symbol,
    )


@pytest.mark.parametrize("reason", Reason)
def test_what_is_in_sync(reason: Reason) -> None:
    """Proven to be there as wanted, or not to be there."""
    assert (reason in {Reason.IN_SYNC, Reason.ALREADY_ABSENT}) is replace(LINE, reason=reason).in_sync


OF_ACCESS = replace(LINE, address=OURS.of_access, reason=Reason.ACCESS_CHANGED, access=ACCESS)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (LINE, "in sync"),
        (replace(LINE, detail="so"), "in sync: so"),
        (replace(LINE, why=Why.SSO), "the organization's single sign-on is required"),
        (replace(LINE, why=Why.SSO, detail="so"), "so"),
        (OF_ACCESS, "visible to private repositories, until now to all repositories"),
        (replace(OF_ACCESS, drift=True), "who sees it was changed outside FlowForge"),
        (replace(OF_ACCESS, drift=True, detail="so"), "who sees it changes: so"),
        (replace(OF_ACCESS, why=Why.FAILED), "GitHub did not answer"),
        (DRIFT, "changed outside FlowForge"),
        (replace(DRIFT, address=OURS), "value or access changed outside FlowForge"),
        (replace(DRIFT, address=OURS, detail="so"), "value or access changed outside FlowForge: so"),
    ],
)
def test_the_sentence(line: Change, expected: str) -> None:
    """The reason with its detail; where it cannot be seen, that; of who sees it, what changes."""
    assert expected == line.sentence


def test_the_counts() -> None:
    """Each sort by itself, and what is written in all; drift and what was not checked are counted beside."""
    lines = [
        *[replace(LINE, action=Action.CREATE)] * 2,
        *[replace(DRIFT, action=Action.UPDATE)] * 3,
        *[replace(LINE, action=Action.DELETE)] * 4,
        *[LINE] * 5,
        *[replace(LINE, reason=Reason.ASSUMED)] * 6,
        *[replace(LINE, action=Action.BLOCKED)] * 7,
        *[DRIFT] * 8,
        *[replace(LINE, reason=Reason.NOT_CHECKED)] * 9,
        *[replace(LINE, reason=Reason.VALUE_NOT_CHECKED)] * 10,
        *[replace(LINE, reason=Reason.NOT_NAMED, wanted=None)] * 11,
    ]
    counts = Counts.of(lines)
    assert Counts(2, 3, 4, 5, 6, 7, 8, 19, 11, left_over=11) == counts
    assert (9, (0,) * 12) == (counts.writes, astuple(Counts()))


def test_what_is_not_said_of_a_line() -> None:
    """A line says of itself nothing that was not found."""
    assert (None, "", "", None, None, "", False, False, False, None, False, None) == astuple(
        Change(HERE, Action.NONE, Reason.GONE)
    )[3:]
