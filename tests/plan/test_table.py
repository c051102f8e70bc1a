"""Every row of the decision table by name, then the combinations that the table leaves open; each states its line."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import decide
from flowforge.plan.facts import Known, Listing, NotRead, Presence, Record, Remembered, Unavailable, Unreadable, Wanted

pytestmark = pytest.mark.no_coverage

NAME_IT = "name it under `absent` in the manifest to have it deleted"
HERE = Address(Scope(Repo.parse("acme/api")), "ANTHROPIC_API_KEY")
OURS = "2026-03-01T10:00:00Z"
LATER = "2026-03-02T11:30:00Z"
RECORD = Record("hmac-sha256:aa", OURS, "ci-key", 7, "2026-03-01T10:00:01Z", "2026-03-01T10:00:01Z")
ADOPTED = replace(RECORD, adopted=True)
WANTED = Wanted(
    HERE,
    Presence.PRESENT,
    "Reviews",
    Where("flowforge.yaml", 9, 5),
    "ci-key",
    "anthropic_api_key",
    Known("hmac-sha256:aa"),
)
ROTATED = replace(WANTED, value=Known("hmac-sha256:bb"))
UNCHECKED = replace(WANTED, value=NotRead("--skip-values"))
WITHOUT = replace(WANTED, value=Unavailable("env ACME_KEY is unset", "FF201", "set ACME_KEY"))
ABSENT = Wanted(HERE, Presence.ABSENT, "The old token goes", Where("flowforge.yaml", 20, 5))
DENIED = Unreadable(Why.NO_PERMISSION, "Secrets: read", "grant the token Secrets: read and write on acme/api")


def decided(
    wanted: Wanted | None, seen_at: str, record: Record | None = None, *, pending: bool = False, prune: bool = False
) -> Change:
    """Decide HERE where GitHub lists it with `seen_at`, or does not list it where that is empty."""
    listing = Listing({HERE.secret: seen_at} if seen_at else {})
    return decide(HERE, wanted, listing, Remembered(record, pending), prune=prune)


# The rows, in the order of the table.


def test_present_missing_not_remembered_is_created() -> None:
    """A wanted secret that nobody has ever had is created."""
    assert Change(HERE, Action.CREATE, Reason.MISSING, wanted=WANTED) == decided(WANTED, "")


def test_present_missing_remembered_is_created_again() -> None:
    """A secret that we wrote and that is gone is created again, and its absence is drift."""
    expected = Change(HERE, Action.CREATE, Reason.DELETED_OUTSIDE, wanted=WANTED, record=RECORD, drift=True)
    assert expected == decided(WANTED, "", RECORD)


def test_present_missing_pending_is_created() -> None:
    """A write that was begun and never ended is done again; with nothing there it is a create."""
    expected = Change(HERE, Action.CREATE, Reason.INTERRUPTED, wanted=WANTED)
    assert expected == decided(WANTED, "", pending=True)


def test_present_there_pending_is_updated() -> None:
    """A write that was begun and never ended is done again, even where time and value look right."""
    expected = Change(HERE, Action.UPDATE, Reason.INTERRUPTED, wanted=WANTED, record=RECORD, seen_at=OURS)
    assert expected == decided(WANTED, OURS, RECORD, pending=True)


def test_present_there_not_remembered_is_taken_over() -> None:
    """A secret that is there and was never ours is overwritten, under a reason that says so."""
    expected = Change(HERE, Action.UPDATE, Reason.NEVER_APPLIED, wanted=WANTED, seen_at=LATER)
    assert expected == decided(WANTED, LATER)


def test_present_same_time_same_value_is_in_sync() -> None:
    """Our own time and our own value: nothing to do, and proven."""
    expected = Change(HERE, Action.NONE, Reason.IN_SYNC, wanted=WANTED, record=RECORD, seen_at=OURS)
    assert expected == decided(WANTED, OURS, RECORD)


def test_present_same_time_same_value_only_adopted_is_assumed() -> None:
    """An adopted secret was never written by us, so it is assumed and not proven."""
    expected = Change(HERE, Action.NONE, Reason.ASSUMED, wanted=WANTED, record=ADOPTED, seen_at=OURS)
    assert expected == decided(WANTED, OURS, ADOPTED)


def test_present_same_value_of_another_credential_is_relabelled() -> None:
    """The same value under another credential's name needs no write, only another label in the state."""
    other = replace(WANTED, credential="new-name")
    change = decided(other, OURS, RECORD)
    assert (Change(HERE, Action.NONE, Reason.IN_SYNC, wanted=other, record=RECORD, seen_at=OURS), True) == (
        change,
        change.relabels,
    )


