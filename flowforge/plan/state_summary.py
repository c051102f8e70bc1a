"""What a state holds, for those who look at it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowforge.plan.address import Address
from flowforge.plan.facts import Remembered


@dataclass(frozen=True, slots=True)
class Lock:
    """Who writes a state on GitHub, for people, since when, and until when by GitHub's clock."""

    holder: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class StateSummary:
    """A state as a whole. where: for people. lineage: empty where there is no state yet.

    moved_to: where it is kept now, if this is what was left behind. secrets: what it remembers, sorted.
    """

    where: str
    serial: int = 0
    lineage: str = ""
    manifests: tuple[str, ...] = ()
    lock: Lock | None = None
    moved_to: str = ""
    secrets: Mapping[Address, Remembered] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return bool(self.lineage)
