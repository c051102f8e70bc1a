"""What the rows of a public document come to, counted from the rows alone: its own sums may be anybody's."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from flowforge.plan.action import Action, Reason
from flowforge.plan.change import Counts
from flowforge.plan.report import Outcome
from flowforge.render.audit_sums import AuditSums
from flowforge.render.closing import Sums
from flowforge.render.document import Document
from flowforge.render.status_page import is_well as status_is_well

_GONE: Final = frozenset({Reason.GONE, Reason.NOT_SEEN})
_AS_WANTED: Final = frozenset({Reason.IN_SYNC, Reason.ALREADY_ABSENT})
_UNCHECKED: Final = frozenset({Reason.VALUE_NOT_CHECKED, Reason.NOT_CHECKED})
_WRITES: Final = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})
# What leaves a secret as the manifest wants it.
_SETTLED: Final = frozenset({Outcome.IN_SYNC, Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED})
# How an outcome says that something is still to be done.
TROUBLE: Final = frozenset({Outcome.UNRECORDED, Outcome.FAILED, Outcome.BLOCKED, Outcome.NOT_DONE})


def sums_of(plan: Document) -> Sums:
    """Return what the rows of a plan's document come to."""
    rows = plan["changes"]
    tally: Counter[str] = Counter()
    for row in rows:
        tally.update(counted_as(row))
    counts, expired = Counts(**tally), sum(each["days_left"] <= 0 for each in plan.get("credentials", ()))
    complete = not plan["unresolved"] and not (counts.blocked or counts.not_seen or counts.unread)
    settled = not (counts.writes or counts.drift or counts.left_over or counts.assumed or counts.unchecked)
    # Without a question to GitHub nothing proves that it matches.
    in_sync = complete and settled and not expired and not plan["offline"]
    return Sums(counts, expired, len(plan["unresolved"]), in_sync, complete)


def outcomes_of(report: Document) -> Mapping[Outcome, int]:
    """Return how many rows of a report have each outcome."""
    return Counter(Outcome(row["outcome"]) for row in report["results"])


def is_done(report: Document) -> bool:
    """Return whether all that a report is about was done and recorded, as its rows have it."""
    trouble = TROUBLE & outcomes_of(report).keys()
    return not (trouble or report["errors"] or report["plan"]["unresolved"])


def is_well(document: Document) -> bool:
    """Return whether all is well by a plan, by what an apply did, by an audit or by a status; never by an error."""
    match document["format"]:
        case "flowforge.audit":
            return AuditSums.of(document).is_well and document["complete"] is True
        case "flowforge.plan":
            return sums_of(document).in_sync
        case "flowforge.report":
            unsettled = outcomes_of(document).keys() - _SETTLED
            return is_done(document) and not (unsettled or document["interrupted"] or sums_of(document["plan"]).expired)
        case "flowforge.status":
            return status_is_well(document)
    return False


def counted_as(row: Document) -> Iterable[str]:
    """Yield the fields of Counts that one row of a plan adds to."""
    if row["action"] != Action.NONE:
        yield row["action"]
    elif row["target"] is None:
        yield from _listed_as(row)
    elif row["reason"] == Reason.ASSUMED:
        yield "assumed"
    elif row["reason"] in _AS_WANTED:
        yield "in_sync"
    if row["reason"] in _UNCHECKED:
        yield "unchecked"
    if not row["applicable"]:
        yield "unread"
    if is_reported_drift(row):
        yield "drift"


def is_reported_drift(row: Document) -> bool:
    """Return whether a row says that the secret was changed outside FlowForge, and is left so."""
    return bool(row["drift"] and row["action"] == Action.NONE and row["target"] is not None)


def is_written(row: Document) -> bool:
    """Return whether apply would write the secret of a row."""
    return row["action"] in _WRITES


def _listed_as(row: Document) -> Iterable[str]:
    yield "listed"
    if row["reason"] not in _GONE:
        yield "left_over"
    if row["reason"] == Reason.NOT_SEEN:
        yield "not_seen"
