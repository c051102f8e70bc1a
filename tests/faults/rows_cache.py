"""Faults of the file of lists that the next run knows. Nobody needs it, so none of them may change anything."""

import json
import os
import sqlite3
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from flowforge.github import kept_bodies
from flowforge.github.kept_bodies import NAME
from tests.faults.bench import Bench, Done
from tests.faults.row import BOTH_CHANGED, BOTH_OLD, UPDATED, Act, Expected, Given, Row, here
from tests.powers import NOBODY, powerless

_PLANNED: Final = (
    "~ acme/api  ANTHROPIC_API_KEY  ci-key  value changed",
    "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
    "Plan: 0 to create, 2 to update, 0 to delete, 0 in sync.",
)
_LIMITED: Final = (
    "import os, resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)\n"
    "os.execv(sys.executable, [sys.executable, '-m', 'flowforge', *sys.argv[2:]])\n"
)
_MEANWHILE: Final = "2020-01-01T00:00:00Z"


def _file() -> Path:
    return Path(os.environ["FLOWFORGE_CACHE_DIR"]) / NAME


def _known(spoil: Callable[[Path], object]) -> Given:
    """Let an earlier run have kept both lists, and then do something to its file."""

    def given(bench: Bench) -> None:
        bench.run("plan")
        spoil(_file())

    return given


def _sql(*statements: str) -> Given:
    def run(path: Path) -> None:
        with closing(sqlite3.connect(path)) as file:
            for each in statements:
                file.execute(each)
            file.commit()

    return _known(run)


def _forged(change: Callable[[list[dict[str, str]]], object]) -> Given:
    """Let an attacker say of each list what it is to be. change: does it to the secrets that it has."""

    def forge(path: Path) -> None:
        with closing(sqlite3.connect(path)) as file:
            for name, packed in file.execute("SELECT request, body FROM lists").fetchall():
                secrets = json.loads(zlib.decompress(packed))["secrets"]
                change(secrets)
                body = json.dumps({"total_count": len(secrets), "secrets": secrets}, separators=(",", ":")).encode()
                file.execute("UPDATE lists SET body = ? WHERE request = ?", (zlib.compress(body), name))
            file.commit()

    return _known(forge)


def _elsewhere(path: Path) -> None:
    """Let the file be a link to another one of the user's, which is nobody's list."""
    path.unlink()
    target = path.with_name("precious")
    target.write_text("precious\n", encoding="utf-8")
    path.symlink_to(target)


def _locked(bench: Bench) -> None:
    """Let another process hold the file for good."""
    bench.run("plan")
    bench.attribute(kept_bodies, "_WAIT", 0.01)
    other = bench.injected.enter_context(closing(sqlite3.connect(_file(), isolation_level=None)))
    other.execute("BEGIN EXCLUSIVE")


def _room_for(size: int) -> Act:
    """Run it where no file may grow beyond so many bytes, as on a disk that is full."""

    def act(bench: Bench, args: tuple[str, ...]) -> Done:
        uncounted = dict.fromkeys(name for name in os.environ if name.startswith("COV"))  # coverage writes a file too
        return bench.end(bench.start(sys.executable, "-c", _LIMITED, str(size), *args, environ=uncounted))

    return act


def _somebody_elses(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    else:
        path.chmod(0)  # as good as that to whoever is not root


def _as_nobody(bench: Bench, args: tuple[str, ...]) -> Done:
    """Run it as a user who may neither read nor write the cache, also where the tests are root's."""
    folder = _file().parent
    folder.chmod(0)
    with powerless():
        done = bench.run(*args)
    folder.chmod(0o700)
    return done


def _two_at_once(bench: Bench, args: tuple[str, ...]) -> Done:
    """Run it twice, side by side; give the second, which must be as the first."""
    first, second = bench.start(*args), bench.start(*args)
    done, again = bench.end(first), bench.end(second)
    assert done == again
    return again


def _rows(fault: str, given: Given, act: Act = here, commands: tuple[str, ...] = ("plan", "apply")) -> tuple[Row, ...]:
    """Return the rows of a fault: a plan and an apply go as they do without it, and say nothing of it."""
    expected = {"plan": Expected(_PLANNED, 0, BOTH_OLD, BOTH_CHANGED), "apply": Expected((UPDATED,))}
    return tuple(Row(fault, command, expected[command], given, act) for command in commands)


def _later(secrets: list[dict[str, str]]) -> None:
    for each in secrets:
        each["updated_at"] = _MEANWHILE


ROWS: Final = (
    *_rows("the cache of lists is no database", _known(lambda path: path.write_bytes(b"no database\n" * 999))),
    *_rows("the cache of lists is torn", _known(lambda path: os.truncate(path, 5000)), commands=("plan",)),
    *_rows("the cache of lists is of another version", _sql("PRAGMA user_version = 99")),
    *_rows(
        "the cache of lists has a view in the place of its table",
        _sql("ALTER TABLE lists RENAME TO t", "CREATE VIEW lists AS SELECT * FROM t"),
        commands=("plan",),
    ),
    *_rows("the cache of lists is a link to another file", _known(_elsewhere)),
    *_rows("the cache of lists is somebody else's", _known(_somebody_elses)),
    *_rows("the cache can be neither read nor written", _known(lambda _: None), _as_nobody, commands=("plan",)),
    *_rows("another process holds the cache of lists", _locked),
    *_rows("the disk has no room for the cache of lists", lambda _: None, _room_for(6000), commands=("plan",)),
    *_rows("two runs keep their lists at once", _known(Path.unlink), _two_at_once, commands=("plan",)),
    *_rows("an attacker writes into the cache that there are no secrets", _forged(list.clear)),
    *_rows("an attacker writes another time into the cache", _forged(_later)),
    *_rows(
        "an attacker writes another secret into the cache",
        _forged(lambda secrets: secrets.append({"name": "CLAUDE_CODE_OAUTH_TOKEN", "updated_at": _MEANWHILE})),
        commands=("plan",),
    ),
)
