"""The state in a file: read without a lock as one consistent picture, changed under a lock through a journal."""

import os
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn, Self

from flowforge.errors import Problem, StateError, UnrecordedError, printable
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.state import disk, text
from flowforge.state.journal import Header, Journal, Writer
from flowforge.state.lock import locked
from flowforge.state.model import (
    Abandoned,
    Change,
    Draft,
    Forgotten,
    Intended,
    ManifestsAdopted,
    Recorded,
    State,
)

_READS: Final = 100
_PAUSE: Final = 0.01


def manifest_names(state_file: Path, manifests: Iterable[Path]) -> tuple[str, ...]:
    """Give the manifests' names as a state keeps them: relative to its folder, with `/`, sorted, each once."""
    folder = os.path.dirname(os.path.realpath(state_file))  # noqa: PTH120 -- realpath has no pathlib twin on all of 3.11 to 3.13
    names = {os.path.relpath(os.path.realpath(manifest), folder) for manifest in manifests}
    return tuple(sorted(Path(name).as_posix() for name in names))


def _journal_path(path: Path) -> Path:
    return path.with_name(path.name + ".journal")


def _snapshot(path: Path) -> tuple[bytes | None, bytes | None]:
    """Read file and journal as they stood at one moment.

    A state's bytes never come back once they were replaced (its serial grows), so the same bytes before and after
    mean that no fold lies in between: the journal read in the middle is the one of this state.
    """
    state = disk.read(path)
    for _ in range(_READS):
        journal = disk.read(_journal_path(path))
        again = disk.read(path)
        if again == state:
            return state, journal
        state = again
        time.sleep(_PAUSE)
    fix = "Run again when the other process has ended."
    raise StateError(Problem("FF413", "the state keeps changing while it is read", printable(str(path)), "", fix))


@dataclass(frozen=True, slots=True)
class _Found:
    """What is on disk: the state as written, None where there is none, and the changes that it does not hold yet."""

    written: text.Written | None
    journal: Header | None
    changes: tuple[Change, ...]

    @classmethod
    def at(cls, path: Path) -> Self:
        state, journal = _snapshot(path)
        written = None if state is None else text.decode(state, printable(str(path)))
        where = printable(str(_journal_path(path)))
        book = Journal(journal or b"", where)
        if book.header is None:
            return cls(written, None, ())
        if written is None:
            _misfit(where, "there is no state file beside it", "Put the state file back")
        if book.header.lineage != written.state.lineage:
            _foreign(where, book.header, written.state)
        if book.header.id == written.state.folded:
            return cls(written, book.header, ())
        if book.header.extends != written.checksum:
            why = f"it extends serial {book.header.serial} of the state, whose serial is {written.state.serial}"
            _misfit(where, why, f"Put the state of serial {book.header.serial} back, from git or the .backup file")
        return cls(written, book.header, tuple(book.changes()))


def _misfit(where: str, why: str, fix: str) -> NoReturn:
    fix += "; or remove the journal: what it held then shows as changed outside FlowForge."
    raise StateError(Problem("FF410", "the journal does not belong to this state", where, why, fix))


def _foreign(where: str, header: Header, state: State) -> NoReturn:
    why = f"the journal is of lineage {printable(header.lineage)}, the state of {state.lineage}"
    fix = "Put the state and its journal together again; nothing was changed."
    raise StateError(Problem("FF409", "the journal is of another state", where, why, fix))


class StateFile:
    """The state, held for writing: `with StateFile.open(path) as state: ...`. Its methods may be called by any thread.

    A change is on the disk when its method returns. `close` folds them all into the file; after a kill, the next
    `open` does. Besides the state itself there are `<state>.journal` while there are changes, `<state>.backup` with the
    version before, `<state>.lock`, and `<state>.lock-holder` while it is locked.
    """

    def __init__(self, path: Path, manifests: Iterable[str], held: ExitStack) -> None:
        """Not for callers: see `open`."""
        found = _Found.at(path)
        self._path = path
        self._written = found.written
        self._draft = Draft(found.written.state if found.written else State.fresh(manifests), found.changes)
        self._journal_id = found.journal.id if found.journal else ""
        self._writer: Writer | None = None
        self._mutex = threading.Lock()
        # Pending since before the newest intent, so a new one that was abandoned leaves the older one open.
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
        found = _Found.at(disk.resolved(path))
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

    def intend(self, fingerprints: Mapping[Address, str | None]) -> None:
        """Say that writes (the value's fingerprint) and deletes (None) are about to begin, all with one sync.

        Raises StateError FF401: then nothing may be sent.
        """
        with self._mutex:
            doubtful = fingerprints.keys() & self._draft.pending.keys()
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
        with self._mutex:
            self._commit(ManifestsAdopted(tuple(names)))

    def close(self) -> None:
        """Fold the changes into the file and free the lock. Calling it again does nothing.

        Raises UnrecordedError FF412 where results are on no disk; StateError FF401 where the journal still holds all.
        """
        with self._mutex, self._held:
            try:
                self._fold()
            except OSError as error:
                if self._unrecorded:
                    raise self._lost(error, ", ".join(map(str, sorted(self._unrecorded)))) from error
                fix = (
                    "The journal beside it holds every change; make room or mend the folder, and the next run folds it."
                )
                raise disk.failed("write the state", self._path, error, fix) from error
            finally:
                if self._writer is not None:
                    self._writer.close()
                    self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, change: Change) -> None:
        if self._writer is None:
            # First the state, so that a journal never stands alone: it is the state's salt that makes sense of it.
            header = Header.after(self._written or self._write(self._draft.state()))
            self._writer = Writer(_journal_path(self._path), header)
            self._journal_id = header.id
        self._writer.append(change)

    def _commit(self, change: Change) -> None:
        try:
            self._append(change)
        except OSError as error:
            raise disk.failed("write the journal", _journal_path(self._path), error) from error
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
            self._append(change)
        except OSError as error:
            raise self._lost(error, str(address)) from error
        self._unrecorded.discard(address)

    def _lost(self, error: OSError, addresses: str) -> UnrecordedError:
        why = f"{disk.reason(error)}; the next plan shows it as interrupted, so nothing goes unnoticed"
        what = f"done on GitHub, but not recorded: {addresses}"
        fix = "Make room or mend the folder, then run flowforge apply again."
        return UnrecordedError(Problem("FF412", what, printable(str(_journal_path(self._path))), why, fix))

    def _write(self, state: State) -> text.Written:
        data, checksum = text.encode(state)
        disk.replace(self._path, data)
        self._written = text.Written(state, checksum)
        return self._written

    def _fold(self) -> None:
        before = self._written.state if self._written else None
        after = self._draft.state()
        if self._journal_id and after != before:
            old = disk.read(self._path)
            if old is not None:
                disk.replace(self._path.with_name(self._path.name + ".backup"), old)
            after = replace(after, serial=after.serial + 1, folded=self._journal_id)
            self._write(after)
            self._draft = Draft(after)
        _journal_path(self._path).unlink(missing_ok=True)
        self._unrecorded.clear()
