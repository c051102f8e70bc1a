"""What the disk and the folder may refuse: each a StateError with the system's reason, and nothing lost."""

import errno
import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from flowforge.errors import ExitCode, StateError, UnfoldedError, UnrecordedError
from flowforge.paths import Folder, PathEntry
from flowforge.plan.address import Address
from flowforge.plan.facts import Record, Remembered
from flowforge.state import disk
from flowforge.state.disk import Disk, NoStateError
from flowforge.state.file import StateFile
from tests.powers import powerless

Addresses = tuple[Address, ...]
Records = tuple[Record, ...]

CHECK = "  fix: check the disk's space, the permissions and the path"
FULL, TOO_LARGE = os.strerror(errno.ENOSPC).lower(), os.strerror(errno.EFBIG).lower()


@contextmanager
def limited(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes: writes come up short and then fail, as on a disk that fills up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Failing(Disk):
    """A disk on which every sync fails while it has an error's number."""

    def __init__(self, number: int = 0) -> None:
        """Begin with none, or one."""
        self.number = number

    def sync(self, handle: int) -> None:
        """Fail, or do it."""
        if self.number:
            raise OSError(self.number, "the path and more, which no message of ours repeats")
        super().sync(handle)


def refusal(act: Callable[[], object], kind: type[StateError] = StateError) -> str:
    """Return the message of what `act` raises, which is exactly of `kind`."""
    with pytest.raises(kind) as caught:
        act()
    assert kind is type(caught.value) or NoStateError is type(caught.value)
    return str(caught.value)


def test_an_intent_that_cannot_be_written_stops_the_write(path: Path, addresses: Addresses, records: Records) -> None:
    """FF401 before anything is sent, from the first intent of all or a later one; then it is as if never said."""
    journal = path.with_name(path.name + ".journal")
    system = Failing()
    with StateFile.open(path, system=system) as file:
        with limited(50):
            assert (f"error FF401: {journal}: cannot write the journal\n  why: {TOO_LARGE}\n{CHECK}") == refusal(
                lambda: file.intend({addresses[0]: "hmac-sha256:00"})
            )
        assert {} == StateFile.read(path).remembered
        assert not path.exists()
        with limited(400):
            refusal(lambda: file.intend({addresses[0]: "hmac-sha256:00" * 50}))
        assert {} == StateFile.read(path).remembered
        file.intend({addresses[1]: "hmac-sha256:01"})
        system.number = errno.ENOSPC
        assert FULL in refusal(lambda: file.intend({addresses[2]: "hmac-sha256:02"}))
        system.number = 0
        file.record(addresses[1], records[1])
        assert {addresses[1]: Remembered(records[1])} == StateFile.read(path).remembered
    assert {addresses[1]: Remembered(records[1])} == StateFile.read(path).remembered


def test_a_journal_that_cannot_begin_can_begin_later(path: Path, addresses: Addresses, records: Records) -> None:
    """FF401 where not even its first line fits; with room again the same run goes on, and the next one reads it."""
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
    with StateFile.open(path) as file:
        with limited(100):
            assert TOO_LARGE in refusal(lambda: file.intend({addresses[1]: None}))
            assert {addresses[0]: Remembered(records[0])} == StateFile.read(path).remembered
        file.intend({addresses[1]: None})
    assert {addresses[1]: None} == StateFile.read(path).pending


def test_a_lock_whose_holder_cannot_be_noted_is_free_again(path: Path) -> None:
    """FF401 on opening a full disk, before anything is done; nothing stays locked."""
    with limited(10):
        assert (f"error FF401: {path}.lock-holder: cannot lock the state\n  why: {TOO_LARGE}\n{CHECK}") == refusal(
            lambda: StateFile.open(path)
        )
    StateFile.open(path).close()


def test_a_state_file_removed_during_a_run_is_written_again(path: Path, addresses: Addresses, records: Records) -> None:
    """The run remembers what it read, so a file that somebody deletes meanwhile is back after the fold."""
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
        path.unlink()
    assert {addresses[0]: Remembered(records[0])} == StateFile.read(path).remembered


def test_a_result_that_cannot_be_written_is_a_trouble_of_its_own(
    path: Path, addresses: Addresses, records: Records
) -> None:
    """FF412, exit 5: what was done and not recorded is named, stays pending on disk, and a later fold records it."""
    journal = path.with_name(path.name + ".journal")
    a, b, *_ = addresses
    with StateFile.open(path) as file:
        file.intend({a: "hmac-sha256:00", b: None})
        with limited(journal.stat().st_size + 20):
            message = (
                f"error FF412: {journal}: done on GitHub, but not recorded\n"
                f"  why: {TOO_LARGE}; the next plan shows it as interrupted, so nothing goes unnoticed\n"
                "  fix: make room or mend the folder, then run `flowforge apply` again"
            )
            assert message == refusal(lambda: file.record(a, records[0]), UnrecordedError)
            assert message == refusal(lambda: file.forget(b), UnrecordedError)
            open_ = Remembered(None, pending=True)
            assert {a: open_, b: open_} == StateFile.read(path).remembered
            assert {a, b} == file.unrecorded
    assert ExitCode.UNRECORDED == UnrecordedError.exit_code
    assert frozenset() == file.unrecorded
    assert {a: Remembered(records[0])} == StateFile.read(path).remembered


def test_an_adoption_that_cannot_be_written_has_not_happened(
    path: Path, addresses: Addresses, records: Records
) -> None:
    """FF401: without an intent nothing was done on GitHub, so there is nothing unrecorded."""
    with StateFile.open(path) as file, limited(400):
        refusal(lambda: file.record(addresses[0], records[0]))
        assert frozenset() == file.unrecorded
        assert {} == file.state.remembered


def test_a_fold_that_fails_keeps_the_journal(path: Path, addresses: Addresses, records: Records) -> None:
    """FF401 from close: the lock is free again, the changes are read from the journal, and the next run folds them."""
    file = StateFile.open(path)
    file.intend({addresses[0]: "hmac-sha256:00"})
    file.record(addresses[0], records[0])
    before = path.read_bytes()
    with limited(400):
        assert (
            f"error FF401: {path}: cannot write the state\n  why: {TOO_LARGE}\n"
            "  fix: make room or mend the folder; the journal beside it holds every change, and the next run folds it"
        ) == refusal(file.close, UnfoldedError)
        assert (f"error FF401: {path}: cannot write the state\n  why: {TOO_LARGE}\n{CHECK}") == refusal(
            lambda: StateFile.open(path)
        )
    assert before == path.read_bytes()
    assert not path.with_name(path.name + ".tmp").exists()
    assert {addresses[0]: Remembered(records[0])} == StateFile.read(path).remembered
    StateFile.open(path).close()
    assert 1 == StateFile.read(path).serial


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupt_stays_one(path: Path, addresses: Addresses, records: Records, error: type[BaseException]) -> None:
    """A fold that fails after a second Ctrl-C does not hide it, and the journal has everything; a bug hides nothing."""
    file = StateFile.open(path)
    file.intend({addresses[0]: "hmac-sha256:00"})
    file.record(addresses[0], records[0])

    def interrupted() -> None:
        with limited(400), file:
            raise error

    with pytest.raises(error if error is KeyboardInterrupt else UnfoldedError):
        interrupted()
    assert {addresses[0]: Remembered(records[0])} == StateFile.read(path).remembered


def test_a_fold_that_fails_with_results_in_memory_only_says_so(
    path: Path, addresses: Addresses, records: Records
) -> None:
    """FF412 from close too, naming all of them: the process ends with 5 and the state shows them as pending."""
    file = StateFile.open(path)
    file.intend(dict.fromkeys(addresses[:2], "hmac-sha256:00"))
    with limited(400):
        for address, record in zip(addresses[:2], records, strict=False):
            refusal(partial(file.record, address, record), UnrecordedError)
        message = refusal(file.close, UnrecordedError).split("\n")[0]
    assert f"{path}.journal: done on GitHub, but not recorded: {addresses[0]}, {addresses[1]}" == message[13:]
    assert addresses[:2] == tuple(sorted(StateFile.read(path).pending))


def test_a_folder_that_cannot_be_synced_is_no_error_where_that_is_unknown(path: Path, addresses: Addresses) -> None:
    """EINVAL is what some file systems say to a folder's sync; any other errno counts."""
    with Folder.open(path.parent, follow=True) as folder:
        Failing(errno.EINVAL).sync_folder(folder)
        with pytest.raises(OSError, match=r"^\[Errno 5\]"):
            Failing(errno.EIO).sync_folder(folder)
    with StateFile.open(path) as file:
        file.intend({addresses[0]: None})


def test_a_read_only_folder_is_found_out_before_anything_is_done() -> None:
    """FF401 on opening, so that no write to GitHub can precede it; reading needs no permission to write."""
    # Not below tmp_path, whose parents are root's alone where the tests are root's.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o555)
        with powerless():
            path = folder / "flowforge.state.json"
            assert (
                f"error FF401: {path}.lock: cannot lock the state\n  why: {os.strerror(errno.EACCES).lower()}\n{CHECK}"
            ) == refusal(lambda: StateFile.open(path))
            assert {} == StateFile.read(path).remembered
        folder.chmod(0o755)


def test_a_file_that_may_not_be_read_is_an_error(path: Path) -> None:
    """FF401 on reading what is another's alone: the reason is the system's."""
    # Not below tmp_path, whose parents are root's alone where the tests are root's.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        mine = Path(name).resolve() / path.name
        mine.touch(mode=0)
        with powerless():
            said = refusal(lambda: StateFile.read(mine))
    assert f"error FF401: {mine}: cannot read the state\n  why: {os.strerror(errno.EACCES).lower()}\n{CHECK}" == said


def test_a_folder_that_may_not_be_reached_is_an_error(path: Path) -> None:
    """FF401 where the way to the folder is somebody else's alone: it may well be there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve() / "ops"
        folder.mkdir()
        Path(name).chmod(0)
        with powerless():
            said = refusal(lambda: StateFile.read(folder / path.name))
        Path(name).chmod(0o755)
    denied = os.strerror(errno.EACCES).lower()
    assert f"error FF401: {folder}: cannot open the state's folder\n  why: {denied}\n{CHECK}" == said


def test_a_folder_that_does_not_exist_is_an_error(path: Path) -> None:
    """FF407 for reader and writer, and no folder is made."""
    missing = path.parent / "typo" / path.name
    for use in (StateFile.read, StateFile.open):
        assert (
            f"error FF407: {missing.parent}: the state's folder does not exist\n"
            "  fix: make the folder, or name another file under state.file"
        ) == refusal(partial(use, missing))
    assert [] == [entry.name for entry in path.parent.iterdir()]


def link(path: Path) -> None:
    """Make a link to itself, which no system follows to its end."""
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "kind"),
    [(Path.mkdir, "a directory"), (os.mkfifo, "a FIFO"), (link, "a link")],
    ids=["dir", "fifo", "link"],
)
@pytest.mark.parametrize("suffix", ["", ".journal"])
def test_what_is_not_a_file_is_refused_without_waiting(
    path: Path, suffix: str, make: Callable[[Path], None], kind: str
) -> None:
    """FF402: neither a directory nor a FIFO that nobody writes to makes a reader fail otherwise, or hang."""
    place = path.with_name(path.name + suffix)
    make(place)
    for use in (StateFile.read, StateFile.open):
        assert (
            f"error FF402: {place}: the state is not a regular file\n"
            f"  why: it is {kind}\n"
            "  fix: remove it, or name another file under state.file"
        ) == refusal(partial(use, path), disk.NoStateError)


def test_a_file_beyond_all_size_is_refused(path: Path) -> None:
    """FF403: a file that no state can be is not parsed."""
    with path.open("wb") as file:
        file.truncate(disk.SIZE_LIMIT + 1)
    assert (
        f"error FF403: {path}: the state is too large\n"
        "  why: it holds more than 128 MiB, which no state does\n"
        "  fix: check the path under state.file"
    ) == refusal(lambda: StateFile.read(path), disk.NoStateError)


class Restless(Disk):
    """A disk on which a file never has the same content twice."""

    def __init__(self) -> None:
        """Begin."""
        self.contents = count()

    def read(self, entry: PathEntry) -> bytes | None:
        """Read something else each time."""
        del entry
        return str(next(self.contents)).encode()

    def wait(self, seconds: float) -> None:
        """Go on at once."""


def test_a_state_that_never_stands_still_is_an_error(path: Path) -> None:
    """FF413: a reader gives up in the end rather than mix two versions."""
    assert (
        f"error FF413: {path}: the state keeps changing while it is read\n"
        "  fix: run again when the other process has ended"
    ) == refusal(lambda: StateFile.find(path, system=Restless()))


def test_a_damaged_state_is_never_overwritten(path: Path) -> None:
    """A file that cannot be understood stays as it is, and the lock is free again after the refusal."""
    path.write_text("{")
    for _ in range(2):
        assert f"error FF404: {path}: the state is damaged" == refusal(lambda: StateFile.open(path)).split("\n")[0]
    assert "{" == path.read_text()


def test_a_state_that_is_replaced_during_a_run_is_not_overwritten(
    path: Path, addresses: Addresses, records: Records
) -> None:
    """FF414 on closing: theirs stays, ours of before is the backup that goes with the journal, and nothing is lost."""
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
    before = path.read_bytes()
    file = StateFile.open(path)
    file.record(addresses[1], records[1])
    path.write_bytes(b"theirs")
    expected = (
        f"error FF414: {path}: the state was replaced while it was in use\n"
        "  why: it is not the file that this run read and locked\n"
        f"  fix: put {path.name}.backup in its place, which goes with the journal; then run `flowforge plan`"
    )
    assert expected == refusal(file.close)
    backup = path.with_name(f"{path.name}.backup")
    assert (b"theirs", before, frozenset({addresses[1]})) == (path.read_bytes(), backup.read_bytes(), file.unrecorded)
    backup.replace(path)
    assert dict(zip(addresses[:2], records[:2], strict=True)) == StateFile.read(path).records


@pytest.mark.parametrize("begun", [True, False], ids=["replaced", "appeared"])
def test_a_state_that_is_replaced_before_the_first_write_stops_it(
    path: Path, addresses: Addresses, records: Records, *, begun: bool
) -> None:
    """FF414 before the journal begins: nothing was done, so nothing but the other file needs a look."""
    if begun:
        with StateFile.open(path) as file:
            file.record(addresses[0], records[0])
    with StateFile.open(path) as file:
        path.write_bytes(b"theirs")
        assert (
            f"error FF414: {path}: the state was replaced while it was in use\n"
            "  why: it is not the file that this run read and locked\n"
            "  fix: find out who changed it (git, an editor, a copy); then run `flowforge plan`"
        ) == refusal(lambda: file.begin([]))
    assert b"theirs" == path.read_bytes()
