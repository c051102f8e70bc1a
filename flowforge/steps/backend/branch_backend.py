"""The backend of a state on a branch of the ops repository. A run whose state is a file never imports it."""

import os
import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import GitHubError
from flowforge.github.branch_file import TO_BEGIN
from flowforge.github.clients import Clients
from flowforge.github.http import Client
from flowforge.github.permissions import CONTENTS, METADATA, AccessLevel
from flowforge.github.scopes import list_scope
from flowforge.manifest.github_settings import AuthSettings, BranchSettings
from flowforge.manifest.model import Manifest
from flowforge.plan.address import Address
from flowforge.plan.facts import Listing
from flowforge.sources.base import Context
from flowforge.state.branch import StateBranch
from flowforge.state.model import State
from flowforge.state.session import StateSession
from flowforge.state.signature import Signature
from flowforge.state.store import Run
from flowforge.steps.backend.branch_store import BranchStore
from flowforge.steps.backend.state_backend import StateBackend, top
from flowforge.steps.session import RunLimits, sign_in
from flowforge.vault import StateKey

# Writes of each limit of content that are left to the state: what is written must be recorded.
_SPARE: Final = TO_BEGIN
_EARLIER: Final = "restore the file of an earlier commit of that branch, in a new commit; nothing was overwritten"


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

    def estimate(self, points: int, writes: int) -> float:
        return self.keeper.pacer.estimate(points, writes) if self.keeper else 0.0

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
def branch_backend(
    branch: BranchSettings,
    manifest: Manifest,
    clients: Clients | None,
    context: Context,
    limits: RunLimits,
    *,
    key: StateKey | None,
) -> Iterator[StateBackend]:
    """Yield the backend of a state on a branch, for `backend_of`, which says what it signs in for and raises."""
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
        backend = _BranchBackend(_remote(keeper, branch), run, top(manifest.folder), manifest.files, key)
        backend.keeper = None if shared else keeper
        # Also with a token of its own: GitHub counts all tokens of an App's installation as one.
        keeper.pacer.reserve(_SPARE)
        yield backend


def _auth(manifest: Manifest, branch: BranchSettings) -> AuthSettings:
    """Return how to sign in for a state on GitHub: as it says itself, else as for the secrets of that owner."""
    if branch.auth.says:
        return branch.auth
    return manifest.github.owners.get(branch.repo.owner.lower(), manifest.github.auth)


def _is_apart(manifest: Manifest, branch: BranchSettings) -> bool:
    """Return whether the state's token is another one than that for the secrets of the repo's owner."""
    return branch.auth.says or _auth(manifest, branch).app is not None


def _remote(client: Client, branch: BranchSettings) -> BranchStore:
    return BranchStore(client, branch.repo, branch.branch, branch.path)


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
