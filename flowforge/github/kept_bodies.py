"""The lists that earlier runs got of GitHub, by the request that got them: a small SQLite file in the cache.

Nobody needs it: where it cannot be opened, read or written, nothing is known and nothing is kept. Nothing in it is
believed either: a list is used only once GitHub has said that it would send the very same bytes. So it may be deleted
at any time, and whoever can write it can make a run ask for more, and not mislead it.
"""

import os
import sqlite3
import stat
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

NAME: Final = "lists.sqlite3"
# Of bodies as they are packed, and their requests: the lists of some 150,000 repos.
MOST_BYTES: Final = 50_000_000
MOST_OF_ONE: Final = 1_000_000
_MOST_PENDING: Final = 8_000_000
_WAIT: Final = 1.0  # seconds for another process that writes
_VERSION: Final = 1
_TABLE: Final = "CREATE TABLE lists (request TEXT PRIMARY KEY, seen INTEGER NOT NULL, body BLOB NOT NULL)"
# The latest stay, as many as there is room for. A request stands in the table and in its index.
_EVICT: Final = (
    "DELETE FROM lists WHERE request IN (SELECT request FROM (SELECT request, SUM(LENGTH(body) "
    "+ 2 * LENGTH(request) + 20) OVER (ORDER BY seen DESC, request) AS total FROM lists) WHERE total > ?)"
)
# What says that the file itself is of no use. Any other trouble may be over when the next run comes.
_USELESS: Final = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_TOOBIG"})


class _UselessError(Exception):
    """The file is none that this version of FlowForge has written."""


class KeptBodies:
    """The bodies of lists, by request. Thread-safe. Nothing that is wrong with its file is raised."""

    def __init__(self, path: Path | None, *, writes: bool = True, most_bytes: int = MOST_BYTES) -> None:
        """Take the file, which is opened when it is first needed; without one nothing is ever known.

        writes: whether this run may change it.
        """
        self._path, self._writes, self._most_bytes = path, writes, most_bytes
        self._lock = threading.Lock()
        self._file: sqlite3.Connection | None = None
        self._new: dict[str, bytes] = {}
        self._pending = 0
        self._same: set[str] = set()

    def find(self, request: str) -> bytes | None:
        """Return what a request got the last time; None where that is not known."""
        with self._lock:
            packed = self._new.get(request) or self._read(request)
        return None if packed is None else _unpacked(packed)

    def keep(self, request: str, body: bytes) -> None:
        """Keep what a request got."""
        if self._path is None or len(body) > MOST_OF_ONE:
            return
        packed = zlib.compress(body, 1)
        with self._lock:
            self._pending += len(packed)
            self._new[request] = packed
            if self._pending > _MOST_PENDING:
                self._write()

    def still(self, request: str) -> None:
        """Note that GitHub answers a request as it did: it is to stay longer than what nobody asks for any more."""
        with self._lock:
            self._same.add(request)

    def close(self) -> None:
        """Write what is to be kept, and close the file."""
        with self._lock:
            self._write()
            self._drop()
            self._path = None

    def _read(self, request: str) -> bytes | None:
        found: tuple[object] | None = None
        with self._guarded():
            if file := self._opened():
                found = file.execute("SELECT body FROM lists WHERE request = ?", (request,)).fetchone()
        return found[0] if found and isinstance(found[0], bytes) else None

    def _write(self) -> None:
        new, same, now = self._new, self._same, int(time.time())
        self._new, self._same, self._pending = {}, set(), 0
        if not self._writes or not (new or same):
            return
        with self._guarded():
            if file := self._opened():
                file.execute("BEGIN IMMEDIATE")
                file.executemany("UPDATE lists SET seen = ? WHERE request = ?", ((now, request) for request in same))
                file.executemany(
                    "INSERT OR REPLACE INTO lists VALUES (?, ?, ?)",
                    ((request, now, body) for request, body in new.items()),
                )
                file.execute(_EVICT, (self._most_bytes,))
                file.execute("COMMIT")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Let whatever goes wrong with the file end its use, and nothing else."""
        try:
            yield
        except (sqlite3.Error, OSError, _UselessError) as error:
            useless = isinstance(error, _UselessError) or getattr(error, "sqlite_errorname", "") in _USELESS
            self._drop()
            if useless and self._writes and self._path is not None:
                # What is kept from now on is kept in a new one.
                with suppress(OSError):
                    self._path.unlink()
            else:
                self._path = None

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def _opened(self) -> sqlite3.Connection | None:
        if self._file is None and self._path is not None:
            self._file = self._open(self._path)
        return self._file

    def _open(self, path: Path) -> sqlite3.Connection | None:
        """Open the file, or make it; None where this run may not. Raises sqlite3.Error, OSError and _UselessError."""
        if not self._is_ours(path):
            return None
        # Nothing is locked and no file is made beside it, where nothing may be written.
        how = "mode=rw" if self._writes else "immutable=1"
        file = sqlite3.connect(
            f"file:{quote(str(path))}?{how}", _WAIT, isolation_level=None, check_same_thread=False, uri=True
        )
        try:
            self._prepare(file)
        except BaseException:
            file.close()
            raise
        return file

    def _is_ours(self, path: Path) -> bool:
        """Return whether the file is a file of this user's, which nobody else reads. It is made where it is missing."""
        if self._writes:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        # Not by a descriptor: to close one would take away the locks that SQLite has on the file.
        try:
            found = path.lstat()
        except FileNotFoundError:
            return False
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError
        if found.st_size > 2 * self._most_bytes + _MOST_PENDING:
            raise _UselessError
        if self._writes and found.st_mode & 0o077:
            path.chmod(0o600)
        return True

    def _prepare(self, file: sqlite3.Connection) -> None:
        file.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2 * MOST_OF_ONE)
        file.execute("PRAGMA trusted_schema = OFF")
        if self._writes:
            # A crash may tear it, and it is made anew then. No file stands beside it, and no disk is waited for.
            file.execute("PRAGMA journal_mode = MEMORY")
            file.execute("PRAGMA synchronous = OFF")
            file.execute("BEGIN IMMEDIATE")
            if not file.execute("SELECT 1 FROM sqlite_master").fetchone():
                file.execute(_TABLE)
                file.execute(f"PRAGMA user_version = {_VERSION}")
            file.execute("COMMIT")
        version = file.execute("PRAGMA user_version").fetchone()
        tables = file.execute("SELECT type, sql FROM sqlite_master ORDER BY rowid").fetchmany(3)
        # Not a table more, nor a view in its place, whatever SQLite would do with that.
        if (version, tables) != ((_VERSION,), [("table", _TABLE), ("index", None)]):
            raise _UselessError


def _unpacked(packed: bytes) -> bytes | None:
    unpacker = zlib.decompressobj()
    try:
        body = unpacker.decompress(packed, MOST_OF_ONE)
    except zlib.error:
        return None
    return body if unpacker.eof else None
