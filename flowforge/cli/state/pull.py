"""`flowforge state pull`: the state as it is kept."""

from pathlib import Path

from flowforge import run
from flowforge.cli.output import Output
from flowforge.cli.request import plain
from flowforge.errors import ExitCode


def main(*, manifests: tuple[Path, ...]) -> int:
    """Print the state's bytes, and return the exit code."""
    output = Output(fits=False)
    # The bytes as they are kept, so that `push` can put them back. Never through `explaining`: stdout is for the state.
    data = run.pull(plain(manifests))
    output.lines([data.decode("ascii").rstrip("\n")])
    return ExitCode.ERROR if output.broken else ExitCode.DONE
