"""Ctrl-C and SIGTERM, on real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

IN_SYNC = "No changes. GitHub matches the manifest.\n"


def _start(fleet: "Fleet", *args: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "flowforge", *args],
        cwd=fleet.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_while_writing_finishes_what_is_in_flight(fleet: "Fleet", number: signal.Signals) -> None:
    """Apply stops within 5 s with 130; what was written is recorded, and the next plan wants exactly the rest."""
    world = fleet.sandbox.world
    fleet.grow(45)
    value = fleet.set_key()
    world.settings.latency = 0.05
    process = _start(fleet, "apply", "--yes", "-j", "4")
    _wait_until(lambda: sum(1 for held in fleet.held().values() if held) >= 5)
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, time.monotonic() - began < 5) == (130, True)
    assert "stopping: what is in flight is finished and recorded" in err
    assert "interrupted; what was written is recorded, and the next plan knows the rest" in err
    world.settings.latency = 0
    written = {repo for repo, held in fleet.held().items() if held}
    assert 0 < len(written) < len(fleet.repos)
    assert f"{min(written)} : in_sync=0 created=1" in out
    assert {address.removesuffix("/actions/ANTHROPIC_API_KEY") for address in fleet.plan()} == {*fleet.repos} - written
    assert fleet.flowforge("apply", "--yes").code == 0
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}
    assert fleet.flowforge("plan").out == IN_SYNC


def test_a_write_that_outlasts_the_grace_is_said(fleet: "Fleet") -> None:
    """What GitHub has not answered 4 s after the signal is told as sent and unrecorded, and is open afterwards."""
    fleet.simple("acme/repo-001")
    fleet.sandbox.world.faults.add(Fault("^PUT", FaultKind.HANG, times=100, seconds=9))
    process = _start(fleet, "apply", "--yes")
    _wait_until(lambda: fleet.sandbox.world.faults.waiting[0].times < 100)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out.splitlines()[-6:]) == (
        130,
        [
            "unrecorded (FF342): sent, but the run ended before GitHub answered",
            "    acme/repo-001/actions/ANTHROPIC_API_KEY",
            "  fix: run plan again; it will write this secret once more",
            "",
            "acme/repo-001 : in_sync=0 created=0 updated=0 deleted=0 failed=0 blocked=0 unrecorded=1",
            "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded.",
        ],
    )
    fleet.sandbox.world.faults.clear()
    assert fleet.plan() == {"acme/repo-001/actions/ANTHROPIC_API_KEY": ("create", "write_interrupted")}


def test_a_second_signal_ends_at_once_and_loses_nothing(fleet: "Fleet") -> None:
    """Two signals leave without waiting; the write whose end nobody saw is open in the next plan."""
    fleet.sandbox.world.faults.add(Fault("^PUT", FaultKind.HANG, times=100, seconds=8))
    process = _start(fleet, "apply", "--yes")
    _wait_until(lambda: fleet.sandbox.world.faults.waiting[0].times < 100)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, time.monotonic() - began < 3) == (130, True)
    assert "interrupted" in err
    fleet.sandbox.world.faults.clear()
    assert {reason for _, reason in fleet.plan().values()} <= {"write_interrupted", "missing"}
    assert fleet.flowforge("apply", "--yes").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")], ids=["plan", "apply"])
def test_a_signal_before_the_first_write_just_ends(
    fleet: "Fleet", command: tuple[str, ...], number: signal.Signals
) -> None:
    """While GitHub is only read, a signal ends the run at once with 130 and nothing written."""
    fleet.sandbox.world.faults.add(Fault("secrets", FaultKind.HANG, times=100, seconds=8))
    process = _start(fleet, *command)
    _wait_until(lambda: fleet.sandbox.world.faults.waiting[0].times < 100)
    process.send_signal(number)
    began = time.monotonic()
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err, time.monotonic() - began < 3) == (
        130,
        "\ninterrupted; nothing was written\n",
        True,
    )
    fleet.sandbox.world.faults.clear()
    assert not any(fleet.held().values())


def test_an_interruption_is_json_too(fleet: "Fleet") -> None:
    """A plan that was interrupted says so on stdout as JSON, with code FF012 and exit code 130."""
    fleet.sandbox.world.faults.add(Fault("secrets", FaultKind.HANG, times=100, seconds=8))
    process = _start(fleet, "plan", "--format", "json")
    _wait_until(lambda: fleet.sandbox.world.faults.waiting[0].times < 100)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    document = json.loads(out)
    assert (process.returncode, document["format"], document["exit_code"]) == (130, "flowforge.error", 130)
    assert [(each["code"], each["what"]) for each in document["errors"]] == [
        ("FF012", "interrupted; nothing was written")
    ]


def test_stdout_closed_early_does_not_stop_apply(fleet: "Fleet") -> None:
    """Apply into a pipe that nobody reads writes and records everything, and exits as its work deserves."""
    value = fleet.set_key()
    done = _into_a_closed_pipe(fleet, "apply", "--yes")
    assert (done.returncode, done.stderr) == (
        0,
        "error FF005: stdout did not take all of the output\n  why: broken pipe\n",
    )
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}
    assert fleet.flowforge("plan").out == IN_SYNC


def test_stdout_closed_early_is_an_error_of_a_plan(fleet: "Fleet") -> None:
    """A plan that could not be printed exits 1 with one line."""
    done = _into_a_closed_pipe(fleet, "plan")
    assert (done.returncode, done.stderr) == (
        1,
        "error FF005: stdout did not take all of the output\n  why: broken pipe\n",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("main.mend_streams", "interrupted\n"),
        ("main._require_posix", "interrupted; nothing was written\n"),
        ("main.cli.invoke", "\ninterrupted; nothing was written\n"),
    ],
)
def test_a_signal_before_the_command_begins(where: str, expected: str, number: signal.Signals) -> None:
    """Whatever the process is at, a signal ends it with 130 and a line, never with a traceback or by the signal."""
    program = (
        "import os, sys, flowforge.__main__ as main; sys.argv[1:] = ['schema']; "
        f"{where} = lambda *_: os.kill(os.getpid(), {number:d}); main.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (130, "", expected) == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("args", [["--version"], ["--help"], ["plan", "--help"], []], ids=" ".join)
def test_a_full_disk_is_no_bug_of_a_help(args: list[str], unbuffered: str) -> None:
    """What click itself prints, and a full disk does not take, is said in one line with exit 1."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "flowforge", *args],
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    expected = "error FF005: stdout did not take all of the output\n  why: no space left on device\n"
    assert (1, expected) == (done.returncode, done.stderr)


def test_stderr_closed_early_does_not_change_how_a_long_apply_ends(fleet: "Fleet") -> None:
    """An apply that tells its progress to nobody writes everything and exits as its work deserves."""
    value = fleet.set_key()
    read, write = os.pipe()
    os.close(read)
    program = (
        "import sys; from flowforge.__main__ import main; from flowforge.render import progress; "
        "progress._SILENCE = 0.0; sys.argv[1:] = ['apply', '--yes']; main()"
    )
    with os.fdopen(write, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=fleet.folder,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            stdout=subprocess.PIPE,
            stderr=closed,
            check=False,
        )
    assert (done.returncode, fleet.held()) == (0, {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos})


def _into_a_closed_pipe(fleet: "Fleet", *args: str) -> "subprocess.CompletedProcess[str]":
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        return subprocess.run(
            [sys.executable, "-m", "flowforge", *args],
            cwd=fleet.folder,
            stdin=subprocess.DEVNULL,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
