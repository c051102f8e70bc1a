"""The file that processes of one token share."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from platformdirs import user_cache_path

from flowforge.github.rate_ledger import Spent, spent_path

_NOW = 1_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file in a folder that is not there yet."""
    return tmp_path / "home" / "cache" / "spent-x.json"


def test_where_it_is(tmp_path: Path) -> None:
    """The file is named after a digest, in FLOWFORGE_CACHE_DIR or the user's cache folder."""
    assert tmp_path / "spent-abc.json" == spent_path({"FLOWFORGE_CACHE_DIR": str(tmp_path)}, "abc")
    assert user_cache_path("flowforge") / "spent-abc.json" == spent_path({}, "abc")


def test_a_user_without_a_home() -> None:
    """Without HOME, a cache folder or an entry in passwd there is no file, and a process keeps to itself."""

    def homeless(_: str) -> Path:
        raise RuntimeError  # as platformdirs does, by way of Path.expanduser

    assert spent_path({}, "abc", homeless) is None
    assert Spent(None).take([(_NOW + 50, 500)], 900, 900, _NOW) == 400


def test_a_library_that_finds_no_home_either() -> None:
    """Older releases of platformdirs answer `~/.cache` where there is no home: no folder named ~ is made of that."""

    def homeless(name: str) -> Path:
        return Path("~/.cache") / name

    assert (None, Path("here/spent-abc.json")) == (
        spent_path({}, "abc", homeless),
        spent_path({"FLOWFORGE_CACHE_DIR": "here"}, "abc", homeless),
    )


def test_two_processes_share_one_budget(path: Path) -> None:
    """What one took the other cannot take, until it is a minute old."""
    first, second = Spent(path), Spent(path)
    assert first.take([(_NOW + 50, 500)], 300, 900, _NOW) == 300
    assert second.take([], 300, 900, _NOW) == 100
    assert sorted(second.others) == [(_NOW + 50, 500), (_NOW + 60, 300)]
    assert second.take([(_NOW + 60, 100)], 700, 900, _NOW + 55) == 500
    assert sorted(second.others) == [(_NOW + 60, 300)]


def test_the_process_before_is_known(path: Path) -> None:
    """A file outlives its process, and everything in it ends."""
    Spent(path).take([(_NOW + 30, 900)], 0, 900, _NOW)
    assert [Spent(path).take([], 5, 900, _NOW + after) for after in (0, 29, 30)] == [0, 0, 5]


def test_it_is_private(path: Path) -> None:
    """Folder, file and lock are the user's alone, whatever others may do by default."""
    before = os.umask(0)
    try:
        Spent(path).take([], 5, 900, _NOW)
    finally:
        os.umask(before)
    lock = path.with_name(f"{path.name}.lock")
    assert [0o700, 0o600, 0o600] == [stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path, lock)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        '"x"',
        "\x00\xff",
        "[" * 100_000,
        '{"version": 2, "processes": {"a": [[2e6, 900]]}}',
        '{"version": 1}',
        '{"version": 1, "processes": []}',
        '{"version": 1, "processes": {"a": 7}}',
        '{"version": 1, "processes": {"a": [7]}}',
        '{"version": 1, "processes": {"a": [["x", 900]]}}',
        '{"version": 1, "processes": {"a": [[NaN, 900]]}}',
        '{"version": 1, "processes": {"a": [[2e6, 1e999]]}}',
        '{"version": 1, "processes": {"a": [[2e6, -900]]}}',
        '{"version": 1, "processes": {"a": [[2e6, null]]}}',
    ],
)
def test_a_spoilt_file_counts_for_nothing(path: Path, text: str) -> None:
    """What cannot be understood is written over, without a word."""
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="latin-1")
    spent = Spent(path)
    assert (900, ()) == (spent.take([], 900, 900, _NOW), spent.others)
    assert json.loads(path.read_text())["version"] == 1


def test_what_is_counted_apart(tmp_path: Path) -> None:
    """Another kind has a file of its own, and a span of its own."""
    environ = {"FLOWFORGE_CACHE_DIR": str(tmp_path)}
    assert tmp_path / "writes-hour-abc.json" == spent_path(environ, "abc", kind="writes-hour")
    path = tmp_path / "writes-hour-abc.json"
    assert 5 == Spent(path, span=3600).take([], 5, 500, _NOW)
    assert [495, 0, 500] == [Spent(path, span=3600).take([], 900, 500, _NOW + after) for after in (0, 3599, 7300)]


def test_a_note_lasts_for_all(path: Path) -> None:
    """What a process has found out the next ones know, as long as it holds; it is never taken back by another one."""
    first = Spent(path, span=3600)
    first.noted = _NOW + 86_400
    first.take([], 0, 500, _NOW)
    seen = []
    for after in (0.0, 86_399.0, 86_400.0):
        other = Spent(path, span=3600)
        other.take([], 0, 500, _NOW + after)
        seen.append(other.noted)
    assert [_NOW + 86_400, _NOW + 86_400, 0.0] == seen


def test_a_file_that_is_gone(path: Path) -> None:
    """With nothing to tell, no file is made, and nobody's points count any more."""
    Spent(path).take([], 40, 900, _NOW)
    other = Spent(path)
    other.take([], 0, 900, _NOW)
    before = other.others
    path.unlink()
    assert (0, [40], (), False) == (
        other.take([], 0, 900, _NOW),
        [points for _, points in before],
        other.others,
        path.exists(),
    )


