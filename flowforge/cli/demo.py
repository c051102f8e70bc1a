"""`flowforge demo`: tell the whole story on a sandbox."""

import tempfile
from pathlib import Path

import click

from flowforge.cli import options
from flowforge.demo import Story
from flowforge.errors import ExitCode


@click.command(name="demo")
def command() -> int:
    """Watch a fleet being brought onto a Claude credential.

    It has 25 repositories, on a sandbox on this machine.
    """
    output = options.output(format_="text", reports=(), no_color=False, quiet=False)

    def tell(text: str) -> None:
        output.lines(output.style(line, line[:1]) for line in text.split("\n"))

    with tempfile.TemporaryDirectory(prefix="flowforge-demo-") as folder:
        right = Story(Path(folder), tell).run()
    return ExitCode.DONE if right and not output.broken else ExitCode.ERROR
