"""`flowforge apply`: plan, show, ask, write, recap."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from flowforge import run
from flowforge.cli import options
from flowforge.cli import plan as planning
from flowforge.cli.approval import Approval
from flowforge.cli.plan_file_options import with_flags
from flowforge.cli.recap import recap
from flowforge.cli.request import request
from flowforge.cli.signals import Interruption, interruption
from flowforge.errors import Problem, UsageError
from flowforge.plan.report import Report
from flowforge.render.phrases import count

Apply = Callable[..., tuple[run.Planned, Report | None]]
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
    return carry_out(given, planfile, yes=yes)


def carry_out(given: dict[str, Any], planfile: Path | None, *, yes: bool, apply: Apply = run.apply) -> int:
    """Plan, show, ask, write, recap; returns the exit code. apply: the flow itself, or one with a part that fails."""
    output = options.output(**{name: given[name] for name in ("format_", "reports", "no_color", "quiet", "manifests")})
    with output.explaining(), interruption() as interrupted:
        saved = run.SavedPlan.read(planfile) if planfile is not None else None
        given = with_flags(saved, given) if saved is not None else given
        approved = yes or saved is not None
        if not approved:
            _APPROVAL.require_somebody(output)
        planned, report = apply(
            replace(request(interrupted, given, quiet=output.quiet), asks=not approved),
            show=lambda planned: planning.show(planned, output, verbose=given["verbose"]),
            approve=lambda planned: _approve(planned, interrupted, yes=approved),
            saved=saved,
        )
        if report is None:
            raise _APPROVAL.refused()
        return recap(planned, report, output, given)


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
