"""The state by itself, for the commands that look at it and mend it.

`confirm` is called before the first write, and raises to stop it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from flowforge.paths import Confinement
from flowforge.plan.address import Address, Repo
from flowforge.plan.kept import Kept, Lock
from flowforge.run.request import Request
from flowforge.run.task import Task
from flowforge.state import text
from flowforge.state.memory import Memory
from flowforge.state.model import State
from flowforge.steps import forget as forgetting
from flowforge.steps import move as moving
from flowforge.steps import supersede


@contextmanager
def held(request: Request) -> Iterator[Memory]:
    """Give a manifest's state for writing, wherever it is kept. Raises StateError, ManifestError and GitHubError."""
    with Task.of(request).home() as home, home.open(request.lock_timeout) as memory:
        yield memory


def kept(request: Request) -> Kept:
    """Look at the state, also while a run writes it; takes no lock."""
    with Task.of(request).home() as home:
        return _kept(home.find(), home.where)


def pull(request: Request) -> bytes:
    """Give the state as it is written, what a journal holds included. Raises StateError FF455 where there is none."""
    with Task.of(request).home() as home:
        state = home.find()
    if state is None:
        raise supersede.missing(home.where, "apply or adopt begins one")
    return text.encode(state, home.seal)[0]


def forget(
    request: Request, named: Sequence[str], confirm: Callable[[tuple[Address, ...]], None]
) -> tuple[Address, ...]:
    """Drop what the state remembers of the secrets and repos that are named; gives which secrets that was."""
    with held(request) as memory:
        found = forgetting.find(memory.state.remembered, named)
        confirm(found)
        memory.put(forgetting.without(memory.state, found))
    return found


def move(request: Request, old: Repo, new: Repo, confirm: Callable[[], None]) -> tuple[Address, ...]:
    """Let the state know a repo by another name; gives what is remembered of it, as it was called."""
    with held(request) as memory:
        found = forgetting.find(memory.state.remembered, [str(old)])
        after = moving.move(memory.state, old, new)
        confirm()
        memory.put(after)
    return found


def push(request: Request, file: Path, confirm: Callable[[Kept, Kept], None], *, force: bool) -> Kept | None:
    """Put a copy in the place of the state, whose version before it is given to `confirm` first; gives what is there.

    None: that is what was there. force: also where it is not newer.
    """
    name = str(file)
    with Task.of(request).home() as home, home.open(request.lock_timeout) as memory:
        given = supersede.read_copy(file, home.seal)
        if not memory.begins:
            supersede.require_kin(memory.state, home.where, given, name)
            if supersede.same(memory.state, given):
                return None
            if given.serial <= memory.state.serial and not force:
                raise supersede.not_older(
                    memory.state, home.where, given, name, "say --force to put it back all the same"
                )
        confirm(_kept(None if memory.begins else memory.state, home.where), _kept(given, name))
        return _kept(memory.put(replace(given, moved_to="")), home.where)


@dataclass(frozen=True, slots=True)
class Migrated:
    """Where a state was and is. count: how many secrets it remembers. before: it had been moved already."""

    old: str
    new: str
    count: int
    before: bool = False


def migrate(request: Request, file: Path | None, github: str | None, confirm: Callable[[Migrated], None]) -> Migrated:
    """Move the state to where the manifest says that it is: copy it, read it back, and retire the one it was.

    A kill leaves the old one as it was, or two that are equal, or the new one alone.
    """
    task = Task.of(request)
    source = supersede.source(task.manifest, file, github, Confinement.of(request.environ))
    key = task.key()
    with task.home_under(key) as new, task.home_under(key, settings=source) as old:
        supersede.require_apart(old, new)
        state = old.find()
        if state is None:
            raise supersede.missing(old.where, "say where it is: --from FILE or --from-github OWNER/REPO")
        if state.moved_to == new.where:
            supersede.require_arrived(new, old, state)
            return Migrated(old.where, new.where, len(state.remembered), before=True)
        with old.open(request.lock_timeout) as leaving, new.take(request.lock_timeout) as arriving:
            there, state = arriving.state, supersede.at_home(leaving.state, old, new)
            if not arriving.begins:
                supersede.require_kin(there, new.where, state, old.where)
                supersede.require_older(there, new, state, old)
            migrated = Migrated(old.where, new.where, len(state.remembered))
            confirm(migrated)
            supersede.require_copied(new, arriving.put(state))
            leaving.put(replace(leaving.state, moved_to=new.where))
            return migrated


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What became of a lock. lock: the one removed; None where there was none. lock_file: it is no such lock."""

    where: str
    lock: Lock | None = None
    lock_file: bool = False


def unlock(request: Request, confirm: Callable[[Lock], None]) -> Unlocked:
    """Remove the lock of a run that died; one that is alive stops by itself before its next write."""
    with Task.of(request).home() as home:
        if home.lock_file:
            return Unlocked(home.where, lock_file=True)
        with home.take(seize=True) as memory:
            lock = _kept(memory.state, home.where).lock
            if lock is not None:
                confirm(lock)
                memory.put(memory.state)
        return Unlocked(home.where, lock)


def _kept(state: State | None, where: str) -> Kept:
    if state is None:
        return Kept(where)
    lease = state.lease
    return Kept(
        where,
        state.serial,
        state.lineage,
        state.manifests,
        Lock(lease.holder, lease.since, lease.until) if lease else None,
        state.moved_to,
        {address: state.remembered[address] for address in sorted(state.remembered)},
    )
