"""The public JSON of a plan and of apply's report: schemas/plan.schema.json and report.schema.json."""

from collections.abc import Iterable, Sequence

from flowforge.errors import ExitCode, printable
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.difference import Difference, differences
from flowforge.plan.expiry import Expiry
from flowforge.plan.report import Report, Result
from flowforge.plan.safety import Brake
from flowforge.render.access import access_entry, place_entry
from flowforge.render.document import ANSWERS, Document, head, problem_entry
from flowforge.render.repo_list_view import unresolved_entry


def plan_document(
    plan: Plan,
    *,
    brakes: Sequence[Brake],
    warnings: Sequence[str],
    requests: int,
    to_come: int,
    eta: float,
    known_lists: tuple[int, int] = (0, 0),
    offline: bool = False,
    host: str = "",
    commit: str = "",
    audit: Sequence[Document] | None = None,
) -> Document:
    """Return the document of a plan. requests: how many it took. to_come: how many apply will take.

    known_lists: how many lists were asked for that an earlier run knew, and how many of them were unchanged. host: the
    one that has the repos. commit: the one that the run is for; empty outside of CI. audit: what will fail in workflows
    of the repos that it writes; None where they were not read.
    """
    # Neither a value nor a fingerprint is in it: a plan is pasted into pull requests.
    counts = plan.counts
    return {
        **head("plan", host),
        "commit": printable(commit) or None,
        "has_changes": plan.has_changes,
        "in_sync": plan.in_sync,
        "complete": plan.complete,
        "proven": plan.proven,
        "counts": {name: getattr(counts, name) for name in counts.__slots__},
        "requests": requests,
        "requests_to_come": to_come,
        "known_lists": _known(*known_lists),
        # An estimate: more digits would promise what nobody knows.
        "eta_seconds": round(eta, 1),
        "offline": offline,
        "changes": list(map(_change, plan.changes, differences(plan.changes))),
        "credentials": [_expiry(each) for each in plan.expiries],
        "unresolved": [unresolved_entry(each) for each in plan.unresolved],
        "brakes": [
            {"code": brake.code, "what": printable(brake.what), "flag": brake.flag, "fix": printable(brake.fix)}
            for brake in brakes
        ],
        "warnings": [printable(warning) for warning in warnings],
        "audit": None if audit is None else list(audit),
    }


def report_document(report: Report, plan: Document, exit_code: ExitCode, rotation: Document | None = None) -> Document:
    """Return the document of what apply did, with the plan that it carried out. rotation: the entry of `rotate`."""
    return {
        **head("report", plan["host"] or ""),
        **{name: plan[name] for name in ANSWERS},
        "exit_code": int(exit_code),
        "interrupted": report.interrupted,
        # Sorted, so that two reports of the same outcomes differ in nothing.
        "counts": {outcome.value: number for outcome, number in sorted(report.counts.items())},
        "results": [_result(result) for result in report.results],
        "recap": {
            printable(repo): {outcome.value: number for outcome, number in sorted(tally.items())}
            for repo, tally in report.recap().items()
        },
        "errors": [problem_entry(problem) for problem in report.problems],
        "warnings": [printable(warning) for warning in report.warnings],
        **({} if rotation is None else {"rotation": rotation}),
        "plan": plan,
    }


def _known(asked: int, unchanged: int) -> Document:
    # The share is what to watch: it falls to nothing on the day on which GitHub's ETags cannot be computed any more.
    return {"asked": asked, "unchanged": unchanged, "share": round(unchanged / asked, 4) if asked else None}


def _expiry(expiry: Expiry) -> Document:
    return {
        "name": printable(expiry.name),
        "expires_at": expiry.expires_at.isoformat(),
        "days_left": expiry.days_left,
    }


def _change(change: Change, differing: Iterable[Difference]) -> Document:
    scope, wanted = change.address.scope, change.wanted
    return {
        "address": printable(str(change.address)),
        **place_entry(scope),
        "store": scope.store.value,
        "environment": printable(scope.environment) or None,
        "secret": printable(change.address.secret),
        "action": change.action.value,
        "reason": change.reason.value,
        "why": change.why.value if change.why else None,
        "sentence": printable(change.sentence),
        "fix": printable(change.remedy) or None,
        "credential": printable(wanted.credential) if wanted and wanted.credential else None,
        "target": printable(wanted.target) if wanted else None,
        "where": printable(str(wanted.where)) if wanted else None,
        "new_to": printable(wanted.new_to) if wanted and wanted.new_to else None,
        "updated_at": change.seen_at or None,
        "drift": change.drift,
        "accepted": change.accepts,
        "applicable": change.applicable,
        "input_missing": change.input_missing,
        "differences": [
            {"field": item.field, "before": printable(item.before) or None, "after": printable(item.after) or None}
            for item in differing
        ],
        "access": access_entry(change.access) if change.access else None,
    }


def _result(result: Result) -> Document:
    return {
        "address": printable(str(result.address)),
        **place_entry(result.address.scope),
        "store": result.address.scope.store.value,
        "environment": printable(result.address.scope.environment) or None,
        "secret": printable(result.address.secret),
        "outcome": result.outcome.value,
        "sentence": printable(result.hindrance) or None,
        "fix": printable(result.fix) or None,
        "error": problem_entry(result.problem) if result.problem else None,
        "notes": list(result.notes),
    }
