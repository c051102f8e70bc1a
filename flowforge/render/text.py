"""The plan and the recap as text, for a terminal and a CI log."""

from collections.abc import Iterable, Sequence

from flowforge.errors import printable
from flowforge.plan.decide import Plan
from flowforge.plan.safety import Brake
from flowforge.render.closing import Sums, closing
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
    return closing(Sums(plan.counts, plan.expired, len(plan.unresolved), plan.in_sync, plan.complete))


def after_plan(
    brakes: Sequence[Brake], requests: int, to_come: int, eta: float, *, offline: bool = False
) -> Iterable[str]:
    """Yield what follows a plan: its requests, those of applying it, and what apply will refuse."""
    if offline:
        yield "GitHub was not asked: this plan compares the manifest with the state."
    if to_come:
        took = f"It took {count(requests, 'request')}"
        # What the answers take is not in it, so it is no time that somebody could wait for.
        wait = f"at least {duration(eta)}" if eta >= 1 else "with no wait"
        yield f"{took}; applying takes {to_come:,} more, {wait} at GitHub's limits."
    for brake in brakes:
        yield f"apply will refuse this ({brake.code}): {printable(brake.what)}."
        yield f"  {printable(brake.fix)}"


def known_lists(asked: int, unchanged: int) -> Iterable[str]:
    """Yield what became of the lists that an earlier run knew. The hourly budget does not count the unchanged ones."""
    if asked:
        yield f"Of {count(asked, 'list')} known from an earlier run, {unchanged:,} cost nothing of the hourly budget."
