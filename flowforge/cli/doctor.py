"""`flowforge doctor`: what is wrong on the way to GitHub, and its probe."""

from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from flowforge import run
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output, output_of
from flowforge.cli.request import plain
from flowforge.cli.signals import interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, printable
from flowforge.plan.address import Repo
from flowforge.plan.probing import PREFIX, Scratch
from flowforge.render.checkup_view import checkup_document, checkup_lines
from flowforge.render.formats import JSON
from flowforge.render.probing import probe_document, probe_lines, scratch_lines

_APPROVAL: Final = Approval("doctor --probe", "nothing was written", "answer yes, in full; --yes probes without asking")
_ASKED: Final = b"stopping: what was created is deleted first"
_ENDED: Final = f"interrupted; the repo may still have what begins with {PREFIX}"


def main(*, probe: Repo | None, manifests: tuple[Path, ...], yes: bool, **given: Any) -> int:  # noqa: ANN401 -- as for plan
    """Look at everything, or probe a repo; return the exit code."""
    if probe is not None:
        return _probe(probe, manifests, yes=yes)
    output = output_of({**given, "manifests": manifests}, "checkup")
    with output.explaining(), interruption() as interrupted:
        checkup = run.doctor(plain(_there(manifests), stop=interrupted.stop), _variables())
    output.lines(checkup_lines(checkup))
    output.finish(checkup_document(checkup))
    return ExitCode.ERROR if output.broken else checkup.exit_code


def _variables() -> frozenset[str]:
    """Return the variables that options of any command have."""
    context = click.get_current_context()
    commands = (context.find_root().command,)
    found: set[str] = set()
    left: list[click.Command] = [*commands]
    while left:
        command = left.pop()
        found |= {each.envvar for each in command.params if isinstance(each.envvar, str)}
        if isinstance(command, click.Group):
            left += (each for name in command.list_commands(context) if (each := command.get_command(context, name)))
    return frozenset(found)


def _probe(probe: Repo, manifests: tuple[Path, ...], *, yes: bool) -> int:
    """Ask, probe, tell people on stderr, print the JSON on stdout, and return the exit code."""
    if not yes:
        # Before GitHub is asked anything: where nobody can answer, nothing of it would be of use.
        _APPROVAL.require_somebody(Output())
    output = Output(JSON)

    def confirm(scratch: Scratch) -> None:
        say(*scratch_lines(scratch))
        if not yes and not _APPROVAL.given(f"Probe {printable(str(scratch.repo))}"):
            raise _APPROVAL.refused()
        # From here on something may be created, so the first Ctrl-C lets it be deleted again.
        interrupted.finish_first(_ASKED, _ENDED)

    with output.explaining(), interruption() as interrupted:
        report = run.probe(plain(_there(manifests), stop=interrupted.stop), probe, confirm)
        say(*probe_lines(report), *report.problems)
        output.finish(probe_document(report, report.exit_code))
    # Whoever was to read the JSON did not get all of it, so 0 would be untrue.
    return ExitCode.ERROR if output.broken and report.exit_code is ExitCode.DONE else report.exit_code


def _there(manifests: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the manifests to sign in by: none where nobody names one, and the usual one is not there."""
    named = click.get_current_context().get_parameter_source("manifests") is not ParameterSource.DEFAULT
    return manifests if named else tuple(each for each in manifests if each.exists())
