"""What a command loads: only what it needs, because each of these libraries costs a tenth of a second."""

import inspect
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import click
import pytest

from flowforge.cli.commands import COMMANDS
from flowforge.cli.lazy import Row
from flowforge.on_demand import load
from flowforge.render.formats import FORMATS

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

HEAVY: Final = {"deepdiff", "httpcore", "httpx", "jsonschema", "nacl", "pygments", "rich", "yaml"}
# What no help needs besides, and what takes a start as long as twenty of our own modules.
OURS: Final = {
    "flowforge.audit",
    "flowforge.cli.output",
    "flowforge.manifest",
    "flowforge.plan",
    "flowforge.run",
    "flowforge.sandbox",
}
DEAR: Final = {"difflib", "json", "pathlib", "shutil", "ssl", "traceback"}


def _rows(rows: tuple[Row, ...] = COMMANDS, *words: str) -> Iterator[tuple[list[str], Row]]:
    for row in rows:
        yield [*words, row.name], row
        yield from _rows(row.rows, *words, row.name)


ROWS: Final = [(words, row) for words, row in _rows() if row.module]
HELPS: Final = [("--version",), ("--help",), *((*words, "--help") for words, _ in _rows())]


@pytest.fixture(scope="module")
def helps() -> Mapping[tuple[str, ...], tuple[int, set[str]]]:
    """Return how each help ends and which modules it loaded, each in a process that had the program alone."""
    program = """
import io
import os
import sys
from flowforge.__main__ import run
for line in sys.stdin.read().splitlines():
    if not os.fork():
        sys.stdout = io.StringIO()
        code = run(line.split())
        print(int(code), *sys.modules, file=sys.__stdout__, flush=True)
        os._exit(0)
    os.wait()
"""
    lines = "".join(f"{' '.join(words)}\n" for words in HELPS)
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, input=lines)
    found = (line.split() for line in done.stdout.splitlines())
    return {words: (int(code), set(modules)) for words, (code, *modules) in zip(HELPS, found, strict=True)}


def _loaded(*args: str) -> tuple[int, set[str]]:
    """Run a command in a process of its own; return its exit code and the modules it loaded."""
    program = (
        "import sys; from flowforge.__main__ import run; code = run(sys.argv[1:]); print(*sys.modules); exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *args], check=False, capture_output=True, text=True)
    return done.returncode, set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_a_help_loads_click_and_the_tables(
    helps: Mapping[tuple[str, ...], tuple[int, set[str]]], words: tuple[str, ...]
) -> None:
    """A version and every help load no library but click, nothing of what a command does, and nothing dear."""
    code, modules = helps[words]
    assert (0, set()) == (code, modules & (HEAVY | OURS | DEAR))


@pytest.mark.processes
@pytest.mark.parametrize(
    ("args", "heavy"),
    [
        (["schema"], set[str]()),
        (["init", "acme/api", "-m", "new.yaml"], set[str]()),
        (["validate"], {"yaml"}),
        (["audit", "--path", "."], {"yaml"}),
        (["validate", "-m", "wrong.yaml"], {"jsonschema", "yaml"}),
        (["plan"], {"httpcore", "httpx", "yaml"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_loads_what_it_needs(fleet: "Fleet", args: list[str], heavy: set[str]) -> None:
    """Nothing of GitHub is loaded to check a manifest, jsonschema for one that is wrong alone; a plan seals nothing."""
    fleet.manifest("version: 1\ncredential: {}\n", "wrong.yaml")
    code, modules = _loaded(*args)
    assert ("wrong.yaml" in args, heavy) == (bool(code), modules & HEAVY)


@pytest.mark.processes
def test_a_plan_without_an_audit_loads_no_reader_of_workflows(fleet: "Fleet") -> None:
    """What only an audit, an apply or a `verify` uses is not loaded by a plan that asks for none of it."""
    del fleet
    unused = ("flowforge.audit", "flowforge.workflows.yaml_reader", "flowforge.anthropic", "flowforge.demo")
    assert dict.fromkeys(unused, False) == {name: name in _loaded("plan")[1] for name in unused}


def test_the_help_says_of_each_command_what_the_command_says_of_itself(fleet: "Fleet") -> None:
    """Each entry of the list is the whole first sentence of the command's own help, in the order of the table."""
    own = [f"{row.name} {fleet.flowforge(row.name, '--help').out.split(chr(10) * 2)[1]}" for row in COMMANDS]
    listed = " ".join(fleet.flowforge("--help").out.partition("Commands:")[2].split())
    entries = [" ".join(each.split()) for each in own]
    assert listed == " ".join(f"{entry.partition('. ')[0].removesuffix('.')}." for entry in entries)


@pytest.mark.parametrize(("words", "row"), ROWS, ids=[" ".join(words) for words, _ in ROWS])
def test_each_command_takes_its_options(words: list[str], row: Row) -> None:
    """The module of each row is there, and its `main` takes every option of the row by its name, and no other."""
    given = {each.name for each in row.options(FORMATS) if each.expose_value}
    taken = inspect.signature(load(row.module).main).parameters.values()
    names = {each.name for each in taken if each.kind is not inspect.Parameter.VAR_KEYWORD}
    takes_all = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken)
    assert (set(), True) == (names - given, takes_all or names == given), words


def test_a_terminal_is_as_wide_as_click_would_find_it(fleet: "Fleet") -> None:
    """Help fits the terminal, of which COLUMNS is the width; without one it is eighty wide."""
    for columns, widest in (("60", 58), ("", 78), ("many", 78), ("300", 98), ("9", 50)):
        fleet.monkeypatch.setenv("COLUMNS", columns)
        lines = fleet.flowforge("--help").lines
        context = click.Context(click.Command("x"), terminal_width=widest)
        assert max(map(len, lines)) <= context.make_formatter().width == widest, columns
