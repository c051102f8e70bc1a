"""One writer at a time, between real processes: the holder is named, and its death frees the lock."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import pytest

from flowforge.errors import StateError
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.state.file import StateFile
from flowforge.state.lock import locked

HOLD = """
import sys
from pathlib import Path
from flowforge.state.file import StateFile
with StateFile.open(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run another process that holds the state until its stdin is closed."""
    command = [sys.executable, "-c", HOLD, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert "held\n" == process.stdout.readline()
        yield process


def refusal(path: Path) -> str:
    """Give the message that a second writer gets."""
    with pytest.raises(StateError) as caught:
        StateFile.open(path)
    return str(caught.value)


def test_a_second_process_is_told_who_holds_the_state(path: Path) -> None:
    """FF411 at once, with the other's process id, host and time; a reader is not stopped."""
    with holder(path) as process:
        note = path.with_name(path.name + ".lock-holder")
        since, host = json.loads(note.read_text())["since"], os.uname().nodename
        assert (
            f"error FF411: {path}: the state is in use\n"
            f"  why: process {process.pid} on {host} holds its lock since {since}\n"
            "  fix: wait until it ends, or stop it: the lock goes with it"
        ) == refusal(path)
        note.write_text("?")
        assert "  why: another process holds its lock" == refusal(path).split("\n")[1]
        assert {} == StateFile.read(path).remembered
        process.kill()


def test_the_lock_goes_with_a_killed_holder(path: Path, addresses: tuple[Address, ...]) -> None:
    """After kill -9 of the holder the state opens at once, though lock file and note stay behind."""
    with holder(path) as process:
        process.kill()
        process.wait()
    assert path.with_name(path.name + ".lock-holder").exists()
    with StateFile.open(path) as file:
        file.intend({addresses[0]: None})
        assert f"process {os.getpid()} on" in refusal(path)
    assert not path.with_name(path.name + ".lock-holder").exists()


def test_a_writer_can_wait_for_the_lock(
    path: Path, addresses: tuple[Address, ...], records: tuple[Record, ...]
) -> None:
    """With lock_timeout the second writer goes on when the first has closed, and finds what it recorded."""
    first = StateFile.open(path)
    first.record(addresses[0], records[0])
    timer = threading.Timer(0.3, first.close)
    timer.start()
    with StateFile.open(path, lock_timeout=30) as second:
        assert {addresses[0]: records[0]} == second.state.records
    timer.join()


def test_a_lock_that_cannot_be_made_is_an_error(path: Path) -> None:
    """FF401: something else in the lock's place is named, with the system's reason."""
    path.with_name(path.name + ".lock").mkdir()
    assert (
        f"error FF401: {path}.lock: cannot lock the state\n"
        "  why: is a directory\n"
        "  fix: check the disk's space, the permissions and the path"
    ) == refusal(path)


WITHOUT = """
import errno, fcntl, sys
from pathlib import Path
def none(*_):
    raise OSError(errno.ENOSYS, "function not implemented")
fcntl.flock = none
from flowforge.errors import StateError
from flowforge.state.file import StateFile
try:
    StateFile.open(Path(sys.argv[1]))
except StateError as error:
    print(error)
"""


class _Refusing(filelock.UnixFileLock):
    """What filelock does before it takes a file for a lock, and where that is forbidden."""

    def _acquire(self) -> None:
        raise NotImplementedError


class _Softened(filelock.UnixFileLock):
    """What filelock did for some releases, and does unless it is told not to."""

    def _acquire(self) -> None:
        object.__setattr__(self, "__class__", filelock.SoftFileLock)
        self._acquire()


@pytest.mark.parametrize("make", [_Refusing, _Softened, filelock.SoftFileLock])
@pytest.mark.parametrize("left", [False, True])
def test_a_file_that_stands_for_a_lock_is_none(path: Path, make: type[filelock.BaseFileLock], left: bool) -> None:  # noqa: FBT001 -- the table's column
    """FF401 where filelock cannot lock, and where it makes a file instead, be there one of a killed run or not."""
    name = path.with_name(path.name + ".lock")
    if left:
        name.write_text(f"{os.getpid()}\n{os.uname().nodename}\n", encoding="utf-8")
    with pytest.raises(StateError) as refused, locked(path, 0.01, make):
        pytest.fail("it is locked by a file")
    assert str(refused.value) == (
        f"error FF401: {name}: cannot lock the state\n"
        "  why: operation not supported\n"
        "  fix: keep it on a file system that has locks, or on a branch: state.github"
    )
    assert not path.with_name(path.name + ".lock-holder").exists()


def test_a_file_system_without_locks_is_an_error(path: Path) -> None:
    """FF401 with the filelock that is installed, whichever it is, where the system has no flock."""
    command = [sys.executable, "-c", WITHOUT, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    said = done.stdout.splitlines()
    assert f"error FF401: {path}.lock: cannot lock the state" == said[0]
    assert said[1] in ("  why: operation not supported", "  why: function not implemented")
    assert "  fix: keep it on a file system that has locks, or on a branch: state.github" == said[2]
    assert not path.with_name(path.name + ".lock-holder").exists()
