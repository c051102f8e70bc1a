"""`flowforge schema`: print a JSON Schema."""

import click

from flowforge.cli.output import Output
from flowforge.errors import ExitCode
from flowforge.resources import SCHEMAS, schema_text


@click.command(name="schema")
@click.argument("name", type=click.Choice(tuple(SCHEMAS)), default="manifest")
def command(name: str) -> int:
    """Print the JSON Schema of manifests, or of what FlowForge writes."""
    output = Output()
    output.lines([schema_text(name).rstrip("\n")])
    return ExitCode.ERROR if output.broken else ExitCode.DONE
