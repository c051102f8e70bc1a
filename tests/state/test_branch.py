"""The state on a branch: what is pushed and when, and what becomes of it when others write there too."""

import json
import threading
from dataclasses import replace

import pytest

from flowforge.errors import StateError, UnfoldedError, UnrecordedError
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.state import codec
from flowforge.state.branch import LEASE, StateBranch, StateChangedError
from flowforge.state.model import Lease, State
from tests.state.place import Place, fails

Addresses = tuple[Address, ...]
Records = tuple[Record, ...]


def test_reading_where_nothing_is_begins_afresh_and_writes_nothing() -> None:
    """A first plan gets an empty state; nothing is pushed by it, nor by an apply without anything to do."""
    place = Place()
    assert ({}, {}, 0) == (
        StateBranch.read(place).records,
        StateBranch.read(place).pending,
        StateBranch.read(place).serial,
    )
    with place.open() as session:
        session.begin([])
        session.adopt_manifests(["flowforge.yaml"])
    assert [] == place.messages


def test_a_hundred_writes_are_two_commits(addresses: Addresses, records: Records) -> None:
    """The announcement is on the branch, pending and locked, before a write begins; results follow at the end."""
    place, coming = Place(), dict.fromkeys(addresses, "hmac-sha256:00")
    with place.open() as session:
        session.announce(coming)
        assert (coming, {}, 1) == (place.state.pending, place.state.records, place.state.serial)
        assert ("run 1", "2026-11-23T08:00:00Z", "2026-11-23T08:10:00Z") == (
            (lease := place.state.lease) and (lease.holder, lease.since, lease.until)
        )
        for address, record in zip(addresses, records, strict=True):
            session.intend({address: "hmac-sha256:00"})
            session.record(address, record)
        assert 1 == len(place.messages)
        assert {*addresses} == session.unrecorded
    assert (dict(zip(addresses, records, strict=True)), {}, None) == (
        place.state.records,
        place.state.pending,
        place.state.lease,
    )
    assert frozenset() == session.unrecorded
    assert ["flowforge: 6 to be written", "flowforge: 6 recorded"] == [each.split("\n")[0] for each in place.messages]
    assert [f"recorded: {address}" for address in addresses] == place.messages[1].split("\n")[2:]
    assert StateBranch.read(place) == session.state


def test_what_was_announced_and_never_begun_is_not_pending(addresses: Addresses, records: Records) -> None:
    """A run that ends early takes back what it did not begin, but not what a run before it had left open."""
    a, b, c, d, *_ = addresses
    place = Place()
    with place.open() as session:
        session.announce({a: "x", c: "x"})
        session.intend({a: "x"})
        session.intend({c: "x"})
    assert {a: "x", c: "x"} == place.state.pending
    with place.open() as session:
        session.announce({a: "y", b: "y", c: "y", d: "y"})
        session.intend({c: "y"})
        session.abandon(c)
        session.intend({d: "y"})
        session.record(d, records[3])
    assert ({a: "y", c: "y"}, {d: records[3]}) == (place.state.pending, place.state.records)


def test_a_write_that_was_not_announced_is_pushed_by_itself(addresses: Addresses) -> None:
    """No write begins whose intent is not on the branch."""
    place = Place()
    with place.open() as session:
        session.intend({addresses[0]: "x"})
        assert {addresses[0]: "x"} == place.state.pending
        session.abandon(addresses[0])
    assert {} == place.state.pending


def test_results_wait_half_a_minute_at_most(addresses: Addresses, records: Records) -> None:
    """A result is pushed when the last push lies so far back, and the lock lasts longer then."""
    place = Place()
    a, b, *_ = addresses
    with place.open() as session:
        session.announce({a: "x", b: "x"})
        session.intend({a: "x"})
        place.seconds += 29
        session.record(a, records[0])
        assert {} == place.state.records
        session.intend({b: "x"})
        place.seconds += 2
        session.record(b, records[1])
        assert {a, b} == place.state.records.keys()
        lease = place.state.lease
        assert lease is not None
        assert ("2026-11-23T08:00:00Z", "2026-11-23T08:10:31Z") == (lease.since, lease.until)


