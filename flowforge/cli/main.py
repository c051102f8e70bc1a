"""The program as click sees it: its own help, and what is answered to a name that is no command."""

from collections.abc import Sequence
from typing import Final

import click

from flowforge import __version__
from flowforge.cli.commands import COMMANDS
from flowforge.cli.lazy import LazyGroup, Row, load
from flowforge.render.formats import FORMATS, Format

_HELP: Final = """
Bring GitHub repositories onto the Claude credentials that a manifest says they need.

A manifest in an ops repo names repositories, credentials and where each value comes from. `plan` says what GitHub
lacks, `apply` makes it so. Start with `flowforge demo`, or `flowforge init` in an ops repo.

Exit codes: 0 done or in sync; 1 error, nothing written; 2 changes pending (only with --detailed-exitcode);
3 some secrets failed or blocked; 4 refused by a safety limit; 5 written but not recorded; 130 interrupted.
"""


class Program(LazyGroup):
    """`flowforge` itself, made of a table of commands and one of formats."""

    def __init__(self, rows: tuple[Row, ...] = COMMANDS, formats: Sequence[Format] = FORMATS) -> None:
        super().__init__(Row("flowforge", _HELP, rows=rows), formats)
        click.version_option(__version__, "-V", "--version", message="flowforge %(version)s")(self)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was meant. Raises UsageError (FF001)."""
        name = args[0]
        if name in self.rows or name.startswith("-"):
            return super().resolve_command(ctx, args)
        # Loaded only now: difflib would cost every start a fortieth of what click does.
        raise load("flowforge.cli.unknown_command").unknown_command(name, self.rows)


cli: Final = Program()