def test_present_same_time_other_value_is_updated() -> None:
    """A rotated value is written."""
    expected = Change(HERE, Action.UPDATE, Reason.VALUE_CHANGED, wanted=ROTATED, record=RECORD, seen_at=OURS)
    assert expected == decided(ROTATED, OURS, RECORD)


def test_present_other_time_same_value_is_overwritten() -> None:
    """An edit behind our back is overwritten by default."""
    expected = Change(
        HERE, Action.UPDATE, Reason.CHANGED_OUTSIDE, wanted=WANTED, record=RECORD, seen_at=LATER, drift=True
    )
    assert expected == decided(WANTED, LATER, RECORD)


def test_present_other_time_same_value_is_reported() -> None:
    """An edit behind our back is left, and shown as drift, under `on_drift: report`."""
    wanted = replace(WANTED, on_drift=OnDrift.REPORT)
    change = decided(wanted, LATER, RECORD)
    expected = Change(
        HERE, Action.NONE, Reason.CHANGED_OUTSIDE, wanted=wanted, record=RECORD, seen_at=LATER, drift=True
    )
    assert (expected, True) == (change, change.reported_drift)


@pytest.mark.parametrize("policy", OnDrift)
def test_present_other_time_other_value_is_updated(policy: OnDrift) -> None:
    """A rotated value is written over an outside edit under either policy."""
    wanted = replace(ROTATED, on_drift=policy)
    expected = Change(
        HERE,
        Action.UPDATE,
        Reason.VALUE_CHANGED_AND_OUTSIDE,
        wanted=wanted,
        record=RECORD,
        seen_at=LATER,
        drift=True,
    )
    assert expected == decided(wanted, LATER, RECORD)


@pytest.mark.parametrize(("seen_at", "drift"), [(OURS, False), (LATER, True)])
def test_value_not_read_there_is_not_checked(*, seen_at: str, drift: bool) -> None:
    """Without values a remembered secret is not checked; its time still is, and drift is shown."""
    change = decided(UNCHECKED, seen_at, RECORD)
    expected = Change(
        HERE,
        Action.NONE,
        Reason.VALUE_NOT_CHECKED,
        detail="--skip-values",
        wanted=UNCHECKED,
        record=RECORD,
        seen_at=seen_at,
        drift=drift,
    )
    assert (expected, drift) == (change, change.reported_drift)


@pytest.mark.parametrize(
    ("seen_at", "record", "action", "reason"),
    [
        ("", None, Action.CREATE, Reason.MISSING),
        ("", RECORD, Action.CREATE, Reason.DELETED_OUTSIDE),
        (LATER, None, Action.UPDATE, Reason.NEVER_APPLIED),
    ],
)
def test_value_not_read_and_needed_is_planned_and_not_applicable(
    seen_at: str, record: Record | None, action: Action, reason: Reason
) -> None:
    """Without values a needed write keeps its row, and says that it cannot be applied."""
    change = decided(UNCHECKED, seen_at, record)
    drift = record is not None
    expected = Change(HERE, action, reason, wanted=UNCHECKED, record=record, seen_at=seen_at, drift=drift)
    assert (expected, False) == (change, change.applicable)


@pytest.mark.parametrize("record", [None, RECORD, ADOPTED])
@pytest.mark.parametrize("pending", [False, True])
def test_absent_there_is_deleted(*, record: Record | None, pending: bool) -> None:
    """What the manifest names absent is deleted, whatever is remembered."""
    expected = Change(HERE, Action.DELETE, Reason.DECLARED_ABSENT, wanted=ABSENT, record=record, seen_at=LATER)
    assert expected == decided(ABSENT, LATER, record, pending=pending)


@pytest.mark.parametrize(("record", "pending"), [(RECORD, False), (ADOPTED, False), (RECORD, True), (None, True)])
def test_absent_missing_remembered_is_forgotten(*, record: Record | None, pending: bool) -> None:
    """What is to be absent and is gone leaves the state too, an interrupted write or delete of it included."""
    expected = Change(HERE, Action.NONE, Reason.ALREADY_ABSENT, wanted=ABSENT, record=record, forgets=True)
    assert expected == decided(ABSENT, "", record, pending=pending)


