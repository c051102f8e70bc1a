"""The journal of a state file: a synced line with a checksum for each change since the state was last written.

    {"checksum":"…","extends":"sha256:…","id":"…","lineage":"…","serial":4,"version":1}
    {"checksum":"…","op":"intend","secrets":[{"fingerprint":"…","name":"…","repo":"…","store":"actions"}]}
    {"checksum":"…","op":"record","repo":"…", …}

A line's checksum covers the line and the checksum before it, so a line that is changed, lost or moved is noticed. With
a state key the checksum is made with that key, so that nobody else can write a line.
A last line that is cut was never acknowledged: no write to GitHub follows it.
"""

import os
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Problem, StateError
from flowforge.paths import PathEntry
from flowforge.state import disk
from flowforge.state.codec import EncodedState
from flowforge.state.disk import DISK, Disk
from flowforge.state.entry_codec import from_json, to_json
from flowforge.state.model import JournalEntry
from flowforge.state.shape import MalformedError, Shape, canonical, fields, parse_json
from flowforge.state.signature import UNSIGNED, Signature
from flowforge.state.versions import VERSION, line_of_today, require_known

OR_REMOVE: Final = "; or remove the journal: what it held then shows as changed outside FlowForge"
_OPEN: Final = b'{"checksum":"'
_DIGITS: Final = 32
_HEADER: Final[Shape] = {"version": (int,), "id": (str,), "lineage": (str,), "serial": (int,), "extends": (str,)}


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: which journal this is, and which state it extends."""

    id: str
    """A UUID of the journal, which the state has as `folded` once it holds the entries."""
    lineage: str
    """The lineage of the state."""
    serial: int
    """The serial of the state."""
    extends: str
    """The checksum of exactly the state that the entries are to be applied to."""
    version: int = VERSION
    """The version of the format."""

    @classmethod
    def after(cls, written: EncodedState) -> "Header":
        """Return the header of a new journal for a state as it is on disk."""
        return cls(str(uuid.uuid4()), written.state.lineage, written.state.serial, written.checksum)


# The checksum stands first, before the payload's own members, so that it is found without parsing anything.
def _to_line(previous: str, payload: bytes, signing: Signature) -> tuple[bytes, str]:
    checksum = signing.digest(previous.encode("ascii") + payload)[:_DIGITS]
    return _OPEN + checksum.encode("ascii") + b'",' + payload[1:] + b"\n", checksum


def _from_line(previous: str, line: bytes, signing: Signature) -> tuple[bytes, str]:
    """Return a line's payload and checksum; raises MalformedError unless FlowForge wrote it after `previous`."""
    start = len(_OPEN) + _DIGITS + len(b'",')
    payload = b"{" + line[start:]
    expected, checksum = _to_line(previous, payload, signing)
    if line + b"\n" != expected:
        raise MalformedError("its checksum does not fit")
    return payload, checksum


def _damaged(number: int, error: MalformedError, where: str) -> StateError:
    fix = "put a good copy of the journal back" + OR_REMOVE
    return StateError(Problem("FF408", f"line {number} of the journal is damaged", where, str(error), fix))


def _payloads(data: bytes, where: str, signing: Signature) -> Iterator[tuple[int, bytes]]:
    *whole, last = data.split(b"\n")
    checksum = ""
    for number, line in enumerate(whole, start=1):
        try:
            payload, checksum = _from_line(checksum, line, signing)
        except MalformedError as error:
            raise _damaged(number, error, where) from error
        yield number, payload
    try:
        payload, _ = _from_line(checksum, last, signing)
    except MalformedError as error:
        # A cut line was never acknowledged. A file that does not even begin as a journal does is somebody else's.
        if not whole and last[: len(_OPEN)] != _OPEN[: len(last)]:
            raise _damaged(1, error, where) from error
        return
    yield len(whole) + 1, payload


class Journal:
    """A journal as it was read: its header, which is None if even that was cut, and the entries after it."""

    def __init__(self, data: bytes, where: str, signing: Signature = UNSIGNED) -> None:
        """Read the header; raises StateError FF406 or FF408."""
        self._where = where
        self._payloads = _payloads(data, where, signing)
        first = next(self._payloads, None)
        self.header = self._header(first[1]) if first else None

    def _header(self, payload: bytes) -> Header:
        try:
            parsed = parse_json(payload)
            require_known(parsed, self._where)
            return Header(**fields(parsed, _HEADER, "the line"))
        except MalformedError as error:
            raise _damaged(1, error, self._where) from error

    def changes(self) -> Iterator[JournalEntry]:
        """Yield the entries, once. Raises StateError FF408, which names the line that is damaged."""
        version = self.header.version if self.header else VERSION
        for number, payload in self._payloads:
            try:
                yield from_json(line_of_today(parse_json(payload), version))
            except MalformedError as error:
                raise _damaged(number, error, self._where) from error


class JournalWriter:
    """Writes a journal. Not thread-safe. Its methods raise OSError."""

    def __init__(self, entry: PathEntry, header: Header, signing: Signature = UNSIGNED, system: Disk = DISK) -> None:
        """Create the journal on disk, in place of an older one, which the caller has folded."""
        self._disk = system
        self._handle = disk.create(entry)
        self._signing = signing
        self._checksum = ""
        self._length = 0
        try:
            self._write(canonical(asdict(header)))
            self._disk.sync_folder(entry.folder)
        except OSError:
            self.close()
            raise

    def append(self, change: JournalEntry) -> None:
        """Add a line, and return when it is on the disk: then it is acknowledged."""
        self._write(canonical(to_json(change)))

    def _write(self, payload: bytes) -> None:
        line, checksum = _to_line(self._checksum, payload, self._signing)
        # A line that failed may have left a part of itself (a full disk does so). This one must not follow it.
        os.ftruncate(self._handle, self._length)
        disk.write_all(self._handle, line)
        self._disk.sync(self._handle)
        self._checksum = checksum
        self._length += len(line)

    def close(self) -> None:
        """Close the file; it stays where it is."""
        os.close(self._handle)