def test_one_run_at_a_time(addresses: Addresses) -> None:
    """A second run is refused by the name of the first, or waits for it; the lock of a dead run ends by itself."""
    place = Place()
    first = place.open()
    first.announce({addresses[0]: "x"})
    with pytest.raises(StateError) as refused:
        place.open(timeout=12)
    assert 12 == place.seconds
    assert str(refused.value) == (
        "error FF411: acme/ops, branch flowforge-state, flowforge.state.json: the state is in use\n"
        "  why: run 1 holds its lock since 2026-11-23T08:00:00Z, until 2026-11-23T08:10:00Z\n"
        "  fix: wait for it (--lock-timeout 60s); if it is dead, `flowforge state unlock`"
    )
    place.open(timeout=LEASE, holder="run 2").close()
    assert 602 >= place.seconds >= LEASE
    place.open(holder="run 3").close()


def test_two_that_planned_at_once(addresses: Addresses, records: Records) -> None:
    """Who comes second has planned on what is past: it writes nothing, neither to GitHub nor to the state."""
    place = Place()
    first, second = place.open(), place.open(holder="run 2")
    first.announce({addresses[0]: "x"})
    before = place.data
    with pytest.raises(StateChangedError) as moved:
        second.announce({addresses[0]: "y"})
    second.admit("group g", frozenset({1}))
    second.close()
    assert before == place.data
    assert str(moved.value) == (
        f"error FF441: {place.where}: the state changed while this was planned\n"
        "  why: another run wrote it; nothing was written to GitHub\n"
        "  fix: run `flowforge apply` again"
    )
    first.intend({addresses[0]: "x"})
    first.record(addresses[0], records[0])
    first.close()
    assert {addresses[0]: records[0]} == place.state.records


def test_nothing_is_begun_after_the_end(addresses: Addresses) -> None:
    """Whoever is still at work when a run has ended is refused, and what stands there stays as it was left."""
    place = Place()
    session = place.open()
    session.announce({addresses[0]: "x"})
    session.close()
    before = place.data
    with pytest.raises(ValueError, match="the state is closed"):
        session.intend({addresses[0]: "x"})
    assert (before, frozenset(), frozenset()) == (place.data, session.begun, session.settled)


def test_somebody_edits_it_while_a_run_holds_it(addresses: Addresses, records: Records) -> None:
    """What somebody else wrote beside the lock stays, and so does what the run did: nothing is dropped."""
    a, b, c, *_ = addresses
    place = Place()

    def edit() -> None:
        place.data, _ = codec.encode(replace(place.state, records={**place.state.records, c: records[2]}))

    with place.open() as session:
        session.announce({a: "x", b: "x"})
        place.first.append(edit)
        session.intend({a: "x"})
        session.record(a, records[0])
    assert ({a: records[0], c: records[2]}, {}) == (place.state.records, place.state.pending)


def test_a_run_that_slept_too_long_stops_and_loses_nothing(addresses: Addresses, records: Records) -> None:
    """Its lock expired and another run took over: it begins no more, what it did is merged, the other's lock stays."""
    a, b, c, d, *_ = addresses
    place = Place()
    slow = place.open(now={b: records[1].updated_at})
    slow.announce({a: "x", b: "x", c: "x", d: "x"})
    slow.intend({a: "x"})
    slow.record(a, records[0])
    slow.intend({b: "x"})
    place.seconds += LEASE + 1
    other = place.open(holder="run 2")
    other.announce({b: "y", c: "y"})
    for address, record in ((b, records[3]), (c, records[2])):
        other.intend({address: "y"})
        other.record(address, record)
    other.announce({d: "z"})
    slow.record(b, records[1])
    with pytest.raises(StateError) as lost:
        slow.intend({c: "x"})
    assert str(lost.value) == (
        "error FF442: acme/ops, branch flowforge-state, flowforge.state.json: another run took the state over\n"
        "  why: its lock had expired, or somebody removed it\n"
        "  fix: run `flowforge plan`; it will write again what could not be recorded"
    )
    slow.close()
    lease = place.state.lease
    assert lease is not None
    assert "run 2" == lease.holder
    # b was written by both, and GitHub shows the slow run's time.
    assert ({a: records[0], b: records[1], c: records[2]}, {d: "z"}) == (place.state.records, place.state.pending)
    other.intend({d: "z"})
    other.record(d, records[4])
    other.close()
    assert ({a, b, c, d}, {}, None) == ({*place.state.records}, place.state.pending, place.state.lease)


