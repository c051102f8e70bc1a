"""What is printed starts no command of a CI system's log, whatever stands in it, and JSON still says the same."""

import io
import json
import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowforge.cli.output import Output
from flowforge.cli.streams import say
from flowforge.errors import Problem, harmless
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record
from flowforge.render import formats
from flowforge.render.style import coloured
from flowforge.state import codec as form
from flowforge.state.model import State

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

ROOT = Path(__file__).parents[2] / "flowforge"
TIME = "2026-03-01T10:00:00Z"
EVIL = (
    "##[set-output name=x]y",
    "\n::set-env name=PATH::/tmp",
    "::add-mask::x",
    " \u3000::stop-commands::x",
    "\r::error::x",
    "\u2028::error::x",
    "\x1b]0;title\x07",
    "\x1b[31m::error::x",
    "##\x7f[x]",
    "##vso[task.setvariable variable=x]y",
    "##TeamCity[buildStop]",
    "\x85::error::\ud800",
)
TEXTS = st.lists(st.sampled_from([*EVIL, ":", "#", "[", "]", "\n", "\r", "\\", '"', "a"]) | st.text(max_size=4)).map(
    "".join
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def commands(printed: str) -> list[str]:
    """Return the lines that a runner would take for a command, or a terminal act on.

    GitHub's runner reads an output line by line, each ended as .NET's TextReader has it (CR, LF or both), trims its
    start of white space and looks for `::`, then for `##[` anywhere (actions/runner, ActionCommand.cs).
    """
    lines = re.split(r"\r\n|\r|\n", printed)
    taken = [
        line
        for line in lines
        if line.strip().startswith("::") or re.search(r"##(vso|teamcity)?\[", line, re.IGNORECASE)
    ]
    return taken + [line for line in lines if not line.isprintable()]


def printed(act: Callable[[], None]) -> tuple[str, str]:
    """Return what something prints to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        act()
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize("evil", EVIL)
def test_the_model_of_the_runner_sees_each_of_them(evil: str) -> None:
    """The laws below would be kept by anything if their judge saw nothing."""
    assert [] != commands(evil)
    assert [] == commands(harmless(evil))


@given(st.dictionaries(TEXTS, JSON, max_size=4))
def test_a_document_starts_no_command_and_says_the_same(document: dict[str, object]) -> None:
    """Any text in any field: on stdout and in a report; parsed again, it is the document."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        out, err = printed(lambda: Output(formats.JSON, reports=((formats.JSON, path),)).finish(document))
        report = path.read_text(encoding="utf-8")
    assert ([], "", out) == (commands(out), err, report)
    assert document == json.loads(out)


@given(st.lists(TEXTS, max_size=4), st.booleans())
@example(lines=[f"\x1b[31m{evil}\x1b[0m" for evil in EVIL], in_colour=False)
def test_lines_start_no_command(lines: list[str], in_colour: bool) -> None:  # noqa: FBT001 -- hypothesis gives it
    """Any text in a line, coloured or not, and in the report of it; colours are kept where they are wanted."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "report.txt"
        output = Output(formats.TEXT, reports=((formats.TEXT, path),), colour=in_colour)

        def act() -> None:
            output.lines(coloured(line, "+") if in_colour else line for line in lines)
            output.finish({})

        out, _ = printed(act)
        report = path.read_text(encoding="utf-8")
    green = "\x1b[32m"
    assert ([], []) == (commands(re.sub(r"\x1b\[[0-9;]*m", "", out)), commands(report))
    assert ([], in_colour and bool(lines)) == (commands(re.sub(r"\x1b\[[0-9;]*m", "|", out)), green in out)


@given(st.builds(Problem, st.just("FF100"), TEXTS, TEXTS, TEXTS, TEXTS) | TEXTS)
def test_what_is_said_starts_no_command(message: object) -> None:
    """Any text in a problem, in each of its fields."""
    assert [] == commands(printed(lambda: say(message))[1])


def test_all_that_is_printed_passes_there() -> None:
    """No other place prints: but help, a terminal that is asked for a paste, a bar on one, and words of ours."""
    prints = re.compile(
        r"click\.(?:s?echo|confirm|prompt|edit)\(|\bprint\(|sys\.std(?:out|err)\.write|os\.write\(|Console\("
    )
    found = {
        (path.relative_to(ROOT).as_posix(), match.group())
        for path in ROOT.rglob("*.py")
        for match in prints.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == {
        ("cli/output.py", "click.echo("),
        ("cli/streams.py", "click.echo("),
        ("cli/lazy.py", "click.echo("),
        ("cli/streams.py", "os.write("),
        ("sources/terminal.py", "os.write("),
        ("state/disk.py", "os.write("),
        ("render/progress_bar.py", "Console("),
    }


def _with(evil: str) -> State:
    """Return a state whose every text that is free holds this."""
    address = Address(Scope(Repo.parse("acme/repo-001")), "ANTHROPIC_API_KEY")
    record = Record(evil, TIME, evil, 7, TIME, TIME)
    return replace(
        State.fresh([evil.replace("\0", "")]),
        serial=1,
        records={address: record},
        pending={address: evil},
        folded="",
        admitted={evil: frozenset({7})},
    )


READING = (
    ("state", "list"),
    ("state", "show"),
    ("state", "show", "acme/repo-001"),
    ("plan", "--offline", "--prune", "-v"),
)


@pytest.mark.parametrize("evil", [each for each in EVIL if "\ud800" not in each])
def test_an_unsigned_state_prints_no_command(fleet: "Fleet", evil: str) -> None:
    """Whoever writes the state of a fork writes into no log: each command that reads it, as text, JSON and a report."""
    state = _with(evil)
    path = fleet.folder / "flowforge.state.json"
    path.write_bytes(form.encode(state)[0])
    for command in READING:
        for more in ((), ("--format", "json")):
            done = fleet.flowforge(*command, *more)
            assert (0, []) == (done.code, commands(done.out + done.err))
            assert not more or isinstance(json.loads(done.out), dict)
    done = fleet.flowforge("state", "pull")
    assert (0, []) == (done.code, commands(done.out + done.err))
    assert state == form.decode(done.out.encode(), "pulled").state


@pytest.mark.parametrize("name", ["updated_at", "written_at", "value_since", "drifted_at"])
def test_a_time_that_is_a_command_is_no_time(fleet: "Fleet", name: str) -> None:
    """FF404 for a state whose time is none, with a checksum that fits: nothing of it is planned with, or given out."""
    state = State.fresh(["flowforge.yaml"])
    evil = "##[set-output name=x]y"
    updated, written, since, drifted = (
        evil if each == name else TIME for each in ("updated_at", "written_at", "value_since", "drifted_at")
    )
    record = Record("x", updated, "ci-key", 7, written, since, drifted_at=drifted)
    records = {Address(Scope(Repo.parse("acme/repo-001")), "ANTHROPIC_API_KEY"): record}
    path = fleet.folder / "flowforge.state.json"
    path.write_bytes(form.encode(replace(state, serial=1, records=records))[0])
    for command in (("plan", "--offline", "--format", "json"), ("state", "pull"), ("plan",), ("apply", "--yes")):
        done = fleet.refused(*command)
        assert (1, []) == (done.code, commands(done.out + done.err))
        assert f'  why: {name} is "##\\u005bset-output name=x]y", which is no time\n' in done.err
