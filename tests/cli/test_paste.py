"""A value that a person pastes at a real terminal: what becomes of it, and that nothing of it is ever shown."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.made_up import letters

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

pytestmark = pytest.mark.processes

QUESTION = "The token that claude setup-token printed"
HINT = "  paste the value and press Enter (not shown; Enter alone skips it): "
BEGIN, END = "\x1b[?2004h", "\x1b[?2004l"
SLOTS = {"anthropic_api_key": "ANTHROPIC_API_KEY", "claude_code_oauth_token": "CLAUDE_CODE_OAUTH_TOKEN"}
PREFIXES = {"anthropic_api_key": "sk-ant-" + "api03-", "claude_code_oauth_token": "sk-ant-" + "oat01-"}
BROKEN = """\
error FF208: the value has a line break in it
  why: a terminal that wraps a long credential breaks it when it is copied; FlowForge joins no lines, \
and drops only one line end at the end of a file
  fix: copy the credential again as one line, and save it alone
"""
CUT = """\
error FF217: the value is cut short: shorter than a Claude Code OAuth token is
  why: a terminal wraps the long token, and copying then takes only a part of it
  fix: run `claude setup-token` and use the token that it prints, in a window wide enough for one line; \
`allow_nonstandard: true` takes it as it is
"""
TOKEN = """\
error FF234: flowforge.yaml:15:24: the GitHub token is not available: nobody can be asked
  fix: name a source that can be read where nobody can be asked
"""
# What a login shell does for a job: a session with this terminal, in the foreground or, as `&` says, behind it.
_JOB = """\
import fcntl, os, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
command = [sys.executable, "-m", "flowforge", *sys.argv[2:]]
if sys.argv[1] == "behind":
    sys.exit(subprocess.call(command, process_group=0))
os.execv(sys.executable, command)
"""


class Person:
    """One process of ours on a terminal of its own, and the person who sits there."""

    def __init__(self, fleet: "Fleet", *args: str, job: str = "in front") -> None:
        """Start it. job: `in front`, `behind`, or `none` for one whose terminal is not that of its session."""
        self._hand, self._screen = pty.openpty()
        self.mode = termios.tcgetattr(self._screen)
        self.seen = b""
        command = ["-m", "flowforge"] if job == "none" else ["-c", _JOB, job]
        self.process = subprocess.Popen(
            [sys.executable, *command, *args],
            cwd=fleet.folder,
            stdin=self._screen,
            stdout=self._screen,
            stderr=self._screen,
            start_new_session=True,
        )

    def wait_for(self, text: str, times: int = 1) -> None:
        """Read until the screen has shown a text so often."""
        deadline = time.monotonic() + 60
        while self.seen.count(text.encode()) < times:
            assert time.monotonic() < deadline, self.seen
            self._look()

    def type(self, text: str) -> None:
        """Type or paste: as long a text as it may be, while the screen is read."""
        left = text.encode()
        while left:
            left = left[os.write(self._hand, left[:1000]) :]
            self._look(0.0)

    def answer(self, text: str, times: int = 1) -> None:
        """Wait for a question's hint, and answer."""
        self.wait_for(HINT, times)
        self.type(text)

    def mode_now(self) -> list[object]:
        """Return the terminal's mode."""
        return termios.tcgetattr(self._screen)

    def end(self) -> tuple[int, str]:
        """Wait for the end; gives the exit code and all that the screen showed. The mode must be what it was."""
        deadline = time.monotonic() + 60
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.seen
            self._look()
        while self._look(0.0):
            pass
        assert self.mode == self.mode_now()
        return self.process.returncode, self.seen.decode().replace("\r\n", "\n")

    def unread(self) -> bool:
        """Whether something that was typed is left to whoever reads the terminal next."""
        raw = termios.tcgetattr(self._screen)
        raw[3] &= ~termios.ICANON
        termios.tcsetattr(self._screen, termios.TCSANOW, raw)
        return bool(select.select([self._screen], [], [], 0.05)[0])

    def _look(self, seconds: float = 0.05) -> bool:
        if not select.select([self._hand], [], [], seconds)[0]:
            return False
        self.seen += os.read(self._hand, 4096)
        return True

    def leave(self) -> None:
        """Close the terminal, and end what may still run on it."""
        self.process.kill()
        self.process.wait()
        os.close(self._screen)
        os.close(self._hand)