@pytest.mark.parametrize("noted", ["NaN", "1e999", '"x"', "[]", "-1", "null", "2e9"])
def test_a_spoilt_note_is_none(path: Path, noted: str) -> None:
    """One that cannot be, or that would last for longer than any does, holds for nothing."""
    path.parent.mkdir(parents=True)
    path.write_text(f'{{"version": 1, "processes": {{}}, "noted": {noted}}}')
    spent = Spent(path)
    assert (5, 0.0) == (spent.take([], 5, 900, _NOW), spent.noted)


def test_a_file_of_somebody_else(path: Path) -> None:
    """It is neither believed nor written: whoever owns it could hold up this run."""
    path.parent.mkdir(parents=True)
    path.write_text(f'{{"version": 1, "processes": {{"a": [[{_NOW + 50}, 900]]}}}}')
    before = path.read_bytes()
    try:
        os.chown(path, os.geteuid() + 1, -1)
    except PermissionError:
        pytest.skip("only root gives files away")
    spent = Spent(path)
    assert (900, (), before) == (spent.take([], 900, 900, _NOW), spent.others, path.read_bytes())


def test_a_clock_that_was_set_back(path: Path) -> None:
    """Points that end in a far future end in a minute."""
    Spent(path).take([(_NOW + 9_000, 900)], 0, 900, _NOW + 9_000)
    late = Spent(path)
    assert [late.take([], 5, 900, _NOW + after) for after in (0, 61, 62)] == [0, 0, 5]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """Without a place to write, a process is alone with its budget."""
    (tmp_path / "file").write_text("")
    spent = Spent(tmp_path / "file" / "spent.json")
    assert (880, ()) == (spent.take([(_NOW + 9, 20)], 900, 900, _NOW), spent.others)


def test_a_folder_that_was_deleted_meanwhile(path: Path) -> None:
    """It is made again by the second one who asks; until then each counts by itself."""
    spent = Spent(path)
    spent.take([], 1, 30, _NOW)
    shutil.rmtree(path.parent)
    assert [30, 30] == [spent.take([], 30, 30, _NOW) for _ in range(2)]
    assert path.is_file()


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    """A link where the file should be is not written through."""
    path.parent.mkdir(parents=True)
    (tmp_path / "precious").write_text("mine")
    path.symlink_to(tmp_path / "precious")
    assert Spent(path).take([], 900, 900, _NOW) == 900
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_lock_that_is_held(path: Path) -> None:
    """Who cannot have the lock within a second goes by what it knew of the others."""
    assert 1.0 == getattr(Spent(path)._lock, "timeout", None)
    Spent(path).take([(_NOW + 30, 400)], 0, 900, _NOW)
    spent = Spent(path, lock_seconds=0.01)  # free at first, and then it is had at once
    spent.take([], 0, 900, _NOW)
    with FileLock(f"{path}.lock"):
        assert [spent.take([], 900, 900, _NOW + after) for after in (0, 30)] == [500, 900]
    # It is not tried again at each request, which may take a second each time: nothing is told even now.
    before = path.read_bytes()
    assert (900, before) == (spent.take([], 900, 900, _NOW + 31), path.read_bytes())


WITHOUT = """
import errno, fcntl, sys, warnings
from pathlib import Path
def none(*_):
    raise OSError(errno.ENOSYS, "function not implemented")
fcntl.flock = none
warnings.simplefilter("error")
from flowforge.github.rate_ledger import Spent
print(Spent(Path(sys.argv[1])).take([(1000050.0, 500)], 900, 900, 1000000.0))
"""


def test_a_file_system_without_locks(path: Path) -> None:
    """Where the system has no locks a process keeps to itself, without a word; no file is taken for a lock."""
    command = [sys.executable, "-c", WITHOUT, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert ("400\n", "", False) == (done.stdout, done.stderr, path.exists())


def test_a_process_of_its_own() -> None:
    """Without a file only the own points count."""
    assert Spent(None).take([(_NOW + 9, 895)], 900, 900, _NOW) == 5


@pytest.mark.parametrize("known", [False, True])
def test_who_spent_too_much_gets_nothing(path: Path, *, known: bool) -> None:
    """Not even less than nothing, where the budget was made smaller meanwhile."""
    assert 0 == Spent(path if known else None).take([(_NOW + 9, 905)], 5, 900, _NOW)


def test_what_counts(path: Path) -> None:
    """A single point that has not ended does; none, less than none, and what ended do not."""
    path.parent.mkdir(parents=True)
    entries = [[_NOW + 9, 1], [_NOW + 9, 0], [_NOW + 9, -1], [_NOW, 7], [_NOW + 1, 5]]
    path.write_text(json.dumps({"version": 1, "processes": {"a": entries, "b": []}}))
    spent = Spent(path)
    assert (894, ((_NOW + 9, 1), (_NOW + 1, 5))) == (spent.take([], 900, 900, _NOW), spent.others)
    written = json.loads(path.read_text())["processes"]
    assert [[[_NOW + 9, 1], [_NOW + 1, 5]], [[_NOW + 60, 894]]] == list(written.values())
