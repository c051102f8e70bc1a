"""Warn of secrets that something else writes: changed outside FlowForge, and again since the last apply found that."""

from collections.abc import Iterator

from flowforge.errors import printable
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan

_MOST_NAMED = 3


def rivals(plan: Plan) -> Iterator[str]:
    """Give one warning for all of them. An edit that is left as it is shows the same time again: the same edit."""
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