Sit = Callable[..., Person]


@pytest.fixture
def sit(fleet: "Fleet") -> Iterator[Sit]:
    """Sit down at a terminal and start a command."""
    people: list[Person] = []

    def go(*args: str, job: str = "in front") -> Person:
        people.append(Person(fleet, *args, "-q", "--no-color", job=job))
        return people[-1]

    yield go
    for person in people:
        person.leave()


def manifest(fleet: "Fleet", type_: str = "claude_code_oauth_token", question: str = QUESTION, more: str = "") -> None:
    """Want a pasted value in the first repo."""
    fleet.manifest(
        f"version: 1\ncredentials:\n  pasted:\n    type: {type_}\n    from: {{prompt: {json.dumps(question)}}}\n{more}"
        "targets:\n  - {name: Pasted, repos: [acme/repo-001], credential: pasted}\n"
    )


def made(type_: str = "claude_code_oauth_token") -> str:
    """Make up a value of the shape of a type."""
    return PREFIXES[type_] + letters(93) + "AA"


def assert_unseen(value: str, shown: str) -> None:
    """Prove that no eight characters of a value's own part were shown."""
    body = value.partition("01-")[2] or value.partition("03-")[2]
    assert len(body) > 60
    assert [body[at : at + 8] for at in range(len(body) - 7) if body[at : at + 8] in shown] == []


@pytest.mark.parametrize("type_", SLOTS)
def test_a_pasted_value_becomes_the_secret(fleet: "Fleet", sit: Sit, type_: str) -> None:
    """An API key and a setup-token are asked for, pasted, approved and stored; the screen shows exactly this."""
    manifest(fleet, type_)
    value, slot = made(type_), SLOTS[type_]
    person = sit("apply")
    person.answer(f"{value}\r")
    person.wait_for("Only 'yes' is accepted.")
    person.type("yes\r")
    code, shown = person.end()
    assert (0, {slot: value}) == (code, fleet.held()["acme/repo-001"])
    assert shown == (
        f"{BEGIN}{QUESTION}\n{HINT}taken\n{END}"
        f"+ acme/repo-001  {slot}  pasted  missing\n\n"
        "Plan: 1 to create, 0 to update, 0 to delete, 0 in sync.\n"
        "It took 2 requests; applying takes 3 more, with no wait at GitHub's limits.\n\n"
        "Apply 1 change? Only 'yes' is accepted.\nyes\n\n"
        "acme/repo-001 : in_sync=0 created=1 updated=0 deleted=0 failed=0 blocked=0\n"
        "Done: 1 created, 0 updated, 0 deleted, 0 failed, 0 blocked.\n"
    )
    assert_unseen(value, shown)


@pytest.mark.slow
def test_a_wrapped_token_is_refused_and_a_good_one_is_taken(fleet: "Fleet", sit: Sit) -> None:
    """A token broken at 80 characters is refused with the reason, cut or whole, and may be pasted again."""
    manifest(fleet)
    value = made()
    person = sit("plan")
    person.answer(f"{value[:80]}\r")
    person.answer(f"{value[:80]}\r{value[80:]}\r", times=2)
    person.answer(f"{value}\r", times=3)
    code, shown = person.end()
    assert code == 0
    assert shown.startswith(
        f"{BEGIN}{QUESTION}\n{HINT}not taken\n{CUT}{HINT}not taken\n{BROKEN}{HINT}taken\n{END}"
        "+ acme/repo-001  CLAUDE_CODE_OAUTH_TOKEN  pasted  missing\n"
    )
    assert_unseen(value, shown)


@pytest.mark.slow
def test_three_tries(fleet: "Fleet", sit: Sit) -> None:
    """After a third bad paste the value is not available, and the plan says what was wrong with that one."""
    manifest(fleet)
    value = made()
    person = sit("apply", "--yes")
    for times in (1, 2):
        person.answer(f"{value[:80]}\r", times)
    person.answer(f"{value[:80]}\r{value[80:]}\r", times=3)
    code, shown = person.end()
    assert code == 1
    expected = (
        f"{BEGIN}{QUESTION}\n{HINT}not taken\n{CUT}{HINT}not taken\n{CUT}{HINT}not taken\n{BROKEN}{END}"
        "! acme/repo-001  CLAUDE_CODE_OAUTH_TOKEN  pasted  value not available: "
        f'the value of prompt "{QUESTION}" has a line break in it\n'
    )
    # By its words: the terminal is too narrow for that line.
    assert expected.split() == shown.split()[: len(expected.split())]
    assert_unseen(value, shown)
    assert {} == fleet.held()["acme/repo-001"]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["ctrl-c", "sigterm"])
