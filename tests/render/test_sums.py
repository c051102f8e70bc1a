"""What a document comes to, counted from its rows: the same as what made the document says."""

from dataclasses import replace
from datetime import date

from flowforge.errors import ExitCode, Where
from flowforge.plan.action import Why
from flowforge.plan.decide import Plan
from flowforge.plan.expiry import Expiry
from flowforge.plan.facts import Unreadable, Unresolved
from flowforge.plan.report import Outcome, Report, Result, settle
from flowforge.render.closing import closing
from flowforge.render.plan_rows import lines_of
from flowforge.render.results import plan_document, report_document
from flowforge.render.sums import is_done, is_well, outcomes_of, sums_of
from flowforge.render.text import footer
from tests.plan.every_line import decisions

LINES = list(decisions())
EXPIRED = (Expiry("ci-key", date(2026, 10, 10), 0), Expiry("other", date(2026, 12, 10), 9))
UNKNOWN = (Unresolved("T", Where("m", 1, 1), Unreadable(Why.FAILED, "no answer", "try again")),)


def document_of(plan: Plan) -> dict[str, object]:
    """Return a plan as its document."""
    return plan_document(plan, brakes=(), warnings=(), requests=0, to_come=0, eta=0.0, offline=not plan.asked)


def test_a_plan_is_counted_as_it_counts_itself() -> None:
    """For lines of every kind, alone, with an expired credential and with an unknown entry."""
    kinds = {(line.action, line.reason, line.symbol): line for line in LINES}
    plans = [
        plan
        for line in kinds.values()
        for plan in (Plan((line,)), Plan((line,), expiries=EXPIRED), Plan((line,), UNKNOWN), Plan((line,), asked=False))
    ]
    plans += [Plan(()), Plan((), UNKNOWN), Plan(tuple(LINES[:50]))]
    wrong = []
    for plan in plans:
        sums = sums_of(document_of(plan))
        own = (plan.counts, plan.expired, len(plan.unresolved), plan.in_sync, plan.complete)
        if own != (sums.counts, sums.expired, sums.unresolved, sums.in_sync, sums.complete):
            wrong.append(plan)
        assert list(footer(plan)) == list(closing(sums))
    assert [] == wrong


def test_each_line_has_the_sign_of_the_text() -> None:
    """The margin of a row is that of the text's line, wherever that is shown."""
    for line in LINES:
        (row,) = lines_of(document_of(Plan((line,))))
        assert row.sign in {line.symbol, "="}, line


def test_a_report_is_judged_as_it_judges_itself() -> None:
    """All was done, or not, as the exit code has it; all is well only where each secret is as wanted."""
    plan = Plan(tuple(LINES[:40]))
    for outcome in Outcome:
        results = [Result(change.address, outcome) for change in plan.changes[:1]]
        report = settle(Plan(plan.changes[:1]), results, interrupted=False, sent=True)
        document = report_document(report, document_of(Plan(plan.changes[:1])), report.exit_code)
        assert (report.is_complete, report.counts) == (is_done(document), outcomes_of(document))
        settled = {Outcome.IN_SYNC, Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED}
        assert (outcome in settled) == is_well(document), outcome
    done = Report((Result(LINES[0].address, Outcome.CREATED),))
    for other in (replace(done, interrupted=True),):
        assert not is_well(report_document(other, document_of(Plan((LINES[0],))), other.exit_code))
    expired = report_document(done, document_of(Plan((LINES[0],), expiries=EXPIRED)), ExitCode.DONE)
    assert (True, False) == (is_done(expired), is_well(expired))
    assert not is_well({"format": "flowforge.error"})