def test_what_a_run_has_under_way_stays_pending_when_another_took_over(addresses: Addresses, records: Records) -> None:
    """A write whose answer is still out when the state is lost may land after the other's: it must be looked at."""
    a, *_ = addresses
    place = Place()
    slow = place.open()
    slow.announce({a: "x"})
    slow.intend({a: "x"})
    place.seconds += LEASE + 1
    with place.open(holder="run 2") as other:
        other.announce({a: "y"})
        other.intend({a: "y"})
        other.record(a, records[1])
    slow.close()
    assert ({a: records[1]}, {a: "x"}) == (place.state.records, place.state.pending)


def test_a_file_removed_meanwhile_is_written_again(addresses: Addresses, records: Records) -> None:
    """Somebody deletes the branch during an apply: the next push brings all of it back."""
    a, *_ = addresses
    place = Place()
    with place.open() as session:
        session.announce({a: "x"})
        place.data = None
        session.intend({a: "x"})
        session.record(a, records[0])
    assert ({a: records[0]}, session.state.lineage) == (place.state.records, place.state.lineage)


def test_another_state_in_its_place_is_not_overwritten(addresses: Addresses, records: Records) -> None:
    """A state of another lineage is not merged with ours: it stays, and the results are named as unrecorded."""
    a, *_ = addresses
    place = Place()
    session = place.open()
    session.announce({a: "x"})
    session.intend({a: "x"})
    session.record(a, records[0])
    place.data, _ = codec.encode(State.fresh())
    foreign = place.data
    with pytest.raises(UnrecordedError) as lost:
        session.close()
    assert foreign == place.data
    assert {a} == session.unrecorded
    assert str(lost.value) == (
        "error FF412: acme/ops, branch flowforge-state, flowforge.state.json: done on GitHub, but not recorded: "
        "Acme/repo-0/actions/ANTHROPIC_API_KEY\n"
        "  why: another state stands in its place; the next plan shows it as interrupted, so nothing goes unnoticed\n"
        "  fix: put the right one back, then run `flowforge plan`"
    )
    assert (cause := lost.value.__cause__) is not None
    assert str(cause) == (
        "error FF444: acme/ops, branch flowforge-state, flowforge.state.json: another state stands in its place\n"
        f"  why: its lineage is {place.state.lineage}, not {session.state.lineage}\n"
        "  fix: put the right one back, then run `flowforge plan`"
    )


@pytest.mark.parametrize("damage", [b"<<<<<<< HEAD\n{}\n", b"{", b""])
def test_a_damaged_file_is_an_error_and_stays(damage: bytes, addresses: Addresses) -> None:
    """Merge markers, a cut or an empty file end the run before it writes, whenever they appear."""
    place = Place(data=damage)
    with pytest.raises(StateError, match="FF404"):
        StateBranch.read(place)
    with pytest.raises(StateError, match="FF404"):
        place.open()
    place.data = None
    session = place.open()
    session.announce({addresses[0]: "x"})
    place.data = damage
    with pytest.raises(UnfoldedError, match="FF404"):
        session.close()
    assert damage == place.data


def test_twenty_lost_races_end_it(addresses: Addresses) -> None:
    """Somebody who writes without end is not fought for ever; what could not be announced is not begun."""
    a, b, *_ = addresses
    place = Place()
    session = place.open()
    session.announce({a: "x"})

    def again() -> None:
        place.data, _ = codec.encode(replace(place.state, serial=place.state.serial + 1))

    place.first += [again] * 20
    with pytest.raises(StateError) as lost:
        session.intend({b: "x"})
    assert str(lost.value) == (
        "error FF443: acme/ops, branch flowforge-state, flowforge.state.json: the state could not be written\n"
        "  why: others wrote it 20 times while this run tried\n"
        "  fix: run `flowforge plan`, then apply again"
    )
    place.first += [again] * 19
    session.close()
    assert ({}, None) == (place.state.pending, place.state.lease)


