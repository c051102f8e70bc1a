"""`flowforge demo`: tell the whole story on a sandbox."""

import tempfile
from pathlib import Path

import click

from flowforge.cli.output import Output
from flowforge.demo import Story
from flowforge.errors import ExitCode


@click.command(name="demo")
def command() -> int:
    """Watch a fleet of 25 repositories being brought onto a Claude credential, on a sandbox on this machine."""
    output = Output()
    with tempfile.TemporaryDirectory(prefix="flowforge-demo-") as folder:
        right = Story(Path(folder), lambda text: output.lines([text])).run()
    return ExitCode.DONE if right and not output.broken else ExitCode.ERROR
