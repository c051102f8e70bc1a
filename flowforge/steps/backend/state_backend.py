"""The backend of a manifest's state: a file beside the manifest, or a branch of the ops repository."""

import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final

from flowforge.errors import GitHubError, Problem, StateError, UsageError, printable
from flowforge.github.branch_file import TO_BEGIN
from flowforge.github.clients import Clients
from flowforge.github.http import Client
from flowforge.github.permissions import CONTENTS, METADATA, AccessLevel
from flowforge.github.scopes import list_scope
from flowforge.manifest.github_settings import AuthSettings, BranchSettings
from flowforge.manifest.model import Manifest, StateSettings
from flowforge.plan.address import Address
from flowforge.plan.facts import Listing
from flowforge.sources.base import Context
from flowforge.state.branch import StateBranch
from flowforge.state.file import StateFile, manifest_names
from flowforge.state.model import State
from flowforge.state.session import StateSession
from flowforge.state.signature import Signature
from flowforge.state.store import Run
from flowforge.steps.backend.branch_store import BranchStore
from flowforge.steps.session import RunLimits, sign_in
from flowforge.vault import Fingerprinter, StateKey

_EARLIER: Final = "restore the file of an earlier commit of that branch, in a new commit; nothing was overwritten"


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
        self.folder = Path(os.path.realpath(beside)).parent
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

    def estimate(self, points: int) -> float:
        """Return the seconds that GitHub's limits make so many points of the state's own client take."""
        del points
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
        super().__init__(str(path), beside or path, manifests, signing, key, place=os.path.realpath(path))
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


class _BranchBackend(StateBackend):
    def __init__(
        self, remote: BranchStore, run: Run, beside: Path, manifests: Collection[Path], key: StateKey | None
    ) -> None:
        super().__init__(remote.where, beside, manifests, Signature(key, restore=_EARLIER), key, place=remote.place)
        self._remote, self._run = remote, run
        # Set where the state has a token of its own, and so a client of its own.
        self.keeper: Client | None = None

    @property
    def requests(self) -> int:
        return self.keeper.requests if self.keeper else 0

    def estimate(self, points: int) -> float:
        return self.keeper.pacer.estimate(points) if self.keeper else 0.0

    def requests_of(self, pushes: int) -> int:
        # The first push also creates the branch.
        return pushes + (TO_BEGIN - 1 if pushes and self._remote.begins else 0)

    def find(self) -> State | None:
        return StateBranch.find(self._remote, self.signing)

    def take(self, lock_timeout: float = 0, *, fresh: State | None = None, seize: bool = False) -> StateSession:
        begins = fresh or State.fresh(self.names)
        if self.keeper is not None:
            self.keeper.token.need({CONTENTS: AccessLevel.WRITE, METADATA: AccessLevel.READ}, [self._remote.repo.short])
        return StateBranch.open(
            self._remote, self._run, begins, lock_timeout=lock_timeout, seize=seize, signing=self.signing
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
    with ExitStack() as held:
        shared = None if clients is None or _is_apart(manifest, branch) else clients.of(branch.repo.owner)
        keeper = shared
        if keeper is None:
            # Both tokens go to one server, which may quote either in an answer to the other.
            traces = clients.traces if clients else None
            settings = replace(manifest.github, owners={}, auth=_auth(manifest, branch))
            signed = held.enter_context(sign_in(settings, context=context, limits=limits, traces=traces))
            keeper = signed.of(branch.repo.owner)
            keeper.token.need({CONTENTS: AccessLevel.READ, METADATA: AccessLevel.READ}, [branch.repo.short])
        shown = _Shown(clients or signed)
        run = Run(_holder(context.environ), keeper.pacer.sleep, shown, keeper.pacer.clock.now)
        backend = _BranchBackend(_remote(keeper, branch), run, _top(manifest.folder), manifest.files, key)
        backend.keeper = None if shared else keeper
        yield backend


def _auth(manifest: Manifest, branch: BranchSettings) -> AuthSettings:
    """Return how to sign in for a state on GitHub: as it says itself, else as for the secrets of that owner."""
    if branch.auth.says:
        return branch.auth
    return manifest.github.owners.get(branch.repo.owner.lower(), manifest.github.auth)


def _is_apart(manifest: Manifest, branch: BranchSettings) -> bool:
    """Return whether the state's token is another one than that for the secrets of the repo's owner."""
    return branch.auth.says or _auth(manifest, branch).app is not None


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
    return _FileBackend(manifest.state, manifest.files, signing, key, _top(manifest.folder))


def _remote(client: Client, branch: BranchSettings) -> BranchStore:
    return BranchStore(client, branch.repo, branch.branch, branch.path)


def _top(folder: Path) -> Path:
    """Return a file at the top of the checkout, so that a manifest has the same name in every checkout."""
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder) / "state"


def _holder(environ: Mapping[str, str]) -> str:
    """Return the name of this run, for people who meet its lock."""
    # https://docs.github.com/actions/reference/variables-reference
    server, repo, run = (environ.get(f"GITHUB_{part}", "") for part in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repo and run:
        return f"{server}/{repo}/actions/runs/{run}"
    return f"process {os.getpid()} on {socket.gethostname()}"


@dataclass(frozen=True, slots=True)
class _Shown:
    """Looks up the times that GitHub shows of secrets now. A scope that cannot be read has none."""

    clients: Clients

    def __call__(self, addresses: Collection[Address]) -> Mapping[Address, str]:
        """Return the times by address. It lists each scope once."""
        shown: dict[Address, str] = {}
        for scope in {address.scope for address in addresses}:
            try:
                listing = list_scope(self.clients.of(scope.repo.owner), scope)
            except GitHubError:
                continue
            if isinstance(listing, Listing):
                inside = (address for address in addresses if address.scope == scope)
                shown |= {address: listing.entry(address.secret).updated_at for address in inside}
        return shown