def test_a_push_that_fails(addresses: Addresses, records: Records) -> None:
    """Without network nothing is begun; results that cannot be pushed are named, and pushed by a later push."""
    a, b, *_ = addresses
    place = Place(first=[fails()])
    session = place.open()
    with pytest.raises(StateError):
        session.announce({a: "x"})
    session.announce({a: "x", b: "x"})
    session.intend({a: "x"})
    place.first += [fails()]
    place.seconds += 31
    with pytest.raises(UnrecordedError) as lost:
        session.record(a, records[0])
    assert str(lost.value) == (
        "error FF412: acme/ops, branch flowforge-state, flowforge.state.json: done on GitHub, but not recorded: "
        "Acme/repo-0/actions/ANTHROPIC_API_KEY\n"
        "  why: no network; the next plan shows it as interrupted, so nothing goes unnoticed\n"
        "  fix: try again"
    )
    session.close()
    assert ({a: records[0]}, {}) == (place.state.records, place.state.pending)


def test_a_lock_that_cannot_be_given_back_is_a_warning(addresses: Addresses) -> None:
    """With every result on the branch, a last push that fails loses nothing: the lock ends by itself."""
    place = Place()
    session = place.open()
    session.announce({addresses[0]: "x"})
    place.first += [fails()]
    with pytest.raises(UnfoldedError) as left:
        session.close()
    assert str(left.value) == (
        "error FF301: acme/ops, branch flowforge-state, flowforge.state.json: its lock may still be there\n"
        "  why: no network\n"
        "  fix: the lock ends by itself within 10 minutes, or by `flowforge state unlock`"
    )
    session.close()


def test_a_lease_is_read_strictly() -> None:
    """A lock with a time that is none is a damaged state, and no crash."""
    for wrong in ("", "tomorrow", "2026-02-31T08:00:00Z", "2026-11-23T08:00:00+00:00"):
        place = Place()
        session = place.open()
        session.announce({})
        assert place.data is not None
        parsed = json.loads(place.data)
        parsed["lease"]["until"] = wrong
        place.data = json.dumps(parsed).encode()
        with pytest.raises(StateError) as damaged:
            StateBranch.read(place)
        assert f'lease has "{wrong}", which is no time' in str(damaged.value)


@pytest.mark.parametrize(
    ("until", "held"),
    [
        ("2026-11-23T07:59:59Z", False),
        ("2026-11-23T08:00:00Z", False),
        ("2026-11-23T08:00:01Z", True),
        ("2026-11-24T08:00:00Z", True),
        ("2026-11-24T08:00:01Z", False),
        ("9999-12-31T23:59:59Z", False),
    ],
)
def test_no_lock_lasts_for_ever(until: str, held: bool) -> None:  # noqa: FBT001 -- the table's column
    """A lock until long after a run's ten minutes was made by a clock that was wrong: the next run takes the state."""
    place = Place()
    lease = Lease("0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f", "another run", "2026-11-23T08:00:00Z", until)
    place.data, _ = codec.encode(replace(State.fresh(), lease=lease))
    assert (lease if held else None) == StateBranch.read(place).lease
    if held:
        with pytest.raises(StateError, match="FF411"):
            place.open()
        return
    session = place.open()
    session.announce({})
    found = place.state.lease
    assert ("run 1", "2026-11-23T08:10:00Z") == (found and (found.holder, found.until))
    session.close()


def test_many_threads_and_an_editor(addresses: Addresses, records: Records) -> None:
    """Six threads write through one state while somebody keeps editing it: every record is there in the end."""
    place, editing = Place(), threading.Event()
    session = place.open()
    session.announce(dict.fromkeys(addresses, "x"))

    def edit() -> None:
        for number in range(50):
            with place.mutex:
                admitted = {**place.state.admitted, "group g": frozenset({number + 1})}
                place.data, _ = codec.encode(replace(place.state, admitted=admitted))
        editing.set()

    def work(address: Address, record: Record) -> None:
        for _ in range(5):
            session.intend({address: "y"})
            session.record(address, record)

    threads = [threading.Thread(target=work, args=each) for each in zip(addresses, records, strict=True)]
    threads.append(threading.Thread(target=edit))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.close()
    assert editing.is_set()
    assert (dict(zip(addresses, records, strict=True)), {}, frozenset({50}), None) == (
        place.state.records,
        place.state.pending,
        place.state.admitted["group g"],
        place.state.lease,
    )
