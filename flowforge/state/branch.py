"""The state in a file on a branch. Every write is a compare-and-swap of many changes; one run at a time."""

import random
import uuid
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from flowforge.errors import FlowForgeError, GitHubError, LostRaceError, StateError, UnfoldedError, UnrecordedError
from flowforge.plan.address import Address
from flowforge.state import codec, messages
from flowforge.state.batch_size import batch_of, foreseen, patience_of
from flowforge.state.merge import merge
from flowforge.state.model import Abandoned, Draft, Forgotten, Intended, JournalEntry, Lease, Recorded, State
from flowforge.state.session import StateSession
from flowforge.state.signature import UNSIGNED, Signature
from flowforge.state.store import Run, StateStore, StateVersion

# Seconds for which a run that died keeps the others out. Every push renews the lease, and in its second half no write
# begins before a push.
LEASE: Final = 600.0
_RACES: Final = 20
_POLL: Final = 5.0
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


class StateChangedError(StateError):
    """The state changed between the plan and the first write. Nothing was written; a new plan would be right."""


class StateBranch(StateSession):
    """The state on a branch: `with StateBranch.open(remote, run) as state: ...`.

    Nothing is pushed until writes are announced or the run ends. An announced write is pending on the branch before it
    is sent, so what a run that dies leaves behind never looks like somebody else's write.
    """

    def __init__(self, remote: StateStore, run: Run, found: StateVersion, fresh: State, signing: Signature) -> None:
        """Not for callers: see `open`."""
        super().__init__(_decoded(found, remote, signing) or fresh, begins=found.data is None, signing=signing)
        self._remote, self._run = remote, run
        self._version, self._seen_at = found, run.clock()
        self._owner, self._since = str(uuid.uuid4()), ""
        self._pushed_at = self._seen_at
        # Something of this run is on the branch; its lock is; that lock was lost; the state changed before all writes.
        self._arrived = self._held = self._lost = self._changed = False
        # What was sent without an answer, with its bytes: found on the branch later, it has arrived after all.
        self._unsure: tuple[bytes, State] | None = None
        # Announced, and not begun.
        self._ahead: dict[Address, str | None] = {}

    @classmethod
    def read(cls, remote: StateStore, signing: Signature = UNSIGNED) -> State:
        """Return the state now, also while another run applies. It writes nothing. Raises StateError."""
        return cls.find(remote, signing) or State.fresh()

    @classmethod
    def find(cls, remote: StateStore, signing: Signature = UNSIGNED) -> State | None:
        """Return the state as `read` does, or None if there is none yet. A lock that has expired is left out."""
        found = remote.read()
        state = _decoded(found, remote, signing)
        return state and replace(state, lease=state.held(found.date))

    @classmethod
    def open(
        cls,
        remote: StateStore,
        run: Run,
        fresh: State,
        *,
        lock_timeout: float = 0,
        seize: bool = False,
        signing: Signature = UNSIGNED,
    ) -> "StateBranch":
        """Read the state, waiting up to `lock_timeout` seconds for a run that holds it.

        fresh: the state to begin with if there is none. seize: whether to take it even from a run that holds it. Raises
        StateError FF411 if it is still held then.
        """
        waited = 0.0
        while True:
            found = remote.read()
            state = _decoded(found, remote, signing)
            lease = state.held(found.date) if state else None
            if seize or lease is None:
                return cls(remote, run, found, fresh, signing)
            if waited >= lock_timeout:
                raise StateError(messages.in_use(remote.where, lease))
            pause = min(_POLL, lock_timeout - waited)
            run.sleep(pause)
            waited += pause

    @property
    def batch(self) -> int:
        """How many writes to announce at once now."""
        return batch_of(len(self._base.remembered))

    def begin(self, coming: Collection[Address]) -> None:
        """Ensure that a push can take them all. The first announcement makes that push. Raises StateError."""
        self._remote.require_room(foreseen(len(self._version.data or b""), self._base, coming))

    def announce(self, fingerprints: Mapping[Address, str | None], after: Collection[Address] = ()) -> None:
        """Push that these come next, with all that waits to be pushed. Raises StateChangedError FF441."""
        with self._mutex:
            self._retract(self._ahead.keys() & set(after))
            self._take(fingerprints)
            self._ahead |= fingerprints
            self._push()
            self._require_own()

    def intend(self, fingerprints: Mapping[Address, str | None]) -> None:
        """Begin writes and deletes. What was not announced is pushed first, and so is a lease that grows old."""
        with self._mutex:
            if self._closed:
                raise ValueError("the state is closed")
            self._require_own()
            new = {address: one for address, one in fingerprints.items() if address not in self._ahead}
            self._take(new)
            self._ahead |= new
            if new or self._run.clock() - self._pushed_at > LEASE / 2:
                self._push()
                self._require_own()
            for address in fingerprints:
                self._begun[address] = self._ahead.pop(address)

    def close(self) -> None:
        """Push what is left and release the lock. Calling it again does nothing.

        Raises UnrecordedError FF412 if results were not pushed, StateError if other changes were not, and UnfoldedError
        if only the lock and what was announced stay behind.
        """
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            self._retract(set(self._ahead))
            if self._changed:
                return
            try:
                self._finish()
                self._unrecorded.clear()
            except FlowForgeError as error:
                done = frozenset(self._unrecorded)
                self._give_up()
                if done:
                    raise UnrecordedError(messages.unpushed(self._remote.where, error, done)) from error
                if _lasting(self._draft.state()) != _lasting(self._base):
                    raise StateError(*error.problems) from error
                raise UnfoldedError(messages.left_behind(self._remote.where, error)) from error
            except BaseException:
                self._give_up()
                raise

    def _finish(self) -> None:
        """Push for the last time, and try once more after what is no StateError."""
        # A run that is to stop raises from the first wait. The results must be pushed all the same.
        try:
            self._push_rest()
        except (StateError, KeyboardInterrupt):
            raise
        except BaseException:  # noqa: BLE001 -- what the second time raises is told
            self._push_rest()

    def _push_rest(self) -> None:
        if self._unsure is not None:
            self._recognized(self._remote.read())
        if self._held or self._draft.state() != self._base:
            self._push(last=True)

    def _replace(self, state: State) -> None:
        data, _ = codec.encode(state, self._signing)
        try:
            self._note_version(self._remote.write(data, self._version, messages.message(self._base, state)))
        except LostRaceError as error:
            raise StateError(messages.not_replaced(self._remote.where)) from error

    def _take_in(self, change: JournalEntry) -> None:
        self._draft.apply(change)

    def _keep(self, change: Recorded | Forgotten) -> None:
        del change
        patience = patience_of(len(self._base.remembered), LEASE / 2)
        if self._held and self._run.clock() - self._pushed_at > patience:
            try:
                self._push()
            except FlowForgeError as error:
                raise UnrecordedError(messages.unpushed(self._remote.where, error, self._unrecorded)) from error

    def _take(self, fingerprints: Mapping[Address, str | None]) -> None:
        doubtful = fingerprints.keys() & self._draft.pending.keys()
        self._commit(Intended(dict(fingerprints)))
        self._doubtful |= doubtful

    def _retract(self, addresses: AbstractSet[Address]) -> None:
        """Take back what was announced and never begun."""
        for address in addresses:
            if address not in self._doubtful:
                self._draft.apply(Abandoned(address))
            del self._ahead[address]

    def _push(self, *, last: bool = False) -> None:
        """Push the state now. If another run pushed meanwhile, merge the two and try again."""
        for race in range(_RACES):
            begun_at = self._run.clock()
            state = replace(self._draft.state(), serial=self._base.serial + 1, lease=self._lease(last=last))
            data, _ = codec.encode(state, self._signing)
            self._unsure = data, state
            try:
                version = self._remote.write(data, self._version, messages.message(self._base, state))
            except LostRaceError:
                self._pause(race, last=last)
                self._merge_remote(last=last)
                continue
            self._note_pushed(state, version)
            self._pushed_at, self._draft = begun_at, Draft(state)
            self._unrecorded.clear()
            return
        raise StateError(messages.races_lost(self._remote.where, _RACES))

    def _pause(self, race: int, *, last: bool) -> None:
        try:
            self._run.sleep(random.uniform(0, min(race, _POLL)))  # noqa: S311 -- spreads tries, guards nothing
        except GitHubError:  # it is to stop: what it did is pushed all the same
            if not last:
                raise

    def _note_pushed(self, state: State, version: StateVersion) -> None:
        """Take note that a version of this run is on the branch."""
        self._base, self._unsure = state, None
        self._arrived, self._held = True, state.lease is not None and state.lease.owner == self._owner
        self._note_version(version)

    def _recognized(self, found: StateVersion) -> bool:
        """Return whether a version is what this run sent without an answer, and take note of it then."""
        data, state = self._unsure or (None, self._base)
        self._unsure = None
        if data is None or found.data != data:
            return False
        self._note_pushed(state, found)
        self._draft = Draft(replace(self._draft.state(), serial=state.serial, lease=state.lease))
        return True

    def _merge_remote(self, *, last: bool) -> None:
        """Read the version that is on the branch now, and merge the changes of this run into it."""
        found = self._remote.read()
        if self._recognized(found):
            return
        if found.data == self._version.data:  # the branch moved, and not its file
            self._note_version(found)
            return
        theirs = _decoded(found, self._remote, self._signing)
        # Nothing was written yet, so a plan against the new state costs nothing and is right.
        if not self._arrived and not last:
            self._changed = True
            raise StateChangedError(messages.changed(self._remote.where))
        self._note_version(found)
        if theirs is None:  # somebody removed the file: the next push writes all of it again
            return
        if theirs.lineage != self._base.lineage:
            raise StateError(messages.other_lineage(self._remote.where, theirs.lineage, self._base.lineage))
        if self._held and (theirs.lease is None or theirs.lease.owner != self._owner):
            self._lost = True
            self._retract(set(self._ahead))
        # What this run has begun stays pending, whatever the others recorded of it meanwhile.
        merged = merge(self._base, self._draft.state(), theirs, self._run.now)
        self._base, self._draft = theirs, Draft(replace(merged, pending={**merged.pending, **self._begun}))

    def _note_version(self, version: StateVersion) -> None:
        self._version, self._seen_at = version, self._run.clock()

    def _lease(self, *, last: bool) -> Lease | None:
        # GitHub's own time, counted on by this machine's clock: only the differences of that one are used.
        now = datetime.fromisoformat(self._version.date) + timedelta(seconds=self._run.clock() - self._seen_at)
        other = self._base.lease
        if other is not None and other.owner != self._owner and other.holds(now):
            return other
        if last or self._lost:
            return None
        self._since = self._since or now.strftime(_TIME)
        return Lease(self._owner, self._run.holder, self._since, (now + timedelta(seconds=LEASE)).strftime(_TIME))

    def _require_own(self) -> None:
        if self._lost:
            raise StateError(messages.taken_over(self._remote.where))


def _decoded(version: StateVersion, remote: StateStore, signing: Signature) -> State | None:
    return None if version.data is None else codec.decode(version.data, remote.where, signing).state


def _lasting(state: State) -> tuple[object, ...]:
    """Return what of a state the next plan cannot find out by itself."""
    return state.records, state.admitted, state.manifests, state.moved_to, state.rotations
