"""One state in the place of another, in a file: at once, with the version before kept, or not at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from flowforge.errors import StateError
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.state.file import StateFile
from flowforge.state.model import Lease, State
from tests.powers import unwritable

Addresses = tuple[Address, ...]
Records = tuple[Record, ...]


def _of(state: State, addresses: Addresses, records: Records) -> State:
    return replace(state, records=dict(zip(addresses, records, strict=True)))


def test_where_there_is_none_the_serial_stays(path: Path, addresses: Addresses, records: Records) -> None:
    """A copy that is put back is what it was, without the lock that somebody had on it."""
    lease = Lease("run", "run 1", "2026-11-23T08:00:00Z", "2026-11-23T08:10:00Z")
    given = _of(replace(State.fresh(), serial=7, lease=lease), addresses, records)
    with StateFile.open(path) as file:
        assert file.begins
        put = file.put(given)
        assert (put, False) == (file.state, file.begins)
    assert replace(given, lease=None) == StateFile.read(path)


@pytest.mark.parametrize(("serial", "then"), [(0, 3), (2, 3), (3, 3), (9, 9)])
def test_the_serial_grows(path: Path, addresses: Addresses, records: Records, serial: int, then: int) -> None:
    """No version of before comes back under its number; what was replaced is in the backup."""
    a, b, *_ = addresses
    with StateFile.open(path) as file:
        file.record(a, records[0])
    before = path.read_bytes()
    now = StateFile.read(path)
    assert 1 <= now.serial <= 2
    with StateFile.open(path) as file:
        file.put(replace(now, serial=2))
        before = path.read_bytes()
        put = file.put(replace(now, serial=serial, records={b: records[1]}))
    assert (then if serial > 3 else file.state.serial, {b}) == (put.serial, {*StateFile.read(path).records})
    assert put.serial > 2
    assert before == path.with_name(path.name + ".backup").read_bytes()


def test_a_journal_that_a_killed_run_left_goes_first(path: Path, addresses: Addresses, records: Records) -> None:
    """It is folded before, so none is left that would not fit what is put there."""
    a, b, *_ = addresses
    file = StateFile.open(path)
    file.record(a, records[0])
    file._held.close()  # the process is gone, and its lock with it
    with StateFile.open(path) as after:
        assert {a} == {*after.state.records}
        after.put(replace(after.state, records={b: records[1]}))
    assert {b} == {*StateFile.read(path).records}


def test_a_file_that_somebody_replaced_meanwhile(path: Path, addresses: Addresses, records: Records) -> None:
    """It may be their only copy: nothing is put there."""
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
    file = StateFile.open(path)
    path.write_bytes(b"somebody's")
    with pytest.raises(StateError, match="FF414"):
        file.put(replace(file.state, records={}))
    file.close()
    assert b"somebody's" == path.read_bytes()


def test_a_disk_that_refuses(path: Path, addresses: Addresses, records: Records) -> None:
    """The state of before stays, and can be used."""
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
    before = path.read_bytes()
    with StateFile.open(path) as file:
        with unwritable(path), pytest.raises(StateError, match="FF401"):
            file.put(State.fresh())
        assert {addresses[0]} == {*file.state.records}
    assert before == path.read_bytes()
