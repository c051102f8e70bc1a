"""The program as click sees it: its own help, and what is answered to a name that is no command."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import click

from flowforge import __version__
from flowforge.cli.commands import COMMANDS
from flowforge.cli.lazy import LazyGroup, Row
from flowforge.columns import MOST_COLUMNS
from flowforge.render.formats import FORMATS, Format

_HELP: Final = """
Bring GitHub repositories onto the Claude credentials that a manifest says they need.

A manifest in an ops repo names repositories, credentials and where each value comes from. `plan` says what GitHub
lacks, `apply` makes it so. Start with `flowforge demo`, or `flowforge init` in an ops repo.

Exit codes: 0 done or in sync; 1 error, nothing written; 2 changes pending (only with --detailed-exitcode);
3 some secrets failed or blocked; 4 refused by a safety limit; 5 written but not recorded; 130 interrupted.
"""


class PipeError(Exception):
    """A closed pipe, its cause. Of the cause itself click would make an exit, of which nobody could say what it is."""


class Program(LazyGroup):
    """`flowforge` itself, made of a table of commands and one of formats."""

    def __init__(self, rows: tuple[Row, ...] = COMMANDS, formats: Sequence[Format] = FORMATS) -> None:
        super().__init__(Row("flowforge", _HELP, rows=rows), formats)
        click.version_option(__version__, "-V", "--version", message="flowforge %(version)s")(self)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 -- as click's
    ) -> click.Context:
        """Make the context of a run, with the width of its help."""
        with _past_click():
            return super().make_context(info_name, args, parent, **{"terminal_width": _width(), **extra})

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- as click's
        """Run a command."""
        with _past_click():
            return super().invoke(ctx)


@contextmanager
def _past_click() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise PipeError from error


def _width() -> int:
    """Return the columns of a help, as click would reckon them.

    click asks shutil, which imports every compressor that Python has: a twentieth of what click itself takes.
    """
    try:
        columns = int(os.environ.get("COLUMNS", "")) or os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        columns = 80
    return max(min(columns, MOST_COLUMNS) - 2, 50)


cli: Final = Program()
