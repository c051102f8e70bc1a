"""Faults of the process: signals, streams that are closed, and surroundings without a terminal, a home or an alphabet."""

import os
import pwd
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Final, NoReturn

from flowforge.cli.signals import Interruption
from flowforge.github import secrets as github_secrets
from flowforge.sandbox import Fault
from flowforge.sandbox import FaultKind as Kind
from flowforge.steps.apply import writer as writing
from tests.faults.bench import MANIFEST, SECONDS, Bench, Done
from tests.faults.row import (
    API_OLD,
    BOTH_CHANGED,
    BOTH_NEW,
    BOTH_OLD,
    INCOMPLETE,
    WEB_OLD,
    WEB_ONLY_FAILED,
    Act,
    Expected,
    Given,
    Row,
)
from tests.faults.rows_state import killed

PUT_API: Final = "^PUT /repos/acme/api/"
LIST_API: Final = r"^GET /repos/acme/api/actions/secrets\?"
ONE_BY_ONE: Final = ("-j", "1")
_UNHEEDED: Final = 0.2  # seconds: what is ignored tells nobody when it has come


def interrupted(number: signal.Signals, match: str = LIST_API) -> Act:
    """Send a signal to this process while a request that matches is in flight, until it was handled."""

    def act(bench: Bench, args: tuple[str, ...]) -> Done:
        handle, handled = Interruption.handle, threading.Event()

        def handling(self: Interruption, number: int, frame: FrameType | None) -> None:
            try:
                handle(self, number, frame)
            finally:
                handled.set()

        def send() -> None:
            os.kill(os.getpid(), number)
            handled.wait(SECONDS)

        bench.attribute(Interruption, "handle", handling)
        bench.when(match, send)
        return bench.run(*args)

    return act


def _killed(match: str) -> Act:
    return lambda bench, args: killed(bench, args, match)


def _killed_before_the_write(bench: Bench, args: tuple[str, ...]) -> Done:
    bench.fault(PUT_API, Fault("", Kind.RESET_BEFORE))
    return killed(bench, args, PUT_API)


def _under_nohup(bench: Bench, args: tuple[str, ...]) -> Done:
    """Run it as a process, ignore SIGHUP from the start, as nohup does, and send it while a write is in flight."""
    program = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    program += "os.execv(sys.executable, [sys.executable, '-m', 'flowforge', *sys.argv[1:]])"
    started = threading.Event()

    def send() -> None:
        started.wait(SECONDS)
        running.send_signal(signal.SIGHUP)
        time.sleep(_UNHEEDED)

    bench.when(PUT_API, send)
    running = bench.start(sys.executable, "-c", program, *args)
    started.set()
    return bench.end(running)


