"""Faults of the state: a torn journal, a file that is replaced, two runs at once."""

import json
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from flowforge.sandbox import Fault
from flowforge.sandbox import FaultKind as Kind
from flowforge.state import codec
from flowforge.state.file import StateFile
from flowforge.state.model import State
from tests.faults.bench import SECONDS, Bench, Done
from tests.faults.row import (
    BOTH_CHANGED,
    BOTH_NEW,
    BOTH_OLD,
    IN_SYNC,
    NEITHER,
    WEB_OLD,
    Act,
    Expected,
    Given,
    Row,
)

PUT_API: Final = "^PUT /repos/acme/api/"
PUT_WEB: Final = "^PUT /repos/acme/web/"
LIST_API: Final = r"^GET /repos/acme/api/actions/secrets\?"


def journal_path(state: Path) -> Path:
    """Name the journal beside a state."""
    return state.with_name(state.name + ".journal")


def _torn(kill_at: str, line: int, *, every: bool = False) -> Act:
    """Kill apply at a write that GitHub does not do; then cut its journal at each byte of a line.

    Each cut must be read the same way, and the plan is made of the first, the middle and the last, or of every one.
    """

    def act(bench: Bench, args: tuple[str, ...]) -> Done:
        bench.fault(kill_at, Fault("", Kind.RESET_BEFORE))
        done = killed(bench, args, kill_at)
        journal = journal_path(bench.state)
        data = journal.read_bytes()
        lines = data.splitlines(keepends=True)
        begin = sum(map(len, lines[: line - 1]))
        cuts = range(begin, begin + len(lines[line - 1]) - 1)  # one more, and only its newline is lost: it is whole
        read, plans = set(), set()
        for cut in cuts:
            journal.write_bytes(data[:cut])
            read.add(repr(sorted(StateFile.read(bench.state).remembered.items())))
            if every or cut in {cuts[0], cuts[len(cuts) // 2], cuts[-1]}:
                plans.add(bench.next_plan())
        assert (1, 1) == (len(read), len(plans)), plans
        return done

    return act


def killed(bench: Bench, args: tuple[str, ...], match: str) -> Done:
    """Run it as a process that is killed when a request arrives that matches; GitHub carries it out all the same."""
    started, before = threading.Event(), bench.handled(match)

    def kill() -> None:
        started.wait(SECONDS)
        process.kill()
        process.wait(SECONDS)

    bench.when(match, kill)
    process = bench.start(*args)
    started.set()
    done, deadline = bench.end(process), time.monotonic() + SECONDS
    while bench.handled(match) == before:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return done


def _written(state: State) -> bytes:
    return codec.encode(state)[0]


def _state(bench: Bench) -> State:
    return codec.decode(bench.state.read_bytes(), "").state


def _older(bench: Bench) -> bytes:
    return _written(replace(_state(bench), serial=0, records={}))


def _others(bench: Bench) -> bytes:
    return _written(replace(_state(bench), lineage=str(uuid.uuid4())))


def _cut(bench: Bench) -> bytes:
    return bench.state.read_bytes()[:100]


def _nonsense(_: Bench) -> bytes:
    return b"{}"


def _becomes(match: str, made: Callable[[Bench], bytes]) -> Given:
    """Replace the state at the moment of a request."""

    def given(bench: Bench) -> None:
        data = made(bench)
        bench.when(match, lambda: bench.state.write_bytes(data))

    return given


def _elsewhere(bench: Bench) -> Path:
    """Name a file outside of the manifest's folder."""
    return bench.folder.with_name(f"{bench.folder.name}-elsewhere.json")


def _led_out(bench: Bench) -> None:
    """Put the state elsewhere and a link in its place, as somebody's proposal might, in CI."""
    bench.state.rename(_elsewhere(bench))
    bench.state.symlink_to(_elsewhere(bench))
    bench.environ("CI", "true")


def _becomes_a_link(bench: Bench) -> None:
    """Put a link in the place of the state at the moment of the first write."""

    def swap() -> None:
        bench.state.unlink()
        bench.state.symlink_to(_elsewhere(bench))

    bench.when(PUT_API, swap)


def _no_state(bench: Bench) -> None:
    bench.when(PUT_API, bench.state.unlink)


def _no_journal(bench: Bench) -> None:
    bench.when(PUT_API, journal_path(bench.state).unlink)


def _put_backup_in_its_place(bench: Bench) -> None:
    bench.state.with_name(bench.state.name + ".backup").replace(bench.state)


def _unlocked(bench: Bench) -> None:
    """Remove the lock at the moment of the first write, and let another apply run from its beginning to its end."""

    def unlock() -> None:
        bench.state.with_name(f"{bench.state.name}.lock").unlink()
        assert 0 == bench.end(bench.start("apply", "--yes")).code

    bench.when(PUT_API, unlock)


def _beside_an_apply(bench: Bench, args: tuple[str, ...]) -> Done:
    """Run it while another apply is in the middle of a write, which then ends as if it had been alone."""
    reached, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        go_on.wait(SECONDS)

    bench.when(PUT_API, hold)
    other = bench.start("apply", "--yes", "-j", "1")
    assert reached.wait(SECONDS)
    since = json.loads(bench.state.with_name(f"{bench.state.name}.lock-holder").read_bytes())["since"]
    who = f"process {other.pid} on {socket.gethostname()} holds its lock since {since}"
    bench.instead[who] = "process PID on HOST holds its lock since TIME"
    done = bench.run(*args)
    go_on.set()
    assert 0 == bench.end(other).code
    return done


def _torn_rows(part: str, kill_at: str, line: int, holds: tuple[str, ...], then: str) -> tuple[Row, Row]:
    """Return the row of a torn line, and the slow one in which each of its cuts is planned."""
    expected, more = Expected((), -9, holds, then), ("-j", "1")
    every = f"killed, and the journal is torn at every byte of {part}, each planned"
    return (
        Row(f"killed, and the journal is torn in {part}", "apply", expected, act=_torn(kill_at, line), more=more),
        Row(every, "apply", expected, act=_torn(kill_at, line, every=True), more=more, slow=True),
    )


ROWS: Final = (
    *_torn_rows("its header", PUT_API, 1, BOTH_OLD, BOTH_CHANGED),
    *_torn_rows("its first intent", PUT_API, 2, BOTH_OLD, BOTH_CHANGED),
    *_torn_rows("a record", PUT_WEB, 3, WEB_OLD, "api: update, write_interrupted; web: update, value_changed"),
    *_torn_rows("a later intent", PUT_WEB, 4, WEB_OLD, "api: in sync; web: update, value_changed"),
    Row(
        "the state is replaced by an older one while it is read",
        "apply",
        Expected(
            (
                "error FF414: ./flowforge.state.json: the state was replaced while it was in use",
                "  why: it is not the file that this run read and locked",
                "  fix: find out who changed it (git, an editor, a copy); then run `flowforge plan`",
            ),
            1,
            BOTH_OLD,
            "api: update, never_applied; web: update, never_applied",
        ),
        _becomes(LIST_API, _older),
        more=("-j", "1"),
    ),
    Row(
        "the state is replaced by an older one while it writes",
        "apply",
        Expected(
            (
                "unrecorded (FF414): done on GitHub, but not recorded in the state",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  why: the state was replaced while it was in use",
                "  fix: see the error about the state",
                "error FF414: ./flowforge.state.json: the state was replaced while it was in use",
                "  why: it is not the file that this run read and locked",
                "  fix: put flowforge.state.json.backup in its place, which goes with the journal; then run `flowforge plan`",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 2 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "error FF410: ./flowforge.state.json.journal: the journal does not belong to this state",
        ),
        _becomes(PUT_API, _older),
        more=("-j", "1"),
        repair=_put_backup_in_its_place,
    ),
    Row(
        "the state is replaced by another team's while it writes",
        "apply",
        Expected(
            (
                "unrecorded (FF414): done on GitHub, but not recorded in the state",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  why: the state was replaced while it was in use",
                "  fix: see the error about the state",
                "error FF414: ./flowforge.state.json: the state was replaced while it was in use",
                "  why: it is not the file that this run read and locked",
                "  fix: put flowforge.state.json.backup in its place, which goes with the journal; then run `flowforge plan`",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 2 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "error FF409: ./flowforge.state.json.journal: the journal is of another state",
        ),
        _becomes(PUT_API, _others),
        more=("-j", "1"),
        repair=_put_backup_in_its_place,
    ),
    Row(
        "the state is cut in half while it writes",
        "apply",
        Expected(
            (
                "unrecorded (FF414): done on GitHub, but not recorded in the state",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  why: the state was replaced while it was in use",
                "  fix: see the error about the state",
                "error FF414: ./flowforge.state.json: the state was replaced while it was in use",
                "  why: it is not the file that this run read and locked",
                "  fix: put flowforge.state.json.backup in its place, which goes with the journal; then run `flowforge plan`",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 2 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "error FF404: ./flowforge.state.json: the state is damaged",
        ),
        _becomes(PUT_API, _cut),
        more=("-j", "1"),
        repair=_put_backup_in_its_place,
    ),
    Row(
        "a link takes the place of the state while it writes",
        "apply",
        Expected(
            (
                "unrecorded (FF414): done on GitHub, but not recorded in the state",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  why: the state was replaced while it was in use",
                "  fix: see the error about the state",
                "error FF414: ./flowforge.state.json: the state was replaced while it was in use",
                "  why: it is not the file that this run read and locked",
                "  fix: put flowforge.state.json.backup in its place, which goes with the journal; then run `flowforge plan`",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 2 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "api: update, never_applied; web: update, never_applied",
        ),
        _becomes_a_link,
        more=("-j", "1"),
        repair=_put_backup_in_its_place,
    ),
    Row(
        "a link leads the state out of the manifest's folder, in CI",
        "apply",
        Expected(
            (
                'error FF113: flowforge.yaml: "flowforge.state.json" is outside the manifest\'s folder',
                "  why: where CI or FLOWFORGE_ALLOWED_PATHS is set, files stay below the manifest's folder, links resolved",
                "  fix: keep it below that folder, or let the operator add its folder to FLOWFORGE_ALLOWED_PATHS",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _led_out,
    ),
    Row("the state is removed while it writes", "apply", Expected(), _no_state, more=("-j", "1")),
    Row(
        "a state appears while the first one is about to be made",
        "apply",
        Expected(
            (
                "error FF414: ./flowforge.state.json: the state was replaced while it was in use",
                "  why: it is not the file that this run read and locked",
                "  fix: find out who changed it (git, an editor, a copy); then run `flowforge plan`",
            ),
            1,
            NEITHER,
            "error FF404: ./flowforge.state.json: the state is damaged",
        ),
        _becomes(LIST_API, _nonsense),
        fresh=True,
        repair=lambda bench: bench.state.unlink(),
    ),
    Row("the journal is removed while it writes", "apply", Expected(), _no_journal, more=("-j", "1")),
    Row(
        "another apply is writing",
        "plan",
        Expected(
            (
                "~ acme/api  ANTHROPIC_API_KEY  ci-key  a write was interrupted",
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "Plan: 0 to create, 2 to update, 0 to delete, 0 in sync.",
            )
        ),
        act=_beside_an_apply,
    ),
    Row(
        "another apply is writing",
        "apply",
        Expected(
            (
                "error FF411: ./flowforge.state.json: the state is in use",
                "  why: process PID on HOST holds its lock since TIME",
                "  fix: wait for it (--lock-timeout 60s), or stop it: the lock goes with it",
            ),
            1,
            BOTH_NEW,
            IN_SYNC,
        ),
        act=_beside_an_apply,
    ),
    Row(
        "the lock is removed while it writes, and another apply runs",
        "apply",
        Expected(
            (
                "unrecorded (FF414): done on GitHub, but not recorded in the state",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  why: the state was replaced while it was in use",
                "  fix: see the error about the state",
                "error FF414: ./flowforge.state.json: the state was replaced while it was in use",
                "  why: it is not the file that this run read and locked",
                "  fix: find out who changed it (git, an editor, a copy); then run `flowforge plan`",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 2 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "api: update, changed_outside; web: update, changed_outside",
        ),
        _unlocked,
        more=("-j", "1"),
    ),
)
