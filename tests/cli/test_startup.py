"""What a command loads: only what it needs, because each of these libraries costs a tenth of a second."""

import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from flowforge.cli.main import cli

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

HEAVY = {"deepdiff", "httpx", "jsonschema", "nacl", "rich", "yaml"}


def _loaded(*args: str) -> tuple[int, set[str]]:
    """Run a command in a process of its own; give its exit code and which of the heavy libraries it loaded."""
    program = (
        "import sys; from flowforge.__main__ import run; code = run(sys.argv[1:]); print(*sys.modules); exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *args], check=False, capture_output=True, text=True)
    return done.returncode, HEAVY & set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("args", "heavy"),
    [
        (["--version"], set[str]()),
        (["--help"], set[str]()),
        (["schema"], set[str]()),
        (["init", "acme/api", "-m", "new.yaml"], set[str]()),
        (["validate"], {"jsonschema", "yaml"}),
        (["plan", "--help"], HEAVY - {"deepdiff"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_loads_what_it_needs(fleet: "Fleet", args: list[str], heavy: set[str]) -> None:
    """Neither HTTP nor the planner is loaded to print a version, a help or a schema, or to check a manifest."""
    del fleet  # its folder has a manifest
    assert (0, heavy) == _loaded(*args)


def test_the_help_says_of_each_command_what_the_command_says_of_itself(fleet: "Fleet") -> None:
    """The help lists commands without loading them; each entry is the first sentence of the command's own help."""
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    own = [f"{name} {command.get_short_help_str(limit=1000)}" for name, command in commands.items() if command]
    listed = fleet.flowforge("--help").out.partition("Commands:")[2]
    assert (9, " ".join(own)) == (len(own), " ".join(listed.split()))
