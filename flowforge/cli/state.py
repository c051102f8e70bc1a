"""`flowforge state`: mend what FlowForge remembers."""

import os
from pathlib import Path
from typing import Final

import click

from flowforge import run
from flowforge.cli import options
from flowforge.cli.asking import Approval
from flowforge.cli.output import Output
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, printable
from flowforge.render.words import count
from flowforge.steps import forget as forgetting

_APPROVAL: Final = Approval("forget", "nothing was forgotten", "answer yes, in full; --yes forgets without asking")


@click.group(name="state", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Mend what FlowForge remembers."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command(name="forget")
@options.manifest_option
@click.argument("named", metavar="ADDRESS|REPO...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
def forget(*, named: tuple[str, ...], manifests: tuple[Path, ...], yes: bool) -> int:
    """Forget a secret, or all of a repo.

    Changes nothing on GitHub: the next plan takes it for a secret that FlowForge never wrote. A repo that was deleted
    and made again under its name gets secrets only after this.
    """
    output = Output()
    if not yes:
        _APPROVAL.require_somebody(output)
    with run.held(run.Request(manifests, dict(os.environ))) as memory:
        found = forgetting.find(memory.state, named)
        if not yes:
            say(*(printable(str(address)) for address in found))
            if not _APPROVAL.given(f"Forget {count(len(found), 'secret')}"):
                raise _APPROVAL.refused()
        forgetting.forget(memory, found)
    output.lines(f"Forgotten: {printable(str(address))}" for address in found)
    return ExitCode.ERROR if output.broken else ExitCode.DONE
