"""`flowforge apply`: plan, show, ask, write, recap."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from flowforge import run
from flowforge.cli import plan as plan_command
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output, output_of
from flowforge.cli.plan_file_options import refuse_check, with_flags
from flowforge.cli.recap import recap
from flowforge.cli.request import request
from flowforge.cli.signals import Interruption, interruption
from flowforge.plan.report import Report
from flowforge.render.phrases import count

Apply = Callable[..., tuple[run.Planned, Report | None]]
_APPROVAL: Final = Approval(
    "apply",
    "nothing was written",
    "answer yes to apply, in full; --yes applies without asking",
    "say --yes; plan shows first",
)


def main(
    *,
    planfile: Path | None,
    yes: bool,
    check: bool,
    detailed_exitcode: bool,
    **given: Any,  # noqa: ANN401 -- as for plan
) -> int:
    """Apply, or only plan, and return the exit code."""
    if check:
        refuse_check(planfile)
        return plan_command.plan(given, detailed_exitcode=detailed_exitcode)
    return carry_out(given, planfile, yes=yes)


def carry_out(given: dict[str, Any], planfile: Path | None, *, yes: bool, apply: Apply = run.apply) -> int:
    """Plan, show, ask, write, recap; return the exit code. apply: the flow itself, or one with a part that fails."""
    output = output_of(given, "report")
    with output.explaining(), interruption() as interrupted:
        saved = run.SavedPlan.read(planfile) if planfile is not None else None
        # A plan that was saved was approved with its options, so those are what is planned with again.
        given = with_flags(saved, given) if saved is not None else given
        approved = yes or saved is not None
        if not approved:
            _APPROVAL.require_somebody(output)
        planned, report = apply(
            replace(request(interrupted, given, quiet=output.quiet), asks=not approved),
            show=lambda planned: plan_command.show(planned, output, verbose=given["verbose"]),
            approve=lambda planned: _approve(planned, output, interrupted, yes=approved),
            saved=saved,
        )
        if report is None:
            raise _APPROVAL.refused()
        return recap(planned, report, output, given)


def _approve(planned: run.Planned, output: Output, interrupted: Interruption, *, yes: bool) -> bool:
    if not yes and not _APPROVAL.given(f"Apply {count(len(planned.plan.todo), 'change')}", output):
        return False
    # From here on GitHub may be written to: a signal must let what is in flight be recorded.
    interrupted.finish_first()
    return True
