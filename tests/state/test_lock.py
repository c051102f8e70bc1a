"""One writer at a time, between real processes: the holder is named, and its death frees the lock."""

import errno
import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowforge.errors import StateError
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.state import disk
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
    """Return the message that a second writer gets."""
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
            "  fix: wait for it (--lock-timeout 60s), or stop it: the lock goes with it"
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


@pytest.mark.parametrize("number", [errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK])
def test_a_file_system_without_locks_is_an_error(path: Path, number: int) -> None:
    """FF401: where the system says that it cannot lock, we do not go on unlocked, nor leave a descriptor behind."""

    def refuse(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    before = sorted(Path("/dev/fd").iterdir())
    with pytest.raises(StateError) as caught, disk.held(path) as entry, locked(entry, 30, refuse):
        pass
    assert (
        f"error FF401: {path}.lock: cannot lock the state\n"
        f"  why: {os.strerror(number).lower()}\n"
        "  fix: keep it on a file system that has locks, or on a branch: state.github"
    ) == str(caught.value)
    assert before == sorted(Path("/dev/fd").iterdir())


def test_a_lock_whose_file_is_removed_is_nobodys(path: Path) -> None:
    """Who has locked a file that somebody removed meanwhile takes the new one, which the next would take too."""
    lock = path.with_name(path.name + ".lock")

    def take(handle: int, how: int) -> None:
        if not taken:
            lock.unlink()
        taken.append(handle)
        fcntl.flock(handle, how)

    taken: list[int] = []
    with disk.held(path) as entry, locked(entry, 30, take):
        said = refusal(path)
    assert (2, True) == (len(taken), f"\n  why: process {os.getpid()} on " in said)