def test_an_interruption_leaves_the_terminal_as_it_was(fleet: "Fleet", sit: Sit, how: str) -> None:
    """Ctrl-C and signals end the question with 130; echo is back, and what was typed is not left for the shell."""
    manifest(fleet)
    person = sit("apply")
    person.answer("half a tok")
    assert person.mode != person.mode_now()
    if how == "ctrl-c":
        person.type("\x03")
    else:
        time.sleep(0.1)
        person.process.send_signal(signal.SIGTERM)
    shown = f"{BEGIN}{QUESTION}\n{HINT}"
    code, seen = person.end()
    assert (130, f"{shown}{END}\ninterrupted; nothing was written\n") == (code, seen.replace("^C", ""))
    assert not person.unread()
    assert not any(fleet.held().values())


@pytest.mark.slow
@pytest.mark.parametrize("job", ["none", "behind"])
def test_a_terminal_that_cannot_be_asked(fleet: "Fleet", sit: Sit, job: str) -> None:
    """A session without a terminal of its own, and a job behind another, ask nobody and do not stop."""
    manifest(fleet)
    code, shown = sit("plan", job=job).end()
    assert (3, True) == (
        code,
        shown.startswith("! acme/repo-001  CLAUDE_CODE_OAUTH_TOKEN  pasted  value not read: nobody can be asked\n"),
    )


@pytest.mark.slow
def test_nobody_is_there(fleet: "Fleet", sit: Sit) -> None:
    """Without a terminal the value is not read: drift is seen, other secrets are written, only its own write waits."""
    manifest(fleet, more="  ci-key:\n    type: anthropic_api_key\n    from: {env: ACME_KEY}\n")
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text + "  - {name: Key, repos: [acme/repo-002], credential: ci-key}\n")
    address = "acme/repo-001/actions/CLAUDE_CODE_OAUTH_TOKEN"
    done = fleet.flowforge("apply", "--yes")
    assert (3, "") == (done.code, done.told)
    assert "! acme/repo-001  CLAUDE_CODE_OAUTH_TOKEN  pasted  value not read: nobody can be asked" == done.lines[1]
    assert ({}, ["ANTHROPIC_API_KEY"]) == (fleet.held()["acme/repo-001"], list(fleet.held()["acme/repo-002"]))

    value = made()
    person = sit("apply", "--yes")
    person.answer(f"{value}\r")
    assert 0 == person.end()[0]
    in_sync = fleet.flowforge("apply", "--yes", "-v")
    assert (0, "= acme/repo-001  CLAUDE_CODE_OAUTH_TOKEN  pasted  value not checked: nobody can be asked") == (
        in_sync.code,
        in_sync.lines[0],
    )
    assert {address: ("none", "value_not_checked")} == fleet.plan()

    person = sit("plan", "-v")
    person.answer("\r")
    left = "= acme/repo-001  CLAUDE_CODE_OAUTH_TOKEN  pasted  value not checked: not pasted\n"
    code, shown = person.end()
    assert (0, True) == (code, shown.startswith(f"{BEGIN}{QUESTION}\n{HINT}skipped\n{END}{left}"))

    fleet.later()
    fleet.sandbox.world.set_secret("acme/repo-001", "CLAUDE_CODE_OAUTH_TOKEN", "edited")
    drifting = fleet.flowforge("apply", "--yes")
    assert (0, True) == (
        drifting.code,
        "? acme/repo-001  CLAUDE_CODE_OAUTH_TOKEN  pasted  value not checked: nobody can be asked; changed outside "
        "FlowForge" in drifting.lines,
    )
    assert {"CLAUDE_CODE_OAUTH_TOKEN": "edited"} == fleet.held()["acme/repo-001"]


def test_the_token_cannot_wait_for_somebody(fleet: "Fleet") -> None:
    """A GitHub token that nobody can paste is an error of the run."""
    fleet.simple()
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text + "github: {auth: {token: {prompt: Token?}}}\n")
    done = fleet.refused("plan")
    assert (1, "", TOKEN) == (done.code, done.out, done.err)