def test_absent_missing_not_remembered_is_already_absent() -> None:
    """Nothing there and nothing remembered: nothing to do and nothing to forget."""
    assert Change(HERE, Action.NONE, Reason.ALREADY_ABSENT, wanted=ABSENT) == decided(ABSENT, "")


@pytest.mark.parametrize(("prune", "action"), [(False, Action.NONE), (True, Action.DELETE)])
def test_not_named_as_we_wrote_it_is_listed_and_pruned(*, prune: bool, action: Action) -> None:
    """What we wrote and the manifest no longer names is listed, and deleted only under `--prune`."""
    expected = Change(HERE, action, Reason.NOT_NAMED, record=RECORD, seen_at=OURS)
    assert expected == decided(None, OURS, RECORD, prune=prune)


@pytest.mark.parametrize(("seen_at", "record"), [(LATER, RECORD), (OURS, ADOPTED), (LATER, ADOPTED)])
@pytest.mark.parametrize(("prune", "action"), [(False, Action.NONE), (True, Action.BLOCKED)])
def test_not_named_and_not_what_we_wrote_is_never_pruned(
    *, seen_at: str, record: Record, prune: bool, action: Action
) -> None:
    """What somebody else wrote, or what was only adopted, is not deleted: `--prune` is blocked by it."""
    fix = NAME_IT if prune else ""
    expected = Change(HERE, action, Reason.NOT_OURS, fix=fix, record=record, seen_at=seen_at)
    assert expected == decided(None, seen_at, record, prune=prune)


@pytest.mark.parametrize("prune", [False, True])
@pytest.mark.parametrize("record", [RECORD, ADOPTED])
def test_not_named_missing_is_forgotten(*, record: Record, prune: bool) -> None:
    """What is neither named nor there leaves the state."""
    expected = Change(HERE, Action.NONE, Reason.GONE, record=record, forgets=True)
    assert expected == decided(None, "", record, prune=prune)


@pytest.mark.parametrize("why", Why)
@pytest.mark.parametrize("wanted", [WANTED, ROTATED, UNCHECKED, WITHOUT, ABSENT])
@pytest.mark.parametrize("record", [None, RECORD])
def test_named_unreadable_is_blocked(*, why: Why, wanted: Wanted, record: Record | None) -> None:
    """Every reason for not seeing a secret blocks it, is passed on whole, and is never taken for absence."""
    seen = replace(DENIED, why=why)
    expected = Change(
        HERE, Action.BLOCKED, Reason.UNREADABLE, why, DENIED.detail, DENIED.fix, wanted=wanted, record=record
    )
    assert {expected} == {decide(HERE, wanted, seen, Remembered(record), prune=prune) for prune in (False, True)}


@pytest.mark.parametrize("why", Why)
@pytest.mark.parametrize("pending", [False, True])
def test_not_named_unreadable_is_listed_as_not_seen(*, why: Why, pending: bool) -> None:
    """What is only remembered and cannot be seen is listed and kept, under `--prune` too."""
    seen = replace(DENIED, why=why)
    expected = Change(HERE, Action.NONE, Reason.NOT_SEEN, why, DENIED.detail, DENIED.fix, record=RECORD)
    remembered = Remembered(RECORD, pending)
    assert {expected} == {decide(HERE, None, seen, remembered, prune=prune) for prune in (False, True)}


# What the table leaves open.


@pytest.mark.parametrize(("seen_at", "action"), [("", Action.CREATE), (OURS, Action.UPDATE), (LATER, Action.UPDATE)])
@pytest.mark.parametrize("record", [None, RECORD])
def test_pending_with_value_not_read_waits_for_the_value(
    *, seen_at: str, action: Action, record: Record | None
) -> None:
    """An interrupted write must be done again; without its value it is planned, never called not checked."""
    change = decided(UNCHECKED, seen_at, record, pending=True)
    expected = Change(HERE, action, Reason.INTERRUPTED, wanted=UNCHECKED, record=record, seen_at=seen_at)
    assert (expected, False) == (change, change.applicable)


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize(
    ("seen_at", "record"), [("", None), ("", RECORD), (OURS, RECORD), (LATER, RECORD), (LATER, None)]
)
def test_value_unavailable_is_blocked(*, seen_at: str, record: Record | None, pending: bool) -> None:
    """Without its value a secret is blocked whatever else is known, and the reason says which value and what to do."""
    expected = Change(
        HERE,
        Action.BLOCKED,
        Reason.VALUE_UNAVAILABLE,
        detail="env ACME_KEY is unset",
        fix="set ACME_KEY",
        wanted=WITHOUT,
        record=record,
        seen_at=seen_at,
        drift=record is not None and not pending and seen_at != OURS,
    )
    assert expected == decided(WITHOUT, seen_at, record, pending=pending)


