"""`flowforge matrix`: a job for each owner, for a workflow's matrix."""

import json
from pathlib import Path
from typing import Any

from flowforge import run
from flowforge.cli.output import Output
from flowforge.cli.request import request
from flowforge.cli.runner_files import give_output
from flowforge.cli.signals import interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, printable
from flowforge.render.repo_list_view import unresolved_lines


def main(*, manifests: tuple[Path, ...], quiet: bool, **given: Any) -> int:  # noqa: ANN401 -- click hands every option by name
    """Print the matrix, give it to the runner, and return the exit code."""
    output = Output(fits=False)
    with output.explaining(), interruption() as interrupted:
        found = run.list_owners(request(interrupted, {**_ALL, **given, "manifests": manifests}, quiet=quiet))
    if not quiet:
        say(*(f"warning: {printable(warning)}" for warning in found.warnings), *unresolved_lines(found.unresolved))
    include = [{"owner": owner, "repos": count} for owner, count in found.owners]
    text = json.dumps({"include": include})
    output.lines([text])
    # A job that is missing would be an owner whose secrets nobody writes, behind a green check.
    if found.unresolved or output.broken:
        return ExitCode.PARTIAL if found.unresolved else ExitCode.ERROR
    give_output("matrix", text)
    return ExitCode.DONE


# What the options of a plan would be, of which this command has few.
_ALL = {"limit": (), "exclude": (), "tags": (), "skip_values": True, "verbose": False}
