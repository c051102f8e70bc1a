"""`flowforge apply`: plan, show, ask, write, recap."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from flowforge import run
from flowforge.cli import options
from flowforge.cli import plan as planning
from flowforge.cli.asking import Approval
from flowforge.cli.output import Output
from flowforge.cli.request import request
from flowforge.cli.saved import with_flags
from flowforge.cli.signals import Interruption, interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, Problem, UsageError, printable
from flowforge.plan.report import Outcome, Report
from flowforge.render.results import report_document
from flowforge.render.text import report_lines
from flowforge.render.words import count

_UNDONE: Final = frozenset({Outcome.FAILED, Outcome.NOT_DONE})
# More repos than this make no command that a person would copy; apply tries again only what is left anyway.
_READABLE: Final = 20
_APPROVAL: Final = Approval(
    "apply",
    "nothing was written",
    "answer yes to apply, in full; --yes applies without asking",
    "say --yes; plan shows first",
)


@click.command(name="apply")
@click.argument("planfile", required=False, type=click.Path(path_type=Path))
@options.planning_options
@click.option("--yes", "--auto-approve", "yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@options.option("--check", is_flag=True, help="Only plan.")
@options.lock_option
@options.option("--detailed-exitcode", is_flag=True, help="With --check: as for plan.")
def command(
    *,
    planfile: Path | None,
    yes: bool,
    check: bool,
    detailed_exitcode: bool,
    **given: Any,  # noqa: ANN401 -- as for plan
) -> int:
    """Make GitHub match the manifest: plan, show, ask, write, recap.

    With a PLANFILE of `plan --out`, carry out that plan: it was approved, so nobody is asked. Everything is planned
    again with the options that it was made with, and nothing is written unless that comes to the same.
    """
    if check:
        return _check(given, planfile, detailed_exitcode=detailed_exitcode)
    output = options.output(**{name: given[name] for name in ("format_", "reports", "no_color", "quiet", "manifests")})
    with output.explaining(), interruption() as interrupted:
        saved = run.SavedPlan.read(planfile) if planfile is not None else None
        given = with_flags(saved, given) if saved is not None else given
        approved = yes or saved is not None
        if not approved:
            _APPROVAL.require_somebody(output)
        planned, report = run.apply(
            replace(request(interrupted, given, quiet=output.quiet), asks=not approved),
            show=lambda planned: planning.show(planned, output, verbose=given["verbose"]),
            approve=lambda planned: _approve(planned, interrupted, yes=approved),
            saved=saved,
        )
        if report is None:
            raise _APPROVAL.refused()
        return _recap(planned, report, output, given)


def _check(given: dict[str, Any], planfile: Path | None, *, detailed_exitcode: bool) -> int:
    if planfile is not None:
        fix = "leave out one of the two"
        raise UsageError(Problem("FF023", "--check plans anew, and a saved plan is only applied", fix=fix))
    return planning.plan(given, detailed_exitcode=detailed_exitcode)


def _approve(planned: run.Planned, interrupted: Interruption, *, yes: bool) -> bool:
    if not yes and not _APPROVAL.given(f"Apply {count(len(planned.plan.todo), 'change')}"):
        return False
    interrupted.finish_first()
    return True


def _recap(planned: run.Planned, report: Report, output: Output, given: Mapping[str, Any]) -> ExitCode:
    output.lines(report_lines(report, verbose=given["verbose"], style=output.style))
    if report.interrupted:
        say("interrupted; what was written is recorded, and the next plan knows the rest")
    elif not output.quiet:
        say(*_again(report, given))
    output.finish(report_document(report, planning.document(planned), report.exit_code))
    return report.exit_code


def _again(report: Report, given: Mapping[str, Any]) -> Iterator[str]:
    """Give the command that tries again what failed alone, where the rest was done and it is not too long to read.

    It has what says which lines are planned, and no flag that admits what apply refuses: that is said each time.
    """
    failed = {result.address.scope.repo for result in report.results if result.outcome in _UNDONE}
    if report.exit_code is ExitCode.PARTIAL and 0 < len(failed) <= _READABLE:
        manifests = tuple(map(str, given["manifests"]))
        words = [word for path in manifests if manifests != ("flowforge.yaml",) for word in ("-m", path)]
        words += [word for repo in sorted(failed) for word in ("--limit", str(repo))]
        words += [word for tag in given["tags"] for word in ("--tags", tag)]
        words += [f"--{name.replace('_', '-')}" for name in ("prune", "prove", "keep_going") if given[name]]
        yield f"what failed alone: flowforge apply {printable(shlex.join(words))}"
