"""Faults of a state on a branch: pushes that fail, hang or lose their answer, and others who write, edit or forbid."""

import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from flowforge.sandbox import Fault
from flowforge.sandbox import FaultKind as Kind
from flowforge.sandbox.rules.access import Level, Token, TokenKind
from flowforge.sandbox.rules.clock import timestamp
from flowforge.state import codec as form
from flowforge.state.model import Lease, State
from tests.faults.bench import FOREVER, MANIFEST, Bench
from tests.faults.row import (
    BOTH_CHANGED,
    BOTH_NEW,
    BOTH_OLD,
    WEB_OLD,
    Expected,
    Given,
    Row,
)
from tests.faults.rows_network import hanging
from tests.faults.rows_process import interrupted
from tests.faults.rows_state import killed

OPS: Final = "acme/ops"
BRANCH: Final = "flowforge-state"
PATH: Final = "flowforge.state.json"
PUSH: Final = "^PUT /repos/acme/ops/contents/"
PUT_API: Final = "^PUT /repos/acme/api/"
PUT_WEB: Final = "^PUT /repos/acme/web/"
ONE_BY_ONE: Final = ("-j", "1")
_LINEAGE: Final = "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f"
_TOKEN: Final = "ghs_" + "plainlyfake" * 3


def on_branch(*given: Given, more: str = "") -> Given:
    """Keep the state on a branch of the ops repo instead of in its file, and then let the fault be."""

    def moved(bench: Bench) -> None:
        bench.world.create_repo(OPS)
        if bench.state.exists():
            write_branch(bench, bench.state.read_text(encoding="utf-8"))
            bench.state.unlink()
        where = f"state:\n  github: {{repo: {OPS}{more}}}\n"
        (bench.folder / "flowforge.yaml").write_text(MANIFEST + where, encoding="utf-8")
        for each in given:
            each(bench)

    return moved


def write_branch(bench: Bench, text: str) -> None:
    """Put a state there, as whoever may push."""
    bench.world.edit_file(OPS, PATH, text, branch=BRANCH)


def read_branch(bench: Bench) -> str:
    """Return the state that is there."""
    return bench.world.read_file(OPS, PATH, branch=BRANCH)


def _pushes(kind: Kind, times: int = 1, *, status: int = 502, message: str = "") -> Given:
    return lambda bench: bench.fault(PUSH, Fault("", kind, times, status, message=message))


def _from(match: str, given: Given) -> Given:
    """Let a fault be from the first request on that matches."""
    return lambda bench: bench.when(match, lambda: given(bench))


def _edited(change: Callable[[str], str]) -> Given:
    return lambda bench: write_branch(bench, change(read_branch(bench)))


def _conflict(text: str) -> str:
    return f"<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n"


def _foreign(text: str) -> str:
    """Make it another team's, whose checksum is right."""
    del text
    return form.encode(replace(State.fresh(["other.yaml"]), lineage=_LINEAGE))[0].decode()


def _token(level: Level) -> Token:
    return Token(
        TokenKind.WORKFLOW, login="github-actions[bot]", repos=frozenset({OPS}), permissions={"contents": level}
    )


def _workflow_token(bench: Bench) -> None:
    """Let the state have a token of its own, which may only read."""
    bench.world.add_token(_TOKEN, _token(Level.READ))
    bench.patch.setenv("STATE_TOKEN", _TOKEN)


def _dead(bench: Bench) -> None:
    """Let a run die that has begun one of its writes, on another machine."""
    killed(bench, ("apply", "--yes", *ONE_BY_ONE), PUT_API)
    now = int(bench.world.clock.now())
    since, until = timestamp(now), timestamp(now + 600)
    bench.instead |= {since: "TIME", until: "TIME + 10 min"}
    _lock(bench, Lease("0", "process 7 on elsewhere", since, until))


def _lock(bench: Bench, lease: Lease) -> None:
    state = form.decode(read_branch(bench).encode(), PATH).state
    write_branch(bench, form.encode(replace(state, lease=lease))[0].decode())


def _later(bench: Bench) -> None:
    bench.world.clock.advance(601)


def _unlock(bench: Bench) -> None:
    write_branch(
        bench, form.encode(replace(form.decode(read_branch(bench).encode(), PATH).state, lease=None))[0].decode()
    )


def _put_back(bench: Bench) -> None:
    """Put the version before back, as `git revert` does, and wait for its lock."""
    git = bench.world.directory[OPS].git
    before = git.commits[git.refs[f"refs/heads/{BRANCH}"]].parents[0]
    write_branch(bench, git.blobs[git.entry(before, PATH)[1]].decode())
    _later(bench)


def _opened(bench: Bench) -> None:
    bench.world.protect_branch(OPS, BRANCH, by="")
    _later(bench)


def _writing_token(bench: Bench) -> None:
    bench.world.add_token(_TOKEN, _token(Level.WRITE))


