"""Where a manifest's state is kept: in a file beside it, or on a branch of the ops repository."""

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
from flowforge.github.http import Client
from flowforge.github.scopes import list_scope
from flowforge.manifest.model import BranchSettings, Manifest, StateSettings
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

_EARLIER: Final = "put the file of an earlier commit of that branch back, by a commit; nothing was overwritten"


class StateBackend(ABC):
    """A state's home. where: for people. place: equal for two that are one, however they are written.

    names: the manifests, as a state there keeps them: relative to `folder`. key: the state's. seal: what it is written
    and read under. lock_file: whether its lock is one that goes with the process that holds it.
    """

    lock_file: ClassVar[bool] = False

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
        """Not for callers: see `backend_of`. beside: a file in the folder."""
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
        """Tell the key from others as the state does; empty without one."""
        return self.signing.key_id(state.lineage)

    def read(self) -> State:
        """Return what is remembered now. Raises StateError, and GitHubError where it is on GitHub.

        StateError FF450 where the state was moved to another home.
        """
        return self.require_current(self.find() or State.fresh())

    def open(self, lock_timeout: float = 0, *, fresh: State | None = None) -> StateSession:
        """Return it for writing, waiting so many seconds for a run that has it. Raises as `read` does.

        fresh: what begins where there is none; else one with a lineage and a salt of its own.
        """
        session = self.take(lock_timeout, fresh=fresh)
        with ExitStack() as held:
            held.enter_context(session)
            self.require_current(session.state)
            held.pop_all()
        return session

    @property
    def requests(self) -> int:
        """How many were made for it beside those of the run's own client."""
        return 0

    def requests_of(self, pushes: int) -> int:
        """Return how many requests it takes to push the state so often."""
        del pushes
        return 0

    @abstractmethod
    def find(self) -> State | None:
        """Do as `read` also where it was moved away; None where there is none yet."""

    @abstractmethod
    def take(self, lock_timeout: float = 0, *, fresh: State | None = None, seize: bool = False) -> StateSession:
        """Do as `open` also where it was moved away. seize: whoever holds it, where that is written in the state."""

    def require_current(self, state: State) -> State:
        """Return it; raises StateError FF450 where it was moved to another home."""
        if state.moved_to:
            what, where = "the state has moved", printable(self.where)
            why = f"it is kept in {printable(state.moved_to)} now"
            fix = "name that place under `state` in the manifest; plan --offline needs a copy of it"
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
        # The client of a token of its own.
        self.keeper: Client | None = None

    @property
    def requests(self) -> int:
        return self.keeper.requests if self.keeper else 0

    def requests_of(self, pushes: int) -> int:
        return pushes + (TO_BEGIN - 1 if pushes and self._remote.begins else 0)

    def find(self) -> State | None:
        return StateBranch.find(self._remote, self.signing)

    def take(self, lock_timeout: float = 0, *, fresh: State | None = None, seize: bool = False) -> StateSession:
        begins = fresh or State.fresh(self.names)
        return StateBranch.open(
            self._remote, self._run, begins, lock_timeout=lock_timeout, seize=seize, signing=self.signing
        )


@contextmanager
def backend_of(
    manifest: Manifest, client: Client | None, context: Context, limits: RunLimits, key: StateKey | None
) -> Iterator[StateBackend]:
    """Return the home of a manifest's state, under a key, or under none.

    client: the one of the run, None where it has not signed in: then that is done for a state on GitHub, as it is
    where that has a token of its own. Raises GitHubError and SourceError without a usable one.
    """
    branch = manifest.state.branch
    if branch is None:
        yield _FileBackend(manifest.state, manifest.files, Signature(key), key)
        return
    with ExitStack() as held:
        keeper = client
        if keeper is None or branch.token is not None:
            settings = replace(manifest.github, token=branch.token or manifest.github.token)
            keeper = held.enter_context(sign_in(settings, context=context, limits=limits))
            if client is not None:  # one server has both tokens
                client.hide(keeper.token)
                keeper.hide(client.token)
        run = Run(_holder(context.environ), keeper.pacer.sleep, _Shown(client or keeper), keeper.pacer.clock.now)
        backend = _BranchBackend(_remote(keeper, branch), run, _top(manifest.folder), manifest.files, key)
        backend.keeper = None if keeper is client else keeper
        yield backend


def offline_backend(
    manifest: Manifest, key: StateKey | None, unchecked: Callable[[str], None], *, awaited: bool
) -> StateBackend:
    """Return the backend of a manifest's state for a run that asks nobody: of one on GitHub, the copy in its file.

    unchecked: told of a signed state, and where it is, when there is no key. awaited: see `Signature`. Raises
    UsageError FF032 where there is no copy.
    """
    file, branch, signing = manifest.state.file, manifest.state.branch, Signature(key, unchecked, awaited=awaited)
    if branch is None:
        return _FileBackend(manifest.state, manifest.files, signing, key)
    fetch = printable(f"git fetch origin {branch.branch} && git show FETCH_HEAD:{branch.path} > {file.name}")
    if not file.exists():
        what, copy = "the state is on GitHub, and there is no copy of it here", printable(str(file))
        raise UsageError(Problem("FF032", what, copy, fix=f"make one there: {fetch}"))
    signing = replace(signing, restore=f"make the copy anew: {fetch}")
    return _FileBackend(manifest.state, manifest.files, signing, key, _top(manifest.folder))


def _remote(client: Client, branch: BranchSettings) -> BranchStore:
    return BranchStore(client, branch.repo, branch.branch, branch.path)


def _top(folder: Path) -> Path:
    """Name a file at the top of the checkout: what a manifest is called must not depend on who has it checked out."""
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder) / "state"


def _holder(environ: Mapping[str, str]) -> str:
    """Name this run for whoever meets its lock: https://docs.github.com/actions/reference/variables-reference."""
    server, repo, run = (environ.get(f"GITHUB_{part}", "") for part in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repo and run:
        return f"{server}/{repo}/actions/runs/{run}"
    return f"process {os.getpid()} on {socket.gethostname()}"


@dataclass(frozen=True, slots=True)
class _Shown:
    """Tells what GitHub shows of secrets now; nothing of a scope that cannot be read."""

    client: Client

    def __call__(self, addresses: Collection[Address]) -> Mapping[Address, str]:
        """Ask once for each scope."""
        shown: dict[Address, str] = {}
        for scope in {address.scope for address in addresses}:
            try:
                listing = list_scope(self.client, scope)
            except GitHubError:
                continue
            if isinstance(listing, Listing):
                inside = (address for address in addresses if address.scope == scope)
                shown |= {address: listing.entry(address.secret).updated_at for address in inside}
        return shown
