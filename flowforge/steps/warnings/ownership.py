"""Warnings about ownership: what something else writes as well, and deletes that rest on an unsigned state."""

from collections.abc import Iterator

from flowforge.errors import printable
from flowforge.plan.action import Action, Reason
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.safety import Estate

_MOST_NAMED = 3


def contended(plan: Plan) -> Iterator[str]:
    """Yield one warning for all secrets that were changed outside FlowForge a second time."""
    again = [str(change.address) for change in plan.changes if change.access is None and _again(change)]
    if again:
        more = f" and {len(again) - _MOST_NAMED} more" if len(again) > _MOST_NAMED else ""
        named = printable(", ".join(again[:_MOST_NAMED]))
        yield (
            f"{named}{more}: changed outside FlowForge again, as before the last apply; something else writes "
            f"{'this' if len(again) == 1 else 'these'}"
        )


def _again(change: Change) -> bool:
    # Under `on_drift: report` an edit stays, and every plan meets it. It is the same edit as long as its time is.
    before = change.record.drifted_at if change.record else ""
    return "" not in {before, change.drifted_at} and before != change.drifted_at


def unproven(plan: Plan, *, keyed: bool) -> Iterator[str]:
    """Yield one warning for all that --prune deletes by the word of an unsigned state alone."""
    pruned = sum(change.action is Action.DELETE and change.reason is Reason.NOT_NAMED for change in plan.changes)
    if pruned and not keyed:
        yield (
            f"--prune deletes {pruned} because the state says that FlowForge wrote {'it' if pruned == 1 else 'them'}, "
            "and the state is not signed: that ownership is unproven (see state.key)"
        )


def unmoved(estate: Estate) -> Iterator[str]:
    """Yield one warning for a state of this manifest, where another place is looked at now that has none."""
    old = estate.left_behind
    if old is not None:
        now = "with this -m it belongs in" if old.renamed else "the manifest now names"
        way = f"`flowforge state migrate{old.option}` takes it there"
        yield f"the state is in {old.file}, and {now} {estate.state_file}: {way}"
