"""A rotation as one plan and one report, whatever it was written in, and what it adds to the public JSON."""

from dataclasses import replace

from flowforge import run
from flowforge.plan.report import Report, settle
from flowforge.render.document import Document
from flowforge.render.rotation_entry import CanaryRow, RunRow, older_runs_entry, rotation_entry


def together(ended: run.Ended, shown: run.Planned | None) -> tuple[run.Planned, Report]:
    """Return all legs as one plan and one report: of a line that was in several, what became of it last.

    shown: the plan that was shown before; where nothing was written, it is what there is.
    """
    if not ended.legs:
        if shown is None:
            raise AssertionError
        return shown, settle(shown.plan, (), interrupted=ended.interrupted)
    plans, reports = zip(*ended.legs, strict=True)
    changes = {change.address: change for planned in plans for change in planned.plan.changes}
    results = {result.address: result for report in reports for result in report.results}
    last: Report = reports[-1]
    plan = replace(plans[-1].plan, changes=tuple(changes[each] for each in sorted(changes)))
    planned = replace(plans[-1], plan=plan, requests=sum(each.requests for each in plans))
    report = replace(
        last,
        results=tuple(results.values()),
        interrupted=ended.interrupted or any(each.interrupted for each in reports),
        problems=tuple(dict.fromkeys(each for report in reports for each in report.problems)),
        warnings=tuple(dict.fromkeys(each for report in reports for each in report.warnings)),
        untouched=all(each.untouched for each in reports),
        sent=any(each.sent for each in reports),
    )
    return planned, report


def with_problems(report: Report, ended: run.Ended) -> Report:
    """Return a report that has what ended the rotation, too: to people it is told beside the report."""
    more = [each for each in (ended.problem, ended.key.problem) if each is not None]
    return replace(report, problems=(*report.problems, *more))


def entry_of(credential: str, ended: run.Ended) -> Document:
    """Return what the public JSON has of a rotation beside its plan and its report."""
    runs = ended.runs
    return rotation_entry(
        credential,
        ended=ended.finished or ended.overtaken,
        canaries=[CanaryRow(batch, each.repo, each.well, each.said, each.url) for batch, each in ended.canaries],
        exposed=ended.exposed,
        older_runs=older_runs_entry(
            [RunRow(repo, seen.run.id, seen.run.url) for repo, seen in runs.alive],
            [RunRow(repo, seen.run.id, seen.run.url) for repo, seen in runs.cancelled],
            runs.unknown,
            runs.going_on,
        ),
    )
