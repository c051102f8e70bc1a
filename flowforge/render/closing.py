"""The sentence that sums up a plan, and the one of an apply: the last of the text, the first of every other view."""

from collections.abc import Iterable, Mapping

from flowforge.data_class import dataclass
from flowforge.plan.change import Counts
from flowforge.plan.report import RECAP, Outcome
from flowforge.render.phrases import count


@dataclass(frozen=True, slots=True)
class Sums:
    """What a plan comes to."""

    counts: Counts
    """How many lines are of each sort."""
    expired: int
    """How many credentials have expired."""
    unresolved: int
    """How many entries have repos that are not known."""
    in_sync: bool
    """Whether all is well."""
    complete: bool
    """Whether every line could be decided and done."""


def closing(sums: Sums) -> Iterable[str]:
    """Yield the sentence that sums a plan up, and whether it is incomplete."""
    counts = sums.counts
    if sums.in_sync:
        yield "No changes. GitHub matches the manifest."
        return
    # "No changes." alone is said only if GitHub is proven to match: what was not seen may differ.
    if counts.writes:
        yield f"Plan: {_totals(counts, sums.expired)}."
    else:
        yield f"No changes found; {_open_ends(sums) or 'nothing is wanted'}."
    if not sums.complete:
        yield "The plan is incomplete: see the lines above."


def done_sentence(counts: Mapping[Outcome, int], expired: int, *, complete: bool) -> str:
    """Return the sentence that sums an apply up. complete: whether all of the plan was done and recorded."""
    # Where all went well, two numbers more that are 0 would only make people look for a reason.
    rare = [outcome for outcome in (Outcome.UNRECORDED, Outcome.NOT_DONE) if counts.get(outcome)]
    numbers = [f"{counts.get(each, 0)} {each.value.replace('_', ' ')}" for each in (*RECAP[1:], *rare)]
    if expired:
        numbers.append(f"{count(expired, 'credential')} expired")
    return f"{'Done' if complete else 'Not all done'}: {', '.join(numbers)}."


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


def _open_ends(sums: Sums) -> str:
    unknown = (count(sums.unresolved, "entry", "entries") + " without known repos",) if sums.unresolved else ()
    return ", ".join((*unknown, *_extras(sums.counts, sums.expired)))
