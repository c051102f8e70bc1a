"""`flowforge apply`: plan, show, ask, write, recap."""

import sys
from typing import Any

import click

from flowforge import run
from flowforge.cli import options
from flowforge.cli import plan as planning
from flowforge.cli.output import Output, say
from flowforge.cli.request import request
from flowforge.cli.signals import Interruption, interruption
from flowforge.errors import ExitCode, Problem, UsageError
from flowforge.plan.report import Report
from flowforge.render.results import report_document
from flowforge.render.text import report_lines
from flowforge.render.words import count


@click.command(name="apply")
@options.planning_options
@click.option("--yes", "--auto-approve", "yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@click.option("--check", is_flag=True, help="Only plan.")
@click.option("--keep-going", is_flag=True, help="Write the other secrets when a value cannot be had.")
@click.option("--detailed-exitcode", is_flag=True, help="With --check: as for plan.")
def command(*, yes: bool, check: bool, detailed_exitcode: bool, **given: Any) -> int:  # noqa: ANN401 -- as for plan
    """Make GitHub match the manifest: plan, show, ask, write, recap."""
    if check:
        return planning.plan(given, detailed_exitcode=detailed_exitcode)
    if not yes and not sys.stdin.isatty():
        raise UsageError(
            Problem("FF008", "apply cannot ask for approval: stdin is not a terminal", fix="say --yes, or plan first")
        )
    output = options.output(
        format_=given["format_"], reports=given["reports"], no_color=given["no_color"], quiet=given["quiet"]
    )
    with interruption() as interrupted:
        planned, report = run.apply(
            request(interrupted, given, quiet=output.quiet),
            show=lambda planned: planning.show(planned, output, verbose=given["verbose"]),
            approve=lambda planned: _approve(planned, interrupted, yes=yes),
        )
    if report is None:
        say("apply was cancelled; nothing was written")
        return ExitCode.ERROR
    return _recap(planned, report, output, verbose=given["verbose"])


def _approve(planned: run.Planned, interrupted: Interruption, *, yes: bool) -> bool:
    if not yes:
        say("", f"Apply {count(len(planned.plan.todo), 'change')}? Only 'yes' is accepted.")
        if input().strip() != "yes":
            return False
    interrupted.finish_first()
    return True


def _recap(planned: run.Planned, report: Report, output: Output, *, verbose: bool) -> ExitCode:
    lines = list(report_lines(report, verbose=verbose, style=output.style))
    if output.format == "text":
        output.lines(lines)
    if report.interrupted:
        say("interrupted; what was written is recorded, and the next plan knows the rest")
    document = report_document(report, planning.document(planned), report.exit_code)
    output.finish(document, [*planning.text(planned, verbose=verbose), *report_lines(report, verbose=verbose)])
    return report.exit_code
