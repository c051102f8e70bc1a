"""A consistent snapshot of the state file and its journal, read without a lock."""

from typing import Final, NoReturn, Self

from flowforge.data_class import dataclass
from flowforge.errors import Problem, StateError, printable
from flowforge.paths import PathEntry
from flowforge.state import codec
from flowforge.state.disk import DISK, Disk
from flowforge.state.journal import OR_REMOVE, Header, Journal
from flowforge.state.model import JournalEntry, State
from flowforge.state.signature import UNSIGNED, Signature

# A run replaces the state file when it begins and when it ends, so that even a second reading is rare.
_READS: Final = 100
_PAUSE: Final = 0.01


def journal_of(state: PathEntry) -> PathEntry:
    """Return the journal's entry, beside the state's."""
    return state.beside(".journal")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state file and its journal as they were at one moment."""

    written: codec.EncodedState | None
    """The state as it is on disk; None if there is none yet."""
    header: Header | None = None
    """The first line of the journal; None if there is no journal, or its first line was cut."""
    changes: tuple[JournalEntry, ...] = ()
    """The entries of the journal that the state file does not hold yet."""
    data: bytes | None = None
    """The bytes of the state file."""

    @classmethod
    def at(cls, entry: PathEntry, signing: Signature = UNSIGNED, system: Disk = DISK) -> Self:
        """Read a state and its journal; raises StateError."""
        state, journal = _snapshot(entry, system)
        written = None if state is None else codec.decode(state, printable(str(entry.path)), signing)
        where = printable(str(journal_of(entry).path))
        if journal and written:
            signing.require_key(written.key_id, where)
        book = Journal(journal or b"", where, signing)
        if book.header is None:
            return cls(written, data=state)
        if written is None:
            _misfit(where, "there is no state file beside it", "put the state file back")
        if book.header.lineage != written.state.lineage:
            _foreign(where, book.header, written.state)
        # A kill after the fold and before the journal was removed leaves it behind. Its entries are in the state.
        if book.header.id == written.state.folded:
            return cls(written, book.header, data=state)
        # Not the serial: git can bring back another state of the same serial, to which these entries do not belong.
        if book.header.extends != written.checksum:
            why = f"it extends serial {book.header.serial} of the state, and here is serial {written.state.serial}"
            _misfit(where, why, f"put serial {book.header.serial} back, from git or from the .backup file")
        return cls(written, book.header, tuple(book.changes()), state)


def _snapshot(entry: PathEntry, system: Disk) -> tuple[bytes | None, bytes | None]:
    """Read the state file and its journal as they were at one moment. Raises StateError FF413."""
    # The serial grows with every version, so a state's bytes never come back once they were replaced. The same bytes
    # before and after mean that no fold lies between, so the journal that was read in the middle belongs to them.
    state = system.read(entry)
    for _ in range(_READS):
        journal = system.read(journal_of(entry))
        again = system.read(entry)
        if again == state:
            return state, journal
        state = again
        system.wait(_PAUSE)
    fix = "run again when the other process has ended"
    raise StateError(Problem("FF413", "the state keeps changing while it is read", printable(str(entry.path)), "", fix))


def _misfit(where: str, why: str, fix: str) -> NoReturn:
    raise StateError(Problem("FF410", "the journal does not belong to this state", where, why, fix + OR_REMOVE))


def _foreign(where: str, header: Header, state: State) -> NoReturn:
    why = f"the journal is of lineage {printable(header.lineage)}, the state is of {state.lineage}"
    fix = "put the state and its own journal together again; nothing was changed"
    raise StateError(Problem("FF409", "the journal is of another state", where, why, fix))
