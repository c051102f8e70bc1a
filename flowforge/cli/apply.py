"""`flowforge apply`: plan, show, ask, write, recap."""

import sys
from dataclasses import replace
from typing import Any, Final

import click

from flowforge import run
from flowforge.cli import options
from flowforge.cli import plan as planning
from flowforge.cli.output import Output
from flowforge.cli.request import request
from flowforge.cli.signals import Interruption, interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, Problem, UsageError
from flowforge.plan.report import Report
from flowforge.render.results import report_document
from flowforge.render.text import report_lines
from flowforge.render.words import count

_APPROVE: Final = "answer yes to apply, in full; --yes applies without asking"


@click.command(name="apply")
@options.planning_options
@click.option("--yes", "--auto-approve", "yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@options.option("--check", is_flag=True, help="Only plan.")
@options.option("--keep-going", is_flag=True, help="Write the other secrets when a value cannot be had.")
@options.option("--detailed-exitcode", is_flag=True, help="With --check: as for plan.")
def command(*, yes: bool, check: bool, detailed_exitcode: bool, **given: Any) -> int:  # noqa: ANN401 -- as for plan
    """Make GitHub match the manifest: plan, show, ask, write, recap."""
    if check:
        return planning.plan(given, detailed_exitcode=detailed_exitcode)
    output = options.output(**{name: given[name] for name in ("format_", "reports", "no_color", "quiet", "manifests")})
    with output.explaining(), interruption() as interrupted:
        if not yes:
            _require_somebody_to_ask(output)
        planned, report = run.apply(
            replace(request(interrupted, given, quiet=output.quiet), asks=not yes),
            show=lambda planned: planning.show(planned, output, verbose=given["verbose"]),
            approve=lambda planned: _approve(planned, interrupted, yes=yes),
        )
        if report is None:
            raise UsageError(Problem("FF013", "apply was not approved", why="nothing was written", fix=_APPROVE))
        return _recap(planned, report, output, verbose=given["verbose"])


def _require_somebody_to_ask(output: Output) -> None:
    why = "stdout is for JSON, so the plan is not shown" if output.format == "json" else ""
    why = why if sys.stdin.isatty() else "stdin is not a terminal"
    if why:
        raise UsageError(Problem("FF008", "apply cannot ask for approval", why=why, fix="say --yes; plan shows first"))


def _approve(planned: run.Planned, interrupted: Interruption, *, yes: bool) -> bool:
    if not yes:
        say("", f"Apply {count(len(planned.plan.todo), 'change')}? Only 'yes' is accepted.")
        if _answer() != "yes":
            return False
    interrupted.finish_first()
    return True


def _answer() -> str:
    try:
        return input()
    except EOFError:
        return ""


def _recap(planned: run.Planned, report: Report, output: Output, *, verbose: bool) -> ExitCode:
    output.lines(report_lines(report, verbose=verbose, style=output.style))
    if report.interrupted:
        say("interrupted; what was written is recorded, and the next plan knows the rest")
    output.finish(report_document(report, planning.document(planned), report.exit_code))
    return report.exit_code
