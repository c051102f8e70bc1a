"""`flowforge doctor`: so far its probe alone."""

from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from flowforge import run
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output
from flowforge.cli.request import plain
from flowforge.cli.signals import interruption
from flowforge.cli.streams import say
from flowforge.errors import DoctorError, ExitCode, Problem, printable
from flowforge.plan.address import Repo
from flowforge.plan.probing import PREFIX, Scratch
from flowforge.render.formats import JSON
from flowforge.render.probing import probe_document, probe_lines, scratch_lines

_APPROVAL: Final = Approval("doctor --probe", "nothing was written", "answer yes, in full; --yes probes without asking")
_ASKED: Final = b"stopping: what was created is deleted first"
_ENDED: Final = f"interrupted; the repo may still have what begins with {PREFIX}"


def main(*, probe: Repo | None, manifests: tuple[Path, ...], yes: bool) -> int:
    """Ask, probe, tell people on stderr, print the JSON on stdout, and return the exit code."""
    if probe is None:
        why = "its other checks are not there yet"
        fix = "say `flowforge doctor --probe OWNER/REPO` with a scratch repo of yours"
        raise DoctorError(Problem("FF600", "doctor has nothing to do without --probe", why=why, fix=fix))
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