@pytest.mark.parametrize(("record", "seen_at"), [(None, OURS), (RECORD, LATER), (ADOPTED, OURS)])
@pytest.mark.parametrize(("prune", "action"), [(False, Action.NONE), (True, Action.BLOCKED)])
def test_not_named_with_pending_is_never_pruned(
    *, record: Record | None, seen_at: str, prune: bool, action: Action
) -> None:
    """Who wrote what is there is not known after an interrupted write, so it is not ours to delete."""
    expected = Change(HERE, action, Reason.INTERRUPTED, fix=NAME_IT if prune else "", record=record, seen_at=seen_at)
    assert expected == decided(None, seen_at, record, pending=True, prune=prune)


@pytest.mark.parametrize(("prune", "action"), [(False, Action.NONE), (True, Action.DELETE)])
def test_not_named_with_pending_that_did_not_arrive_is_still_ours(*, prune: bool, action: Action) -> None:
    """GitHub still shows the recorded time, so what is there is what we wrote: an interrupted prune can be repeated."""
    expected = Change(HERE, action, Reason.NOT_NAMED, record=RECORD, seen_at=OURS)
    assert expected == decided(None, OURS, RECORD, pending=True, prune=prune)


@pytest.mark.parametrize("record", [None, RECORD])
def test_not_named_with_pending_and_missing_is_forgotten(record: Record | None) -> None:
    """An interrupted write that left nothing and that nobody wants any more is forgotten."""
    expected = Change(HERE, Action.NONE, Reason.GONE, record=record, forgets=True)
    assert expected == decided(None, "", record, pending=True)


def test_adopted_under_another_credential_stays_assumed_and_is_relabelled() -> None:
    """A new label proves nothing: the adopted secret stays assumed."""
    other = replace(WANTED, credential="new-name")
    change = decided(other, OURS, ADOPTED)
    assert (Change(HERE, Action.NONE, Reason.ASSUMED, wanted=other, record=ADOPTED, seen_at=OURS), True) == (
        change,
        change.relabels,
    )


def test_adopted_and_rotated_is_updated() -> None:
    """An adopted secret whose wanted value is another one than was assumed is written, and so becomes ours."""
    expected = Change(HERE, Action.UPDATE, Reason.VALUE_CHANGED, wanted=ROTATED, record=ADOPTED, seen_at=OURS)
    assert expected == decided(ROTATED, OURS, ADOPTED)


def test_adopted_and_edited_is_drift() -> None:
    """An adopted secret that was edited since is drift like any other."""
    expected = Change(
        HERE, Action.UPDATE, Reason.CHANGED_OUTSIDE, wanted=WANTED, record=ADOPTED, seen_at=LATER, drift=True
    )
    assert expected == decided(WANTED, LATER, ADOPTED)


def test_adopted_with_value_not_read_is_not_checked() -> None:
    """Without values an adopted secret is not checked, which is less than assumed."""
    expected = Change(
        HERE,
        Action.NONE,
        Reason.VALUE_NOT_CHECKED,
        detail="--skip-values",
        wanted=UNCHECKED,
        record=ADOPTED,
        seen_at=OURS,
    )
    assert expected == decided(UNCHECKED, OURS, ADOPTED)


def test_pending_under_on_drift_report_is_written() -> None:
    """`on_drift: report` is about other people's edits: our own interrupted write is still finished."""
    wanted = replace(WANTED, on_drift=OnDrift.REPORT)
    expected = Change(HERE, Action.UPDATE, Reason.INTERRUPTED, wanted=wanted, record=RECORD, seen_at=LATER)
    assert expected == decided(wanted, LATER, RECORD, pending=True)


def test_deleted_outside_under_on_drift_report_is_created() -> None:
    """`on_drift: report` leaves an edited secret; a missing one leaves workflows broken, so it is created."""
    wanted = replace(WANTED, on_drift=OnDrift.REPORT)
    expected = Change(HERE, Action.CREATE, Reason.DELETED_OUTSIDE, wanted=wanted, record=RECORD, drift=True)
    assert expected == decided(wanted, "", RECORD)


