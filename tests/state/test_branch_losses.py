"""The state on a branch at its worst moments: answers that are lost, locks that are, and a run that is to stop."""

from dataclasses import replace

import pytest

from flowforge.errors import StateError, UnfoldedError, UnrecordedError
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.state import codec
from flowforge.state.branch import LEASE
from tests.state.place import Place, fails, stopped

Addresses = tuple[Address, ...]
Records = tuple[Record, ...]


def test_the_first_push_arrived_and_its_answer_did_not(addresses: Addresses) -> None:
    """What was announced by it was never begun: it is taken back, and so is the lock."""
    place = Place(then=[fails()])
    session = place.open()
    with pytest.raises(StateError):
        session.announce(dict.fromkeys(addresses, "x"))
    assert {*addresses} == place.state.pending.keys()
    session.close()
    assert ({}, {}, None) == (place.state.pending, place.state.records, place.state.lease)


def test_the_first_push_did_not_arrive(addresses: Addresses) -> None:
    """Then there is nothing to take back, and nothing is pushed."""
    place = Place(first=[fails()])
    session = place.open()
    with pytest.raises(StateError):
        session.announce(dict.fromkeys(addresses, "x"))
    session.close()
    assert (None, []) == (place.data, place.messages)


def test_a_later_push_arrived_and_its_answer_did_not(addresses: Addresses, records: Records) -> None:
    """What this run wrote itself is no other's: nothing is merged, and nobody is asked."""
    a, b, *_ = addresses
    place = Place()
    session = place.open()
    session.announce({a: "x"})
    session.intend({a: "x"})
    session.record(a, records[0])
    place.then.append(fails())
    with pytest.raises(StateError):
        session.announce({b: "x"})
    session.close()
    assert ({}, {a: records[0]}, None) == (place.state.pending, place.state.records, place.state.lease)


def test_results_of_a_run_that_lost_its_lock_survive_more_races(addresses: Addresses, records: Records) -> None:
    """Who lost the lock and then loses a race still records what it did: that is no plan that came too late."""
    a, b, c, *_ = addresses
    place = Place()
    slow = place.open(now={a: records[0].updated_at})
    slow.announce({a: "x", b: "x"})
    slow.intend({a: "x"})
    slow.intend({b: "x"})
    place.seconds += LEASE + 1
    other = place.open(holder="run 2")
    other.announce({c: "y"})
    slow.record(a, records[0])
    place.seconds += 31
    place.first.append(lambda: other.intend({addresses[3]: "y"}))
    slow.record(b, records[1])
    slow.close()
    other.close()
    assert {a: records[0], b: records[1]} == place.state.records
    assert {addresses[3]: "y"} == place.state.pending


def test_what_needs_no_write_is_not_called_done(addresses: Addresses, records: Records) -> None:
    """What is noted before the first write is neither pushed early, whatever time the plan took, nor "done on GitHub".

    An older write whose end was open, and which turns out to be gone, is such a note.
    """
    a, b, *_ = addresses
    place = Place()
    with place.open() as session:
        session.announce({a: "x"})
        session.intend({a: "x"})
    before = place.data
    session = place.open()
    place.seconds += 100
    session.forget(a)
    session.record(b, records[1])
    assert (before, frozenset()) == (place.data, session.unrecorded)
    session.close()
    assert ({}, {b: records[1]}) == (place.state.pending, place.state.records)


def test_what_was_noted_and_not_pushed_is_an_error(addresses: Addresses, records: Records) -> None:
    """What adopt records is lost where the push fails: to call that nothing would be wrong."""
    place = Place(first=[fails()])
    session = place.open()
    session.record(addresses[0], records[0])
    with pytest.raises(StateError) as lost:
        session.close()
    assert not isinstance(lost.value, UnfoldedError | UnrecordedError)
    assert "FF301" in str(lost.value)
    assert place.data is None


def test_a_stopped_run_pushes_its_results_through_a_race(addresses: Addresses, records: Records) -> None:
    """After a Ctrl-C nothing may wait; a lost race is not waited for either, and the results are recorded."""
    a, b, c, *_ = addresses
    place = Place()
    session = place.open()
    session.announce({a: "x", b: "x"})
    session.intend({a: "x"})
    session.record(a, records[0])
    place.over = True

    def edit() -> None:
        place.data, _ = codec.encode(replace(place.state, records={**place.state.records, c: records[2]}))

    place.first.append(edit)
    session.close()
    assert ({a: records[0], c: records[2]}, {}, None) == (place.state.records, place.state.pending, place.state.lease)


def test_a_stopped_run_pushes_its_results_once_more(addresses: Addresses, records: Records) -> None:
    """The answer to the last push is lost after a Ctrl-C: it is looked at once more, and not called unrecorded."""
    a, *_ = addresses
    for lost in ("first", "then"):
        place = Place()
        session = place.open()
        session.announce({a: "x"})
        session.intend({a: "x"})
        session.record(a, records[0])
        place.over = True
        getattr(place, lost).append(stopped)
        session.close()
        assert ({a: records[0]}, {}, None) == (place.state.records, place.state.pending, place.state.lease)


def test_a_lock_that_could_not_be_renewed_begins_nothing(addresses: Addresses, records: Records) -> None:
    """A write that must wait for the lock's renewal, in vain, was not begun: it is taken back."""
    a, b, *_ = addresses
    place = Place()
    session = place.open()
    session.announce({a: "x", b: "x"})
    session.intend({a: "x"})
    session.record(a, records[0])
    place.seconds += LEASE / 2 + 1
    place.first.append(fails())
    with pytest.raises(StateError):
        session.intend({b: "x"})
    session.close()
    assert ({a: records[0]}, {}, None) == (place.state.records, place.state.pending, place.state.lease)


def test_a_second_ctrl_c_still_records(addresses: Addresses, records: Records) -> None:
    """Who ends it at once gets one last push; where that fails it stays a Ctrl-C, and all of it is pending."""
    a, *_ = addresses
    for failing in (False, True):
        place = Place()
        session = place.open()
        session.announce({a: "x"})
        session.intend({a: "x"})
        session.record(a, records[0])
        place.first += [fails()] * failing
        with pytest.raises(KeyboardInterrupt), session:
            raise KeyboardInterrupt
        assert (({a: "x"}, {}) if failing else ({}, {a: records[0]})) == (place.state.pending, place.state.records)


def test_what_was_to_be_recorded_and_is_not(addresses: Addresses, records: Records) -> None:
    """After a last push that failed the memory names it, apart from what was done on GitHub, and not what stands."""
    a, b, c, d, *_ = addresses
    place = Place()
    with place.open() as session:
        session.record(d, records[3])
    session = place.open()
    session.record(a, records[0])
    session.announce({b: "x"})
    session.intend({b: "x"})
    session.record(b, records[1])
    session.record(c, records[2])
    session.forget(d)
    assert {b} == session.unrecorded
    place.first += [fails(), fails()]
    with pytest.raises(UnrecordedError, match=f"FF412: .* not recorded: {b}\n"):
        session.close()
    assert {b, c, d} == session.unrecorded
    assert {a: records[0], d: records[3]} == place.state.records
