"""Strange ids, times and sizes: what could not be read back, would last for ever, or would be acted on by a log."""

import errno
import fcntl
import os
from dataclasses import replace
from typing import Final

from flowforge.state import codec as form
from flowforge.state.model import Lease
from tests.faults.bench import MANIFEST, Bench
from tests.faults.row import (
    API_OLD,
    BOTH_CHANGED,
    BOTH_NEW,
    BOTH_OLD,
    INCOMPLETE,
    WEB_ONLY_BLOCKED,
    Expected,
    Given,
    Row,
)
from tests.faults.rows_branch import PATH, on_branch, read_branch, write_branch

_YEAR_9999: Final = 253_402_000_000
_COMMAND: Final = "##[set-output name=x]y"
_TOO_MUCH: Final = 'FF154: flowforge.yaml:10:5: the target "Every" leads to more than 200,000 secrets and variables'
_NO_ID: Final = "a repo without its id, full_name or archived"
_NO_API: Final = "check that github.api_url, or GITHUB_API_URL, names a GitHub API"


def _no_id(bench: Bench) -> None:
    bench.attribute(bench.world.directory["acme/api"], "id", -5)


def _year_9999(bench: Bench) -> None:
    clock = bench.world.clock
    bench.attribute(clock, "_ahead", _YEAR_9999 - clock.now())


def _locked_for_ever(bench: Bench) -> None:
    """Leave the lock of a run that got such a time."""
    lease = Lease("0", "process 7 on elsewhere", "9999-12-31T08:00:00Z", "9999-12-31T08:10:00Z")
    state = form.decode(read_branch(bench).encode(), PATH).state
    write_branch(bench, form.encode(replace(state, lease=lease))[0].decode())


def _a_command_for_a_time(bench: Bench) -> None:
    """Write a state, unsigned, whose checksum is right."""
    state = form.decode(bench.state.read_bytes(), "").state
    records = {address: replace(record, updated_at=_COMMAND) for address, record in state.records.items()}
    bench.state.write_bytes(form.encode(replace(state, records=records))[0])


def _put_back(bench: Bench) -> None:
    assert Bench.applied is not None
    bench.state.write_bytes(Bench.applied.state)


def _without_locks(bench: Bench) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    bench.attribute(fcntl, "flock", none)


def _two_million(bench: Bench) -> None:
    repos, environments = (
        ", ".join(f"{name}{n}" for n in range(count)) for name, count in (("acme/r", 4000), ("e", 500))
    )
    more = f"  - {{name: Every, repos: [{repos}], environments: [{environments}], credential: ci-key}}\n"
    (bench.folder / "flowforge.yaml").write_text(MANIFEST + more, encoding="utf-8")


def _few(bench: Bench) -> None:
    (bench.folder / "flowforge.yaml").write_text(MANIFEST, encoding="utf-8")


def _both(fault: str, given: Given, printed: tuple[str, ...], then: str, repair: Given) -> tuple[Row, Row]:
    """Return the rows of what stops a plan and an apply alike."""
    expected = Expected(printed, 1, BOTH_OLD, then)
    return Row(fault, "plan", expected, given), Row(fault, "apply", expected, given, repair=repair)


ROWS: Final = (
    Row(
        "a repo whose id is -5",
        "plan",
        Expected(
            (
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                f"! acme/api  ANTHROPIC_API_KEY  ci-key  {_NO_ID}",
                f"    fix: {_NO_API}",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _no_id,
    ),
    Row(
        "a repo whose id is -5",
        "apply",
        Expected(
            (
                f"! acme/api  ANTHROPIC_API_KEY  ci-key  {_NO_ID}",
                f"    fix: {_NO_API}",
                INCOMPLETE,
                WEB_ONLY_BLOCKED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        _no_id,
    ),
    *_both(
        "a state without a key has a runner's command in the place of a time",
        _a_command_for_a_time,
        (
            "error FF404: ./flowforge.state.json: the state is damaged",
            '  why: updated_at is "##\\u005bset-output name=x]y", which is no time',
            "  fix: put a good copy back, from git or from the .backup file beside it; nothing was overwritten",
        ),
        "error FF404: ./flowforge.state.json: the state is damaged",
        _put_back,
    ),
    *_both(
        "a manifest of 38 KB that leads to two million secrets",
        _two_million,
        (
            f"error {_TOO_MUCH}",
            "  why: it has 4,000 repositories times 500 environments; the entries before it lead to 2",
            "  fix: name fewer repositories, environments or stores, or split the manifest into several",
        ),
        f"error {_TOO_MUCH}",
        _few,
    ),
    Row(
        "a file system without locks",
        "apply",
        Expected(
            (
                "error FF401: ./flowforge.state.json.lock: cannot lock the state",
                "  why: function not implemented",
                "  fix: keep it on a file system that has locks, or on a branch: state.github",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _without_locks,
    ),
    Row(
        "a state on a branch, and GitHub's clock in the year 9999",
        "apply",
        Expected(
            (
                "error FF327: acme/ops flowforge-state:flowforge.state.json: an answer without its time, the header Date",
                f"  fix: {_NO_API}",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        on_branch(_year_9999),
    ),
    Row(
        "a state on a branch, locked until the year 9999",
        "apply",
        Expected(holds=BOTH_NEW),
        on_branch(_locked_for_ever),
    ),
)
