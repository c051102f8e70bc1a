"""What the processes of one token spent in the last minute, or hour, shared through a small cache file.

For GitHub, a plan followed by an apply, or two runs side by side, are one client. Each process takes points in portions
under a lock, so that together they keep to one budget. The file is not required: where it cannot be read or written, or
is somebody else's, a process counts by itself. Points and writes have a file each.
"""

import json
import math
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from flowforge.github.cache_folder import cache_file

WINDOW: Final = 60.0
SLACK: Final = 2.0  # a request under way ends later than the file was last told
_LOCK_SECONDS: Final = 1.0
_BUSY_SECONDS: Final = 30.0  # until a lock that could not be had is tried again: each try may take a second
_VERSION: Final = 1
_SIZE: Final = 1_000_000
MOST_NOTED: Final = 86_400.0  # seconds that a note lasts

# When points stop counting, in seconds of `Clock.wall`, and how many points they are.
Points = tuple[float, int]


def spent_path(
    environ: Mapping[str, str], name: str, users_folder: Callable[[str], Path] = user_cache_path, *, kind: str = "spent"
) -> Path | None:
    """Return the file for the digest of a token, in the cache; None without a home. kind: of what is counted in it."""
    return cache_file(environ, f"{kind}-{name}.json", users_folder)


class Spent:
    """One process's view of the file. Not thread-safe: its pacer calls it under the pacer's own lock."""

    def __init__(self, path: Path | None, lock_seconds: float = _LOCK_SECONDS, *, span: float = WINDOW) -> None:
        """Take the file; None keeps to this process alone. lock_seconds: how long to wait for others who have it.

        span: how many seconds a point counts.
        """
        self.span = span
        # Until when something holds that a process found out, by `Clock.wall`; the windows say what.
        self.noted = 0.0
        self._busy_until = -math.inf
        self._path = path
        self._has_folder = False
        # Made once: to make one costs half as much as to take it.
        self._lock = _lock_of(path, lock_seconds) if path else None
        # Not the process id: containers that share a cache folder have the same ones.
        self._me = secrets.token_hex(8)
        self.others: tuple[Points, ...] = ()

    def take(self, mine: Iterable[Points], want: int, budget: int, now: float) -> int:
        """Return how many of `want` points may be spent, and publish them with `mine`, in one locked step.

        mine: what this process holds already. budget: the points of a window. `others` is up to date afterwards.
        """
        held = tuple(mine)
        if self._path is None or self._lock is None:
            return _granted(held, want, budget)
        try:
            if not (held or want or self.noted > now) and not self._path.exists():
                # Nothing to tell, and nobody to learn from, as at each start on a fresh machine.
                self.others = ()
                return 0
            if time.monotonic() >= self._busy_until:
                if not self._has_folder:
                    self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    self._has_folder = True
                with self._lock:
                    return self._exchange(self._path, held, want, budget, now)
        except (OSError, Timeout, NotImplementedError) as error:  # the last where the file system has no locks
            self._has_folder = False
            if isinstance(error, Timeout):
                self._busy_until = time.monotonic() + _BUSY_SECONDS
        self.others = tuple((until, points) for until, points in self.others if until > now)
        return _granted((*held, *self.others), want, budget)

    def _exchange(self, path: Path, held: tuple[Points, ...], want: int, budget: int, now: float) -> int:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(file, "r+b") as stream:
            if os.fstat(file).st_uid != os.geteuid():
                # Whoever it belongs to could hold up this run for an hour.
                raise PermissionError
            others, noted = _read(stream.read(_SIZE), now, self.span)
            self.noted = max(self.noted, noted)
            others.pop(self._me, None)
            self.others = tuple(entry for entries in others.values() for entry in entries)
            granted = _granted((*held, *self.others), want, budget)
            mine = [*held, (now + self.span, granted)] if granted else list(held)
            stream.seek(0)
            kept = {"version": _VERSION, "processes": {**others, self._me: mine}}
            stream.write(json.dumps(kept | ({"noted": self.noted} if self.noted > now else {})).encode())
            stream.truncate()  # NOTE: cut before the write, a file costs ext4 a flush
        return granted


def _lock_of(path: Path, seconds: float) -> FileLock:
    # Of all threads, which come one after another.
    return FileLock(f"{path}.lock", timeout=seconds, mode=0o600, thread_local=False, fallback_to_soft=False)


def _granted(held: Iterable[Points], want: int, budget: int) -> int:
    return max(0, min(want, budget - sum(points for _, points in held)))


def _read(data: bytes, now: float, span: float) -> tuple[dict[str, list[Points]], float]:
    """Return what still counts, by process, and until when what was noted holds. Anything else counts for nothing."""
    try:
        parsed = json.loads(data)
        if parsed["version"] != _VERSION:
            return {}, 0.0
        # A later end was written before the clock was set back, and would block this process for that long.
        found = {
            str(process): [
                (min(float(until), now + span + SLACK), int(points)) for until, points in entries if until > now
            ]
            for process, entries in parsed["processes"].items()
        }
        noted = float(parsed.get("noted", 0.0))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return {}, 0.0
    counted = {process: [entry for entry in entries if entry[1] > 0] for process, entries in found.items() if entries}
    return counted, noted if now < noted <= now + MOST_NOTED else 0.0
