"""What the state holds, and the journal entries by which a run changes it. Plain data, no files."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, assert_never

from flowforge.data_class import dataclass
from flowforge.plan.address import Address
from flowforge.plan.facts import Record, Remembered
from flowforge.plan.rotation import Rotation

SALT_BYTES = 32
# A lease lasts ten minutes. One that ends more than a day ahead was written by a clock that is wrong.
_LONGEST_LEASE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """The lock of a state on a branch: a run has it until a time of GitHub's clock."""

    # A file lock does not reach other machines, and nobody would remove a lock without an end when its run dies.
    owner: str
    """A UUID of the run."""
    holder: str
    """Which run that is, for people."""
    since: str
    """When it began: `2026-11-23T08:00:00Z`."""
    until: str
    """When it expires: `2026-11-23T08:10:00Z`."""

    def holds(self, now: datetime) -> bool:
        """Return whether it holds at `now`. One that ends more than a day ahead does not: it would never expire."""
        # NOTE: a difference of two times always exists; a time and a day may lie beyond the year 9999.
        return timedelta(0) < datetime.fromisoformat(self.until) - now <= _LONGEST_LEASE


@dataclass(frozen=True)
class State:
    """One version of the state: which secrets FlowForge wrote where, and which writes are still open."""

    serial: int
    """The number of the version. It grows by one with every version that is written."""
    lineage: str
    """A UUID that all versions of one state share."""
    # Whoever has a fingerprint and its salt can try values, so a traceback with locals must not show it.
    salt: bytes = field(repr=False)
    """32 random bytes that key the fingerprints."""
    manifests: tuple[str, ...] = ()
    """The manifests that it is written from, as paths relative to the state's folder."""
    records: Mapping[Address, Record] = field(default_factory=dict)
    """What was written or adopted, by its address."""
    pending: Mapping[Address, str | None] = field(default_factory=dict)
    """Writes (the value's fingerprint) and deletes (None) that began, and whose outcome is not known."""
    folded: str = ""
    """The id of the last journal that was folded into this version; empty if there was none."""
    admitted: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """The ids of the repos that a selector may give secrets, by its group or target: `group services`."""
    lease: Lease | None = None
    """The run that writes it now, where the backend has no file lock."""
    moved_to: str = ""
    """The backend that its successor is in; this version is then only a copy. Empty if it was not moved."""
    rotations: Mapping[str, Rotation] = field(default_factory=dict)
    """The rotations that are under way, by their credentials."""

    @classmethod
    def fresh(cls, manifests: Iterable[str] = ()) -> "State":
        """Return a new state with a lineage and a salt of its own, which remembers nothing."""
        return cls(0, str(uuid.uuid4()), secrets.token_bytes(SALT_BYTES), tuple(manifests))

    def held(self, now: str) -> Lease | None:
        """Return its lease, None if that has expired. now: a time of the clock that made the lease."""
        return self.lease if self.lease and self.lease.holds(datetime.fromisoformat(now)) else None

    @cached_property
    def remembered(self) -> Mapping[Address, Remembered]:
        """What the planner needs: each address with its record, if there is one, and whether a write is open."""
        addresses = self.records.keys() | self.pending.keys()
        return {address: Remembered(self.records.get(address), address in self.pending) for address in addresses}


@dataclass(frozen=True, slots=True)
class Intended:
    """Writes (the value's fingerprint) and deletes (None) that are about to begin."""

    fingerprints: Mapping[Address, str | None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A write that succeeded, or a secret that was adopted."""

    address: Address
    record: Record


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A secret that is no longer there."""

    address: Address


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A write or delete that certainly did not happen."""

    address: Address


@dataclass(frozen=True, slots=True)
class ManifestsAdopted:
    """The manifests that the state is written from now on."""

    manifests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepoAdmitted:
    """The repos, by id, that a group or target with a selector may give secrets from now on."""

    holder: str
    repos: frozenset[int]


@dataclass(frozen=True, slots=True)
class Rotated:
    """How far the rotation of a credential is; None where it has ended."""

    credential: str
    rotation: Rotation | None


JournalEntry = Intended | Recorded | Forgotten | Abandoned | ManifestsAdopted | RepoAdmitted | Rotated


class Draft:
    """A state being changed. Not thread-safe: its owner holds a lock."""

    def __init__(self, base: State, changes: Iterable[JournalEntry] = ()) -> None:
        """Begin from `base` and apply `changes` in order."""
        self._base = base
        self.manifests = base.manifests
        self._records = dict(base.records)
        self.pending = dict(base.pending)
        self.admitted = dict(base.admitted)
        self._rotations = dict(base.rotations)
        for change in changes:
            self.apply(change)

    def apply(self, change: JournalEntry) -> None:
        """Apply one entry."""
        match change:
            case Intended(fingerprints):
                self.pending |= fingerprints
            case Recorded(address, record):
                self._records[address] = record
                self.pending.pop(address, None)
            case Forgotten(address):
                self._records.pop(address, None)
                self.pending.pop(address, None)
            # The record stays: what it says of the secret before the write still holds.
            case Abandoned(address):
                self.pending.pop(address, None)
            case ManifestsAdopted(manifests):
                self.manifests = manifests
            case RepoAdmitted(holder, repos):
                self.admitted[holder] = repos
            case Rotated(credential, rotation):
                self._rotations.pop(credential, None)
                self._rotations |= {credential: rotation} if rotation else {}
            case _:
                assert_never(change)

    def rotation(self, credential: str) -> Rotation | None:
        """Return the rotation of a credential that is under way now."""
        return self._rotations.get(credential)

    def state(self) -> State:
        """Return the state with all entries applied, still under the serial that it began from."""
        return replace(
            self._base,
            manifests=self.manifests,
            records=dict(self._records),
            pending=dict(self.pending),
            admitted=dict(self.admitted),
            rotations=dict(self._rotations),
        )
