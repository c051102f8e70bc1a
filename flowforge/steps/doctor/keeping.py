"""What can be wrong with the state: unreadable, locked, left in the middle of a write, or open to others."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from flowforge.errors import FlowForgeError, printable
from flowforge.plan.diagnosis import Diagnosis, about, named, of_error, well, wrong
from flowforge.state.model import State
from flowforge.steps.backend.state_backend import StateBackend

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def look_at_state(backend: StateBackend) -> tuple[list[Diagnosis], State | None]:
    """Return what is wrong with a state, and the state; None where it cannot be read. Takes no lock."""
    try:
        state = backend.read()
    except FlowForgeError as error:
        return of_error("state", error), None
    where = printable(backend.where)
    lines = [*_pending(state, where), *(_file(Path(backend.where)) if backend.lock_file else ())]
    kept = f"{len(state.records):,} secrets are remembered in {where}" if state.serial else f"{where} is still to come"
    return lines or [well("state", kept)], state


def _pending(state: State, where: str) -> Iterator[Diagnosis]:
    begun = sorted(str(address) for address, each in state.remembered.items() if each.pending)
    if begun:
        what = f"{where}: a run was interrupted while it wrote {named(begun)}"
        yield wrong("state", what, "`flowforge apply` writes them again")


def _file(path: Path) -> Iterator[Diagnosis]:
    """Look at a file and at its lock, without making either."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if mode & _OTHERS:
        what = f"{printable(str(path))} can be read by other users of this machine"
        yield wrong("state", what, about("`chmod 600 {}`", path) or "let nobody else read it")
    if _is_locked(path.with_name(f"{path.name}.lock")):
        what = f"another run holds the lock of {printable(str(path))}"
        yield wrong("lock", what, "wait for it, or find out what hangs; the system releases the lock of a dead process")


def _is_locked(lock: Path) -> bool:
    try:
        handle = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # Shared, and for a moment: a run that begins meanwhile waits for it as for any other.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in {errno.EWOULDBLOCK, errno.EACCES}
    finally:
        os.close(handle)
    return False
