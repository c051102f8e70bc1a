"""Two runs that wrote from one state: what is left of each, secret by secret."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record
from flowforge.plan.rotation import Rotation
from flowforge.state.merge import Now, merge
from flowforge.state.model import State

A, B, C = (Address(Scope(Repo.parse(f"acme/repo-{n}")), "ANTHROPIC_API_KEY") for n in range(3))
BASE = State.fresh(["flowforge.yaml"])


def record(second: int, value: str = "a") -> Record:
    """Make a record of a value, written at a second."""
    time = f"2026-11-23T08:00:{second:02}Z"
    return Record(f"hmac-sha256:{value}", time, "ci-key", 7, time, time)


def shown(times: Mapping[Address, str]) -> Now:
    """Answer what GitHub shows, of these alone."""

    def now(asked: Collection[Address]) -> Mapping[Address, str]:
        return {address: times[address] for address in asked if address in times}

    return now


def never(asked: Collection[Address]) -> Mapping[Address, str]:
    """Refuse to be asked: nothing is in dispute."""
    raise AssertionError(asked)


def test_what_only_one_changed_is_as_that_one_says() -> None:
    """Records and open writes that one side made, changed or dropped stand as it says; GitHub is not asked."""
    base = replace(BASE, records={A: record(1), B: record(2)}, pending={A: "x", B: "y"})
    ours = replace(base, records={A: record(3, "b"), B: record(2)}, pending={B: "y"})
    theirs = replace(base, serial=9, records={A: record(1), C: record(4)}, pending={A: "x", C: None})
    merged = merge(base, ours, theirs, never)
    assert replace(theirs, records={A: record(3, "b"), C: record(4)}, pending={C: None}) == merged


@pytest.mark.parametrize(
    ("time", "kept", "pending"),
    [
        (record(3).updated_at, record(3, "ours"), {}),
        (record(4).updated_at, record(4, "theirs"), {}),
        (record(5).updated_at, record(4, "theirs"), {A: "hmac-sha256:theirs"}),
        (None, record(4, "theirs"), {A: "hmac-sha256:theirs"}),
        ("", None, {}),
    ],
    ids=["ours", "theirs", "neither", "unreadable", "gone"],
)
def test_a_record_that_both_changed_is_the_one_that_github_shows(
    time: str | None, kept: Record | None, pending: Mapping[Address, str]
) -> None:
    """The side whose time GitHub shows is right; where neither is, or nobody can tell, the secret is pending."""
    base = replace(BASE, records={A: record(1)})
    ours = replace(base, records={A: record(3, "ours")})
    theirs = replace(base, records={A: record(4, "theirs")})
    merged = merge(base, ours, theirs, shown({} if time is None else {A: time}))
    assert ({} if kept is None else {A: kept}, pending) == (merged.records, merged.pending)


@pytest.mark.parametrize(("second", "kept"), [(10, "ours"), (12, "ours"), (14, None), (30, "theirs")])
def test_a_time_that_no_list_has_shown_is_found_within_seconds(second: int, kept: str | None) -> None:
    """Ours was sent at second 10 and theirs was seen at 30: a list between them proves neither, and it is pending."""
    base = replace(BASE, records={A: record(1)})
    ours = replace(base, records={A: replace(record(10, "ours"), unconfirmed=True)})
    theirs = replace(base, records={A: record(30, "theirs")})
    merged = merge(base, ours, theirs, shown({A: record(second).updated_at}))
    found = merged.records[A].fingerprint.removeprefix("hmac-sha256:")
    assert kept == (None if A in merged.pending else found)


def test_two_values_within_one_second() -> None:
    """Both sides wrote another value and got the same time: nobody knows which one stands, so it is written again."""
    ours, theirs = (replace(BASE, records={A: record(3, value)}) for value in ("ours", "theirs"))
    merged = merge(BASE, ours, theirs, shown({A: record(3).updated_at}))
    assert {A: "hmac-sha256:theirs"} == merged.pending


def test_two_that_recorded_the_same_write() -> None:
    """The same value at the same time is one write, whatever else each side noted beside it: nothing is in doubt."""
    ours, theirs = (
        replace(BASE, records={A: replace(record(3), drifted_at=record(second).updated_at)}) for second in (4, 5)
    )
    assert (theirs.records, {}) == (
        (merged := merge(BASE, ours, theirs, shown({A: record(6).updated_at}))).records,
        merged.pending,
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "kept"), [("apikey_1", "", "apikey_1"), ("", "apikey_2", "apikey_2"), ("", "", "")]
)
def test_one_knows_which_key_it_was(ours: str, theirs: str, kept: str) -> None:
    """Of two records of one write, the one with the id of its key stands, whichever run had an Admin key."""
    left, right = (replace(BASE, records={A: replace(record(3), api_key_id=each)}) for each in (ours, theirs))
    merged = merge(BASE, left, right, shown({A: record(6).updated_at}))
    assert ({A: replace(record(3), api_key_id=kept)}, {}) == (merged.records, merged.pending)


def test_one_deleted_what_the_other_wrote() -> None:
    """A record dropped by one side and renewed by the other stands as GitHub shows it."""
    base = replace(BASE, records={A: record(1)})
    ours, theirs = replace(base, records={}), replace(base, records={A: record(4)})
    assert {A: record(4)} == merge(base, ours, theirs, shown({A: record(4).updated_at})).records
    assert {} == merge(base, ours, theirs, shown({A: ""})).records


def test_a_write_that_either_has_open_stays_open() -> None:
    """Both opened a write of one secret, or one ended what the other opened anew: it stays pending."""
    base = replace(BASE, pending={B: "old"})
    ours = replace(base, pending={A: "ours"})
    theirs = replace(base, pending={A: "theirs", B: "new"})
    assert {A: "theirs", B: "new"} == merge(base, ours, theirs, never).pending


def test_manifests_and_admissions_are_merged_as_sets() -> None:
    """What either added is in, what either took away is out, whoever wrote last."""
    base = replace(BASE, manifests=("a", "b"), admitted={"group g": frozenset({1, 2}), "group h": frozenset({9})})
    ours = replace(base, manifests=("a", "c"), admitted={"group g": frozenset({1, 2, 3}), "group h": frozenset({9})})
    theirs = replace(base, manifests=("a", "b", "d"), admitted={"group g": frozenset({2, 4}), "group h": frozenset()})
    merged = merge(base, ours, theirs, never)
    assert ("a", "c", "d") == merged.manifests
    assert {"group g": frozenset({2, 3, 4}), "group h": frozenset()} == merged.admitted


WALK = Rotation("hmac-sha256:new", "2026-11-23T08:00:00Z", (), 1, {A: 1})


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        (replace(WALK, proven=2), WALK, replace(WALK, proven=2)),
        (WALK, None, None),
        (None, WALK, None),
        (replace(WALK, proven=2), replace(WALK, reached={A: 1, B: 2}), replace(WALK, reached={A: 1, B: 2})),
        (replace(WALK, proven=2), None, replace(WALK, proven=2)),
        (None, replace(WALK, proven=2), replace(WALK, proven=2)),
        (replace(WALK, fingerprint="x"), replace(WALK, fingerprint="y"), replace(WALK, fingerprint="y")),
    ],
    ids=["ours alone", "they ended it", "we ended it", "both", "they ended it too", "we ended it too", "another walk"],
)
def test_a_rotation_is_as_far_as_either_run_knows(
    ours: Rotation | None, theirs: Rotation | None, merged: Rotation | None
) -> None:
    """It has what either reached, and is proven as far as both say; one that either moved is ended by no other."""
    base, mine, other = (replace(BASE, rotations={"ci": each} if each else {}) for each in (WALK, ours, theirs))
    assert ({"ci": merged} if merged else {}) == merge(base, mine, other, never).rotations


_CELLS = st.dictionaries(st.sampled_from([A, B, C]), st.builds(record, st.integers(0, 4), st.sampled_from("ab")))
_OPEN = st.dictionaries(st.sampled_from([A, B, C]), st.sampled_from(["a", "b", None]))
_STATES = st.builds(lambda records, pending: replace(BASE, records=records, pending=pending), _CELLS, _OPEN)


@given(_STATES, _STATES, _STATES, _CELLS)
def test_nothing_is_lost_and_nobody_is_wrong(
    base: State, ours: State, theirs: State, now: Mapping[Address, Record]
) -> None:
    """Whatever two runs did: a changed record is in, or GitHub shows otherwise, or the secret is pending.

    Alone with an unchanged state it is the identity, on either side.
    """
    times = {address: now[address].updated_at if address in now else "" for address in (A, B, C)}
    merged = merge(base, ours, theirs, shown(times))
    for address in (A, B, C):
        before, mine, other = (each.records.get(address) for each in (base, ours, theirs))
        changed = [each for each in (mine, other) if each != before]
        found = merged.records.get(address)
        assert found in (*changed, before if not changed else None) or address in merged.pending
        if len(changed) == 1 and mine != other:
            assert changed[0] == found
        if address in merged.records and address not in merged.pending and len({*changed}) > 1:
            assert times[address] == merged.records[address].updated_at
        opened = [each for each in (ours, theirs) if address in each.pending and address not in base.pending]
        assert not opened or address in merged.pending
    assert merge(base, base, theirs, shown(times)) == theirs
    assert merge(base, ours, base, shown(times)) == ours
