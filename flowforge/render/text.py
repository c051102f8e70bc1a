"""The plan and the recap as text, for a terminal and a CI log."""

from collections.abc import Iterable, Sequence

from flowforge.errors import printable
from flowforge.plan.change import Counts
from flowforge.plan.decide import Plan
from flowforge.plan.safety import Brake
from flowforge.render.phrases import count, duration
from flowforge.render.rows import change_lines
from flowforge.render.style import Style, plain


def plan_lines(plan: Plan, *, verbose: bool, style: Style = plain) -> Iterable[str]:
    """Yield the lines of a plan and the sentence that sums it up."""
    lines = list(change_lines(plan, verbose=verbose, style=style))
    yield from lines
    if lines:
        yield ""
    yield from footer(plan)


def footer(plan: Plan) -> Iterable[str]:
    """Yield the sentence that sums a plan up, and whether it is incomplete."""
    counts = plan.counts
    if plan.in_sync:
        yield "No changes. GitHub matches the manifest."
        return
    # "No changes." alone is said only if GitHub is proven to match: what was not seen may differ.
    if counts.writes:
        yield f"Plan: {_totals(counts, plan.expired)}."
    else:
        yield f"No changes found; {_open_ends(plan, counts) or 'nothing is wanted'}."
    if not plan.complete:
        yield "The plan is incomplete: see the lines above."


def _totals(counts: Counts, expired: int) -> str:
    parts = [
        f"{counts.create} to create",
        f"{counts.update} to update",
        f"{counts.delete} to delete",
        f"{counts.in_sync} in sync",
    ]
    return ", ".join([*parts, *_extras(counts, expired)])


def _extras(counts: Counts, expired: int) -> Iterable[str]:
    unchecked = counts.unchecked + counts.unread
    named = (
        (counts.assumed, "assumed"),
        (counts.drift, "drifting"),
        (counts.blocked, "blocked"),
        (unchecked, "value not checked" if unchecked == 1 else "values not checked"),
        (counts.left_over, "no longer in the manifest"),
        (counts.not_seen, "not seen"),
        (expired, "credential expired" if expired == 1 else "credentials expired"),
    )
    return (f"{number} {words}" for number, words in named if number)


def _open_ends(plan: Plan, counts: Counts) -> str:
    unknown = (count(len(plan.unresolved), "entry", "entries") + " without known repos",) if plan.unresolved else ()
    return ", ".join((*unknown, *_extras(counts, plan.expired)))


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
