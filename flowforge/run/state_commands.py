"""The commands of `flowforge state`, which look at a state and mend it.

`confirm` is called before the first write. It raises to stop the command.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from flowforge.data_class import dataclass
from flowforge.paths import Confinement
from flowforge.plan.address import Address, Repo
from flowforge.plan.state_summary import Lock, StateSummary
from flowforge.run.request import Request
from flowforge.run.task import Task
from flowforge.state import codec
from flowforge.state import edit as forgetting
from flowforge.state import edit as moving
from flowforge.state.model import State
from flowforge.state.session import StateSession
from flowforge.steps.backend import transfer


@contextmanager
def held(request: Request) -> Iterator[StateSession]:
    """Open a manifest's state for writing, wherever it is kept. Raises StateError, ManifestError and GitHubError."""
    with Task.of_state(request).backend() as backend, backend.open(request.lock_timeout) as session:
        yield session


def kept(request: Request) -> StateSummary:
    """Return what the state holds. It takes no lock, so a run may write the state meanwhile."""
    task = Task.of_state(request)
    with task.backend() as backend:
        return replace(_summary(backend.find(), backend.where), host=task.host)


def pull(request: Request) -> bytes:
    """Return the state as it would be written, its journal included. Raises StateError FF455 where there is none."""
    with Task.of_state(request).backend() as backend:
        state = backend.find()
    if state is None:
        raise transfer.missing(backend.where, "apply or adopt creates one")
    return codec.encode(state, backend.signing)[0]


def forget(
    request: Request, named: Sequence[str], confirm: Callable[[tuple[Address, ...]], None]
) -> tuple[Address, ...]:
    """Drop what the state remembers of the named secrets and repos. Return the addresses of what it dropped."""
    with held(request) as session:
        found = forgetting.find(session.state.remembered, named)
        confirm(found)
        session.put(forgetting.without(session.state, found))
    return found


def move(request: Request, old: Repo, new: Repo, confirm: Callable[[], None]) -> tuple[Address, ...]:
    """Rename a repo in the state. Return the addresses that are remembered of it, under the old name."""
    with held(request) as session:
        found = forgetting.find(session.state.remembered, [str(old)])
        # Before anybody is asked: a move that is not possible needs no answer.
        after = moving.move(session.state, old, new)
        confirm()
        session.put(after)
    return found


def push(
    request: Request, file: Path, confirm: Callable[[StateSummary, StateSummary], None], *, force: bool
) -> StateSummary | None:
    """Replace the state by a copy. Return what the state holds then; None where it held the same before.

    confirm: gets both before the write. force: whether to replace a state that is newer than the copy.
    """
    name = str(file)
    with Task.of_state(request).backend() as backend, backend.open(request.lock_timeout) as session:
        given = transfer.read_copy(file, backend.signing)
        if not session.begins:
            transfer.require_kin(session.state, backend.where, given, name)
            if transfer.same(session.state, given):
                return None
            if given.serial <= session.state.serial and not force:
                raise transfer.not_older(
                    session.state, backend.where, given, name, "add --force to replace it all the same"
                )
        confirm(_summary(None if session.begins else session.state, backend.where), _summary(given, name))
        # A copy of what a move left behind names the place that it moved to. Here it is the state again.
        return _summary(session.put(replace(given, moved_to="")), backend.where)


@dataclass(frozen=True, slots=True)
class Migrated:
    """A state that moved to another place."""

    old: str
    """The place where it was, in words."""
    new: str
    """The place where it is."""
    count: int
    """How many secrets it remembers."""
    before: bool = False
    """Whether it had moved before this command."""


def migrate(request: Request, file: Path | None, github: str | None, confirm: Callable[[Migrated], None]) -> Migrated:
    """Move the state to the place that the manifest names: copy it, read that back, and mark the old one as moved."""
    task = Task.of_state(request)
    source = transfer.source(task.manifest, file, github, Confinement.of(request.environ))
    key = task.key()
    with task.backend_under(key) as new, task.backend_under(key, settings=source) as old:
        transfer.require_apart(old, new)
        state = old.find()
        if state is None:
            raise transfer.missing(old.where, "name its place with --from FILE or --from-github OWNER/REPO")
        if state.moved_to == new.where:
            transfer.require_arrived(new, old, state)
            return Migrated(old.where, new.where, len(state.remembered), before=True)
        # `take` and not `open` at the new place: what an earlier move left behind there may be replaced.
        with old.open(request.lock_timeout) as leaving, new.take(request.lock_timeout) as arriving:
            there, state = arriving.state, transfer.for_backend(leaving.state, old, new)
            if not arriving.begins:
                transfer.require_kin(there, new.where, state, old.where)
                transfer.require_older(there, new, state, old)
            migrated = Migrated(old.where, new.where, len(state.remembered))
            confirm(migrated)
            # In this order a kill leaves the old one untouched, or two equal ones, or the new one alone: never none.
            transfer.require_copied(new, arriving.put(state))
            leaving.put(replace(leaving.state, moved_to=new.where))
            return migrated


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What became of a lock."""

    where: str
    """The state, in words."""
    lock: Lock | None = None
    """The lock that was removed; None where there was none."""
    lock_file: bool = False
    """Whether the state is a file, whose lock the system removes with the process that holds it."""


def unlock(request: Request, confirm: Callable[[Lock], None]) -> Unlocked:
    """Remove the lock of a run that died. A run that is alive notices, and stops before its next write."""
    with Task.of_state(request).backend() as backend:
        if backend.lock_file:
            return Unlocked(backend.where, lock_file=True)
        with backend.take(seize=True) as session:
            lock = _summary(session.state, backend.where).lock
            if lock is not None:
                confirm(lock)
                session.put(session.state)
        return Unlocked(backend.where, lock)


def _summary(state: State | None, where: str) -> StateSummary:
    if state is None:
        return StateSummary(where)
    lease = state.lease
    return StateSummary(
        where,
        state.serial,
        state.lineage,
        state.manifests,
        Lock(lease.holder, lease.since, lease.until) if lease else None,
        state.moved_to,
        {address: state.remembered[address] for address in sorted(state.remembered)},
        rotations=state.rotations,
    )
