"""A state stays where it was opened: no link leads it elsewhere, whenever it is put there."""

import contextlib
import os
import threading
from pathlib import Path

import pytest

from flowforge.errors import StateError
from flowforge.paths import Bounds
from flowforge.plan.address import Address
from flowforge.plan.facts import Record, Remembered
from flowforge.state.file import StateFile

Addresses = tuple[Address, ...]
Records = tuple[Record, ...]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Make a folder of somebody else's."""
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


@pytest.fixture
def bounds(path: Path) -> Bounds:
    """Hold the state below its folder."""
    return Bounds((Path(os.path.realpath(path.parent)),))


def test_a_folder_that_becomes_a_link_while_it_is_used(
    path: Path, outside: Path, addresses: Addresses, records: Records
) -> None:
    """All that is written is in the folder that was opened: the journal, the state, its backup; the lock is freed."""
    moved = path.parent.with_name("moved")
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
    with StateFile.open(path) as file:
        path.parent.rename(moved)
        path.parent.symlink_to(outside)
        file.intend({addresses[1]: None})
        file.record(addresses[1], records[1])
        assert [f"{path.name}{suffix}" for suffix in ("", ".journal", ".lock", ".lock-holder")] == sorted(
            each.name for each in moved.iterdir() if not each.name.endswith(".backup")
        )
    assert {addresses[n]: Remembered(records[n]) for n in (0, 1)} == StateFile.read(moved / path.name).remembered
    assert [] == [*outside.iterdir()]
    StateFile.open(moved / path.name).close()


def test_a_state_that_becomes_a_link_while_it_is_used(
    path: Path, outside: Path, addresses: Addresses, records: Records
) -> None:
    """FF414, as for whatever else stands in its place then: the link stays, and what it leads to is not made."""
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
    file = StateFile.open(path)
    file.record(addresses[1], records[1])
    path.unlink()
    path.symlink_to(outside / "state.json")
    with pytest.raises(StateError, match=r"FF414: .*: the state was replaced while it was in use"):
        file.close()
    assert (True, [], {addresses[1]}) == (path.is_symlink(), [*outside.iterdir()], {*file.unrecorded})


@pytest.mark.parametrize("target", ["state.json", "there.json"])
def test_a_link_out_of_the_bounds(path: Path, outside: Path, bounds: Bounds, target: str) -> None:
    """FF114 for reader and writer, whether or not anything is there, and nothing is made."""
    (outside / "there.json").write_text("{")
    path.symlink_to(outside / target)
    for use in (StateFile.read, StateFile.find, StateFile.open):
        with pytest.raises(StateError, match=r"FF114: .*: the state is outside the manifest's folder"):
            use(path, bounds=bounds)
    assert (["there.json"], [path.name]) == (
        [each.name for each in outside.iterdir()],
        [each.name for each in path.parent.iterdir()],
    )


def test_somebody_who_swaps_all_the_time(
    path: Path, outside: Path, bounds: Bounds, addresses: Addresses, records: Records
) -> None:
    """Whatever moment is met, nothing is made outside: an apply ends with an error, or writes where it should."""
    stop = threading.Event()
    link = path.with_name("link")

    def swap() -> None:
        while not stop.is_set():
            link.symlink_to(outside / "state.json")
            link.rename(path)
            path.unlink()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for number in range(150):
            with contextlib.suppress(StateError), StateFile.open(path, bounds=bounds) as file:
                file.record(addresses[number % 2], records[number % 6])
    finally:
        stop.set()
        thread.join()
    assert [] == [*outside.iterdir()]
