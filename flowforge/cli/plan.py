"""`flowforge plan`: say what apply would do."""

import os
from functools import partial
from pathlib import Path
from typing import Any

from flowforge import run
from flowforge.ci_event import commit_of_run
from flowforge.cli import plan_file_options as saving
from flowforge.cli.output import Output, output_of
from flowforge.cli.request import request
from flowforge.cli.signals import interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, Problem, UsageError, printable
from flowforge.on_demand import load
from flowforge.render.audit_notes import audit_notes
from flowforge.render.document import Document
from flowforge.render.repo_list_view import roll_document, roll_lines
from flowforge.render.results import plan_document
from flowforge.render.text import after_plan, known_lists, plan_lines


def main(*, detailed_exitcode: bool, list_repos: bool, offline: bool, out: Path | None, **given: Any) -> int:  # noqa: ANN401 -- click hands every option by name
    """Plan, or list the repos, and return the exit code."""
    if offline:
        _require_alone(list_repos=list_repos, out=out, accept_drift=given["accept_drift"])
    if list_repos:
        return roll(given)
    return plan(given, detailed_exitcode=detailed_exitcode, out=out, offline=offline)


def plan(given: dict[str, Any], *, detailed_exitcode: bool, out: Path | None = None, offline: bool = False) -> int:
    """Plan, print, save, and return the exit code. `apply --check` comes here too."""
    output = output_of(given, "plan")
    with output.explaining(), interruption() as interrupted:
        # Before anything is asked: a plan of a large fleet takes minutes, and would be lost in the end.
        if out is not None:
            saving.require_destination(out, given["manifests"], (path for _, path in output.reports))
        asked = request(interrupted, given, quiet=output.quiet)
        planned, save = (run.plan_offline(asked), None) if offline else run.plan_to_save(asked)
        show(planned, output, verbose=given["verbose"])
        if out is not None and save is not None:
            saving.write(save(), out, quiet=output.quiet)
    # Outside of `explaining`, which has nothing to add to a result that is complete.
    shown = document(planned)
    output.finish(shown)
    code = exit_code(planned, detailed=detailed_exitcode, require_values=given["require_values"])
    code = ExitCode.ERROR if output.broken else code
    output.conclude(shown, code, out)
    return code


def _require_alone(*, list_repos: bool, out: Path | None, accept_drift: bool) -> None:
    """Refuse what a plan that asks nobody cannot give. Raises UsageError FF031."""
    if out is not None:
        why = "it has not seen what it would change, so nobody can approve it"
        what, fix = "a plan that is made offline cannot be saved", "save one that is made with a token"
        raise UsageError(Problem("FF031", what, why=why, fix=fix))
    if list_repos:
        why, fix = "GitHub alone can say which repos a selector finds", "leave out one of the two"
        raise UsageError(Problem("FF031", "--list-repos cannot be told offline", why=why, fix=fix))
    if accept_drift:
        why, fix = "GitHub alone can say what was changed outside", "leave out one of the two"
        raise UsageError(Problem("FF031", "--accept-drift means nothing offline", why=why, fix=fix))


def roll(given: dict[str, Any]) -> int:
    """Print which repos are chosen."""
    output = output_of(given, "repos")
    with output.explaining(), interruption() as interrupted:
        found = run.list_repos(request(interrupted, given, quiet=output.quiet))
    if not output.quiet:
        say(*(f"warning: {printable(warning)}" for warning in found.warnings))
    output.lines(roll_lines(found))
    output.finish(roll_document(found))
    if output.broken:
        return ExitCode.ERROR
    return ExitCode.PARTIAL if found.unresolved else ExitCode.DONE


def show(planned: run.Planned, output: Output, *, verbose: bool) -> None:
    """Show a plan to people: its warnings on stderr, then its lines. From now on an error document has the plan too."""
    output.plan = partial(document, planned)
    if not output.quiet:
        say(*(f"warning: {printable(warning)}" for warning in planned.warnings))
    output.lines(plan_lines(planned.plan, verbose=verbose, style=output.style))
    output.lines(after_plan(planned.brakes, planned.requests, planned.to_come, planned.eta, offline=planned.offline))
    output.lines(known_lists(*planned.known_lists) if verbose else ())
    output.lines(audit_notes(audit_entries(planned) or ()))


def document(planned: run.Planned) -> Document:
    """Return a plan as the public JSON."""
    return plan_document(
        planned.plan,
        brakes=planned.brakes,
        warnings=planned.warnings,
        requests=planned.requests,
        to_come=planned.to_come,
        eta=planned.eta,
        known_lists=planned.known_lists,
        offline=planned.offline,
        host=planned.host,
        commit=commit_of_run(os.environ),
        audit=audit_entries(planned),
    )


def audit_entries(planned: run.Planned) -> list[Document] | None:
    """Return the errors of the audit as public JSON, each with its repo; None where no audit was asked for."""
    if planned.audits is None:
        return None
    repos = load("flowforge.audit.document").audit_body(planned.audits)["repos"]
    return [
        {"repo": repo["repo"], **finding}
        for repo in repos
        for finding in repo["findings"]
        if finding["level"] == "error"
    ]


def exit_code(planned: run.Planned, *, detailed: bool, require_values: bool) -> ExitCode:
    """Return what a plan that was made and told ends with.

    detailed: whether there is a code for changes; then 0 is said only of what was seen whole. require_values: whether
    values that were not read, by whatever choice, are trouble.
    """
    plan = planned.plan
    if detailed and plan.has_changes:
        return ExitCode.CHANGES
    unread = require_values and bool(plan.counts.unchecked + plan.counts.unread)
    return ExitCode.PARTIAL if plan.blocked or unread or (detailed and not plan.complete) else ExitCode.DONE
