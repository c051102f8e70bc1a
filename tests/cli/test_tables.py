"""The tables of commands and of formats: a row that is made up here is a command, or a format, in every respect."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from flowforge.__main__ import run
from flowforge.cli.commands import COMMANDS
from flowforge.cli.lazy import Row
from flowforge.cli.main import Program
from flowforge.cli.options import plain_option
from flowforge.render.formats import GITHUB, JSON, MARKDOWN, TEXT, Format

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

SHOUT: Final = Format("shout", "made_up_format", documents=frozenset({"plan"}))
WRITER: Final = '''
def write(document, lines):
    """Return what kind of document it is, and whether people are shown anything."""
    return f"{document['format'].upper()} {'WITH' if lines else 'WITHOUT'} LINES!"
'''
GREET: Final = Row(
    "greet",
    """
    Greet somebody. It is friendly.

    It does nothing else.
    """,
    "made_up_command",
    lambda _: [plain_option("--whom", default="world", text="Who is greeted.")],
)
GREETER: Final = '''
from flowforge.cli.output import Output
from flowforge.errors import ExitCode


def main(*, whom: str) -> int:
    """Greet."""
    Output().lines([f"Hello, {whom}."])
    return ExitCode.PARTIAL
'''


@pytest.fixture(autouse=True)
def modules(tmp_path: Path) -> Iterator[None]:
    """Write the two modules that the rows name, where Python finds them."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "made_up_format.py").write_text(WRITER, encoding="utf-8")
    (folder / "made_up_command.py").write_text(GREETER, encoding="utf-8")
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))
    for name in ("made_up_format", "made_up_command"):
        sys.modules.pop(name, None)


def test_a_new_command_is_a_row_and_a_module(capfd: pytest.CaptureFixture[str]) -> None:
    """It is listed with the first sentence of its help, explains itself, runs, and is suggested for a slip."""
    program = Program((*COMMANDS, GREET))
    assert 0 == run(["--help"], program=program)
    assert "greet Greet somebody." in [" ".join(line.split()) for line in capfd.readouterr().out.splitlines()]
    assert 0 == run(["greet", "-h"], program=program)
    shown = capfd.readouterr().out
    assert ("Usage: flowforge greet [OPTIONS]", "It does nothing else.", "Who is greeted.") == (
        shown.splitlines()[0],
        shown.splitlines()[4].strip(),
        next(line for line in shown.splitlines() if "--whom" in line).partition("TEXT")[2].strip(),
    )
    assert "made_up_command" not in sys.modules
    assert (3, "Hello, you.\n") == (run(["greet", "--whom", "you"], program=program), capfd.readouterr().out)
    assert 1 == run(["gret"], program=program)
    assert 'error FF001: there is no command "gret"\n  fix: did you mean `flowforge greet`?\n' == capfd.readouterr().err


def test_a_new_format_is_a_row_and_a_module(fleet: "Fleet") -> None:
    """`--format` and `--report` of what can write the document offer it, of nothing else; an error is written too."""
    program = Program(formats=(TEXT, JSON, MARKDOWN, GITHUB, SHOUT))

    def flowforge(*args: str) -> tuple[int, str, str]:
        fleet.capfd.readouterr()
        code = run(list(args), fleet.outside, program)
        return code, *fleet.capfd.readouterr()

    assert (0, "FLOWFORGE.PLAN WITH LINES!\n", "") == flowforge("plan", "--format", "shout")
    shown = flowforge("plan", "--report", "shout=p.txt", "--format", "json")
    assert ("flowforge.plan", "FLOWFORGE.PLAN WITH LINES!\n") == (
        json.loads(shown[1])["format"],
        (fleet.folder / "p.txt").read_text(encoding="utf-8"),
    )
    assert (1, "FLOWFORGE.ERROR WITH LINES!\n") == flowforge("plan", "-m", "no.yaml", "--format", "shout")[:2]
    helps = {
        name: "[text|json|markdown|github|shout]" in flowforge(name, "--help")[1]
        for name in ("plan", "apply", "adopt", "validate")
    }
    assert {"plan": True, "apply": True, "adopt": False, "validate": False} == helps
    refused = (
        "error FF007: {0} shout cannot be had of this command with these options\n"
        "  why: the format shout has no form for the document flowforge.repos\n  fix: choose another format\n"
    )
    assert (1, "", refused.format("--format")) == flowforge("plan", "--list-repos", "--format", "shout")
    assert (1, "", refused.format("--report")) == flowforge("plan", "--list-repos", "--report", "shout=p.txt")
    unknown = 'error FF007: --report "loud=p" is not FORMAT=FILE\n  fix: write it as {0}\n'
    assert (1, "", unknown.format("text=FILE or json=FILE or markdown=FILE or github=FILE or shout=FILE")) == flowforge(
        "plan", "--report", "loud=p"
    )
    assert (1, "", unknown.format("text=FILE or json=FILE or markdown=FILE or github=FILE")) == flowforge(
        "validate", "--report", "loud=p"
    )


def test_whoever_is_asked_has_seen_the_plan(fleet: "Fleet") -> None:
    """A format that does not stream shows nothing before the question, so apply asks nobody there."""
    fleet.answers("yes")
    program = Program(formats=(TEXT, JSON, Format("shout", "made_up_format")))
    assert 1 == run(["apply", "--format", "shout"], fleet.outside, program)
    expected = (
        "error FF008: apply cannot ask for approval\n  why: stdout is for SHOUT, so the plan is not shown\n"
        "  fix: say --yes; plan shows first\n"
    )
    assert expected == fleet.capfd.readouterr().err
    assert 0 == run(["apply", "--format", "shout", "--yes"], fleet.outside, program)
    assert "FLOWFORGE.REPORT WITH LINES!\n" == fleet.capfd.readouterr().out
