"""The state in a file: read as one consistent snapshot without a lock, changed under a lock through a journal."""

import contextlib
import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from flowforge.errors import Problem, StateError, UnfoldedError, UnrecordedError, printable
from flowforge.paths import ANYWHERE, Bounds, PathEntry
from flowforge.plan.address import Address
from flowforge.real_path import real_path
from flowforge.state import codec, disk, messages
from flowforge.state.disk import DISK, Disk
from flowforge.state.journal import Header, JournalWriter
from flowforge.state.lock import locked
from flowforge.state.model import Draft, Forgotten, JournalEntry, Recorded, State
from flowforge.state.session import StateSession
from flowforge.state.signature import UNSIGNED, Signature
from flowforge.state.snapshot import Snapshot, journal_of
from flowforge.state.versions import VERSION


def manifest_names(state_file: Path, manifests: Iterable[Path]) -> tuple[str, ...]:
    """Return the names of manifests as a state keeps them: relative to its folder, with `/`, sorted, each once."""
    # Relative, so that a checkout in another folder or on another machine has the same names.
    folder = Path(real_path(state_file)).parent
    names = {os.path.relpath(real_path(manifest), folder) for manifest in manifests}
    return tuple(sorted(Path(name).as_posix() for name in names))


class StateFile(StateSession):
    """The state in a file: `with StateFile.open(path) as state: ...`. A change is on the disk when its method returns.

    `close` folds all changes into the file; after a kill, the next `open` does. These files are beside the state:
    `<state>.journal` while there are changes, `<state>.backup` with the version before, `<state>.lock`,
    `<state>.lock-holder` while it is locked, and for good `<state>.format-1.backup` with the last one in format 1.
    """

    def __init__(self, entry: PathEntry, fresh: State, held: ExitStack, signing: Signature, system: Disk) -> None:
        """Not for callers: see `open`."""
        found = Snapshot.at(entry, signing, system)
        self._entry, self._disk = entry, system
        self._written = found.written
        self._data = found.data
        base = found.written.state if found.written else fresh
        super().__init__(base, found.changes, begins=found.written is None, signing=signing)
        self._journal_id = found.header.id if found.header else self._base.folded
        self._writer: JournalWriter | None = None
        try:
            disk.tighten(entry)
            self._fold()
        except OSError as error:
            raise disk.failed("write the state", entry.path, error) from error
        self._held = held.pop_all()

    @classmethod
    def read(cls, path: Path, signing: Signature = UNSIGNED, bounds: Bounds = ANYWHERE) -> State:
        """Return the state now, also while another process applies. It takes no lock and writes nothing.

        Without a state yet it returns `State.fresh()`. Raises StateError.
        """
        return cls.find(path, signing, bounds) or State.fresh()

    @classmethod
    def find(
        cls, path: Path, signing: Signature = UNSIGNED, bounds: Bounds = ANYWHERE, system: Disk = DISK
    ) -> State | None:
        """Return the state as `read` does, or None if there is none yet."""
        with disk.held(path, bounds) as entry:
            found = Snapshot.at(entry, signing, system)
        if found.written is None:
            return None
        base = found.written.state
        now = Draft(base, found.changes).state()
        # The serial that `open` will find: it folds the journal that a killed run left, and so writes a version.
        return now if now == base else replace(now, serial=now.serial + 1)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        manifests: Iterable[str] = (),
        lock_timeout: float = 0,
        fresh: State | None = None,
        signing: Signature = UNSIGNED,
        bounds: Bounds = ANYWHERE,
        system: Disk = DISK,
    ) -> "StateFile":
        """Lock the state, waiting up to `lock_timeout` seconds, and fold what a killed run left. Raises StateError.

        manifests: recorded in a state that begins now; an older one keeps its own until `adopt_manifests`. fresh: what
        begins where there is none, in the place of one with a lineage and a salt of its own.
        bounds: where it may lie. system: the disk. A state that begins now is written with its first change.
        """
        with ExitStack() as held:
            entry = held.enter_context(disk.held(path, bounds))
            held.enter_context(locked(entry, lock_timeout))
            return cls(entry, fresh or State.fresh(manifests), held, signing, system)

    def begin(self, coming: Collection[Address]) -> None:
        """Create the journal. Raises StateError FF401."""
        # Before the first write to GitHub, so that a disk that is full ends the run while nothing is done yet.
        del coming
        with self._mutex:
            try:
                self._journal()
            except OSError as error:
                raise disk.failed("write the journal", self._journal_entry.path, error) from error

    def announce(self, fingerprints: Mapping[Address, str | None], after: Collection[Address] = ()) -> None:
        """Do nothing: a journal's line is so cheap that each intent is kept when it comes."""

    def close(self) -> None:
        """Fold the changes into the file and release the lock. Calling it again does nothing.

        Raises UnrecordedError FF412 if results are on no disk, UnfoldedError FF401 if the journal holds them all, and
        StateError FF414 if somebody replaced the state that the journal extends: the results are `unrecorded` then.
        """
        with self._mutex, self._held:
            if self._closed:
                return
            self._closed = True
            try:
                self._fold()
            except OSError as error:
                if self._unrecorded:
                    raise self._lost(error, self._unrecorded) from error
                fix = (
                    "make room or mend the folder; the journal beside it holds every change, and the next run folds it"
                )
                raise UnfoldedError(*disk.failed("write the state", self._entry.path, error, fix).problems) from error
            except StateError:
                self._give_up()
                raise
            finally:
                if self._writer is not None:
                    self._writer.close()

    def _journal(self) -> JournalWriter:
        if self._closed:
            raise ValueError("the state is closed")
        if self._writer is None:
            self._untouched()
            # First the state, so that a journal never stands alone: without the salt of its state its fingerprints say
            # nothing.
            header = Header.after(self._written or self._write(self._draft.state()))
            self._writer = JournalWriter(self._journal_entry, header, self._signing, self._disk)
            self._journal_id = header.id
        return self._writer

    def _take_in(self, change: JournalEntry) -> None:
        try:
            self._journal().append(change)
        except OSError as error:
            raise disk.failed("write the journal", self._journal_entry.path, error) from error
        self._draft.apply(change)

    def _keep(self, change: Recorded | Forgotten) -> None:
        try:
            self._journal().append(change)
        except OSError as error:
            raise self._lost(error) from error
        self._unrecorded.discard(change.address)

    def _lost(self, error: OSError, unrecorded: Iterable[Address] = ()) -> UnrecordedError:
        where = printable(str(self._journal_entry.path))
        return UnrecordedError(messages.unwritten(where, disk.reason(error), unrecorded))

    def _write(self, state: State) -> codec.EncodedState:
        data, checksum = codec.encode(state, self._signing)
        self._disk.replace(self._entry, data)
        self._data = data
        self._written, self._base, self._draft = (
            codec.EncodedState(state, checksum, self._signing.key_id(state.lineage)),
            state,
            Draft(state),
        )
        return self._written

    @property
    def _backup(self) -> PathEntry:
        return self._entry.beside(".backup")

    @property
    def _journal_entry(self) -> PathEntry:
        return journal_of(self._entry)

    def _untouched(self) -> None:
        """Raise StateError FF414 if the file is not the state that this run read. One that is gone is written again."""
        # git, editors and cloud folders ignore the lock. What they put there may be somebody's only copy.
        with contextlib.suppress(disk.NoStateError):  # a link, for one
            found = self._disk.read(self._entry)
            if found is None or found == self._data:
                return
        fix = "find out who changed it (git, an editor, a copy); then run `flowforge plan`"
        # If the journal is gone too, removed or folded by another run, nothing belongs to the state of before.
        if self._writer is not None and self._data is not None and self._journal_entry.exists():
            self._disk.replace(self._backup, self._data)
            backup = printable(self._backup.name)
            fix = f"put {backup} in its place, which goes with the journal; then run `flowforge plan`"
        what, why = "the state was replaced while it was in use", "it is not the file that this run read and locked"
        raise StateError(Problem("FF414", what, printable(str(self._entry.path)), why, fix))

    def _replace(self, state: State) -> None:
        try:
            self._supersede(state)
        except OSError as error:
            raise disk.failed("write the state", self._entry.path, error) from error

    def _supersede(self, state: State) -> None:
        self._untouched()
        if self._written is not None and self._data is not None:
            self._disk.replace(self._backup, self._data)
            # The backup is replaced by every run, so after two of them no copy in the older format would be left.
            if self._written.version != VERSION:
                self._disk.replace(self._entry.beside(f".format-{self._written.version}.backup"), self._data)
        self._write(state)

    def _fold(self) -> None:
        after = self._draft.state()
        if after != self._base:
            self._supersede(replace(after, serial=after.serial + 1, folded=self._journal_id))
        self._unrecorded.clear()
        # Last: if the process is killed before this line, `folded` tells that the journal is in the state already.
        self._journal_entry.remove()
