"""The state in a file on a branch: every write a compare-and-swap, many changes at once, one run at a time."""

import random
import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from flowforge.errors import (
    FlowForgeError,
    GitHubError,
    LostRaceError,
    StateError,
    UnfoldedError,
    UnrecordedError,
)
from flowforge.plan.address import Address
from flowforge.state import text, told
from flowforge.state.memory import Memory
from flowforge.state.merge import merge
from flowforge.state.model import Abandoned, Change, Draft, Forgotten, Intended, Lease, Recorded, State
from flowforge.state.remote import Remote, Run, Version
from flowforge.state.seal import UNSEALED, Seal
from flowforge.state.size import batch_of, foreseen, patience_of

# Seconds for which a run that died keeps the others out; every push renews them. In their second half none begins a
# write before it has pushed.
LEASE: Final = 600.0
_RACES: Final = 20
_POLL: Final = 5.0
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


class MovedError(StateError):
    """The state changed between the plan and the first write: nothing was written, and a new plan would be right."""


class StateBranch(Memory):
    """The state on a branch: `with StateBranch.open(remote, run) as state: ...`.

    Nothing is pushed until writes are announced, or the run ends. What is announced is pending there before it is
    sent, so a run that dies leaves nothing behind that looks like somebody else's write.
    """

    def __init__(self, remote: Remote, run: Run, found: Version, fresh: State, seal: Seal) -> None:
        """Not for callers: see `open`."""
        super().__init__(_decoded(found, remote, seal) or fresh, begins=found.data is None, seal=seal)
        self._remote, self._run = remote, run
        self._version, self._seen_at = found, run.clock()
        self._owner, self._since = str(uuid.uuid4()), ""
        self._pushed_at = self._seen_at
        # Some of it stands there; its lock does; that was lost; the plan came too late.
        self._arrived = self._held = self._lost = self._moved = False
        # What was sent and has no answer, as bytes too.
        self._unsure: tuple[bytes, State] | None = None
        # Announced and not begun.
        self._ahead: dict[Address, str | None] = {}

    @classmethod
    def read(cls, remote: Remote, seal: Seal = UNSEALED) -> State:
        """Give what is remembered now, also while another run applies; writes nothing. Raises StateError."""
        return cls.find(remote, seal) or State.fresh()

    @classmethod
    def find(cls, remote: Remote, seal: Seal = UNSEALED) -> State | None:
        """Do as `read`, and give None where there is no state yet. A lock that has expired is none."""
        found = remote.read()
        state = _decoded(found, remote, seal)
        return state and replace(state, lease=state.held(found.date))

    @classmethod
    def open(
        cls,
        remote: Remote,
        run: Run,
        fresh: State,
        *,
        lock_timeout: float = 0,
        seize: bool = False,
        seal: Seal = UNSEALED,
    ) -> "StateBranch":
        """Read the state, waiting up to `lock_timeout` seconds for a run that holds it.

        fresh: what begins where there is none. seize: whoever holds it. Raises StateError FF411 when it is still held
        then.
        """
        waited = 0.0
        while True:
            found = remote.read()
            state = _decoded(found, remote, seal)
            lease = state.held(found.date) if state else None
            if seize or lease is None:
                return cls(remote, run, found, fresh, seal)
            if waited >= lock_timeout:
                raise StateError(told.in_use(remote.where, lease))
            pause = min(_POLL, lock_timeout - waited)
            run.sleep(pause)
            waited += pause

    @property
    def batch(self) -> int:
        """How many writes to announce at once now."""
        return batch_of(len(self._base.remembered))

    def begin(self, coming: Collection[Address]) -> None:
        """Make sure that a push will take them all; the first announcement begins it. Raises StateError."""
        self._remote.require_room(foreseen(len(self._version.data or b""), self._base, coming))

    def announce(self, fingerprints: Mapping[Address, str | None]) -> None:
        """Push that these come next, and what waits to be pushed. Raises MovedError FF441 when the state has moved."""
        with self._mutex:
            self._retract()
            self._take(fingerprints)
            self._ahead |= fingerprints
            self._push()
            self._require_own()

    def intend(self, fingerprints: Mapping[Address, str | None]) -> None:
        """Begin writes and deletes. What was not announced is pushed first; so is a lock that grows old."""
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
        """Push what is left and let others write. Calling it again does nothing.

        Raises UnrecordedError FF412 where results were not taken, StateError where other changes were not; and
        UnfoldedError where only the lock stays behind, and what was announced.
        """
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            self._retract()
            if self._moved:
                return
            try:
                self._finish()
                self._unrecorded.clear()
            except FlowForgeError as error:
                done = frozenset(self._unrecorded)
                self._give_up()
                if done:
                    raise UnrecordedError(told.unkept(self._remote.where, error, done)) from error
                if _lasting(self._draft.state()) != _lasting(self._base):
                    raise StateError(*error.problems) from error
                raise UnfoldedError(told.left_behind(self._remote.where, error)) from error
            except BaseException:
                self._give_up()
                raise

    def _finish(self) -> None:
        """Push for the last time. A run that is to stop waits for nothing; so it tries again, as after a bug."""
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
        data, _ = text.encode(state, self._seal)
        try:
            self._seen(self._remote.write(data, self._version, told.message(self._base, state)))
        except LostRaceError as error:
            raise StateError(told.not_replaced(self._remote.where)) from error

    def _commit(self, change: Change) -> None:
        self._draft.apply(change)

    def _keep(self, change: Recorded | Forgotten) -> None:
        del change
        patience = patience_of(len(self._base.remembered), LEASE / 2)
        if self._held and self._run.clock() - self._pushed_at > patience:
            try:
                self._push()
            except FlowForgeError as error:
                raise UnrecordedError(told.unkept(self._remote.where, error, self._unrecorded)) from error

    def _take(self, fingerprints: Mapping[Address, str | None]) -> None:
        self._doubtful |= fingerprints.keys() & self._draft.pending.keys()
        self._draft.apply(Intended(dict(fingerprints)))

    def _retract(self) -> None:
        """Take back what was announced and never begun."""
        for address in self._ahead.keys() - self._doubtful:
            self._draft.apply(Abandoned(address))
        self._ahead.clear()

    def _push(self, *, last: bool = False) -> None:
        """Write what is remembered now; where somebody else wrote meanwhile, put both together and try again."""
        for race in range(_RACES):
            begun_at = self._run.clock()
            state = replace(self._draft.state(), serial=self._base.serial + 1, lease=self._lease(last=last))
            data, _ = text.encode(state, self._seal)
            self._unsure = data, state
            try:
                version = self._remote.write(data, self._version, told.message(self._base, state))
            except LostRaceError:
                self._pause(race, last=last)
                self._meet(last=last)
                continue
            self._stands(state, version)
            self._pushed_at, self._draft = begun_at, Draft(state)
            self._unrecorded.clear()
            return
        raise StateError(told.beaten(self._remote.where, _RACES))

    def _pause(self, race: int, *, last: bool) -> None:
        try:
            self._run.sleep(random.uniform(0, min(race, _POLL)))  # noqa: S311 -- spreads tries, guards nothing
        except GitHubError:  # it is to stop: what it did is pushed all the same
            if not last:
                raise

    def _stands(self, state: State, version: Version) -> None:
        """Take in that what this run wrote stands there."""
        self._base, self._unsure = state, None
        self._arrived, self._held = True, state.lease is not None and state.lease.owner == self._owner
        self._seen(version)

    def _recognized(self, found: Version) -> bool:
        """Whether that is what this run sent without an answer; it is taken in then."""
        data, state = self._unsure or (None, self._base)
        self._unsure = None
        if data is None or found.data != data:
            return False
        self._stands(state, found)
        self._draft = Draft(replace(self._draft.state(), serial=state.serial, lease=state.lease))
        return True

    def _meet(self, *, last: bool) -> None:
        """Read what stands there now, and put together with it what this run has changed."""
        found = self._remote.read()
        if self._recognized(found):
            return
        if found.data == self._version.data:  # the branch moved, and not its file
            self._seen(found)
            return
        theirs = _decoded(found, self._remote, self._seal)
        if not self._arrived and not last:
            self._moved = True
            raise MovedError(told.moved(self._remote.where))
        self._seen(found)
        if theirs is None:  # somebody removed it: all of it goes there again
            return
        if theirs.lineage != self._base.lineage:
            raise StateError(told.foreign(self._remote.where, theirs.lineage, self._base.lineage))
        if self._held and (theirs.lease is None or theirs.lease.owner != self._owner):
            self._lost = True
            self._retract()
        merged = merge(self._base, self._draft.state(), theirs, self._run.now)
        self._base, self._draft = theirs, Draft(replace(merged, pending={**merged.pending, **self._begun}))

    def _seen(self, version: Version) -> None:
        self._version, self._seen_at = version, self._run.clock()

    def _lease(self, *, last: bool) -> Lease | None:
        now = _time(self._version.date) + timedelta(seconds=self._run.clock() - self._seen_at)
        other = self._base.lease
        if other is not None and other.owner != self._owner and _time(other.until) > now:
            return other
        if last or self._lost:
            return None
        self._since = self._since or now.strftime(_TIME)
        return Lease(self._owner, self._run.holder, self._since, (now + timedelta(seconds=LEASE)).strftime(_TIME))

    def _require_own(self) -> None:
        if self._lost:
            raise StateError(told.taken_over(self._remote.where))


def _decoded(version: Version, remote: Remote, seal: Seal) -> State | None:
    return None if version.data is None else text.decode(version.data, remote.where, seal).state


def _time(text_: str) -> datetime:
    return datetime.fromisoformat(text_)


def _lasting(state: State) -> tuple[object, ...]:
    """Give what of a state the next plan does not find out by itself."""
    return state.records, state.admitted, state.manifests, state.moved_to
