"""What the state holds, and the changes that a run makes to it: plain data, no files."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, assert_never

from flowforge.plan.address import Address
from flowforge.plan.facts import Record, Remembered

SALT_BYTES = 32
# A run holds a state for ten minutes at a time: what is to last longer than this was made by another clock.
_LONGEST_LEASE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who writes a state that others can reach, and until when, by that place's own clock.

    owner: a UUID of one run. holder: which run that is, for people. until: `2026-11-23T08:10:00Z`.
    """

    owner: str
    holder: str
    since: str
    until: str

    def holds(self, now: datetime) -> bool:
        """Return whether it has not expired. One that lies too far ahead would never: it holds nothing."""
        # NOTE: a difference of two times always exists; a time and a day may lie beyond the year 9999.
        return timedelta(0) < datetime.fromisoformat(self.until) - now <= _LONGEST_LEASE


@dataclass(frozen=True)
class State:
    """What was written where, as one version of it.

    serial: grows by one with every version written. lineage: a UUID that all versions of one state share.
    salt: 32 random bytes that key the fingerprints. manifests: names relative to the state's folder.
    pending: writes and deletes begun whose end is not known: the fingerprint being written, None for a delete.
    folded: the id of the last journal that went into this version, empty where there was none.
    admitted: for each group or target with a selector, `group services`, the ids of the repos that it may give secrets.
    lease: who writes it now, where no file lock can say so. moved_to: where its successor is; this one is kept only.
    """

    serial: int
    lineage: str
    salt: bytes = field(repr=False)
    manifests: tuple[str, ...] = ()
    records: Mapping[Address, Record] = field(default_factory=dict)
    pending: Mapping[Address, str | None] = field(default_factory=dict)
    folded: str = ""
    admitted: Mapping[str, frozenset[int]] = field(default_factory=dict)
    lease: Lease | None = None
    moved_to: str = ""

    @classmethod
    def fresh(cls, manifests: Iterable[str] = ()) -> "State":
        """Begin a state of its own lineage and salt that remembers nothing."""
        return cls(0, str(uuid.uuid4()), secrets.token_bytes(SALT_BYTES), tuple(manifests))

    def held(self, now: str) -> Lease | None:
        """Return its lock, None where that has expired at a time of the same clock."""
        return self.lease if self.lease and self.lease.holds(datetime.fromisoformat(now)) else None

    @cached_property
    def remembered(self) -> Mapping[Address, Remembered]:
        """What a decision stands on: each address with its record, if there is one, and whether a write is open."""
        addresses = self.records.keys() | self.pending.keys()
        return {address: Remembered(self.records.get(address), address in self.pending) for address in addresses}


@dataclass(frozen=True, slots=True)
class Intended:
    """Writes (the fingerprint) and deletes (None) that are about to begin."""

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
    """The set of manifests that the state is now written from."""

    manifests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepoAdmitted:
    """The repos, by id, that a group or target with a selector may give secrets from now on."""

    holder: str
    repos: frozenset[int]


JournalEntry = Intended | Recorded | Forgotten | Abandoned | ManifestsAdopted | RepoAdmitted


class Draft:
    """A state being changed. Not thread-safe: its owner holds a lock."""

    def __init__(self, base: State, changes: Iterable[JournalEntry] = ()) -> None:
        """Begin from `base` and apply `changes` in order."""
        self._base = base
        self.manifests = base.manifests
        self._records = dict(base.records)
        self.pending = dict(base.pending)
        self.admitted = dict(base.admitted)
        for change in changes:
            self.apply(change)

    def apply(self, change: JournalEntry) -> None:
        """Take one change in."""
        match change:
            case Intended(fingerprints):
                self.pending |= fingerprints
            case Recorded(address, record):
                self._records[address] = record
                self.pending.pop(address, None)
            case Forgotten(address):
                self._records.pop(address, None)
                self.pending.pop(address, None)
            case Abandoned(address):
                self.pending.pop(address, None)
            case ManifestsAdopted(manifests):
                self.manifests = manifests
            case RepoAdmitted(holder, repos):
                self.admitted[holder] = repos
            case _:
                assert_never(change)

    def state(self) -> State:
        """Return what stands now, still under the serial of the state it began from."""
        return replace(
            self._base,
            manifests=self.manifests,
            records=dict(self._records),
            pending=dict(self.pending),
            admitted=dict(self.admitted),
        )
