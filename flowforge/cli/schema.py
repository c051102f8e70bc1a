"""`flowforge schema`: print a JSON Schema."""

from flowforge.cli.output import Output
from flowforge.errors import ExitCode
from flowforge.resources import schema_text


def main(name: str) -> int:
    """Print it, and return the exit code."""
    output = Output(fits=False)
    output.lines([schema_text(name).rstrip("\n")])
    return ExitCode.ERROR if output.broken else ExitCode.DONE
