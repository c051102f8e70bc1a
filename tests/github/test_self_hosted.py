"""A GitHub Enterprise Server: limits where it names them, and stores that it does not have."""

import threading
from collections.abc import Callable

import httpx
import pytest

from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock
from flowforge.github.explain import explain
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.paths import secrets_path
from flowforge.github.problems import RepoError
from flowforge.github.scopes import list_scope
from flowforge.github.urls import ApiUrl
from flowforge.plan.action import Why
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.facts import Unreadable
from flowforge.vault import SecretValue
from tests.github.scripts import fail
from tests.wire import answering

SERVER = "https://ghe.example.com/api/v3"
DOTCOM = "https://api.github.com"
LIMITS = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4000", "x-ratelimit-reset": "4102444800"}


def connected(api: str, handle: Callable[[httpx.Request], httpx.Response], pacer: Pacer) -> Client:
    """Return a client of a server that answers by a function."""
    token = GitHubToken(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN")
    return Client(ApiUrl.parse(api), token, pacer, transport=answering(handle))


def pacer_of(api: str, clock: Clock) -> Pacer:
    """Return a pacer as a run makes it for a server."""
    return Pacer(clock, threading.Event(), unless_free=ApiUrl.parse(api).self_hosted)


@pytest.mark.parametrize(
    ("api", "headers", "paced"),
    [(SERVER, {}, False), (SERVER, LIMITS, True), (DOTCOM, {}, True), ("http://127.0.0.1:1", {}, True)],
)
def test_a_server_without_limits_is_not_paced(api: str, headers: dict[str, str], paced: bool, clock: Clock) -> None:  # noqa: FBT001 -- a row
    """Two thousand points take no time where the server's answers name no limit, and minutes elsewhere."""
    pacer = pacer_of(api, clock)
    with connected(api, lambda _: httpx.Response(200, json={}, headers=headers), pacer) as client:
        client.get("/meta")
    assert paced == (pacer.estimate(2_000) > 0)


def test_a_server_that_refuses_has_limits(clock: Clock) -> None:
    """Whatever its answers said before: from the first refusal on it is paced as GitHub is."""
    pacer = pacer_of(SERVER, clock)
    answers = iter(
        [httpx.Response(200, json={}), httpx.Response(429, json={"message": "slow"}), httpx.Response(200, json={})]
    )
    with connected(SERVER, lambda _: next(answers), pacer) as client:
        client.get("/meta")
        assert 0.0 == pacer.estimate(2_000)
        client.get("/meta")
    assert pacer.estimate(2_000) > 0


def test_a_pace_that_is_free(clock: Clock) -> None:
    """Whatever limits its answers name, nothing is held back, neither points nor writes; until it refuses."""
    pacer = Pacer(clock, threading.Event(), unless_free=True, free=True)
    with connected(SERVER, lambda _: httpx.Response(200, json={}, headers=LIMITS), pacer) as client:
        for _ in range(200):
            client.put("/x", {})
        begun = clock.now()
        assert (0.0, begun) == (pacer.estimate(2_000, 400), pacer.start(5))
        pacer.refused(1, secondary=True, sent=begun, write=True)
    assert pacer.estimate(2_000, 400) > 60


@pytest.mark.parametrize("store", [Store.AGENTS, Store.CODESPACES])
@pytest.mark.parametrize("place", ["acme/api", "acme"])
def test_a_store_that_the_server_does_not_have(store: Store, place: str, clock: Clock) -> None:
    """It is not on this server, and no permission would change that; on github.com it is the permission."""

    def handle(request: httpx.Request) -> httpx.Response:
        found = not request.url.path.endswith("/secrets")
        data = {"id": 1, "full_name": "acme/api", "archived": False, "login": "acme"}
        return httpx.Response(200 if found else 404, json=data if found else {"message": "Not Found"})

    repo = Repo.parse(place) if "/" in place else Repo.organization(place)
    seen, scope = [], Scope(repo, store)
    for api in (SERVER, DOTCOM):
        with connected(api, handle, pacer_of(api, clock)) as client:
            seen.append(list_scope(client, scope))
    with connected(SERVER, handle, pacer_of(SERVER, clock)) as client:
        refused = fail(client, lambda client: client.get(secrets_path(scope)))
        assert isinstance(refused, RepoError)
        assert "FF353" == explain(client, scope, refused).no.code
    there, here = seen
    assert isinstance(there, Unreadable)
    assert isinstance(here, Unreadable)
    fix = f"take {store} out of `stores`: a GitHub Enterprise Server does not have that store"
    assert (Why.NOT_FOUND, f"this server has no {store} secrets", fix) == (there.why, there.detail, there.fix)
    assert Why.NO_PERMISSION is here.why