ROWS: Final = (
    Row(
        "a push is reset before it arrives, twice",
        "apply",
        Expected(),
        on_branch(_pushes(Kind.RESET_BEFORE, 2)),
        more=ONE_BY_ONE,
    ),
    Row(
        "no push arrives",
        "apply",
        Expected(
            (
                "failed (FF328): not begun: no usable answer in 4 tries: the connection broke",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: a write must be recorded in the state before it begins",
                "  fix: run it again in a while",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        on_branch(_pushes(Kind.RESET_BEFORE, FOREVER)),
        more=ONE_BY_ONE,
    ),
    Row(
        "the answer to each push is lost",
        "apply",
        Expected(),
        on_branch(_pushes(Kind.RESET_AFTER, 2)),
        more=ONE_BY_ONE,
    ),
    Row(
        "pushes meet 502, twice",
        "apply",
        Expected(),
        on_branch(_pushes(Kind.STATUS, 2)),
        more=ONE_BY_ONE,
    ),
    Row(
        "pushes meet 409, as another file's commit came first, twice",
        "apply",
        Expected(),
        on_branch(_pushes(Kind.STATUS, 2, status=409, message="is at 0a1b2c but expected 3d4e5f")),
        more=ONE_BY_ONE,
    ),
    Row(
        "pushes meet 409 always",
        "apply",
        Expected(
            (
                "failed (FF443): not begun: the state could not be written",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: others wrote it 20 times while this run tried",
                "  fix: run `flowforge plan`, then apply again",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        on_branch(_pushes(Kind.STATUS, FOREVER, status=409, message="is at 0a1b2c but expected 3d4e5f")),
        more=ONE_BY_ONE,
    ),
    Row(
        "GitHub hangs on each push",
        "apply",
        Expected(
            (
                "failed (FF328): not begun: no usable answer in 4 tries: no answer within 15 s",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: a write must be recorded in the state before it begins",
                "  fix: run it again in a while",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        on_branch(hanging(PUSH)),
        more=ONE_BY_ONE,
    ),
    Row(
        "no push arrives once writes have begun",
        "apply",
        Expected(
            (
                "unrecorded (FF412): done on GitHub, but not recorded in the state",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "error FF412: acme/ops flowforge-state:flowforge.state.json: done on GitHub, but not recorded: acme/web/actions/ANTHROPIC_API_KEY",
                "  why: no usable answer in 4 tries: the connection broke; the next plan shows it as interrupted, so nothing goes unnoticed",
                "  fix: run it again in a while",
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "api: in sync; web: update, write_interrupted",
        ),
        on_branch(_from(PUT_WEB, _pushes(Kind.RESET_BEFORE, FOREVER))),
        more=ONE_BY_ONE,
        repair=_later,
    ),
    Row(
        "SIGINT while the first push is in flight",
        "apply",
        Expected(
            (
                "stopping: what is in flight is finished and recorded",
                "interrupted; what was written is recorded, and the next plan knows the rest",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 2 not done.",
            ),
            130,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        on_branch(),
        interrupted(signal.SIGINT, PUSH),
        more=ONE_BY_ONE,
    ),
    Row(
        "SIGTERM while a write is in flight",
        "apply",
        Expected(
            (
                "stopping: what is in flight is finished and recorded",
                "interrupted; what was written is recorded, and the next plan knows the rest",
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 not done.",
            ),
            130,
            WEB_OLD,
            "api: in sync; web: update, value_changed",
        ),
        on_branch(),
        interrupted(signal.SIGTERM, PUT_API),
        more=ONE_BY_ONE,
    ),
    Row(
        "SIGINT, and the push of what was done is reset",
        "apply",
        Expected(
            (
                "stopping: what is in flight is finished and recorded",
                "interrupted; what was written is recorded, and the next plan knows the rest",
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 not done.",
            ),
            130,
            WEB_OLD,
            "api: in sync; web: update, value_changed",
        ),
        on_branch(_from(PUT_API, _pushes(Kind.RESET_BEFORE))),
        interrupted(signal.SIGINT, PUT_API),
        more=ONE_BY_ONE,
    ),
    Row(
        "kill -9 at a push that arrives",
        "apply",
        Expected(
            (),
            -9,
            BOTH_OLD,
            "api: update, write_interrupted; web: update, value_changed",
        ),
        on_branch(),
        lambda bench, args: killed(bench, args, PUSH),
        more=ONE_BY_ONE,
        repair=_later,
    ),
    Row(
        "kill -9 at a push that does not arrive",
        "apply",
        Expected(
            (),
            -9,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        on_branch(_pushes(Kind.RESET_BEFORE)),
        lambda bench, args: killed(bench, args, PUSH),
        more=ONE_BY_ONE,
    ),
    Row(
        "kill -9 between a write and its record",
        "apply",
        Expected(
            (),
            -9,
            BOTH_NEW,
            "api: in sync; web: update, write_interrupted",
        ),
        on_branch(),
        lambda bench, args: killed(bench, args, PUT_WEB),
        more=ONE_BY_ONE,
        repair=_later,
    ),
    Row(
        "the state has merge conflict markers",
        "apply",
        Expected(
            (
                "error FF404: acme/ops flowforge-state:flowforge.state.json: the state is damaged",
                "  why: it holds the markers of a merge conflict in git",
                "  fix: restore the file of an earlier commit of that branch, in a new commit; nothing was overwritten",
            ),
            1,
            BOTH_OLD,
            "error FF404: acme/ops flowforge-state:flowforge.state.json: the state is damaged",
        ),
        on_branch(_edited(_conflict)),
        more=ONE_BY_ONE,
        repair=_put_back,
    ),
    Row(
        "the state is cut in half",
        "apply",
        Expected(
            (
                "error FF404: acme/ops flowforge-state:flowforge.state.json: the state is damaged",
                "  why: it is not JSON from line 10, column 292 on",
                "  fix: restore the file of an earlier commit of that branch, in a new commit; nothing was overwritten",
            ),
            1,
            BOTH_OLD,
            "error FF404: acme/ops flowforge-state:flowforge.state.json: the state is damaged",
        ),
        on_branch(_edited(lambda text: text[: len(text) // 2])),
        more=ONE_BY_ONE,
        repair=_put_back,
    ),
    Row(
        "the state is cut in half while it writes",
        "apply",
        Expected(
            (
                "unrecorded (FF412): done on GitHub, but not recorded in the state",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "error FF412: acme/ops flowforge-state:flowforge.state.json: done on GitHub, but not recorded: acme/web/actions/ANTHROPIC_API_KEY",
                "  why: the state is damaged; the next plan shows it as interrupted, so nothing goes unnoticed",
                "  fix: restore the file of an earlier commit of that branch, in a new commit; nothing was overwritten",
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "error FF404: acme/ops flowforge-state:flowforge.state.json: the state is damaged",
        ),
        on_branch(_from(PUT_WEB, _edited(lambda text: text[: len(text) // 2]))),
        more=ONE_BY_ONE,
        repair=_put_back,
    ),
    Row(
        "another team's state takes its place while it writes",
        "apply",
        Expected(
            (
                "unrecorded (FF412): done on GitHub, but not recorded in the state",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "error FF412: acme/ops flowforge-state:flowforge.state.json: done on GitHub, but not recorded: acme/web/actions/ANTHROPIC_API_KEY",
                "  why: another state stands in its place; the next plan shows it as interrupted, so nothing goes unnoticed",
                "  fix: put the right one back, then run `flowforge plan`",
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "api: update, never_applied; web: update, never_applied",
        ),
        on_branch(_from(PUT_WEB, _edited(_foreign))),
        more=ONE_BY_ONE,
    ),
    Row(
        "the branch is deleted while it writes",
        "apply",
        Expected(),
        on_branch(_from(PUT_WEB, lambda bench: bench.world.delete_branch(OPS, BRANCH))),
        more=ONE_BY_ONE,
    ),
    Row(
        "the branch takes no pushes",
        "apply",
        Expected(
            (
                'failed (FF425): not begun: the branch does not take the state: GitHub says "Could not update file: Changes must be made through a pull request."',
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: a write must be recorded in the state before it begins",
                "  fix: take the branch out of its protection or rules, or let the state's token pass them",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        on_branch(lambda bench: bench.world.protect_branch(OPS, BRANCH)),
        more=ONE_BY_ONE,
        repair=_opened,
    ),
    Row(
        "rules forbid pushes while it writes",
        "apply",
        Expected(
            (
                "unrecorded (FF412): done on GitHub, but not recorded in the state",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "error FF412: acme/ops flowforge-state:flowforge.state.json: done on GitHub, but not recorded: acme/web/actions/ANTHROPIC_API_KEY",
                '  why: the branch does not take the state: GitHub says "Repository rule violations found Changes must be made through a pull request."; the next plan shows it as interrupted, so nothing goes unnoticed',
                "  fix: take the branch out of its protection or rules, or let the state's token pass them",
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "api: in sync; web: update, write_interrupted",
        ),
        on_branch(_from(PUT_WEB, lambda bench: bench.world.protect_branch(OPS, BRANCH, by="rules"))),
        more=ONE_BY_ONE,
        repair=_opened,
    ),
    Row(
        "the token cannot write contents",
        "apply",
        Expected(
            (
                "failed (FF424): not begun: no permission: GitHub accepts contents=write",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: the state is kept through the contents of its repo",
                "  fix: give the token (state.github.auth.token) the permission Contents: read and write (classic: the scope repo); in a workflow, write `permissions: {contents: write}`",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        on_branch(_workflow_token, more=", auth: {token: {env: STATE_TOKEN}}"),
        more=ONE_BY_ONE,
        repair=_writing_token,
    ),
    Row(
        "a runner died and holds the lock",
        "apply",
        Expected(
            (
                "error FF411: acme/ops flowforge-state:flowforge.state.json: the state is in use",
                "  why: process 7 on elsewhere holds its lock since TIME, until TIME + 10 min",
                "  fix: wait for it (--lock-timeout 60s); if it is dead, `flowforge state unlock`",
            ),
            1,
            WEB_OLD,
            "api: update, write_interrupted; web: update, value_changed",
        ),
        on_branch(_dead),
        more=ONE_BY_ONE,
        repair=_unlock,
    ),
)
