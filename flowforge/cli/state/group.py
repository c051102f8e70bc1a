"""`flowforge state`: look at what FlowForge remembers, and mend it."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import click

from flowforge import run
from flowforge.cli import options
from flowforge.cli.output import Output
from flowforge.cli.request import plain
from flowforge.cli.state.rekey import command as rekey
from flowforge.cli.state.transfer import forget, migrate, move, push, unlock
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, quote
from flowforge.plan.address import Address
from flowforge.plan.facts import Remembered
from flowforge.render.state_view import kept_document, list_lines, secret_lines, state_lines
from flowforge.state import edit as forgetting


@click.group(name="state", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Look at what FlowForge remembers, and mend it."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command(name="list")
@options.manifest_option
@options.format_option
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
def list_(*, patterns: tuple[str, ...], manifests: tuple[Path, ...], format_: str) -> int:
    """List the secrets that are remembered.

    With when each was written, since when it holds its value, and whether that is assumed, pending or was changed
    outside. PATTERN is an address, a repo, or a glob of either: 'acme/*', '*/ANTHROPIC_API_KEY'.
    """
    output = Output(format_)
    with output.explaining():
        kept = run.kept(plain(manifests))
    found = {address: each for address, each in kept.secrets.items() if not patterns or _any(patterns, address)}
    say(*(f"warning: nothing that is remembered matches {quote(each)}" for each in _idle(patterns, kept.secrets)))
    output.lines(list_lines(found))
    output.finish(kept_document(kept, found))
    return ExitCode.ERROR if output.broken else ExitCode.DONE


@command.command(name="show")
@options.manifest_option
@options.format_option
@click.argument("named", metavar="[ADDRESS|REPO]...", nargs=-1)
def show(*, named: tuple[str, ...], manifests: tuple[Path, ...], format_: str) -> int:
    """Show all that is remembered of a secret or a repo, or the state as a whole.

    No value is remembered. Of the whole: where it is kept, its serial and lineage, the manifests it is of, and who has
    it locked.
    """
    output = Output(format_)
    with output.explaining():
        kept = run.kept(plain(manifests))
        found = {each: kept.secrets[each] for each in forgetting.find(kept.secrets, named)}
    output.lines(secret_lines(found) if named else state_lines(kept))
    output.finish(kept_document(kept, found if named else None))
    return ExitCode.ERROR if output.broken else ExitCode.DONE


@command.command(name="pull")
@options.manifest_option
def pull(*, manifests: tuple[Path, ...]) -> int:
    """Print the state as it is kept: JSON, as `flowforge schema state` describes it."""
    output = Output()
    data = run.pull(plain(manifests))
    output.lines([data.decode("ascii").rstrip("\n")])
    return ExitCode.ERROR if output.broken else ExitCode.DONE


for each in (forget, move, push, migrate, unlock, rekey):
    command.add_command(each)


def _any(patterns: tuple[str, ...], address: Address) -> bool:
    return any(_fits(pattern, address) for pattern in patterns)


def _fits(pattern: str, address: Address) -> bool:
    names = (str(address).lower(), address.scope.repo.key)
    return pattern.lower() in names or any(fnmatchcase(name, pattern.lower()) for name in names)


def _idle(patterns: tuple[str, ...], secrets: Mapping[Address, Remembered]) -> list[str]:
    return [pattern for pattern in patterns if not any(_fits(pattern, address) for address in secrets)]