def _never_answered(bench: Bench, args: tuple[str, ...]) -> Done:
    """Let GitHub be a port that takes connections and says nothing, and send Ctrl-C when it has one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        bench.environ("GITHUB_API_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
        running = bench.start(*args)
        connection, _ = listening.accept()
        with connection:
            connection.recv(1)
            running.send_signal(signal.SIGINT)
            return bench.end(running)


def _into_a_closed_pipe(bench: Bench, args: tuple[str, ...]) -> Done:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        return bench.end(bench.start(*args, stdout=closed))


def _raised(error: type[Exception], module: ModuleType, name: str) -> Given:
    """Let a function of ours raise when it is called for the first time: that is for the first repo, one by one."""

    def given(bench: Bench) -> None:
        function: Callable[..., object] = getattr(module, name)
        calls: list[object] = []

        def called(*args: object) -> object:
            calls.append(args)
            if len(calls) == 1:
                raise error("never shown")
            return function(*args)

        bench.attribute(module, name, called)

    return given


def _unasked(bench: Bench, args: tuple[str, ...]) -> Done:
    """Run it without --yes and without a terminal."""
    return bench.run(*(each for each in args if each != "--yes"))


def _homeless(bench: Bench, args: tuple[str, ...]) -> Done:
    """Run it without HOME, as a user whom no one knows, as in some containers."""

    def nobody(uid: int) -> NoReturn:
        raise KeyError(uid)

    bench.environ("HOME", None)
    bench.environ("FLOWFORGE_CACHE_DIR", None)
    bench.attribute(pwd, "getpwuid", nobody)
    done = bench.run(*args)
    assert not (bench.folder / "~").exists()
    return done


def _in_ascii(bench: Bench, args: tuple[str, ...]) -> Done:
    """Run it in the C locale with a name that ASCII does not have."""
    manifest = bench.folder / "flowforge.yaml"
    manifest.write_text(MANIFEST.replace("env: ACME_KEY", "file: schlüssel.txt"), encoding="utf-8")
    bench.injected.callback(manifest.write_text, MANIFEST, encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    return bench.end(bench.start(*args, environ=ascii_only))


ROWS: Final = (
    Row(
        "Ctrl-C (SIGINT) while it reads",
        "plan",
        Expected(("interrupted; nothing was written",), 130, BOTH_OLD, BOTH_CHANGED),
        act=interrupted(signal.SIGINT),
    ),
    Row(
        "Ctrl-C (SIGINT) while it reads",
        "apply",
        Expected(("interrupted; nothing was written",), 130, BOTH_OLD, BOTH_CHANGED),
        act=interrupted(signal.SIGINT),
    ),
    Row(
        "Ctrl-C (SIGINT) while it writes",
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
        act=interrupted(signal.SIGINT, PUT_API),
        more=ONE_BY_ONE,
    ),
    Row(
        "Ctrl-C (SIGINT) while GitHub says nothing at all",
        "plan",
        Expected(("interrupted; nothing was written",), 130, BOTH_OLD, BOTH_CHANGED),
        act=_never_answered,
    ),
    Row(
        "SIGTERM while it reads",
        "plan",
        Expected(("interrupted; nothing was written",), 130, BOTH_OLD, BOTH_CHANGED),
        act=interrupted(signal.SIGTERM),
    ),
    Row(
        "SIGTERM while it reads",
        "apply",
        Expected(("interrupted; nothing was written",), 130, BOTH_OLD, BOTH_CHANGED),
        act=interrupted(signal.SIGTERM),
    ),
    Row(
        "SIGTERM while it writes",
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
        act=interrupted(signal.SIGTERM, PUT_API),
        more=ONE_BY_ONE,
    ),
    Row(
        "SIGHUP while it reads",
        "plan",
        Expected(("interrupted; nothing was written",), 130, BOTH_OLD, BOTH_CHANGED),
        act=interrupted(signal.SIGHUP),
    ),
    Row(
        "SIGHUP while it reads",
        "apply",
        Expected(("interrupted; nothing was written",), 130, BOTH_OLD, BOTH_CHANGED),
        act=interrupted(signal.SIGHUP),
    ),
    Row(
        "SIGHUP while it writes",
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
        act=interrupted(signal.SIGHUP, PUT_API),
        more=ONE_BY_ONE,
    ),
    Row("SIGHUP while it writes, under nohup", "apply", Expected(), act=_under_nohup, more=ONE_BY_ONE),
    Row(
        "SIGKILL before GitHub does the write",
        "apply",
        Expected((), -9, BOTH_OLD, "api: update, write_interrupted; web: update, value_changed"),
        act=_killed_before_the_write,
        more=ONE_BY_ONE,
    ),
    Row(
        "SIGKILL before GitHub answers the write",
        "apply",
        Expected((), -9, WEB_OLD, "api: update, write_interrupted; web: update, value_changed"),
        act=_killed(PUT_API),
        more=ONE_BY_ONE,
    ),
    Row(
        "stdout is closed",
        "plan",
        Expected((), 0, BOTH_OLD, BOTH_CHANGED),
        act=_into_a_closed_pipe,
    ),
    Row(
        "stdout is closed",
        "apply",
        Expected(()),
        act=_into_a_closed_pipe,
    ),
    Row(
        "no terminal to ask at, and no --yes",
        "apply",
        Expected(
            (
                "error FF008: apply cannot ask for approval",
                "  why: stdin is not a terminal",
                "  fix: say --yes; plan shows first",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        act=_unasked,
    ),
    Row(
        "no HOME, and a user without a name",
        "plan",
        Expected(
            (
                "~ acme/api  ANTHROPIC_API_KEY  ci-key  value changed",
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "Plan: 0 to create, 2 to update, 0 to delete, 0 in sync.",
            ),
            0,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        act=_homeless,
    ),
    Row("no HOME, and a user without a name", "apply", Expected(), act=_homeless),
    Row(
        "the C locale, and a file whose name ASCII does not have",
        "plan",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  value not available: file schlüssel.txt is not a path",
                "! acme/web  ANTHROPIC_API_KEY  ci-key  value not available: file schlüssel.txt is not a path",
                "    fix: write a path without NUL and other characters that no file name has",
                "No changes found; 2 blocked.",
                INCOMPLETE,
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        act=_in_ascii,
    ),
    Row(
        "the C locale, and a file whose name ASCII does not have",
        "apply",
        Expected(
            (
                'error FF230: credential "ci-key": value not available: file schlüssel.txt is not a path; nothing was written',
                "  fix: write a path without NUL and other characters that no file name has; --keep-going writes the secrets that need other values",
                "! acme/api  ANTHROPIC_API_KEY  ci-key  value not available: file schlüssel.txt is not a path",
                "! acme/web  ANTHROPIC_API_KEY  ci-key  value not available: file schlüssel.txt is not a path",
                "    fix: write a path without NUL and other characters that no file name has",
                "No changes found; 2 blocked.",
                INCOMPLETE,
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        act=_in_ascii,
    ),
    Row(
        "an exception that nobody foresaw, before a write is sent",
        "apply",
        Expected(
            (
                "failed (FF348): a bug in FlowForge: KeyError",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: it was not sent",
                "  fix: report it, with what -v prints",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        _raised(KeyError, github_secrets, "seal"),
        more=ONE_BY_ONE,
    ),
    Row(
        "an exception that nobody foresaw, after a write was sent",
        "apply",
        Expected(
            (
                "unrecorded (FF348): a bug in FlowForge: KeyError",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: it was sent, or may have been, and is not recorded",
                "  fix: run `flowforge plan` again, it will write it once more; report it, with what -v prints",
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "api: update, write_interrupted; web: in sync",
        ),
        _raised(KeyError, writing, "confirm"),
        more=ONE_BY_ONE,
    ),
    Row(
        "no memory is left, before the first write",
        "apply",
        Expected(
            (
                "failed (FF348): a bug in FlowForge: MemoryError",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: it was not sent",
                "  fix: report it, with what -v prints",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _raised(MemoryError, github_secrets, "seal"),
        more=ONE_BY_ONE,
    ),
    Row(
        "no memory is left, after the first write",
        "apply",
        Expected(
            (
                "unrecorded (FF348): a bug in FlowForge: MemoryError",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: it was sent, or may have been, and is not recorded",
                "  fix: run `flowforge plan` again, it will write it once more; report it, with what -v prints",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded, 1 not done.",
            ),
            5,
            WEB_OLD,
            "api: update, write_interrupted; web: update, value_changed",
        ),
        _raised(MemoryError, writing, "confirm"),
        more=ONE_BY_ONE,
    ),
)
