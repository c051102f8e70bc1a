"""Documents of plans and reports, of any size, made of our own parts: what the page is tried with."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import cycle, islice
from typing import Final

from flowforge.errors import ExitCode, Problem, Where
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.expiry import Expiry
from flowforge.plan.facts import Known, Presence, Unreadable, Unresolved, Wanted
from flowforge.plan.report import Outcome, Report, Result
from flowforge.plan.safety import Brake
from flowforge.render.document import Document
from flowforge.render.recap import report_lines
from flowforge.render.results import plan_document, report_document
from flowforge.render.text import after_plan, plan_lines

TARGETS: Final = ("Reviews", "Production", "Experiments")
SEEN_AT: Final = "2026-11-02T09:15:00Z"
# What a line can be: action, reason, detail, fix, drift.
_KINDS: Final = (
    (Action.NONE, Reason.IN_SYNC, "", "", False),
    (Action.CREATE, Reason.MISSING, "", "", False),
    (Action.UPDATE, Reason.VALUE_CHANGED, "", "", False),
    (Action.NONE, Reason.IN_SYNC, "", "", False),
    (Action.UPDATE, Reason.CHANGED_OUTSIDE, "", "", True),
    (Action.DELETE, Reason.DECLARED_ABSENT, "", "", False),
    (Action.BLOCKED, Reason.UNREADABLE, "archived", "unarchive it, or take it out of the manifest", False),
)
_SERVICES: Final = ("api", "billing", "search", "mail", "web", "infra", "docs")
_OUTCOMES: Final = {
    Action.CREATE: Outcome.CREATED,
    Action.UPDATE: Outcome.UPDATED,
    Action.DELETE: Outcome.DELETED,
    Action.NONE: Outcome.IN_SYNC,
    Action.BLOCKED: Outcome.BLOCKED,
}


def changes(number: int, targets: Sequence[str] = TARGETS) -> Iterator[Change]:
    """Yield so many lines of a plan, of every kind in turn."""
    for index, (action, reason, detail, fix, drift) in enumerate(islice(cycle(_KINDS), number)):
        repo = Repo.parse(f"acme/{_SERVICES[index % 7]}-{index:04}")
        store = Store.DEPENDABOT if index % 5 == 0 else Store.ACTIONS
        address = Address(Scope(repo, store, "" if index % 11 or store is not Store.ACTIONS else "production"), "KEY")
        address = replace(address, secret="ANTHROPIC_API_KEY")
        target = targets[index * len(targets) // number]
        where = Where("flowforge.yaml", 12 + index % 40, 5)
        wanted = Wanted(
            address, Presence.PRESENT, target, where, "ci-key", "anthropic_api_key", Known("hmac-sha256:aa")
        )
        why = Why.ARCHIVED if action is Action.BLOCKED else None
        yield Change(
            address, action, reason, why, detail, fix, wanted, None, "" if action is Action.CREATE else SEEN_AT, drift
        )


def plan(number: int, targets: Sequence[str] = TARGETS) -> Plan:
    """Return a plan of so many lines."""
    unresolved = (Unresolved("target Experiments", Where("flowforge.yaml", 31, 5), Unreadable(Why.NO_PERMISSION)),)
    return Plan(tuple(changes(number, targets)), unresolved, expiries=(Expiry("ci-key", date(2026, 12, 24), 26),))


def of_plan(number: int, targets: Sequence[str] = TARGETS) -> tuple[Document, list[str]]:
    """Return the document of a plan, and its lines for people."""
    made = plan(number, targets)
    brakes = [Brake("FF501", "it would delete 3 secrets", "--allow-deletes", "run apply with --allow-deletes 3")]
    warnings = ["ci-key expires in 26 days; platform-team looks after it"]
    document = plan_document(made, brakes=brakes, warnings=warnings, requests=40, to_come=31, eta=62.0)
    return document, [*plan_lines(made, verbose=False), *after_plan(brakes, 40, 31, 62.0)]


def of_report(number: int, targets: Sequence[str] = TARGETS) -> tuple[Document, list[str]]:
    """Return the document of an apply's report in which one write failed, and its lines for people."""
    made = plan(number, targets)
    refused = Problem("FF310", "GitHub refused the write", "acme", "403 Forbidden", "give the token that permission")
    first = next(change for change in made.changes if change.action is Action.CREATE)
    results = tuple(
        Result(change.address, Outcome.FAILED, refused)
        if change is first
        else Result(change.address, _OUTCOMES[change.action], hindrance=change.hindrance, fix=change.remedy)
        for change in made.changes
    )
    report = Report(results)
    planned, _ = of_plan(number, targets)
    return report_document(report, planned, ExitCode.PARTIAL), list(report_lines(report, made, verbose=False))
