"""Warn of deletions whose only ground is a state that nobody vouches for."""

from collections.abc import Iterator

from flowforge.plan.action import Action, Reason
from flowforge.plan.decide import Plan


def unproven(plan: Plan, *, keyed: bool) -> Iterator[str]:
    """Give one warning for all that --prune deletes. What the manifest names as absent needs no ground but that."""
    pruned = sum(change.action is Action.DELETE and change.reason is Reason.NOT_NAMED for change in plan.changes)
    if pruned and not keyed:
        yield (
            f"--prune deletes {pruned} because the state says that FlowForge wrote {'it' if pruned == 1 else 'them'}, "
            "and the state is not signed: that ownership is unproven (see state.key)"
        )
