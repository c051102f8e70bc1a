"""What happened since the state was last written: one synced line for each change, each with a checksum.

    {"checksum":"…","extends":"sha256:…","id":"…","lineage":"…","serial":4,"version":1}
    {"checksum":"…","op":"intend","secrets":[{"fingerprint":"…","name":"…","repo":"…","store":"actions"}]}
    {"checksum":"…","op":"record","repo":"…", …}

A line's checksum covers the line and the checksum before it, so a line that is changed, lost or moved is seen. With a
state key it is made under that, so that nobody else can write one.
A last line that is cut was never acknowledged: no write to GitHub follows it.
"""

import os
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

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
    """The first line: which journal this is, and the checksum of exactly the state that it extends."""

    id: str
    lineage: str
    serial: int
    extends: str
    version: int = VERSION

    @classmethod
    def after(cls, written: EncodedState) -> "Header":
        """Begin a journal for a state as it stands on disk."""
        return cls(str(uuid.uuid4()), written.state.lineage, written.state.serial, written.checksum)


def _seal(previous: str, payload: bytes, signing: Signature) -> tuple[bytes, str]:
    checksum = signing.digest(previous.encode("ascii") + payload)[:_DIGITS]
    return _OPEN + checksum.encode("ascii") + b'",' + payload[1:] + b"\n", checksum


def _unseal(previous: str, line: bytes, signing: Signature) -> tuple[bytes, str]:
    """Give a line's payload and checksum; raises MalformedError unless it is one of ours and follows `previous`."""
    start = len(_OPEN) + _DIGITS + len(b'",')
    payload = b"{" + line[start:]
    expected, checksum = _seal(previous, payload, signing)
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
            payload, checksum = _unseal(checksum, line, signing)
        except MalformedError as error:
            raise _damaged(number, error, where) from error
        yield number, payload
    try:
        payload, _ = _unseal(checksum, last, signing)
    except MalformedError as error:
        # Cut, so never acknowledged. A file that does not even begin as ours is somebody else's.
        if not whole and last[: len(_OPEN)] != _OPEN[: len(last)]:
            raise _damaged(1, error, where) from error
        return
    yield len(whole) + 1, payload


class Journal:
    """A journal as it was found: its header, None where even that was cut, and behind it the changes."""

    def __init__(self, data: bytes, where: str, signing: Signature = UNSIGNED) -> None:
        """Read the header; raises StateError FF406 or FF408."""
        self._where = where
        self._payloads = _payloads(data, where, signing)
        number, first = next(self._payloads, (0, b""))
        self.header = self._header(first) if number else None

    def _header(self, payload: bytes) -> Header:
        try:
            parsed = parse_json(payload)
            require_known(parsed, self._where)
            return Header(**fields(parsed, _HEADER, "the line"))
        except MalformedError as error:
            raise _damaged(1, error, self._where) from error

    def changes(self) -> Iterator[JournalEntry]:
        """Read the lines after the header, once; raises StateError FF408 naming the line that is damaged."""
        version = self.header.version if self.header else VERSION
        for number, payload in self._payloads:
            try:
                yield from_json(line_of_today(parse_json(payload), version))
            except MalformedError as error:
                raise _damaged(number, error, self._where) from error


class JournalWriter:
    """A journal that is being written; not thread-safe. Its methods raise OSError."""

    def __init__(self, entry: PathEntry, header: Header, signing: Signature = UNSIGNED, system: Disk = DISK) -> None:
        """Begin the journal on disk, in place of what is there: the caller has folded it."""
        self._disk = system
        self._handle = disk.create(entry)
        self._seal = signing
        self._checksum = ""
        self._length = 0
        try:
            self._write(canonical(asdict(header)))
            self._disk.sync_folder(entry.folder)
        except OSError:
            self.close()
            raise

    def append(self, change: JournalEntry) -> None:
        """Add a line and return when it is on the disk: acknowledged."""
        self._write(canonical(to_json(change)))

    def _write(self, payload: bytes) -> None:
        line, checksum = _seal(self._checksum, payload, self._seal)
        # What a line that failed has left goes first, or this one would follow a torn one.
        os.ftruncate(self._handle, self._length)
        disk.write_all(self._handle, line)
        self._disk.sync(self._handle)
        self._checksum = checksum
        self._length += len(line)

    def close(self) -> None:
        """Give the file back; it stays where it is."""
        os.close(self._handle)
