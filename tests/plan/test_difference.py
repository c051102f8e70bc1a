"""What differs inside a change: which fields, and never a value or its fingerprint."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.difference import Difference, differences
from flowforge.plan.facts import Known, NotRead, Presence, Record, Unavailable, Value, Wanted

HERE = Address(Scope(Repo.parse("acme/api")), "ANTHROPIC_API_KEY")
RECORD = Record("hmac-sha256:aa", "2026-03-01T10:00:00Z", "ci-key", 7, "2026-03-01T10:00:01Z", "2026-03-01T10:00:01Z")
WANTED = Wanted(
    HERE, Presence.PRESENT, "Reviews", Where("m", 1, 1), "ci-key", "anthropic_api_key", Known("hmac-sha256:aa")
)
SAME = Change(HERE, Action.NONE, Reason.IN_SYNC, wanted=WANTED, record=RECORD, seen_at=RECORD.updated_at)
ROTATED = Known("hmac-sha256:bb")
LATER = "2026-03-02T11:30:00Z"

IN_VALUE = Difference("value")
IN_TIME = Difference("updated_at", RECORD.updated_at, LATER)
IN_CREDENTIAL = Difference("credential", "ci-key", "new-key")


def test_nothing_differs_in_sync() -> None:
    """A secret as it was recorded and as it is wanted differs in nothing."""
    assert ((),) == differences([SAME])


@pytest.mark.parametrize(
    ("value", "credential", "seen_at", "expected"),
    [
        (ROTATED, "ci-key", RECORD.updated_at, (IN_VALUE,)),
        (WANTED.value, "ci-key", LATER, (IN_TIME,)),
        (WANTED.value, "new-key", RECORD.updated_at, (IN_CREDENTIAL,)),
        (ROTATED, "ci-key", LATER, (IN_TIME, IN_VALUE)),
        (ROTATED, "new-key", LATER, (IN_CREDENTIAL, IN_TIME, IN_VALUE)),
        (WANTED.value, "ci-key", "", (Difference("updated_at", RECORD.updated_at, ""),)),
    ],
)
def test_each_field_that_differs_is_named(
    value: Value, credential: str, seen_at: str, expected: tuple[Difference, ...]
) -> None:
    """Value, time and credential are compared each for itself, and given in the order of their names."""
    change = replace(SAME, wanted=replace(WANTED, value=value, credential=credential), seen_at=seen_at)
    assert (expected,) == differences([change])


def test_a_time_that_no_list_had_shown_is_no_difference() -> None:
    """Where a list shows the write some seconds off the answer's own time; any other time differs from that."""
    sent = replace(SAME, record=replace(RECORD, unconfirmed=True))
    found = differences([replace(sent, seen_at=at) for at in ("2026-03-01T10:00:01Z", LATER)])
    assert ((), (IN_TIME,)) == found


@pytest.mark.parametrize("value", [NotRead("--skip-values"), Unavailable("env X is unset")])
def test_a_value_that_is_not_known_is_not_compared(value: Value) -> None:
    """Without a fingerprint the value is neither the same nor another; the time still differs."""
    change = replace(SAME, wanted=replace(WANTED, value=value), seen_at=LATER)
    assert ((IN_TIME,),) == differences([change])


def test_no_fingerprint_is_shown() -> None:
    """A fingerprint is no value, but it is nobody's business either: it is in no field of a difference."""
    change = replace(SAME, wanted=replace(WANTED, value=ROTATED, credential="new-key"), seen_at=LATER)
    text = repr(differences([change]))
    assert ("hmac" in text, "value" in text) == (False, True)


@pytest.mark.parametrize(
    "change",
    [
        replace(SAME, record=None, seen_at=LATER),
        replace(SAME, wanted=None, seen_at=LATER),
        replace(SAME, wanted=replace(WANTED, presence=Presence.ABSENT), seen_at=LATER),
        replace(SAME, action=Action.BLOCKED, reason=Reason.UNREADABLE, why=Why.SSO, seen_at=""),
    ],
    ids=["no record", "not named", "to be absent", "unreadable"],
)
def test_where_there_is_nothing_to_compare_nothing_differs(change: Change) -> None:
    """Without a record, without a wish for presence, or without sight of GitHub there are not two sides."""
    assert ((),) == differences([change])


def test_each_change_keeps_its_own_differences() -> None:
    """Several changes are compared in one go: each gets what differs in it, in the order in which they came."""
    edited = replace(SAME, seen_at=LATER)
    rotated = replace(SAME, wanted=replace(WANTED, value=ROTATED))
    assert ((IN_TIME,), (), (IN_VALUE,), (IN_TIME,)) == differences([edited, SAME, rotated, edited])
