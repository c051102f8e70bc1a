"""The plan and the recap as text, for a terminal and a CI log."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from flowforge.errors import Problem, printable
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Scope
from flowforge.plan.change import Change, Counts
from flowforge.plan.decide import Plan
from flowforge.plan.difference import Difference, differences
from flowforge.plan.report import RECAP, Outcome, Report, Result
from flowforge.plan.safety import Brake
from flowforge.render.access import viewer_lines
from flowforge.render.phrases import count, duration
from flowforge.render.repo_list_view import unresolved_lines
from flowforge.render.style import Style, plain

# Reasons with nothing to do and nothing to decide: thousands of these lines would hide the few that matter.
_SETTLED: Final = frozenset({Reason.IN_SYNC, Reason.ASSUMED, Reason.ALREADY_ABSENT, Reason.GONE, Reason.NOT_CHECKED})


def plan_lines(plan: Plan, *, verbose: bool, style: Style = plain) -> Iterable[str]:
    """Yield the lines of a plan and the sentence that sums it up."""
    lines = list(change_lines(plan, verbose=verbose, style=style))
    yield from lines
    if lines:
        yield ""
    yield from footer(plan)


def change_lines(plan: Plan, *, verbose: bool, style: Style = plain) -> Iterable[str]:
    """Yield the lines of a plan, one for each secret. verbose: whether secrets in sync are shown too."""
    shown = [change for change in plan.changes if verbose or not _quiet(change)]
    cells = [_cells(change) for change in shown]
    widths = [max((len(row[column]) for row in cells), default=0) for column in range(4)]
    lines = zip(shown, cells, differences(shown), [*shown, None][1:], strict=True)
    for change, row, differing, following in lines:
        padded = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        yield style(f"{change.symbol} {padded}  {printable(change.sentence)}{_suffix(change)}", change.symbol)
        yield from (f"    {_difference(item)}" for item in differing if item.before or item.after)
        yield from (f"    {printable(line)}" for line in viewer_lines(change))
        # What helps several secrets in a row is said once, below the last.
        if _fix(change) and (following is None or _fix(following) != _fix(change)):
            yield f"    fix: {printable(_fix(change))}"
    yield from (style(line, "!") for line in unresolved_lines(plan.unresolved))


def _quiet(change: Change) -> bool:
    """Return whether a line says nothing new: in sync, or only removed from the state."""
    settled = change.reason in _SETTLED
    # Without drift nobody knows of a change, and the footer counts the values that were not checked.
    unchecked = change.reason is Reason.VALUE_NOT_CHECKED and not change.drift
    return (settled or unchecked) and not change.relabels


def _cells(change: Change) -> tuple[str, str, str, str]:
    """Return the cells of a line. The place is shown only if it is not the usual one, the Actions secrets of a repo."""
    scope, credential = change.address.scope, change.wanted.credential if change.wanted else ""
    # A line about access is a second one for the same secret, so it must not look like its value's.
    credential = "access" if change.access else credential
    place = "" if scope == Scope(scope.repo) and not scope.repo.is_organization else scope.place
    return printable(str(scope.repo)), printable(place), printable(change.address.secret), printable(credential)


def _fix(change: Change) -> str:
    # Only what is blocked needs somebody to act; for the rest the fix is apply itself.
    return change.fix if change.action is Action.BLOCKED else ""


def _suffix(change: Change) -> str:
    new = f"; new to {printable(change.wanted.new_to)}" if change.wanted and change.wanted.new_to else ""
    return f"{new}{_left_open(change)}"


def _left_open(change: Change) -> str:
    if not change.applicable:
        return "; cannot be applied without its value"
    if change.accepts:
        return "; recorded as it is (--accept-drift)"
    if change.reported_drift and change.reason is Reason.VALUE_NOT_CHECKED:
        return "; changed outside FlowForge"
    if change.reported_drift:
        return "; left as it is (on_drift: report)"
    return ""


def _difference(difference: Difference) -> str:
    before, after = (printable(text) or "missing" for text in (difference.before, difference.after))
    return f"{difference.field}: {before} -> {after}"


def footer(plan: Plan) -> Iterable[str]:
    """Yield the sentence that sums a plan up, and whether it is incomplete."""
    counts = plan.counts
    if plan.proven:
        yield "No changes. GitHub matches the manifest."
        return
    # "No changes." alone is said only if GitHub is proven to match: what was not seen may differ.
    if counts.writes:
        yield f"Plan: {_totals(counts)}."
    else:
        yield f"No changes found; {_open_ends(plan) or 'nothing is wanted'}."
    if not plan.complete:
        yield "The plan is incomplete: see the lines above."


def _totals(counts: Counts) -> str:
    parts = [
        f"{counts.create} to create",
        f"{counts.update} to update",
        f"{counts.delete} to delete",
        f"{counts.in_sync} in sync",
    ]
    return ", ".join([*parts, *_extras(counts)])


def _extras(counts: Counts) -> Iterable[str]:
    named = (
        (counts.assumed, "assumed"),
        (counts.drift, "drifting"),
        (counts.blocked, "blocked"),
        (counts.unchecked, "value not checked" if counts.unchecked == 1 else "values not checked"),
        (counts.listed, "no longer in the manifest"),
    )
    return (f"{number} {words}" for number, words in named if number)


def _open_ends(plan: Plan) -> str:
    unknown = (count(len(plan.unresolved), "entry", "entries") + " without known repos",) if plan.unresolved else ()
    return ", ".join((*unknown, *_extras(plan.counts)))


def after_plan(
    brakes: Sequence[Brake], requests: int, to_come: int, eta: float, *, offline: bool = False
) -> Iterable[str]:
    """Yield what follows a plan: its requests, those of applying it, and what apply will refuse."""
    if offline:
        yield "GitHub was not asked: this plan compares the manifest with the state."
    if to_come:
        took = f"It took {count(requests, 'request')}"
        yield f"{took}; applying takes {to_come:,} more, {duration(eta)} at GitHub's limits."
    for brake in brakes:
        yield f"apply will refuse this ({brake.code}): {printable(brake.what)}."
        yield f"  {printable(brake.fix)}"


def report_lines(report: Report, *, verbose: bool, style: Style = plain) -> Iterable[str]:
    """Yield what went wrong, then the recap: a line for each repo. verbose: those too that are in sync."""
    yield from _troubles(report.results, style)
    for problem in report.problems:
        yield from (style(printable(line), "-") for line in str(problem).splitlines())
    yield from (f"warning: {printable(warning)}" for warning in report.warnings)
    for result in report.results:
        yield from (f"note: {printable(str(result.address))}: {note}" for note in result.notes)
    yield ""
    for repo, tally in report.recap().items():
        if verbose or set(tally) - {Outcome.IN_SYNC}:
            extras = [outcome for outcome in tally if outcome not in RECAP]
            numbers = " ".join(f"{outcome.value}={tally.get(outcome, 0)}" for outcome in (*RECAP, *extras))
            yield style(f"{printable(repo)} : {numbers}", _mood(tally))
    yield _done(report)


def _done(report: Report) -> str:
    counts = report.counts
    rare = [outcome for outcome in (Outcome.UNRECORDED, Outcome.NOT_DONE) if outcome in counts]
    numbers = ", ".join(f"{counts.get(each, 0)} {each.value.replace('_', ' ')}" for each in (*RECAP[1:], *rare))
    return f"{'Done' if report.is_complete else 'Not all done'}: {numbers}."


def _troubles(results: Iterable[Result], style: Style) -> Iterable[str]:
    """Yield each problem once, with the secrets that it concerns."""
    # A token without a permission fails the same way in a thousand repos; only the places differ.
    met: dict[tuple[Outcome, Problem], list[str]] = {}
    for result in results:
        if result.problem is not None:
            met.setdefault((result.outcome, replace(result.problem, where="")), []).append(str(result.address))
    for (outcome, problem), addresses in met.items():
        yield style(f"{outcome.value} ({problem.code}): {printable(problem.what)}", "-")
        yield from (f"    {printable(address)}" for address in addresses)
        yield from (
            f"  {word}: {printable(text)}" for word, text in (("why", problem.why), ("fix", problem.fix)) if text
        )


def _mood(tally: Iterable[Outcome]) -> str:
    bad = {Outcome.FAILED, Outcome.BLOCKED, Outcome.UNRECORDED, Outcome.NOT_DONE}
    return "-" if bad & set(tally) else "+"
