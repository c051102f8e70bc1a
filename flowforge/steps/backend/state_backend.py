"""The backend of a manifest's state: a file beside the manifest, or a branch of the ops repository."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from flowforge.errors import Problem, StateError, UsageError, printable
from flowforge.github.clients import Clients
from flowforge.manifest.model import Manifest, StateSettings
from flowforge.on_demand import load
from flowforge.real_path import real_path
from flowforge.sources.base import Context
from flowforge.state.file import StateFile, manifest_names
from flowforge.state.model import State
from flowforge.state.session import StateSession
from flowforge.state.signature import Signature
from flowforge.steps.session import RunLimits
from flowforge.vault import Fingerprinter, StateKey


class StateBackend(ABC):
    """Where a state is kept, and how it is read and written there."""

    lock_file: ClassVar[bool] = False
    """Whether the lock is a file's, which the system releases with the process that holds it."""
    where: str
    """The place, in words."""
    place: object
    """The place for comparisons: equal for the same place, however it is written."""
    names: tuple[str, ...]
    """The manifests of this run as the state keeps them: relative to `folder`."""
    folder: Path
    """The folder that names of manifests are relative to."""
    key: StateKey | None
    """The key of the state; None where it has none."""
    signing: Signature
    """How the state is signed and checked."""

    def __init__(
        self,
        where: str,
        beside: Path,
        manifests: Collection[Path],
        signing: Signature,
        key: StateKey | None,
        *,
        place: object,
    ) -> None:
        """Take the parts; `backend_of` is for callers. beside: any file in the folder of the names."""
        self.where = where
        self.place = place
        self.names = manifest_names(beside, manifests)
        self.folder = Path(real_path(beside)).parent
        self.key = key
        self.signing = signing

    def fingerprinter(self, state: State) -> Fingerprinter:
        """Return what makes the fingerprints of a state that is kept here."""
        return Fingerprinter(state.salt, self.key)

    def key_id(self, state: State) -> str:
        """Return the id of the key, as the state has it; empty without a key."""
        return self.signing.key_id(state.lineage)

    def read(self) -> State:
        """Return the state, or a new one. Raises StateError (FF450 where it has moved) and GitHubError."""
        return self.require_current(self.find() or State.fresh())

    def open(self, lock_timeout: float = 0, *, fresh: State | None = None) -> StateSession:
        """Return the state for writing. It waits at most lock_timeout seconds for a run that has the lock.

        fresh: the state to begin with where there is none. Raises as `read` does.
        """
        session = self.take(lock_timeout, fresh=fresh)
        # The lock is released where the state has moved, and kept for the caller where it has not.
        with ExitStack() as held:
            held.enter_context(session)
            self.require_current(session.state)
            held.pop_all()
        return session

    @property
    def requests(self) -> int:
        """How many requests the state took beside those of the run's own client."""
        return 0

    def requests_of(self, pushes: int) -> int:
        """Return how many requests it takes to push the state so many times."""
        del pushes
        return 0

    def estimate(self, points: int, writes: int) -> float:
        """Return the seconds that GitHub's limits make so many points of the state's own client take."""
        del points, writes
        return 0.0

    @abstractmethod
    def find(self) -> State | None:
        """Return the state, also one that has moved; None where there is none."""

    @abstractmethod
    def take(self, lock_timeout: float = 0, *, fresh: State | None = None, seize: bool = False) -> StateSession:
        """Open the state for writing, also one that has moved. seize: also where another run holds the lock."""

    def require_current(self, state: State) -> State:
        """Return the state. Raises StateError FF450 where it has moved to another place."""
        if state.moved_to:
            what, where = "the state has moved", printable(self.where)
            why = f"it is now kept in {printable(state.moved_to)}"
            fix = "name that place under `state` in the manifest; `flowforge plan --offline` needs a copy of it"
            raise StateError(Problem("FF450", what, where, why, fix))
        return state


class _FileBackend(StateBackend):
    lock_file = True

    def __init__(
        self,
        settings: StateSettings,
        manifests: Collection[Path],
        signing: Signature,
        key: StateKey | None,
        beside: Path | None = None,
    ) -> None:
        path = settings.file
        super().__init__(str(path), beside or path, manifests, signing, key, place=real_path(path))
        self._path, self._bounds = path, settings.bounds

    def find(self) -> State | None:
        return StateFile.find(self._path, self.signing, self._bounds)

    def take(self, lock_timeout: float = 0, *, fresh: State | None = None, seize: bool = False) -> StateSession:
        del seize
        return StateFile.open(
            self._path,
            manifests=self.names,
            lock_timeout=lock_timeout,
            fresh=fresh,
            signing=self.signing,
            bounds=self._bounds,
        )


@contextmanager
def backend_of(
    manifest: Manifest, clients: Clients | None, context: Context, limits: RunLimits, key: StateKey | None
) -> Iterator[StateBackend]:
    """Yield the backend of a manifest's state, with a key or without one.

    clients: those of the run; None where it has not signed in. A state on GitHub signs in for itself then, and where it
    has a token of its own: an App makes one for it that is good for nothing else. Raises GitHubError and SourceError
    without a usable token.
    """
    branch = manifest.state.branch
    if branch is None:
        yield _FileBackend(manifest.state, manifest.files, Signature(key), key)
        return
    opened = load("flowforge.steps.backend.branch_backend").branch_backend
    with opened(branch, manifest, clients, context, limits, key=key) as backend:
        yield backend


def offline_backend(
    manifest: Manifest, key: StateKey | None, unchecked: Callable[[str], None], *, awaited: bool
) -> StateBackend:
    """Return the backend for a run that asks nobody. Of a state on GitHub, it reads the copy in a local file.

    unchecked: called with the place of a signed state that is read without its key. awaited: as in `Signature`. Raises
    UsageError FF032 where there is no copy.
    """
    file, branch, signing = manifest.state.file, manifest.state.branch, Signature(key, unchecked, awaited=awaited)
    if branch is None:
        return _FileBackend(manifest.state, manifest.files, signing, key)
    fetch = printable(f"git fetch origin {branch.branch} && git show FETCH_HEAD:{branch.path} > {file.name}")
    if not file.exists():
        what, copy = "the state is on GitHub, and there is no copy of it here", printable(str(file))
        raise UsageError(Problem("FF032", what, copy, fix=f"make one there: {fetch}"))
    signing = replace(signing, restore=f"make a new copy: {fetch}")
    return _FileBackend(manifest.state, manifest.files, signing, key, top(manifest.folder))


def top(folder: Path) -> Path:
    """Return a file at the top of the checkout, so that a manifest has the same name in every checkout."""
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder) / "state"
