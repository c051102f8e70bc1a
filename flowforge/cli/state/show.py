"""`flowforge state show`: all that is remembered of a secret or a repo, or the state as a whole."""

from pathlib import Path

from flowforge import run
from flowforge.cli.output import Output
from flowforge.cli.request import plain
from flowforge.errors import ExitCode
from flowforge.render.formats import Format
from flowforge.render.state_view import kept_document, secret_lines, state_lines
from flowforge.state.edit import find


def main(*, named: tuple[str, ...], manifests: tuple[Path, ...], format_: Format) -> int:
    """Print what is remembered, and return the exit code."""
    output = Output(format_)
    with output.explaining():
        kept = run.kept(plain(manifests))
        found = {each: kept.secrets[each] for each in find(kept.secrets, named)}
    output.lines(secret_lines(found) if named else state_lines(kept))
    output.finish(kept_document(kept, found if named else None))
    return ExitCode.ERROR if output.broken else ExitCode.DONE
