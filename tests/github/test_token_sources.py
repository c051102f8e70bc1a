"""A client whose token changes: when it is taken, when another one is tried, and what a suspended one means."""

import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Final

import httpx
import pytest

from flowforge.errors import Problem
from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.permissions import Needs
from flowforge.github.problems import RepoError, TokenError
from flowforge.github.traces import Traces
from flowforge.github.urls import ApiUrl
from flowforge.plan.action import Why
from flowforge.vault import SecretValue
from tests.wire import Handler, answering

API: Final = ApiUrl.parse("https://api.github.com")
DATE: Final = "Sat, 28 Nov 2026 20:00:00 GMT"


class Tokens:
    """A source of tokens: each that is refused is replaced by the next, as long as there is one."""

    workflow = False
    installation = True
    origin = "the App"

    def __init__(self, *texts: str) -> None:
        self.left = [GitHubToken(SecretValue(text), self.origin) for text in texts]
        self.events: list[object] = []

    def current(self) -> GitHubToken:
        """Return the first that is left, or raise."""
        self.events.append("current")
        if not self.left:
            raise TokenError(Problem("FF363", "not installed"))
        return self.left[0]

    def served(self, token: GitHubToken) -> None:
        """Note it."""
        self.events.append(("served", token.value.reveal()))

    def renew(self, refused: GitHubToken, time: datetime | None) -> bool:
        """Go on to the next."""
        self.events.append(("renew", refused.value.reveal(), time))
        self.left = [token for token in self.left if token is not refused]
        return bool(self.left)

    def need(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        """Do nothing."""

    def lacks(self, needs: Needs) -> tuple[str, ...]:
        """Return nothing."""
        del needs
        return ()

    def apart(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        """Return None: it has no others."""
        del needs, repos

    def digest(self, purpose: str) -> str:
        """Return the same always."""
        return purpose

    def known_to(self, traces: Traces) -> None:
        """Do nothing."""


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Close what was opened."""
    with ExitStack() as stack:
        yield stack


def _client(
    held: ExitStack, clock: Clock, stop: threading.Event, tokens: Tokens, handler: Handler, *, owner: str = "acme"
) -> Client:
    pacer = Pacer(clock, stop, max_in_flight=1)
    return held.enter_context(Client(API, tokens, pacer, owner=owner, transport=answering(handler)))


def _good_with(good: str) -> Handler:
    """Answer 200 to one token, and 401 to every other."""

    def handle(request: httpx.Request) -> httpx.Response:
        status = 200 if request.headers["authorization"] == f"Bearer {good}" else 401
        return httpx.Response(status, headers={"date": DATE}, json={"message": "Bad credentials"})

    return handle


def test_a_refused_token_is_replaced(held: ExitStack, clock: Clock, stop: threading.Event) -> None:
    """The request is sent again with the next token, and the source hears by GitHub's clock when it was refused."""
    client = _client(held, clock, stop, tokens := Tokens("one", "two"), _good_with("two"))
    assert 200 == client.get("/x").status
    at = datetime(2026, 11, 28, 20, tzinfo=UTC)
    assert ["current", ("renew", "one", at), "current", ("served", "two")] == tokens.events
    assert 2 == client.requests


def test_tokens_are_not_tried_for_ever(held: ExitStack, clock: Clock, stop: threading.Event) -> None:
    """A server that refuses each of them gets four for one request, and the owner is over."""
    client = _client(held, clock, stop, Tokens(*map(str, range(9))), _good_with("none"))
    for _ in range(2):
        with pytest.raises(RepoError) as caught:
            client.put("/x", {})
        assert ("FF302", Why.NO_TOKEN, True) == (caught.value.no.code, caught.value.no.why, caught.value.certain)
    assert 4 == client.requests


def test_no_token_is_no_request(held: ExitStack, clock: Clock, stop: threading.Event) -> None:
    """Where there is none to be had, nothing is sent, the place of the request is free again, and that is all."""
    client = _client(held, clock, stop, tokens := Tokens(), _good_with("none"))
    for _ in range(3):
        with pytest.raises(RepoError) as caught:
            client.get("/x")
        assert "no usable token for acme: not installed" == caught.value.no.detail
    assert (["current"], 0) == (tokens.events, client.requests)


def test_a_token_is_taken_after_the_wait_for_the_limits(held: ExitStack, clock: Clock, stop: threading.Event) -> None:
    """What was good before a pause of an hour may be none after it."""
    tokens, times = Tokens("one"), list[float]()
    pacer = Pacer(clock, stop, points_per_minute=5)

    class Timed(Tokens):
        def current(self) -> GitHubToken:
            times.append(clock.now())
            return tokens.current()

    client = held.enter_context(
        Client(API, Timed(), pacer, transport=answering(lambda _: httpx.Response(200, json={})))
    )
    for _ in range(2):
        client.put("/x", {})
    assert times[1] - times[0] >= 60


@pytest.mark.parametrize("owner", ["acme", ""])
def test_an_installation_that_was_suspended(held: ExitStack, clock: Clock, stop: threading.Event, owner: str) -> None:
    """It ends its owner, or the run of a token that all owners share, with that reason and no other."""
    answer = httpx.Response(403, json={"message": "This installation has been suspended"})
    client = _client(held, clock, stop, Tokens("one"), lambda _: answer, owner=owner)
    expected = (
        "error FF364: no usable token for acme: the installation of the GitHub App for acme is suspended\n"
        "  fix: let an owner of acme unsuspend it in the settings of the installation"
        if owner
        else "error FF364: the App: the installation of the GitHub App is suspended\n"
        "  fix: let its owner unsuspend it in the settings of the installation"
    )
    for path in ("/repos/acme/api/actions/secrets", "/repos/acme/ops/contents/state.json"):
        with pytest.raises(RepoError if owner else TokenError) as caught:
            client.get(path)
        assert expected == str(caught.value)
    assert 1 == client.requests
