"""Ctrl-C, SIGTERM and SIGHUP, on real processes."""

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

pytestmark = pytest.mark.processes

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
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.slow
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
    out, err = process.communicate(timeout=60)
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


@pytest.mark.slow
def test_a_write_that_outlasts_the_grace_is_said(fleet: "Fleet") -> None:
    """What GitHub has not answered 4 s after the signal is told as sent and unrecorded, and is open afterwards."""
    fleet.simple("acme/repo-001")
    fleet.sandbox.world.faults.add(Fault("^PUT", FaultKind.HANG, times=100, seconds=9))
    process = _start(fleet, "apply", "--yes")
    _wait_until(lambda: fleet.sandbox.world.faults.waiting[0].times < 100)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out.splitlines()[-6:]) == (
        130,
        [
            "unrecorded (FF342): sent, but the run ended before GitHub answered",
            "    acme/repo-001/actions/ANTHROPIC_API_KEY",
            "  fix: run `flowforge plan` again; it will write this secret once more",
            "",
            "acme/repo-001 : in_sync=0 created=0 updated=0 deleted=0 failed=0 blocked=0 unrecorded=1",
            "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded.",
        ],
    )
    fleet.sandbox.world.faults.clear()
    assert fleet.plan() == {"acme/repo-001/actions/ANTHROPIC_API_KEY": ("create", "write_interrupted")}


@pytest.mark.slow
def test_a_second_signal_ends_at_once_and_loses_nothing(fleet: "Fleet") -> None:
    """Two signals leave without waiting; the write whose end nobody saw is open in the next plan."""
    fleet.sandbox.world.faults.add(Fault("^PUT", FaultKind.HANG, times=100, seconds=8))
    process = _start(fleet, "apply", "--yes")
    _wait_until(lambda: fleet.sandbox.world.faults.waiting[0].times < 100)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, time.monotonic() - began < 3) == (130, True)
    assert "interrupted" in err
    fleet.sandbox.world.faults.clear()
    assert {reason for _, reason in fleet.plan().values()} <= {"write_interrupted", "missing"}
    assert fleet.flowforge("apply", "--yes").code == 0


@pytest.mark.slow
def test_an_interruption_is_json_too(fleet: "Fleet") -> None:
    """A plan that was interrupted says so on stdout as JSON, with code FF012 and exit code 130."""
    fleet.sandbox.world.faults.add(Fault("secrets", FaultKind.HANG, times=100, seconds=8))
    process = _start(fleet, "plan", "--format", "json")
    _wait_until(lambda: fleet.sandbox.world.faults.waiting[0].times < 100)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    document = json.loads(out)
    assert (process.returncode, document["format"], document["exit_code"]) == (130, "flowforge.error", 130)
    assert [(each["code"], each["what"]) for each in document["errors"]] == [
        ("FF012", "interrupted; nothing was written")
    ]


@pytest.mark.usefixtures("heeds_hangups", "covered")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["ctrl-c", "sigterm", "sighup"])
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


@pytest.mark.usefixtures("covered")
def test_a_signal_after_the_command_has_ended() -> None:
    """Where something may have been written, the last words do not deny it."""
    program = (
        "import os, signal, sys, flowforge.__main__ as main; from flowforge.cli.signals import Interruption\n"
        "def ended(*_):\n"
        "    Interruption().finish_first()\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.argv[1:] = ['schema']; main.cli.invoke = ended; main.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (130, "", "\ninterrupted\n") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.usefixtures("covered")
def test_a_signal_while_stderr_is_written_to() -> None:
    """A signal that comes in the middle of a line to people is answered, not taken for a bug of ours."""
    program = (
        "import io, os, signal, sys\n"
        "class Raw(io.FileIO):\n"
        "    def write(self, data):\n"
        "        if b'hello' in bytes(data): os.kill(os.getpid(), signal.SIGTERM)\n"
        "        return super().write(data)\n"
        "from flowforge.cli.signals import interruption\n"
        "from flowforge.cli.streams import say\n"
        "sys.stderr = io.TextIOWrapper(io.BufferedWriter(Raw(2, 'w', closefd=False)))\n"
        "with interruption() as interrupted:\n"
        "    interrupted.finish_first()\n"
        "    say('hello')\n"
        "    assert interrupted.stop.is_set()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    said = sorted(done.stderr.splitlines())
    assert (0, ["hello", "stopping: what is in flight is finished and recorded"]) == (done.returncode, said)


@pytest.mark.slow
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


@pytest.mark.slow
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
