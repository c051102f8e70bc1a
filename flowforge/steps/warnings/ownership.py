"""Warn of what something else writes too, and of deletions whose only ground is an unsigned state."""

from collections.abc import Iterator

from flowforge.errors import printable
from flowforge.plan.action import Action, Reason
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan

_MOST_NAMED = 3


def contended(plan: Plan) -> Iterator[str]:
    """Yield one warning for all of them. An edit that is left as it is shows the same time again: the same edit."""
    again = [str(change.address) for change in plan.changes if change.access is None and _again(change)]
    if again:
        more = f" and {len(again) - _MOST_NAMED} more" if len(again) > _MOST_NAMED else ""
        named = printable(", ".join(again[:_MOST_NAMED]))
        yield (
            f"{named}{more}: changed outside FlowForge again, as the last apply found already; something else writes "
            f"{'this' if len(again) == 1 else 'these'}"
        )


def _again(change: Change) -> bool:
    before = change.record.drifted_at if change.record else ""
    return "" not in {before, change.drifted_at} and before != change.drifted_at


def unproven(plan: Plan, *, keyed: bool) -> Iterator[str]:
    """Yield one warning for all that --prune deletes. What the manifest names as absent needs no ground but that."""
    pruned = sum(change.action is Action.DELETE and change.reason is Reason.NOT_NAMED for change in plan.changes)
    if pruned and not keyed:
        yield (
            f"--prune deletes {pruned} because the state says that FlowForge wrote {'it' if pruned == 1 else 'them'}, "
            "and the state is not signed: that ownership is unproven (see state.key)"
        )
