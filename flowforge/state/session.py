"""A session with the state, held for writing: what all backends have in common."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from flowforge.errors import Problem, StateError, UnrecordedError
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.plan.rotation import Rotation
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
    Rotated,
    State,
)
from flowforge.state.signature import Signature


class StateSession(ABC):
    """A state that is being changed: `with ... as session`. Any thread may call its methods.

    When `intend` returns, the intent survives a kill. A result does when `close` returns, at the latest.
    """

    def __init__(self, base: State, changes: Iterable[JournalEntry] = (), *, begins: bool, signing: Signature) -> None:
        """Begin from the state `base` and the entries that it does not hold yet. begins: there is no state yet."""
        self._base = base
        self._signing = signing
        self._begins = begins
        self._draft = Draft(base, changes)
        self._mutex = threading.Lock()
        # Pending since before the newest intent. When that is abandoned, the outcome of the older one is still unknown.
        self._doubtful: set[Address] = set()
        # What this run began and whose outcome it does not know.
        self._begun: dict[Address, str | None] = {}
        self._unrecorded: set[Address] = set()
        # What this run began and whose outcome it was told.
        self._settled: set[Address] = set()
        self._closed = False

    @property
    def state(self) -> State:
        """The state now, with this run's changes; its serial is that of the version that the run began from."""
        with self._mutex:
            return self._draft.state()

    @property
    def unrecorded(self) -> frozenset[Address]:
        """What was done on GitHub and is not recorded yet. A `close` that succeeds has recorded it after all.

        After a `close` that failed, but for UnfoldedError, it also has what was only to be recorded or forgotten.
        """
        with self._mutex:
            return frozenset(self._unrecorded)

    @property
    def settled(self) -> frozenset[Address]:
        """What this run began and has recorded or forgotten, unless it is `unrecorded`."""
        with self._mutex:
            return frozenset(self._settled)

    @property
    def begun(self) -> frozenset[Address]:
        """What may have been sent: all that this run intended and did not abandon."""
        with self._mutex:
            return frozenset(self._settled | self._begun.keys())

    @property
    def begins(self) -> bool:
        """Whether there is no state here yet."""
        return self._begins

    @property
    def batch(self) -> int | None:
        """How many writes to announce at once now; None for all."""
        return None

    def put(self, state: State, signing: Signature | None = None) -> State:
        """Replace this state by another one at once, under a new serial, and return it with that.

        signing: how it is signed from now on, if that changes. Nothing else may have been changed since this session
        began. Raises StateError; nothing was replaced then.
        """
        with self._mutex:
            # A reader takes equal bytes for the same version, so no serial may come twice with another content.
            serial = state.serial if self._begins else max(state.serial, self._base.serial + 1)
            new = replace(state, serial=serial, lease=None)
            self._signing = signing or self._signing
            self._replace(new)
            self._base, self._draft, self._begins = new, Draft(new), False
            return new

    @abstractmethod
    def _replace(self, state: State) -> None:
        """Write a state in the place of the one that this session began from; see `put`."""

    @abstractmethod
    def begin(self, coming: Collection[Address]) -> None:
        """Ensure that these can be recorded, before the first of them is written. Raises StateError."""

    @abstractmethod
    def announce(self, fingerprints: Mapping[Address, str | None], after: Collection[Address] = ()) -> None:
        """Keep which writes and deletes come next; each is still intended by itself. Raises StateError.

        after: what was announced earlier and is over by now, so that the rest of it is taken back.
        """

    def intend(self, fingerprints: Mapping[Address, str | None]) -> None:
        """Keep that writes (the value's fingerprint) and deletes (None) are about to begin.

        Raises StateError: then nothing may be sent.
        """
        with self._mutex:
            doubtful = fingerprints.keys() & self._draft.pending.keys()
            if fingerprints:
                self._commit(Intended(dict(fingerprints)))
            self._doubtful |= doubtful
            self._begun |= fingerprints

    def record(self, address: Address, record: Record) -> None:
        """Record that a write succeeded, or that a secret was adopted or re-labelled.

        Raises UnrecordedError FF412 if the write was intended, because it has happened; StateError otherwise.
        """
        with self._mutex:
            self._settle(Recorded(address, record))

    def forget(self, address: Address) -> None:
        """Remove the record of a secret that is no longer there. Raises as `record` does."""
        with self._mutex:
            self._settle(Forgotten(address))

    def abandon(self, address: Address) -> None:
        """Take back an intent that certainly did not happen. An older one of unknown outcome stays pending."""
        with self._mutex:
            self._begun.pop(address, None)
            if address in self._draft.pending and address not in self._doubtful:
                self._commit(Abandoned(address))

    def adopt_manifests(self, names: Iterable[str]) -> None:
        """Keep which manifests the state is written from now on; see `manifest_names`."""
        manifests = tuple(names)
        with self._mutex:
            if manifests != self._draft.manifests:
                self._commit(ManifestsAdopted(manifests))

    def admit(self, holder: str, repos: frozenset[int]) -> None:
        """Keep which repos a group or target with a selector may give secrets from now on."""
        with self._mutex:
            if repos != self._draft.admitted.get(holder):
                self._commit(RepoAdmitted(holder, repos))

    def rotate(self, credential: str, rotation: Rotation | None) -> None:
        """Keep how far the rotation of a credential is; None where it has ended."""
        with self._mutex:
            if rotation != self._draft.rotation(credential):
                self._commit(Rotated(credential, rotation))

    @abstractmethod
    def close(self) -> None:
        """Keep every change and let other runs write. Calling it again does nothing.

        Raises UnrecordedError FF412 if results are kept nowhere, and UnfoldedError if nothing is lost.
        """

    def _commit(self, change: JournalEntry) -> None:
        """Apply an entry and keep it. Raises StateError; the entry is not applied then."""
        _require_readable(change)
        self._take_in(change)

    @abstractmethod
    def _take_in(self, change: JournalEntry) -> None:
        """Apply and keep an entry that can be read back; see `_commit`."""

    @abstractmethod
    def _keep(self, change: Recorded | Forgotten) -> None:
        """Keep a result that was applied already, if that is due. Raises UnrecordedError if it cannot."""

    def _give_up(self) -> None:
        """Count everything that is not kept yet as unrecorded."""
        before, after = self._base.records, self._draft.state().records
        self._unrecorded |= {each for each in {*before, *after} if before.get(each) != after.get(each)}

    def _settle(self, change: Recorded | Forgotten) -> None:
        address = change.address
        if address not in self._begun:
            self._commit(change)
            self._doubtful.discard(address)
            return
        # It has happened on GitHub, so no error may undo it here. A result that cannot be read back stays pending; any
        # other one still counts if it is kept later.
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
            # The second Ctrl-C of a person must end the process as such. What was not kept is still pending.
            if not isinstance(error, KeyboardInterrupt):
                raise


def _require_readable(change: JournalEntry, kind: type[StateError] = StateError) -> None:
    """Raise FF479 for an entry that no later command could read; nothing of it is kept."""
    if not reads_back(change):
        where = str(change.address) if isinstance(change, Recorded | Forgotten | Abandoned) else ""
        what, why = "what is to be remembered could not be read back", "an id, a time or a name in it is not valid"
        raise kind(
            Problem(
                "FF479",
                what,
                where,
                why,
                "check that github.api_url, or GITHUB_API_URL, names a GitHub API, then report it",
            )
        )
