"""Repos with a workflow that can be a canary, on a local GitHub whose hours pass in seconds."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest

from flowforge.github.app import App, AppJwt, InstallationTokens
from flowforge.github.app_key import AppKey
from flowforge.github.auth import GitHubToken
from flowforge.github.clients import Clients
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.urls import ApiUrl
from flowforge.plan.address import Repo
from flowforge.sandbox import Fault, FaultKind, Sandbox
from flowforge.sandbox.world.dispatching import dispatched
from flowforge.steps.rotate.canary import Canary, CanaryError, CanaryVerdict, workflow_canary
from flowforge.vault import SecretValue
from tests.app_keys import app_key, pem

if TYPE_CHECKING:
    from flowforge.github.auth import TokenSource

SCALE: Final = 2000.0
PATH: Final = ".github/workflows/canary.yml"
SECRET: Final = "ANTHROPIC_API_KEY"
WORKFLOW: Final = """\
name: canary
on:
  workflow_dispatch:
jobs:
  ask:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: anthropics/claude-code-action@v1.0.172
        with:
          prompt: Say hello.
          github_token: ${{ secrets.GITHUB_TOKEN }}
          anthropic_api_key: ${{ secrets.ANTHROPIC_API_KEY }}
"""


@dataclass
class Stage:
    """The local GitHub, clients of it, and what people were told."""

    sandbox: Sandbox
    held: ExitStack
    stop: threading.Event = field(default_factory=threading.Event)
    said: list[str] = field(default_factory=list)

    def repos(self, count: int, owner: str = "acme") -> list[Repo]:
        """Create repos that have the workflow."""
        names = self.sandbox.world.create_repos(owner, count)
        for name in names:
            self.sandbox.world.edit_file(name, PATH, WORKFLOW)
        return [Repo.parse(name) for name in names]

    def write(self, repo: Repo, text: str) -> None:
        """Give a repo another workflow."""
        self.sandbox.world.edit_file(str(repo), PATH, text)

    def client(self, token: "TokenSource", owner: str = "") -> Client:
        """Return a client for a token."""
        pacer = Pacer(Clock(SCALE), self.stop, points_per_minute=100_000)
        return self.held.enter_context(Client(ApiUrl.parse(self.sandbox.url), token, pacer, owner=owner))

    def clients(self) -> Clients:
        """Return clients with the sandbox's own token."""
        return Clients.of_one(self.client(GitHubToken(SecretValue(self.sandbox.token), "GH_TOKEN")))

    def app(self, *owners: str, **permissions: str) -> Clients:
        """Install an App for owners, and return clients with its tokens."""
        world = self.sandbox.world
        made = world.create_app("ci", pem(app_key()), permissions=permissions)
        for owner in owners:
            world.install_app("ci", owner, permissions=permissions)
        jwt = AppJwt(str(made["client_id"]), AppKey(SecretValue(pem(app_key())), "the key"))
        app = App(self.client(jwt), jwt, "github.auth.app")
        lanes = {owner: self.client(InstallationTokens(app, owner), owner) for owner in owners}
        api = ApiUrl.parse(self.sandbox.url)
        return self.held.enter_context(Clients(api, lanes.__getitem__, apart=lanes.__contains__))

    def canary(
        self, repos: Sequence[Repo], clients: Clients | None = None, *, minutes: float = 30, name: str = "canary.yml"
    ) -> Canary:
        """Return the canary of these repos."""
        return workflow_canary(
            clients or self.clients(),
            repos,
            name,
            secret=SECRET,
            stop=self.stop,
            timeout=60 * minutes,
            notify=self.said.append,
        )

    def verdict(self, repo: Repo, ends: str = "well", *, minutes: float = 30) -> CanaryVerdict:
        """Check the canary of one repo, let its run end so, and return its verdict."""
        self.sandbox.world.set_dispatched(str(repo), PATH, ends)
        canary = self.canary([repo], minutes=minutes)
        canary.check([repo])
        (verdict,) = canary.run([repo])
        return verdict

    def refused(self, *repos: Repo, clients: Clients | None = None, name: str = "canary.yml") -> list[str]:
        """Check a canary that is refused, and return what is wrong with it. Nothing was dispatched then."""
        with pytest.raises(CanaryError) as caught:
            self.canary(repos, clients, name=name).check(repos)
        assert ({"FF060"}, 0) == ({problem.code for problem in caught.value.problems}, self.dispatches)
        return [problem.what for problem in caught.value.problems]

    def dispatch(self, repo: Repo, ends: str = "well") -> int:
        """Let somebody else dispatch the workflow, whose run ends so; return its id."""
        world = self.sandbox.world
        with world.lock:
            found = world.directory[str(repo)]
            kept = dict(found.dispatched)
            world.set_dispatched(str(repo), PATH, ends)
            run = dispatched(world, found, PATH, "main", actor="somebody", inputs={})
            found.dispatched = kept
            return run.id

    def then(self, match: str, does: Callable[[], object]) -> None:
        """Let something happen behind GitHub's API before the next answer to such a request is sent."""
        self.sandbox.world.faults.add(Fault(match, FaultKind.THEN, then=does))

    def older_server(self) -> None:
        """Let the server know the older version of the API alone, as the next client finds with its first request."""
        message = "Version 2026-03-10 is not supported."
        self.sandbox.world.faults.add(Fault("GET ", FaultKind.STATUS, 1, 400, message=message))

    @property
    def dispatches(self) -> int:
        """How many were sent."""
        return sum("/dispatches" in path for path in self.paths("POST"))

    def paths(self, method: str) -> list[str]:
        """Return the latest requests of a method."""
        return [each.path for each in self.sandbox.world.log() if each.method == method]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Start a local GitHub."""
    with Sandbox(time_scale=SCALE) as running, ExitStack() as held:
        running.world.limits.enabled = False
        yield Stage(running, held)


@pytest.fixture
def app_stage() -> Iterator[Stage]:
    """Start a local GitHub whose clock is near enough to ours for what an App signs."""
    with Sandbox(time_scale=20) as running, ExitStack() as held:
        running.world.limits.enabled = False
        yield Stage(running, held)
