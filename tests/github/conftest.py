"""A clock without waiting, clients on scripted HTTP, and clients on the sandbox's real HTTP."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock, Patience
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.rate_ledger import Spent
from flowforge.github.urls import ApiUrl
from flowforge.sandbox import Sandbox
from flowforge.vault import SecretValue
from tests.wire import Handler, answering

_PATIENCE = Patience()
FAST = 2000.0  # so many seconds of ours pass in a real one


@pytest.fixture
def waits() -> list[float]:
    """Return the waits that `clock` was asked for, in order."""
    return []


@pytest.fixture
def clock(waits: list[float]) -> Clock:
    """Return a clock that stands still, and jumps ahead instead of waiting."""

    class Still(Clock):
        time = 1000.0

        def now(self) -> float:
            return self.time

        def wall(self) -> float:
            return self.time + 1_000_000

        def wait(self, seconds: float, event: threading.Event) -> bool:
            waits.append(seconds)
            if not event.is_set():
                self.time += max(0.0, seconds)
            return event.is_set()

    return Still()


@pytest.fixture
def stop() -> threading.Event:
    """Return the event that ends every wait."""
    return threading.Event()


@pytest.fixture
def said() -> list[str]:
    """Return what people were told, in order."""
    return []


@pytest.fixture
def scripted(clock: Clock, stop: threading.Event, said: list[str]) -> Iterator[Callable[..., Client]]:
    """Make clients whose server is a function of ours, on the clock that does not wait."""
    opened = ExitStack()

    def make(
        handler: Handler,
        *,
        url: str = "https://api.github.com",
        token: str = "ghp_" + "fake" * 5,
        origin: str = "GH_TOKEN",
        workflow: bool = False,
        patience: Patience = _PATIENCE,
    ) -> Client:
        held = GitHubToken(SecretValue(token), origin, workflow)
        pacer = Pacer(clock, stop, notify=said.append)
        client = Client(ApiUrl.parse(url), held, pacer, jobs=4, patience=patience, transport=answering(handler))
        return opened.enter_context(client)

    with opened:
        yield make


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Start a local GitHub whose clock runs as fast as that of `connect`."""
    with Sandbox(time_scale=FAST) as running:
        yield running


@pytest.fixture
def connect(sandbox: Sandbox, stop: threading.Event, said: list[str]) -> Iterator[Callable[..., Client]]:
    """Make clients of the sandbox, with a token of their own if given.

    scale: lower for what has ten minutes, on a busy machine.
    """
    opened = ExitStack()

    def make(
        *,
        token: str = "",
        origin: str = "GH_TOKEN",
        workflow: bool = False,
        jobs: int = 8,
        points: int = 900,
        spent: Spent | None = None,
        scale: float = FAST,
    ) -> Client:
        held = GitHubToken(SecretValue(token or sandbox.token), origin, workflow)
        pacer = Pacer(Clock(scale), stop, points_per_minute=points, spent=spent, notify=said.append)
        return opened.enter_context(Client(ApiUrl.parse(sandbox.url), held, pacer, jobs=jobs))

    with opened:
        yield make
