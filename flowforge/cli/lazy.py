"""Commands as rows of a table: what a command does is imported when it runs, never for its help or for a version."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Self

import click
from click.core import ParameterSource

from flowforge.cli import called
from flowforge.cli.options import OWN, PANELS
from flowforge.columns import MOST_COLUMNS
from flowforge.on_demand import load
from flowforge.render.formats import FORMATS, Format

_SETTINGS: Final = {"max_content_width": MOST_COLUMNS}
# No sentence of ours is as long as this: click would cut one at the width of the terminal.
_WHOLE_SENTENCE: Final = 1000


class Row(NamedTuple):
    """A command: a row of a table, from which its help, its options and the list of commands are made."""

    name: str
    """What people type."""
    text: str
    """Its help. The list of commands shows the first sentence."""
    module: str = ""
    """Where it is done: a module whose `main` takes the options by their names and returns the exit code."""
    options: Callable[[Sequence[Format]], Iterable[click.Parameter]] = lambda _: ()
    """Makes its options and arguments. It is called for this command alone: click takes a while to make one."""
    rows: tuple[Self, ...] = ()  # type: ignore[misc]  # -- mypy takes no Self in a NamedTuple
    """Its subcommands. One that has a module too does that where none of them is named."""
    sections: Callable[[], Mapping[str, Sequence[tuple[str, str]]]] = dict
    """Makes more sections of its help, by their titles, when the help is shown."""

    @property
    def sentence(self) -> str:
        """The first sentence of the help."""
        return click.Command(None, help=inspect.cleandoc(self.text)).get_short_help_str(_WHOLE_SENTENCE)


class _Helped(click.Command):
    """Whatever has a help, by two names."""

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """Return the names, whatever the context says: click keeps those of the first context that it meets."""
        del ctx
        return ["-h", "--help"]


class _Command(_Helped):
    """A command that is imported when it runs."""

    def __init__(self, row: Row, formats: Sequence[Format]) -> None:
        super().__init__(row.name, params=list(row.options(formats)), help=inspect.cleandoc(row.text))
        self._module: Final = row.module
        self._sections: Final = row.sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in the parts of a help that they belong to."""
        _write_options(self, ctx, formatter)
        for title, records in self._sections().items():
            with formatter.section(title):
                formatter.write_dl(records)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- as click's
        """Import the module and run it."""
        called.begin(ctx)
        return load(self._module).main(**ctx.params)


def _write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    panels: dict[str, list[tuple[str, str]]] = {panel: [] for panel in PANELS}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is not None:
            panels[getattr(param, "panel", OWN)].append(record)
    for panel, records in panels.items():
        if records:
            with formatter.section(panel):
                formatter.write_dl(records)


class LazyGroup(_Helped, click.Group):
    """Commands made of a table, each when it is called.

    Without a command the help is printed, or, where the row has a module, that is done.
    """

    def __init__(self, row: Row, formats: Sequence[Format] = FORMATS) -> None:
        """Take a row with rows. formats: what `--format` and `--report` offer."""
        super().__init__(
            row.name,
            params=list(row.options(formats)),
            help=inspect.cleandoc(row.text),
            callback=self._without_command,
            invoke_without_command=True,
            context_settings=_SETTINGS,
        )
        self._module: Final = row.module
        self._formats: Final = formats
        self.rows: Final = {each.name: each for each in row.rows}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table, in which people meet them; click would sort them."""
        del ctx
        return list(self.rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make a command of its row, once; None for one that there is not."""
        del ctx
        row = self.rows.get(cmd_name)
        if row is not None and cmd_name not in self.commands:
            self.commands[cmd_name] = LazyGroup(row, self._formats) if row.rows else _Command(row, self._formats)
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was meant. Raises UsageError (FF001)."""
        name = args[0]
        if name in self.rows or name.startswith("-"):
            return super().resolve_command(ctx, args)
        raise load("flowforge.cli.usage").unknown_command(name, self.rows, ctx.command_path)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options as each command does, and the commands."""
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with the first sentence of its help, of which click would show one line."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(row.name, row.sentence) for row in self.rows.values()])

    def _without_command(self, **options: Any) -> Any:  # noqa: ANN401 -- as click's
        context = click.get_current_context()
        if context.invoked_subcommand is None:
            if self._module:
                return load(self._module).main(**options)
            click.echo(context.get_help())
        elif any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in options):
            message = f"{context.command_path} takes its options alone, without {context.invoked_subcommand}"
            raise click.UsageError(message, context)
        return None
