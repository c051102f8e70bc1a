"""The file of lists that the next run knows: what it gives back, and what it does about a file that is no good."""

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from flowforge.github import kept_bodies
from flowforge.github.kept_bodies import MOST_OF_ONE, NAME, KeptBodies
from tests.powers import powerless

_ONE: Final = "one"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file in a folder that is not there yet."""
    return tmp_path / "home" / "cache" / NAME


def _kept(path: Path, **bodies: bytes) -> None:
    """Keep bodies, as a run does."""
    with closing(KeptBodies(path)) as kept:
        for name, body in bodies.items():
            kept.keep(name, body)


def _found(path: Path, *names: str, writes: bool = True) -> list[bytes | None]:
    """Return what another run finds."""
    with closing(KeptBodies(path, writes=writes)) as kept:
        return [kept.find(name) for name in names]


def _run(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute(sql, values)
        file.commit()


def test_what_one_run_keeps_the_next_one_finds(path: Path) -> None:
    """The same bytes by the same request; a later body takes the place of an earlier one; nobody else reads it."""
    _kept(path, one=b"\x00first", two=b"second")
    _kept(path, two=b"later")
    assert [b"\x00first", b"later", None] == _found(path, "one", "two", "three")
    assert [NAME] == [each.name for each in path.parent.iterdir()]
    assert (0o600, 0o700) == tuple(stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent))


def test_a_run_finds_what_it_has_kept_itself(path: Path) -> None:
    """Before any of it is written: a list of several pages is read twice."""
    with closing(KeptBodies(path)) as kept:
        assert kept.find(_ONE) is None
        kept.keep(_ONE, b"1")
        assert b"1" == kept.find(_ONE)


def test_no_file_and_no_right_to_write_one(path: Path) -> None:
    """Without a path nothing is known. A run that may not write reads what is there, and makes nothing."""
    nothing = KeptBodies(None)
    nothing.keep(_ONE, b"1")
    nothing.close()
    assert nothing.find(_ONE) is None
    assert ([None], False) == (_found(path, _ONE, writes=False), path.parent.exists())
    _kept(path, one=b"1")
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    with closing(KeptBodies(path, writes=False)) as kept:
        kept.keep(_ONE, b"2")
        kept.keep("two", b"2")
        kept.still(_ONE)
    assert (before, [NAME]) == (
        (path.read_bytes(), path.stat().st_mtime_ns),
        [each.name for each in path.parent.iterdir()],
    )
    assert [b"1", None] == _found(path, _ONE, "two")


def _view(path: Path) -> None:
    path.unlink()
    _run(path, "CREATE VIEW lists AS SELECT 'one' AS request, 1 AS seen, x'00' AS body")
    _run(path, "PRAGMA user_version = 1")


_USELESS: Final[dict[str, Callable[[Path], object]]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"no database at all\n" * 400),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "torn": lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096)),
    "newer": lambda path: _run(path, "PRAGMA user_version = 2"),
    "another table": lambda path: _run(path, "CREATE TABLE more (x)"),
    "a trigger": lambda path: _run(path, "CREATE TRIGGER t AFTER UPDATE ON lists BEGIN DELETE FROM lists; END"),
    "a view": _view,
    "a write-ahead log": lambda path: _run(path, "PRAGMA journal_mode = WAL"),
    "too large": lambda path: os.truncate(path, 10**9),
    "a huge body": lambda path: _run(path, "UPDATE lists SET body = zeroblob(5000000)"),
}


@pytest.mark.parametrize("spoil", _USELESS.values(), ids=_USELESS)
def test_a_file_that_is_no_good(path: Path, spoil: Callable[[Path], object]) -> None:
    """A run with it finds the truth or nothing, and the one after it has what this one kept."""
    _kept(path, **{f"many{number}": bytes(3000) + os.urandom(3000) for number in range(9)}, one=b"1")
    spoil(path)
    with closing(KeptBodies(path)) as kept:
        assert kept.find(_ONE) in {None, b"1"}
        kept.keep("two", b"2")
    with closing(KeptBodies(path)) as kept:
        assert kept.find("two") in {None, b"2"}
        kept.keep("three", b"3")
    assert b"3" == _found(path, "three")[0]
    assert [NAME] == [each.name for each in path.parent.iterdir()]


@pytest.mark.parametrize("spoil", _USELESS.values(), ids=_USELESS)
def test_a_file_that_is_no_good_and_must_not_be_written(path: Path, spoil: Callable[[Path], object]) -> None:
    """It stays as it is, for whoever may."""
    _kept(path, one=b"1")
    spoil(path)
    before = (path.stat().st_mtime_ns, path.stat().st_size)
    assert _found(path, _ONE, writes=False)[0] in {None, b"1"}
    assert before == (path.stat().st_mtime_ns, path.stat().st_size)


@pytest.mark.parametrize("name", ["newer", "another table", "a trigger", "a view"])
def test_a_file_with_more_than_the_one_table(path: Path, name: str) -> None:
    """Nothing in it is believed, also where the table itself is as it should be."""
    _kept(path, one=b"1")
    _USELESS[name](path)
    assert [None] == _found(path, _ONE, writes=False)


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [_link, _pipe, _folder], ids=["link", "pipe", "folder"])
def test_what_is_no_file_of_ours_is_left_alone(path: Path, change: Callable[[Path], object]) -> None:
    """It is neither read nor written nor replaced."""
    _kept(path, one=b"1")
    change(path)
    before = path.lstat()
    _kept(path, two=b"2")
    assert ([None, None], before.st_ino) == (_found(path, _ONE, "two"), path.lstat().st_ino)
    assert [None] == _found(path, _ONE, writes=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own a file and be somebody else")
def test_somebody_elses_file() -> None:
    """It is not used, also where its mode would let it be: what is written there somebody else reads."""
    # Not below tmp_path, whose parents are root's alone.
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / NAME
        _kept(path, one=b"1")
        for each in (path.parent, path):
            each.chmod(0o777)
        with powerless():
            assert [None] == _found(path, _ONE)
            _kept(path, two=b"2")
        assert [b"1", None] == _found(path, _ONE, "two")


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    """An earlier run, or a copy, may have left it open."""
    _kept(path, one=b"1")
    path.chmod(0o644)
    assert ([b"1"], 0o600) == (_found(path, _ONE), stat.S_IMODE(path.stat().st_mode))


def test_a_file_that_another_process_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known and nothing is kept, after one short wait and not one for each list; what it holds stays."""
    monkeypatch.setattr(kept_bodies, "_WAIT", 0.01)
    _kept(path, one=b"1")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert [None, None] == _found(path, _ONE, _ONE)
        _kept(path, two=b"2")
        other.execute("ROLLBACK")
    assert [b"1", None] == _found(path, _ONE, "two")


