"""What writing a plan takes at GitHub, before it is begun."""

from dataclasses import dataclass

from flowforge.github.pacer import READ_POINTS, WRITE_POINTS
from flowforge.plan.decide import Plan
from flowforge.steps.write_access import without_carried


@dataclass(frozen=True, slots=True)
class Cost:
    """What writing a plan takes at GitHub: for each scope a list, and of secrets a key; for each of them a write.

    For each environment that is made, a look whether it is still missing and a write.
    """

    requests: int
    points: int

    @classmethod
    def of(cls, plan: Plan) -> "Cost":
        """Count it."""
        made = len({change.address.scope for change in plan.todo if change.makes_environment})
        scopes = {change.address.scope for change in plan.todo}
        writes = len(without_carried(plan.todo)) + made
        reads = sum(1 if scope.is_readable else 2 for scope in scopes) + made
        return cls(writes + reads, writes * WRITE_POINTS + reads * READ_POINTS)
