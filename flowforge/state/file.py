"""The state in a file: read without a lock as one consistent picture, changed under a lock through a journal."""

import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from flowforge.errors import Problem, StateError, UnfoldedError, UnrecordedError, printable
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.state import disk, text
from flowforge.state.found import Found, journal_path
from flowforge.state.journal import Header, Writer
from flowforge.state.lock import locked
from flowforge.state.model import (
    Abandoned,
    Admitted,
    Change,
    Draft,
    Forgotten,
    Intended,
    ManifestsAdopted,
    Recorded,
    State,
)


def manifest_names(state_file: Path, manifests: Iterable[Path]) -> tuple[str, ...]:
    """Give the manifests' names as a state keeps them: relative to its folder, with `/`, sorted, each once."""
    folder = Path(os.path.realpath(state_file)).parent
    names = {os.path.relpath(os.path.realpath(manifest), folder) for manifest in manifests}
    return tuple(sorted(Path(name).as_posix() for name in names))


class StateFile:
    """The state, held for writing: `with StateFile.open(path) as state: ...`. Its methods may be called by any thread.

    A change is on the disk when its method returns. `close` folds them all into the file; after a kill, the next
    `open` does. Besides the state itself there are `<state>.journal` while there are changes, `<state>.backup` with the
    version before, `<state>.lock`, and `<state>.lock-holder` while it is locked.
    """

    def __init__(self, path: Path, manifests: Iterable[str], held: ExitStack) -> None:
        """Not for callers: see `open`."""
        found = Found.at(path)
        self._path = path
        self._written = found.written
        self._data = found.data
        self._base = found.written.state if found.written else State.fresh(manifests)
        self._draft = Draft(self._base, found.changes)
        self._journal_id = found.header.id if found.header else self._base.folded
        self._writer: Writer | None = None
        self._closed = False
        self._mutex = threading.Lock()
        # Pending since before the newest intent: when that one is abandoned, the older one stays open.
        self._doubtful: set[Address] = set()
        self._unrecorded: set[Address] = set()
        try:
            disk.tighten(path)
            self._fold()
        except OSError as error:
            raise disk.failed("write the state", path, error) from error
        self._held = held.pop_all()

    @classmethod
    def read(cls, path: Path) -> State:
        """Give what is remembered now, also while another process applies; takes no lock and writes nothing.

        Where there is no state yet: `State.fresh()`. Raises StateError.
        """
        found = Found.at(disk.resolved(path))
        return Draft(found.written.state if found.written else State.fresh(), found.changes).state()

    @classmethod
    def open(cls, path: Path, *, manifests: Iterable[str] = (), lock_timeout: float = 0) -> "StateFile":
        """Lock the state, waiting up to `lock_timeout` seconds, and fold what a killed run left. Raises StateError.

        manifests: recorded in a state that begins now; an older one keeps its own until `adopt_manifests`.
        A state that begins now is written with its first change.
        """
        real = disk.resolved(path)
        with ExitStack() as held:
            held.enter_context(locked(real, lock_timeout))
            return cls(real, manifests, held)

    @property
    def state(self) -> State:
        """What is remembered now, this run's changes included; its serial is that of the file."""
        with self._mutex:
            return self._draft.state()

    @property
    def unrecorded(self) -> frozenset[Address]:
        """What was done on GitHub and is not on our disk. A `close` that succeeds has recorded it after all."""
        with self._mutex:
            return frozenset(self._unrecorded)

    def begin(self) -> None:
        """Make the journal before the first change does: a disk that is full ends the run in time. StateError FF401."""
        with self._mutex:
            try:
                self._journal()
            except OSError as error:
                raise disk.failed("write the journal", journal_path(self._path), error) from error

    def intend(self, fingerprints: Mapping[Address, str | None]) -> None:
        """Say that writes (the value's fingerprint) and deletes (None) are about to begin, all with one sync.

        Raises StateError FF401: then nothing may be sent.
        """
        with self._mutex:
            doubtful = fingerprints.keys() & self._draft.pending.keys()
            if fingerprints:
                self._commit(Intended(dict(fingerprints)))
            self._doubtful |= doubtful

    def record(self, address: Address, record: Record) -> None:
        """Say that a write succeeded, or that a secret was adopted or re-labelled.

        Raises UnrecordedError FF412 where the write was intended: it has happened; otherwise StateError FF401.
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
            if address in self._draft.pending and address not in self._doubtful:
                self._commit(Abandoned(address))

    def adopt_manifests(self, names: Iterable[str]) -> None:
        """Say which manifests the state is written from now on; see `manifest_names`."""
        manifests = tuple(names)
        with self._mutex:
            if manifests != self._draft.manifests:
                self._commit(ManifestsAdopted(manifests))

    def admit(self, holder: str, repos: frozenset[int]) -> None:
        """Say which repos a group or target with a selector may give secrets from now on."""
        with self._mutex:
            if repos != self._draft.admitted.get(holder):
                self._commit(Admitted(holder, repos))

    def close(self) -> None:
        """Fold the changes into the file and free the lock. Calling it again does nothing.

        Raises UnrecordedError FF412 where results are on no disk; UnfoldedError FF401 where the journal holds them all;
        StateError FF414 where it does but is that of a state which somebody replaced: they are `unrecorded` then.
        """
        with self._mutex, self._held:
            if self._closed:
                return
            self._closed = True
            try:
                self._fold()
            except OSError as error:
                if self._unrecorded:
                    raise self._lost(error, f": {', '.join(map(str, sorted(self._unrecorded)))}") from error
                fix = (
                    "make room or mend the folder; the journal beside it holds every change, and the next run folds it"
                )
                raise UnfoldedError(*disk.failed("write the state", self._path, error, fix).problems) from error
            except StateError:
                before, after = self._base.records, self._draft.state().records
                self._unrecorded |= {each for each in {*before, *after} if before.get(each) != after.get(each)}
                raise
            finally:
                if self._writer is not None:
                    self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.close()
        except StateError:
            # A person's second Ctrl-C stays one: what no fold has taken stands in the journal, done or as pending.
            if not isinstance(error, KeyboardInterrupt):
                raise

    def _journal(self) -> Writer:
        if self._closed:
            raise ValueError("the state is closed")
        if self._writer is None:
            self._untouched()
            # First the state, so that a journal never stands alone: it is the state's salt that makes sense of it.
            header = Header.after(self._written or self._write(self._draft.state()))
            self._writer = Writer(journal_path(self._path), header)
            self._journal_id = header.id
        return self._writer

    def _commit(self, change: Change) -> None:
        try:
            self._journal().append(change)
        except OSError as error:
            raise disk.failed("write the journal", journal_path(self._path), error) from error
        self._draft.apply(change)

    def _settle(self, change: Recorded | Forgotten) -> None:
        address = change.address
        if address not in self._draft.pending:
            self._commit(change)
            return
        # It has happened, whatever the disk says: a fold that succeeds later still records it.
        self._draft.apply(change)
        self._doubtful.discard(address)
        self._unrecorded.add(address)
        try:
            self._journal().append(change)
        except OSError as error:
            raise self._lost(error) from error
        self._unrecorded.discard(address)

    def _lost(self, error: OSError, addresses: str = "") -> UnrecordedError:
        why = f"{disk.reason(error)}; the next plan shows it as interrupted, so nothing goes unnoticed"
        what = f"done on GitHub, but not recorded{addresses}"
        fix = "make room or mend the folder, then run flowforge apply again"
        return UnrecordedError(Problem("FF412", what, printable(str(journal_path(self._path))), why, fix))

    def _write(self, state: State) -> text.Written:
        data, checksum = text.encode(state)
        disk.replace(self._path, data)
        self._data = data
        self._written, self._base, self._draft = text.Written(state, checksum), state, Draft(state)
        return self._written

    @property
    def _backup(self) -> Path:
        return self._path.with_name(self._path.name + ".backup")

    def _untouched(self) -> None:
        """Raise StateError FF414 where another file stands in the state's place: it may be somebody's only copy.

        One that is gone is written again.
        """
        found = disk.read(self._path)
        if found is None or found == self._data:
            return
        fix = "find out who changed it (git, an editor, a copy); then run flowforge plan"
        # Where the journal is gone too, removed or folded by another run, nothing goes with the state of before.
        if self._writer is not None and self._data is not None and journal_path(self._path).exists():
            disk.replace(self._backup, self._data)
            fix = f"put {printable(self._backup.name)} in its place, which goes with the journal; then run plan"
        what, why = "the state was replaced while it was in use", "it is not the file that this run read and locked"
        raise StateError(Problem("FF414", what, printable(str(self._path)), why, fix))

    def _fold(self) -> None:
        after = self._draft.state()
        if after != self._base:
            self._untouched()
            if self._data is not None:
                disk.replace(self._backup, self._data)
            self._write(replace(after, serial=after.serial + 1, folded=self._journal_id))
        journal_path(self._path).unlink(missing_ok=True)
        self._unrecorded.clear()
