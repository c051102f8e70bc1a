"""Every command ends quietly where its reader has gone, as `head` goes, and with the exit code of its work."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from flowforge.cli.commands import COMMANDS
from flowforge.cli.lazy import Row
from tests.cli.conftest import NEW_STATE
from tests.cli.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Fleet

pytestmark = pytest.mark.processes

# Runs each of some command lines with a stdout that nobody reads, and leaves their exit codes in a file.
PROGRAM: Final = """
import json, os, sys
from flowforge.__main__ import run
from flowforge.cli.streams import mend_streams
mend_streams()
codes = []
for args in json.loads(sys.argv[1]):
    read, write = os.pipe()
    os.close(read)
    os.dup2(write, 1)
    os.close(write)
    codes.append(run(args))
with open(sys.argv[2], "w") as file:
    json.dump(codes, file)
"""


@dataclass(frozen=True)
class Case:
    """A command line, and how it ends."""

    args: str
    code: int = 0


# In the order in which each has something to do.
CASES: Final = (
    Case("init acme/api -m new.yaml"),
    Case("validate"),
    Case("validate --format json -v"),
    Case("plan"),
    Case("plan -v --format json"),
    Case("plan --detailed-exitcode", 2),
    Case("plan --list-repos"),
    Case("plan --offline"),
    Case("plan --report json=plan.json --out saved.json"),
    Case("plan --format markdown"),
    Case("plan --format github"),
    Case("post --to issue --repo acme/repo-001 plan.json"),
    Case("matrix"),
    Case("audit --path ."),
    Case("status"),
    Case("identity rules"),
    Case("plan -m missing.yaml --format json", 1),
    Case("apply --check"),
    Case("apply --yes --limit acme/repo-001"),
    Case("apply saved.json", 1),
    Case("apply --yes --format json"),
    Case("adopt --yes"),
    Case("rotate ci-key --check", 1),
    Case("matrix"),
    Case("doctor", 3),
    Case("state list"),
    Case("state show"),
    Case("state show acme/repo-001"),
    Case("state pull"),
    Case("state move acme/repo-001 acme/api"),
    Case("state forget acme/api --yes"),
    Case("state push flowforge.state.json.backup --force --yes"),
    Case("state migrate --from flowforge.state.json.backup --yes", 1),
    Case("state rekey --yes", 1),
    Case("state unlock --yes"),
    Case("schema"),
    Case("schema plan"),
    Case("matrix"),
    Case("plan --format html"),
    Case("explain FF504"),
    Case("completion bash"),
    Case("sandbox --repos 1"),
    Case("sandbox do log"),
    Case("demo"),
    Case("demo --rotate"),
    Case("--version"),
    Case(""),
    Case("identity"),
    Case("state"),
)


def _rows(rows: tuple[Row, ...] = COMMANDS, *words: str) -> "Iterator[str]":
    for row in rows:
        yield " ".join((*words, row.name))
        yield from _rows(row.rows, *words, row.name)


def _unread(fleet: "Fleet", cases: tuple[Case, ...]) -> tuple[list[Case], str]:
    """Run command lines whose stdout nobody reads; return how each ended, and all that was said."""
    lines = json.dumps([case.args.split() for case in cases])
    codes = fleet.folder / "codes.json"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, lines, str(codes)],
        cwd=fleet.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(codes.read_text(encoding="utf-8"))
    return [Case(case.args, code) for case, code in zip(cases, found, strict=True)], done.stderr


def test_every_command_ends_quietly(fleet: "Fleet") -> None:
    """No command says that nobody reads it, and each exits, and works, as if somebody had."""
    value = fleet.set_key()
    # Something that doctor finds wrong at whatever speed the sandbox's clock goes.
    fleet.monkeypatch.setenv("FLOWFORGE_NO_COLOURS", "1")
    found, said = _unread(fleet, CASES)
    errors = [line for line in said.splitlines() if line.startswith(("error ", "Traceback"))]
    assert list(CASES) == found
    codes = [line.split()[1].removesuffix(":") for line in errors]
    assert ["FF101", "FF027", "FF028", "FF905", "FF454", "FF476"] == codes
    assert {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos} == fleet.held()
    assert "flowforge.plan" == json.loads((fleet.folder / "plan.json").read_text(encoding="utf-8"))["format"]


def test_every_help_ends_quietly(fleet: "Fleet") -> None:
    """Of each command, and of the program itself."""
    helps = tuple(Case(f"{words} --help".strip()) for words in ("", *_rows()))
    assert (list(helps), "") == _unread(fleet, helps)


def test_every_command_is_here() -> None:
    """A new command must be tried, too."""
    leaves = {words for words in _rows() if not any(each.startswith(f"{words} ") for each in _rows())}
    assert leaves == {words for words in leaves if any(f"{case.args} ".startswith(f"{words} ") for case in CASES)}


@pytest.mark.parametrize("command", ["plan", "plan -v --format json", "schema", "--help", "apply --yes", "state pull"])
def test_three_lines_are_enough(fleet: "Fleet", command: str) -> None:
    """In a pipeline of a shell, whose own rules say what came of it: `pipefail` finds nothing that failed."""
    fleet.flowforge("apply", "--yes", "--limit", "acme/repo-001")
    line = f"set -o pipefail; '{sys.executable}' -m flowforge {command} | head -3"
    done = subprocess.run(["bash", "-c", line], cwd=fleet.folder, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr.replace(NEW_STATE, ""))
    assert len(done.stdout.splitlines()) <= 3


@pytest.mark.parametrize("command", ["apply", "adopt"])
def test_what_was_not_all_shown_is_not_asked_about(fleet: "Fleet", command: str) -> None:
    """A person who saw three lines of a plan would approve all of it: they are not asked, and nothing is written."""
    fleet.sandbox.world.set_secret("acme/repo-001", "ANTHROPIC_API_KEY", "of another hand")
    read, write = os.pipe()
    os.close(read)
    code, said = Screen(fleet, command, stdout=write).end()
    os.close(write)
    assert (1, True) == (
        code,
        f"error FF008: {command} cannot ask for approval\n  why: stdout did not take all that it is about\n" in said,
    )
    assert {"of another hand"} == {value for held in fleet.held().values() for value in held.values()}
