"""The state in a file on a branch: every write a compare-and-swap, many changes at once, one run at a time."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from flowforge.errors import (
    FlowForgeError,
    LostRaceError,
    Problem,
    StateError,
    UnfoldedError,
    UnrecordedError,
    printable,
)
from flowforge.plan.address import Address
from flowforge.state import text
from flowforge.state.memory import Memory
from flowforge.state.merge import merge
from flowforge.state.model import Abandoned, Change, Draft, Forgotten, Intended, Lease, Recorded, State
from flowforge.state.remote import Remote, Run, Version
from flowforge.state.seal import UNSEALED, Seal

# Seconds for which a run that died keeps the others out; every push renews them. In their second half none begins a
# write before it has pushed.
LEASE: Final = 600.0
_RACES: Final = 20
_POLL: Final = 5.0
# Seconds that results wait for the next push, while there are any.
_PATIENCE: Final = 30.0
_NAMED: Final = 100
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


class MovedError(StateError):
    """The state changed between the plan and the first write: nothing was written, and a new plan would be right."""


class StateBranch(Memory):
    """The state on a branch: `with StateBranch.open(remote, run) as state: ...`.

    Nothing is pushed until writes are announced, or the run ends. What is announced is pending there before it is
    sent, so a run that dies leaves nothing behind that looks like somebody else's write.
    """

    batch = 100

    def __init__(self, remote: Remote, run: Run, found: Version, fresh: State, seal: Seal) -> None:
        """Not for callers: see `open`."""
        super().__init__(_decoded(found, remote, seal) or fresh, begins=found.data is None, seal=seal)
        self._remote, self._run = remote, run
        self._version, self._seen_at = found, run.clock()
        self._owner, self._since = str(uuid.uuid4()), ""
        self._pushed_at = self._seen_at
        self._held = self._lost = self._moved = False
        # Announced and not begun; begun and without a known end.
        self._ahead: dict[Address, str | None] = {}
        self._begun: dict[Address, str | None] = {}

    @classmethod
    def read(cls, remote: Remote, seal: Seal = UNSEALED) -> State:
        """Give what is remembered now, also while another run applies; writes nothing. Raises StateError."""
        return cls.find(remote, seal) or State.fresh()

    @classmethod
    def find(cls, remote: Remote, seal: Seal = UNSEALED) -> State | None:
        """Do as `read`, and give None where there is no state yet."""
        return _decoded(remote.read(), remote, seal)

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
            if seize or state is None or state.lease is None or _time(state.lease.until) <= _time(found.date):
                return cls(remote, run, found, fresh, seal)
            if waited >= lock_timeout:
                raise StateError(_in_use(state.lease, remote.where))
            pause = min(_POLL, lock_timeout - waited)
            run.sleep(pause)
            waited += pause

    def begin(self) -> None:
        """Do nothing: the first announcement begins it."""

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
            self._require_own()
            new = {address: one for address, one in fingerprints.items() if address not in self._ahead}
            for address in fingerprints:
                self._ahead.pop(address, None)
            self._take(new)
            self._begun |= fingerprints
            if new or self._run.clock() - self._pushed_at > LEASE / 2:
                self._push()
                self._require_own()

    def close(self) -> None:
        """Push what is left and let others write. Calling it again does nothing.

        Raises UnrecordedError FF412 where results were not taken; UnfoldedError where only the lock stays behind.
        """
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            self._retract()
            if self._moved or not (self._held or self._draft.state() != self._base):
                return
            try:
                self._push(last=True)
            except FlowForgeError as error:
                if self._unrecorded:
                    raise self._unkept(error) from error
                raise UnfoldedError(*error.problems) from error

    def _replace(self, state: State) -> None:
        data, _ = text.encode(state, self._seal)
        try:
            self._seen(self._remote.write(data, self._version, _message(self._base, state)))
        except LostRaceError as error:
            what, why = "the state changed meanwhile", "another run wrote it; nothing was replaced"
            raise StateError(Problem("FF452", what, self._remote.where, why, "run it again")) from error

    def _commit(self, change: Change) -> None:
        self._draft.apply(change)
        if isinstance(change, Abandoned):
            self._begun.pop(change.address, None)

    def _keep(self, change: Recorded | Forgotten) -> None:
        self._begun.pop(change.address, None)
        if self._run.clock() - self._pushed_at > _PATIENCE:
            try:
                self._push()
            except FlowForgeError as error:
                raise self._unkept(error) from error

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
            try:
                version = self._remote.write(data, self._version, _message(self._base, state))
            except LostRaceError:
                self._run.sleep(random.uniform(0, min(race, _POLL)))  # noqa: S311 -- spreads tries, guards nothing
                self._meet(last=last)
                continue
            self._base, self._draft = state, Draft(state)
            self._seen(version)
            self._pushed_at, self._held = begun_at, not last and not self._lost
            self._unrecorded.clear()
            return
        what, why = "the state could not be written", f"others wrote it {_RACES} times while this run tried"
        raise StateError(Problem("FF443", what, self._remote.where, why, "run flowforge plan, then apply again"))

    def _meet(self, *, last: bool) -> None:
        """Read what stands there now, and put together with it what this run has changed."""
        found = self._remote.read()
        theirs = _decoded(found, self._remote, self._seal)
        if not self._held and not last:
            self._moved = True
            what, why = (
                "the state changed while this was planned",
                "another run wrote it; nothing was written to GitHub",
            )
            raise MovedError(Problem("FF441", what, self._remote.where, why, "run flowforge apply again"))
        self._seen(found)
        if theirs is None:  # somebody removed it: all of it goes there again
            return
        if theirs.lineage != self._base.lineage:
            what, why = (
                "another state stands in its place",
                f"its lineage is {theirs.lineage}, not {self._base.lineage}",
            )
            raise StateError(Problem("FF444", what, self._remote.where, why, "put the right one back, then run plan"))
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
            what, why = "another run took the state over", "its lock had expired, or somebody removed it"
            fix = "run flowforge plan; it will write again what could not be recorded"
            raise StateError(Problem("FF442", what, self._remote.where, why, fix))

    def _unkept(self, error: FlowForgeError) -> UnrecordedError:
        first = error.problems[0]
        what = f"done on GitHub, but not recorded: {', '.join(map(str, sorted(self._unrecorded)))}"
        why = f"{first.what}; the next plan shows it as interrupted, so nothing goes unnoticed"
        return UnrecordedError(
            Problem("FF412", what, self._remote.where, why, first.fix or "run flowforge apply again")
        )


def _decoded(version: Version, remote: Remote, seal: Seal) -> State | None:
    return None if version.data is None else text.decode(version.data, remote.where, seal).state


def _time(text_: str) -> datetime:
    return datetime.fromisoformat(text_)


def _in_use(lease: Lease, where: str) -> Problem:
    why = f"{printable(lease.holder)} holds its lock since {printable(lease.since)}, until {printable(lease.until)}"
    fix = "wait for it (--lock-timeout); if it is dead, flowforge state unlock"
    return Problem("FF411", "the state is in use", where, why, fix)


def _message(before: State, after: State) -> str:
    """Say what a version changes: a line for people, and which secrets."""
    recorded = sorted(each for each, record in after.records.items() if before.records.get(each) != record)
    forgotten = sorted(before.records.keys() - after.records.keys())
    coming = sorted(after.pending.keys() - before.pending.keys())
    lines = {"recorded": recorded, "forgotten": forgotten, "to be written": coming}
    parts = [f"{len(found)} {word}" for word, found in lines.items() if found]
    if after.admitted != before.admitted or after.manifests != before.manifests:
        parts.append("what it is of")
    if after.moved_to != before.moved_to:
        parts.append(f"moved to {after.moved_to}" if after.moved_to else "moved here")
    if not parts:
        parts.append("locked" if after.lease and after.lease != before.lease else "unlocked")
    body = [f"{word}: {address}" for word, found in lines.items() for address in found]
    if len(body) > _NAMED:
        body = [*body[:_NAMED], f"and {len(body) - _NAMED} more"]
    return "\n".join([f"flowforge: {', '.join(parts)}", *([""] if body else []), *body])