def test_an_older_time_is_drift_too() -> None:
    """Times are compared for equality only: GitHub's clock is never ordered against ours."""
    older = "2026-02-01T00:00:00Z"
    expected = Change(
        HERE, Action.UPDATE, Reason.CHANGED_OUTSIDE, wanted=WANTED, record=RECORD, seen_at=older, drift=True
    )
    assert expected == decided(WANTED, older, RECORD)


def test_other_secrets_of_the_same_list_do_not_count() -> None:
    """A secret is looked for by its own name in the list."""
    seen = Listing({"ANTHROPIC_API_KEY_2": OURS, "CLAUDE_CODE_OAUTH_TOKEN": LATER})
    expected = Change(HERE, Action.CREATE, Reason.MISSING, wanted=WANTED)
    assert expected == decide(HERE, WANTED, seen, Remembered(None), prune=False)


SENT = replace(RECORD, unconfirmed=True)
BEFORE, SOONER, SOON, TEN_LATER = (f"2026-03-01T{time}Z" for time in ("09:59:57", "09:59:58", "10:00:03", "10:00:10"))


@pytest.mark.parametrize("seen_at", [SOONER, OURS, SOON])
def test_a_time_that_no_list_had_shown_is_found_within_seconds(seen_at: str) -> None:
    """From two seconds before the answer's own time to three after, it is ours, and apply notes what GitHub shows."""
    change = decided(WANTED, seen_at, SENT)
    assert Change(HERE, Action.NONE, Reason.IN_SYNC, wanted=WANTED, record=SENT, seen_at=seen_at) == change
    assert (True, replace(RECORD, updated_at=seen_at)) == (change.tidies, change.noted)
    rotated = decided(ROTATED, seen_at, SENT)
    assert (Reason.VALUE_CHANGED, SENT) == (rotated.reason, rotated.noted)
    pruned = decided(None, seen_at, SENT, prune=True)
    assert (Action.DELETE, Reason.NOT_NAMED) == (pruned.action, pruned.reason)


def test_a_later_time_is_somebody_elses() -> None:
    """Four seconds and more after our answer somebody else has written; --accept-drift takes that one's time."""
    expected = Change(
        HERE, Action.UPDATE, Reason.CHANGED_OUTSIDE, wanted=WANTED, record=SENT, seen_at=TEN_LATER, drift=True
    )
    assert expected == decided(WANTED, TEN_LATER, SENT)
    accepted = decided(replace(WANTED, on_drift=OnDrift.ACCEPT), TEN_LATER, SENT).noted
    assert replace(ADOPTED, updated_at=TEN_LATER, drifted_at=TEN_LATER) == accepted
    reported = decided(replace(WANTED, on_drift=OnDrift.REPORT), TEN_LATER, SENT).noted
    assert replace(SENT, drifted_at=TEN_LATER) == reported
    assert Reason.NOT_OURS is decided(None, TEN_LATER, SENT).reason


def test_a_list_that_does_not_show_our_write_leaves_it_open() -> None:
    """What was there before is no drift: the write is done again, and nothing is pruned."""
    expected = Change(
        HERE,
        Action.UPDATE,
        Reason.INTERRUPTED,
        detail="GitHub's list does not show it yet",
        wanted=WANTED,
        record=SENT,
        seen_at=BEFORE,
    )
    assert expected == decided(WANTED, BEFORE, SENT)
    left = decided(None, BEFORE, SENT, prune=True)
    assert (Action.BLOCKED, Reason.INTERRUPTED) == (left.action, left.reason)
    assert Reason.DELETED_OUTSIDE is decided(WANTED, "", SENT).reason


def test_what_nobody_can_tell_to_be_wanted_is_in_sync_all_the_same() -> None:
    """To note GitHub's time decides nothing, so a secret whose repo may not be wanted is not blocked for that."""
    wanted = replace(WANTED, unread=DENIED)
    change = decided(wanted, SOON, SENT)
    assert (Reason.IN_SYNC, replace(RECORD, updated_at=SOON)) == (change.reason, change.noted)


def test_what_is_not_named_keeps_the_time_that_it_has() -> None:
    """A later write of it may be open as well, and a record of its own would take that back."""
    assert SENT == decided(None, SOON, SENT, pending=True).noted == decided(None, SOON, SENT).noted
