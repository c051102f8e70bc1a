"""What a state holds, for `flowforge state` to show."""

from collections.abc import Mapping
from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.plan.address import Address
from flowforge.plan.facts import Remembered
from flowforge.plan.rotation import Rotation


@dataclass(frozen=True, slots=True)
class Lock:
    """Who writes a state that is kept on GitHub."""

    holder: str
    """The run, in words: the address of a workflow run, or a process and its machine."""
    since: str
    """When it took the lock, by GitHub's clock."""
    until: str
    """When the lock ends unless it is renewed, by GitHub's clock."""


@dataclass(frozen=True, slots=True)
class StateSummary:
    """A state as a whole."""

    where: str
    """The place where it is kept, in words."""
    serial: int = 0
    """How often it was written."""
    lineage: str = ""
    """The id that it has from its first write on; empty where there is no state yet."""
    manifests: tuple[str, ...] = ()
    """The manifests that it was written from."""
    lock: Lock | None = None
    """Who writes it now; None where nobody does, and for a file."""
    moved_to: str = ""
    """Where it is kept now, if this is the copy that a move left behind."""
    secrets: Mapping[Address, Remembered] = field(default_factory=dict)
    """What it remembers, sorted by address."""
    host: str = ""
    """The host that has what it remembers."""
    rotations: Mapping[str, Rotation] = field(default_factory=dict)
    """The rotations that are under way, by their credentials."""

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return bool(self.lineage)
