"""Writes that GitHub counts as content, and the cache in which processes tell each other what they spent."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from filelock import FileLock

from tests.faults.bench import Bench
from tests.faults.row import UPDATED, WEB_OLD, Expected, Given, Row
from tests.faults.rows_limits import CONTENT

_BLOCKED: Final = (
    '"You have exceeded a secondary rate limit and have been temporarily blocked from content creation. '
    'Please retry your request again later."'
)


def _content(*, minute: int = 80, hour: int = 500, status: int = 403, tell_wait: bool = True) -> Given:
    """Let writes count as content, as few a minute and an hour as are to be met by two."""

    def given(bench: Bench) -> None:
        limits = bench.world.limits
        limits.content, limits.content_minute, limits.content_hour = True, minute, hour
        limits.status, limits.tell_wait = status, tell_wait
        bench.awaited.append(lambda: [] if limits.refusals["content"] else ["no write was refused"])
        # Some pass meanwhile.
        bench.instead |= {f"asks to wait {seconds} s": "asks to wait N s" for seconds in range(40, 62)}

    return given


def _spoilt(spoil: Callable[[Bench, Path], None]) -> Given:
    """Spoil each file in which processes tell each other what they spent: a plan makes the first, and writes the others."""

    def given(bench: Bench) -> None:
        bench.run("plan")
        (spent,) = Path(os.environ["FLOWFORGE_CACHE_DIR"]).glob("spent-*.json")
        for kind in ("spent", "writes-minute", "writes-hour"):
            path = spent.with_name(spent.name.replace("spent", kind, 1))
            path.touch(mode=0o600)
            spoil(bench, path)

    return given


def _broken(_: Bench, path: Path) -> None:
    path.write_bytes(b"{\xff")


def _of_tomorrow(_: Bench, path: Path) -> None:
    """Of a version whose numbers would hold up every request for an hour."""
    path.write_text('{"version": 2, "processes": {"a": [[9e9, 900]]}, "noted": 9e9}')


def _locked(bench: Bench, path: Path) -> None:
    lock = FileLock(f"{path}.lock")
    lock.acquire()
    bench.injected.callback(lock.release)


def _of_another(bench: Bench, path: Path) -> None:
    """Of somebody who would have this run wait for longer than it may."""
    until = bench.world.clock.now() * 1e3
    path.write_text(f'{{"version": 1, "processes": {{"a": [[{until}, 900]]}}}}')
    os.chown(path, os.geteuid() + 1, -1)


def _folder_instead(bench: Bench, path: Path) -> None:
    path.unlink()
    path.mkdir()
    bench.injected.callback(path.rmdir)


ROWS: Final = (
    Row(
        "writes are content, and one a minute is taken",
        "apply",
        Expected(("GitHub asks to wait N s", CONTENT, UPDATED)),
        _content(minute=1),
    ),
    Row(
        "writes are content, and one a minute is taken, as a 429 without retry-after",
        "apply",
        Expected(("GitHub asks to wait N s", CONTENT, UPDATED)),
        _content(minute=1, status=429, tell_wait=False),
    ),
    Row(
        "writes are content, and the hour's are used up in the middle, without retry-after",
        "apply",
        Expected(
            (
                "GitHub asks to wait N s",
                CONTENT,
                "not_done (FF331): GitHub asks to wait 2 min, longer than the 100 s that --max-wait allows",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                f"  why: GitHub says {_BLOCKED}",
                "  fix: run it again after that time, or allow it with --max-wait",
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 not done.",
            ),
            3,
            WEB_OLD,
            "api: in sync; web: update, value_changed",
        ),
        _content(hour=1, tell_wait=False),
        more=("--max-wait", "100", "-j", "1"),
    ),
    Row("the cache of what was spent is no JSON", "apply", Expected((UPDATED,)), _spoilt(_broken)),
    Row("the cache of what was spent is of another version", "apply", Expected((UPDATED,)), _spoilt(_of_tomorrow)),
    Row("the cache of what was spent is locked by another process", "apply", Expected((UPDATED,)), _spoilt(_locked)),
    Row("the cache of what was spent is somebody else's", "apply", Expected((UPDATED,)), _spoilt(_of_another)),
    Row("the cache of what was spent cannot be read", "apply", Expected((UPDATED,)), _spoilt(_folder_instead)),
)
