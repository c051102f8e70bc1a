"""The state, held for writing: what every home of it has in common."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from flowforge.errors import Problem, StateError, UnrecordedError
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.state.entry_codec import reads_back
from flowforge.state.model import (
    Abandoned,
    Draft,
    Forgotten,
    Intended,
    JournalEntry,
    ManifestsAdopted,
    Recorded,
    RepoAdmitted,
    State,
)
from flowforge.state.signature import Signature


class StateSession(ABC):
    """A state that is being changed: `with ... as memory`. Its methods may be called by any thread.

    What was intended is safe from a kill when `intend` returns; what was done is, at the latest, when `close` does.
    """

    def __init__(self, base: State, changes: Iterable[JournalEntry] = (), *, begins: bool, signing: Signature) -> None:
        """Begin from what is remembered, and the changes that this does not hold yet. begins: there is none yet."""
        self._base = base
        self._signing = signing
        self._begins = begins
        self._draft = Draft(base, changes)
        self._mutex = threading.Lock()
        # Pending since before the newest intent: when that one is abandoned, the older one stays open.
        self._doubtful: set[Address] = set()
        # What this run has begun, and whose end it does not know.
        self._begun: dict[Address, str | None] = {}
        self._unrecorded: set[Address] = set()
        # What it has begun, and whose end it was told.
        self._settled: set[Address] = set()
        self._closed = False

    @property
    def state(self) -> State:
        """What is remembered now, this run's changes included; its serial is that of the version it began from."""
        with self._mutex:
            return self._draft.state()

    @property
    def unrecorded(self) -> frozenset[Address]:
        """What was done on GitHub and is not kept yet. A `close` that succeeds has recorded it after all.

        After one that failed, and not as UnfoldedError: also what was only to be recorded, or forgotten, and is not.
        """
        with self._mutex:
            return frozenset(self._unrecorded)

    @property
    def settled(self) -> frozenset[Address]:
        """What this run began and told the end of: recorded or forgotten, unless it is `unrecorded`."""
        with self._mutex:
            return frozenset(self._settled)

    @property
    def begun(self) -> frozenset[Address]:
        """What may have been sent: all that this run intended, and did not abandon."""
        with self._mutex:
            return frozenset(self._settled | self._begun.keys())

    @property
    def begins(self) -> bool:
        """Whether nothing is kept here yet."""
        return self._begins

    @property
    def batch(self) -> int | None:
        """How many writes to announce at once now; None: all."""
        return None

    def put(self, state: State, signing: Signature | None = None) -> State:
        """Put another state in the place of this one, at once, under a serial that nothing here had; gives it so.

        seal: what it is written under from now on, where that changes.
        Nothing else may have been changed since this was opened. Raises StateError, and nothing was replaced then.
        """
        with self._mutex:
            serial = state.serial if self._begins else max(state.serial, self._base.serial + 1)
            new = replace(state, serial=serial, lease=None)
            self._signing = signing or self._signing
            self._replace(new)
            self._base, self._draft, self._begins = new, Draft(new), False
            return new

    @abstractmethod
    def _replace(self, state: State) -> None:
        """Write a state in the place of the one that this began from; see `put`."""

    @abstractmethod
    def begin(self, coming: Collection[Address]) -> None:
        """Make sure that these can be kept, before the first of them is changed. Raises StateError."""

    @abstractmethod
    def announce(self, fingerprints: Mapping[Address, str | None]) -> None:
        """Return which writes and deletes come next, each of which is still intended by itself. Raises StateError."""

    def intend(self, fingerprints: Mapping[Address, str | None]) -> None:
        """Say that writes (the value's fingerprint) and deletes (None) are about to begin.

        Raises StateError: then nothing may be sent.
        """
        with self._mutex:
            doubtful = fingerprints.keys() & self._draft.pending.keys()
            if fingerprints:
                self._commit(Intended(dict(fingerprints)))
            self._doubtful |= doubtful
            self._begun |= fingerprints

    def record(self, address: Address, record: Record) -> None:
        """Say that a write succeeded, or that a secret was adopted or re-labelled.

        Raises UnrecordedError FF412 where the write was intended: it has happened; otherwise StateError.
        """
        with self._mutex:
            self._settle(Recorded(address, record))

    def forget(self, address: Address) -> None:
        """Say that a secret is no longer there. Raises as `record` does."""
        with self._mutex:
            self._settle(Forgotten(address))

    def abandon(self, address: Address) -> None:
        """Say that what was intended certainly did not happen. An older one whose end is unknown stays pending."""
        with self._mutex:
            self._begun.pop(address, None)
            if address in self._draft.pending and address not in self._doubtful:
                self._commit(Abandoned(address))

    def adopt_manifests(self, names: Iterable[str]) -> None:
        """Return which manifests the state is written from now on; see `manifest_names`."""
        manifests = tuple(names)
        with self._mutex:
            if manifests != self._draft.manifests:
                self._commit(ManifestsAdopted(manifests))

    def admit(self, holder: str, repos: frozenset[int]) -> None:
        """Return which repos a group or target with a selector may give secrets from now on."""
        with self._mutex:
            if repos != self._draft.admitted.get(holder):
                self._commit(RepoAdmitted(holder, repos))

    @abstractmethod
    def close(self) -> None:
        """Keep every change and let others write. Calling it again does nothing.

        Raises UnrecordedError FF412 where results are kept nowhere; UnfoldedError where nothing is lost.
        """

    def _commit(self, change: JournalEntry) -> None:
        """Take in a change and keep it; raises StateError, and the change is not taken in then."""
        _require_readable(change)
        self._take_in(change)

    @abstractmethod
    def _take_in(self, change: JournalEntry) -> None:
        """Do it, for a change that can be read back."""

    @abstractmethod
    def _keep(self, change: Recorded | Forgotten) -> None:
        """Keep a result that was taken in already, if that is due; raises UnrecordedError where it cannot."""

    def _give_up(self) -> None:
        """Say that what is kept stays as it is."""
        before, after = self._base.records, self._draft.state().records
        self._unrecorded |= {each for each in {*before, *after} if before.get(each) != after.get(each)}

    def _settle(self, change: Recorded | Forgotten) -> None:
        address = change.address
        if address not in self._begun:
            self._commit(change)
            self._doubtful.discard(address)
            return
        # It has happened. What cannot be read back stays pending; any other one still counts if it is kept later.
        _require_readable(change, UnrecordedError)
        self._draft.apply(change)
        self._doubtful.discard(address)
        self._unrecorded.add(address)
        self._settled.add(address)
        del self._begun[address]
        self._keep(change)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.close()
        except StateError:
            # A person's second Ctrl-C stays one: what was not kept is still pending.
            if not isinstance(error, KeyboardInterrupt):
                raise


def _require_readable(change: JournalEntry, kind: type[StateError] = StateError) -> None:
    """Raise FF479 for a change that no later command could read: the state keeps nothing of it."""
    if not reads_back(change):
        where = str(change.address) if isinstance(change, Recorded | Forgotten | Abandoned) else ""
        what, why = "what is to be remembered could not be read back", "an id, a time or a name in it is none"
        raise kind(Problem("FF479", what, where, why, "check that github.api_url is a GitHub API, then report it"))
