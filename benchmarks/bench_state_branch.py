"""The state on a branch: what so many secrets push to a sandbox, where no time passes and at GitHub's limits."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from common import POINTS_A_MINUTE, Server, sandbox, say, sized, table
from flowforge.errors import Where
from flowforge.github.http import Client
from flowforge.manifest.github_settings import GitHubSettings
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record
from flowforge.sources import Context
from flowforge.state.branch import StateBranch
from flowforge.state.model import State
from flowforge.state.store import Run, StateStore, StateVersion
from flowforge.steps.backend.branch_store import BranchStore
from flowforge.steps.session import RunLimits, sign_in

SECRETS = sized(1_000, 100), sized(10_000, 200)
POINTS = 7  # of a secret: its write, the repo's key, and the list after it
PACES = {"at once": 0.0, "at GitHub's limits": 60 * POINTS / POINTS_A_MINUTE}
MEGA = 1_000_000
_DEFAULT = GitHubSettings("", Where("none"))


@dataclass
class Counted:
    """A remote that counts what is written to it, and the seconds that this takes."""

    remote: StateStore
    sizes: list[int] = field(default_factory=list)

    @property
    def where(self) -> str:
        """Name it."""
        return self.remote.where

    def read(self) -> StateVersion:
        """Read it."""
        return self.remote.read()

    def require_room(self, size: int) -> None:
        """Look whether it takes so many bytes."""
        self.remote.require_room(size)

    def write(self, data: bytes, before: StateVersion, message: str) -> StateVersion:
        """Write it."""
        self.sizes.append(len(data))
        return self.remote.write(data, before, message)


def main() -> None:
    """Write all as new, then all again; for each number of secrets and each pace a branch of its own."""
    say(
        "Every secret announced, begun and recorded, one after the other; the state alone is pushed, over HTTP.\n"
        f"At GitHub's limits: {POINTS} points a secret, told to the state by a clock that nobody waits for."
    )
    rows = [row for count in SECRETS for pace in PACES for row in _rows(count, pace)]
    table(("secrets", "pace", "they are", "pushes", "MB pushed", "file MB", "x the file", "s"), rows)


def _rows(count: int, pace: str) -> Iterator[tuple[object, ...]]:
    addresses = [Address(Scope(Repo.parse(f"acme/repo-{number:05}")), "ANTHROPIC_API_KEY") for number in range(count)]
    with sandbox(1, "--no-limits") as server, _client(server) as client:
        server.call("create_repo", full_name="acme/ops", private=True)
        server.call("edit_file", full_name="acme/ops", path="README.md", text="the ops repository\n")
        for generation, what in enumerate(("new", "rotated")):
            remote = Counted(BranchStore(client, Repo.parse("acme/ops"), "flowforge-state", "state.json"))
            begun = time.perf_counter()
            _write(remote, addresses, generation, PACES[pace])
            seconds, pushed, last = time.perf_counter() - begun, sum(remote.sizes), remote.sizes[-1]
            sizes = f"{pushed / MEGA:.1f}", f"{last / MEGA:.1f}", f"{pushed / last:.1f}", f"{seconds:.1f}"
            yield f"{count:,}", pace, what, len(remote.sizes), *sizes


@contextmanager
def _client(server: Server) -> Iterator[Client]:
    environ: Mapping[str, str] = {
        "GITHUB_API_URL": server.url,
        "FLOWFORGE_GITHUB_TOKEN": server.token,
        "FLOWFORGE_CACHE_DIR": "/dev/null",
        "FLOWFORGE_TIME_SCALE": "1000",
    }
    context = Context(environ, Path(), stop=threading.Event())
    with sign_in(_DEFAULT, context=context, limits=RunLimits(1, 900.0, lambda _: None)) as clients:
        yield clients.of("acme")


def _write(remote: StateStore, addresses: list[Address], generation: int, pause: float) -> None:
    done = 0

    def clock() -> float:
        return done * pause

    run = Run("the benchmark", time.sleep, lambda _: {}, clock)
    fingerprint, now = f"hmac-sha256:{generation:064x}", "2026-11-23T08:00:00Z"
    with StateBranch.open(remote, run, State.fresh(["flowforge.yaml"])) as memory:
        while done < len(addresses):
            batch = addresses[done : done + (memory.batch or len(addresses))]
            memory.announce(dict.fromkeys(batch, fingerprint))
            for address in batch:
                memory.intend({address: fingerprint})
                done += 1
                memory.record(address, Record(fingerprint, now, "ci-key", 100_000 + done, now, now))
    if len(StateBranch.read(remote).records) != len(addresses):
        raise RuntimeError("the state does not hold what was written")


if __name__ == "__main__":
    main()
