"""Faults of the disk: full or read-only, from the start or in the middle of a run."""

import errno
import os
import sys
import threading
from itertools import count
from typing import Final

from flowforge.state import disk
from tests.faults.bench import Bench, Done
from tests.faults.row import (
    BOTH_CHANGED,
    BOTH_OLD,
    NEITHER,
    UPDATED,
    WEB_OLD,
    Act,
    Expected,
    Given,
    Row,
)
from tests.powers import powerless

_LIMITED: Final = (
    "import os, resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)\n"
    "os.execv(sys.executable, [sys.executable, '-m', 'flowforge', *sys.argv[2:]])\n"
)
_UNFOLDED: Final = (
    "cannot write the state: read-only file system; nothing is lost: make room or mend the folder; "
    "the journal beside it holds every change, and the next run folds it"
)


def _room_for(size: int) -> Act:
    """Run it where no file may grow beyond so many bytes, as on a disk that is full."""

    def act(bench: Bench, args: tuple[str, ...]) -> Done:
        uncounted = dict.fromkeys(name for name in os.environ if name.startswith("COV"))  # coverage writes a file too
        return bench.end(bench.start(sys.executable, "-c", _LIMITED, str(size), *args, environ=uncounted))

    return act


def _read_only_from(mark: bytes, *, before: int = 0) -> Given:
    """Let the disk take nothing any more from the first write on that holds these bytes, or after so many of them."""

    def given(bench: Bench) -> None:
        write_all, turned, met = disk.write_all, threading.Event(), count()

        def refuse(handle: int, data: bytes) -> None:
            if mark in data and next(met) == before:
                turned.set()
            if turned.is_set():
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            write_all(handle, data)

        bench.attribute(disk, "write_all", refuse)

    return given


def _read_only_folder(bench: Bench, args: tuple[str, ...]) -> Done:
    """Run it as a user who may not write to the folder, also where the tests are root's."""
    bench.run("apply", "--check")  # loads every module, which that user might not be able to read
    bench.folder.chmod(0o555)
    with powerless():
        done = bench.run(*args)
    bench.folder.chmod(0o755)
    return done


ROWS: Final = (
    Row(
        "a full disk, without room for a byte",
        "apply",
        Expected(
            (
                "error FF401: ./flowforge.state.json.lock-holder: cannot lock the state",
                "  why: file too large",
                "  fix: check the disk's space, the permissions and the path",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        act=_room_for(0),
    ),
    Row(
        "a full disk, without room for a journal",
        "apply",
        Expected(
            (
                "error FF401: ./flowforge.state.json.journal: cannot write the journal",
                "  why: file too large",
                "  fix: check the disk's space, the permissions and the path",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        act=_room_for(200),
    ),
    Row(
        "a disk that fills up between a write and its record",
        "apply",
        Expected(
            (
                "unrecorded (FF412): done on GitHub, but not recorded",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "error FF412: ./flowforge.state.json.journal: done on GitHub, but not recorded: acme/api/actions/ANTHROPIC_API_KEY",
                "  why: file too large; the next plan shows it as interrupted, so nothing goes unnoticed",
                "  fix: make room or mend the folder, then run `flowforge apply` again",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded, 1 not done.",
            ),
            5,
            WEB_OLD,
            "api: update, write_interrupted; web: update, value_changed",
        ),
        act=_room_for(600),
        more=("-j", "1"),
    ),
    Row(
        "a folder that is read-only",
        "plan",
        Expected(
            (
                "+ acme/api  ANTHROPIC_API_KEY  ci-key  missing",
                "+ acme/web  ANTHROPIC_API_KEY  ci-key  missing",
                "Plan: 2 to create, 0 to update, 0 to delete, 0 in sync.",
            ),
            0,
            NEITHER,
            "api: create, missing; web: create, missing",
        ),
        act=_read_only_folder,
        fresh=True,
    ),
    Row(
        "a folder that is read-only",
        "apply",
        Expected(
            (
                "error FF401: ./flowforge.state.json.lock: cannot lock the state",
                "  why: permission denied",
                "  fix: check the disk's space, the permissions and the path",
            ),
            1,
            NEITHER,
            "api: create, missing; web: create, missing",
        ),
        act=_read_only_folder,
        fresh=True,
    ),
    Row(
        "a disk that turns read-only before the journal begins",
        "apply",
        Expected(
            (
                "error FF401: ./flowforge.state.json.journal: cannot write the journal",
                "  why: read-only file system",
                "  fix: check the disk's space, the permissions and the path",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _read_only_from(b'"extends"'),
    ),
    Row(
        "a disk that turns read-only before the first intent",
        "apply",
        Expected(
            (
                "failed (FF401): cannot write the journal",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: read-only file system",
                "  fix: check the disk's space, the permissions and the path",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _read_only_from(b'"intend"'),
        more=("-j", "1"),
    ),
    Row(
        "a disk that turns read-only before a later intent",
        "apply",
        Expected(
            (
                "failed (FF401): cannot write the journal",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  why: read-only file system",
                "  fix: check the disk's space, the permissions and the path",
                f"warning: ./flowforge.state.json: {_UNFOLDED}",
                "Not all done: 0 created, 1 updated, 0 deleted, 1 failed, 0 blocked.",
            ),
            3,
            WEB_OLD,
            "api: in sync; web: update, value_changed",
        ),
        _read_only_from(b'"intend"', before=1),
        more=("-j", "1"),
    ),
    Row(
        "a disk that turns read-only between a write and its record",
        "apply",
        Expected(
            (
                "unrecorded (FF412): done on GitHub, but not recorded",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "error FF412: ./flowforge.state.json.journal: done on GitHub, but not recorded: acme/api/actions/ANTHROPIC_API_KEY",
                "  why: read-only file system; the next plan shows it as interrupted, so nothing goes unnoticed",
                "  fix: make room or mend the folder, then run `flowforge apply` again",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded, 1 not done.",
            ),
            5,
            WEB_OLD,
            "api: update, write_interrupted; web: update, value_changed",
        ),
        _read_only_from(b'"record"'),
        more=("-j", "1"),
    ),
    Row(
        "a disk that turns read-only before the journal is folded in",
        "apply",
        Expected(
            (
                f"warning: ./flowforge.state.json: {_UNFOLDED}",
                UPDATED,
            )
        ),
        _read_only_from(b'"secrets": [\n'),
    ),
)
