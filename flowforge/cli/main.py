"""The group of commands, which loads a command's module only when that command is called."""

import difflib
from importlib import import_module
from typing import Final

import click

from flowforge import __version__
from flowforge.errors import Problem, UsageError, quote

# In the order in which people meet them, each with the first sentence of its own help.
_COMMANDS: Final = {
    "init": "Write a commented starter manifest, and the schema for editors.",
    "validate": "Check the manifest.",
    "plan": "Say what GitHub lacks, and what `apply` would do about it.",
    "apply": "Make GitHub match the manifest: plan, show, ask, write, recap.",
    "adopt": "Record secrets that are there already as holding today's value.",
    "state": "Look at what FlowForge remembers, and mend it.",
    "schema": "Print the JSON Schema of manifests, or of what FlowForge writes.",
    "sandbox": "Run a local GitHub to rehearse against, until Ctrl-C.",
    "demo": "Watch a fleet being brought onto a Claude credential.",
}
_ELSEWHERE: Final = {
    "diff": "say `flowforge plan`",
    "preview": "say `flowforge plan`",
    "check": "say `flowforge plan --detailed-exitcode`, or `flowforge validate` for the manifest alone",
    "push": "say `flowforge apply`",
    "up": "say `flowforge apply`",
    "sync": "say `flowforge apply`",
    "destroy": "name the secrets under `absent:` in the manifest, then say `flowforge apply`",
    "import": "name the secret in the manifest, then say `flowforge adopt`",
}


class LazyGroup(click.Group):
    """A group whose commands are modules of this package, imported on use: `--version` and `--help` stay fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the commands in the order in which people meet them."""
        del ctx
        return list(_COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands into the help without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and give a command; None for one that there is not."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"flowforge.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was meant; raises UsageError (FF001)."""
        name = args[0]
        if name in _COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        near = difflib.get_close_matches(name, _COMMANDS, n=1)
        hint = _ELSEWHERE.get(name) or (f"did you mean `flowforge {near[0]}`?" if near else "see `flowforge --help`")
        raise UsageError(Problem("FF001", f"there is no command {quote(name)}", fix=hint))


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", message="flowforge %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Bring GitHub repositories onto the Claude credentials that a manifest says they need.

    A manifest in an ops repo names repositories, credentials and where each value comes from. `plan` says what GitHub
    lacks, `apply` makes it so. Start with `flowforge demo`, or `flowforge init` in an ops repo.

    Exit codes: 0 done or in sync; 1 error, nothing written; 2 changes pending (only with --detailed-exitcode);
    3 some secrets failed or blocked; 4 refused by a safety limit; 5 written but not recorded; 130 interrupted.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