def test_a_run_that_must_not_write_waits_for_nobody(path: Path) -> None:
    """It reads what is there without a lock, and leaves nothing beside it."""
    _kept(path, one=b"1")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert [b"1"] == _found(path, _ONE, writes=False)
        assert {NAME} <= {each.name for each in path.parent.iterdir()} <= {NAME, f"{NAME}-journal"}


def test_a_full_disk(path: Path) -> None:
    """What does not fit is not kept, nobody is told, and what was there is there, or a new file is begun."""
    _kept(path, one=b"1")
    script = (
        "import os, resource, sys; from pathlib import Path; from flowforge.github.kept_bodies import KeptBodies\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))\n"
        "kept = KeptBodies(Path(sys.argv[1]))\n"
        "[kept.keep(str(number), os.urandom(900)) for number in range(100)]\n"
        "kept.close()\n"
    )
    uncounted = {name: text for name, text in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], env=uncounted, capture_output=True, check=False, text=True
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert [None] == _found(path, "99")
    _kept(path, two=b"2")
    _kept(path, three=b"3")
    assert [b"3"] == _found(path, "three")


def test_two_processes_at_once(path: Path) -> None:
    """Each keeps what it has; what both have is one of theirs."""
    script = (
        "import sys; from pathlib import Path; from flowforge.github.kept_bodies import KeptBodies\n"
        "kept = KeptBodies(Path(sys.argv[1]))\n"
        "[kept.keep(f'{name}{number}', sys.argv[2].encode()) for number in range(200) for name in ('', sys.argv[2])]\n"
        "sys.stdin.read()\n"
        "kept.close()\n"
    )
    uncounted = {name: text for name, text in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-c", script, str(path)]
    runs = [subprocess.Popen([*command, name], stdin=subprocess.PIPE, env=uncounted) for name in "ab"]
    for run in runs:
        assert run.stdin is not None
        run.stdin.close()
    assert [0, 0] == [run.wait(30) for run in runs]
    numbers = [str(number) for number in range(200)]
    assert {b"a"} == set(_found(path, *(f"a{number}" for number in numbers)))
    assert {b"b"} == set(_found(path, *(f"b{number}" for number in numbers)))
    assert set(_found(path, *numbers)) <= {b"a", b"b"}


def test_what_was_seen_last_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its most bytes the file loses what nobody asked for longest, and never grows beyond that."""
    now = 1_000
    monkeypatch.setattr("flowforge.github.kept_bodies.time.time", lambda: now)
    for number in range(40):
        now += 1
        with closing(KeptBodies(path, most_bytes=20_000)) as kept:
            kept.still("0")
            kept.keep(str(number), os.urandom(1_000))
    found = _found(path, *map(str, range(40)))
    there = [number for number, body in enumerate(found) if body is not None]
    assert (0, [*range(22, 40)]) == (there[0], there[1:])
    assert path.stat().st_size < 50_000


def test_what_is_pending_is_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of many lists writes them as it goes, in the place of keeping all of them in memory."""
    monkeypatch.setattr(kept_bodies, "_MOST_PENDING", 5_000)
    kept = KeptBodies(path)
    for number in range(18):
        kept.keep(str(number), os.urandom(1_000))
    assert [True, False] == [body is not None for body in _found(path, "0", "17")]
    kept.close()
    assert None not in _found(path, "0", "17")


def test_bodies_that_are_none_of_ours(path: Path) -> None:
    """What does not unpack, or to more than any body that is kept, is not known; nor is anything but bytes."""
    _kept(path, one=b"1", two=b"2", three=b"3", four=b"4")
    bomb = zlib.compress(bytes(20 * MOST_OF_ONE))
    for name, packed in (("one", b"no zlib"), ("two", bomb), ("three", "text")):
        _run(path, "UPDATE lists SET body = ? WHERE request = ?", packed, name)
    assert [None, None, None, b"4"] == _found(path, "one", "two", "three", "four")


def test_a_body_that_is_too_large_is_not_kept(path: Path) -> None:
    """The most is a megabyte, whole and no byte more."""
    _kept(path, one=bytes(MOST_OF_ONE), two=bytes(MOST_OF_ONE + 1))
    assert [bytes(MOST_OF_ONE), None] == _found(path, "one", "two")
