"""Values from programs, from end to end: what is written, what a failure blocks, and what a Ctrl-C leaves behind."""

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet


def manifest(fleet: "Fleet", *programs: str) -> None:
    """Want what each program prints in a repo of its own."""
    credentials = "".join(
        f"  k{number}: {{type: anthropic_api_key, from: {{command: {program}}}}}\n"
        for number, program in enumerate(programs, 1)
    )
    targets = "".join(
        f"  - {{name: t{number}, repos: [acme/repo-00{number}], credential: k{number}}}\n"
        for number in range(1, len(programs) + 1)
    )
    fleet.manifest(f"version: 1\ncredentials:\n{credentials}targets:\n{targets}")


def test_what_a_program_prints_becomes_the_secret(fleet: "Fleet") -> None:
    """A program in the manifest's folder gives the value, less its newline; a plan afterwards finds it in order."""
    value = fleet.set_key()
    (fleet.folder / "key").write_text(f"{value}\n")
    manifest(fleet, "[cat, ./key]")
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert {"ANTHROPIC_API_KEY": value} == fleet.held()["acme/repo-001"]
    assert "No changes. GitHub matches the manifest.\n" == fleet.flowforge("plan").out


def test_a_program_that_fails_blocks_what_needs_it(fleet: "Fleet") -> None:
    """The plan says why, with the program's name alone; nothing is written, and with --keep-going the others are."""
    value = fleet.set_key()
    (fleet.folder / "key").write_text(value)
    manifest(fleet, "[sh, -c, 'cat key; cat key >&2; exit 7']", "[cat, key]")
    why = 'value not available: the program "sh" failed with exit code 7'
    fix = f"run it by hand in the manifest's folder, {fleet.folder}, and see what it says"
    done = fleet.refused("apply", "--yes")
    assert (1, f"! acme/repo-001  ANTHROPIC_API_KEY  k1  {why}", f"    fix: {fix}") == (done.code, *done.lines[1:3])
    assert done.err == (
        f'error FF254: credential "k1": {why}; nothing was written\n'
        f"  fix: {fix}; --keep-going writes the secrets that need other values\n"
    )
    kept = fleet.flowforge("apply", "--yes", "--keep-going")
    assert (3, {}, {"ANTHROPIC_API_KEY": value}) == (
        kept.code,
        fleet.held()["acme/repo-001"],
        fleet.held()["acme/repo-002"],
    )
    assert value[20:28] not in done.out + done.err + kept.out + kept.err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_ends_the_programs_too(fleet: "Fleet", number: signal.Signals) -> None:
    """While programs run, a signal ends the run with 130 and them with it, those that they began too."""
    (fleet.folder / "slow").write_text('#!/bin/sh\ntrap "" INT\nsleep 30 &\necho $! >"$1"\necho $$ >>"$1"\nwait\n')
    (fleet.folder / "slow").chmod(0o755)
    manifest(fleet, *[f"[./slow, pids-{number}]" for number in range(2)])
    process = subprocess.Popen(
        [sys.executable, "-m", "flowforge", "plan"],
        cwd=fleet.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    files = [fleet.folder / f"pids-{number}" for number in range(2)]
    while not all(file.exists() and len(file.read_text().splitlines()) == 2 for file in files):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (130, b"", b"\ninterrupted; nothing was written\n") == (process.returncode, out, err)
    pids = [int(line) for file in files for line in file.read_text().splitlines()]
    assert (4, []) == (len(pids), [pid for pid in pids if _alive(pid)])


def _alive(pid: int) -> bool:
    """Whether a process still runs; one that ended and that nobody buried does not."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()[:1] not in {"", "Z"}
