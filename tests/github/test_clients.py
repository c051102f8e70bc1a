"""The clients of a run: one for each token, made when an owner is first asked for."""

import threading
from collections.abc import Callable

import httpx
import pytest

from flowforge.github.clients import SHARED, Clients
from flowforge.github.http import Client
from flowforge.github.problems import RepoError, TokenError
from flowforge.github.urls import ApiUrl
from flowforge.plan.action import Why

MakeClient = Callable[..., Client]
API = ApiUrl.parse("https://api.github.com")


@pytest.fixture
def made(scripted: MakeClient) -> Callable[..., tuple[Clients, list[str]]]:
    """Return a function that makes the clients of a run, of which these owners have a token of their own."""

    def make(*apart: str, beside: tuple[Client, ...] = ()) -> tuple[Clients, list[str]]:
        lanes: list[str] = []

        def client(lane: str) -> Client:
            lanes.append(lane)
            return scripted(lambda _: httpx.Response(200, json={}))

        return Clients(API, client, apart=apart.__contains__, beside=beside), lanes

    return make


def test_lanes(made: Callable[..., tuple[Clients, list[str]]]) -> None:
    """An owner with a token of its own has a lane, in any case of its name; all others share one."""
    clients, lanes = made("acme")
    assert clients.of("ACME") is clients.of("acme")
    assert clients.of("beta") is clients.of("gamma") is not clients.of("acme")
    assert (["acme", SHARED], ["acme", SHARED, SHARED]) == (lanes, [clients.lane(one) for one in ("Acme", "b", "c")])
    assert {"acme": ["Acme", "acme"], SHARED: ["beta"]} == clients.by_lane(["Acme", "beta", "acme"], str)


def test_one_for_all(scripted: MakeClient) -> None:
    """Where there is one token, every owner has its client, and it is there from the beginning."""
    client = scripted(lambda _: httpx.Response(200, json={}))
    clients = Clients.of_one(client)
    assert client is clients.of("acme") is clients.of("beta")
    assert (client,) == clients.all


def test_each_is_made_once(made: Callable[..., tuple[Clients, list[str]]]) -> None:
    """Threads that ask side by side for one owner get one client."""
    clients, lanes = made("acme")
    threads = [threading.Thread(target=clients.of, args=("acme",)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ["acme"] == lanes


def test_requests_are_counted_together(made: Callable[..., tuple[Clients, list[str]]], scripted: MakeClient) -> None:
    """Those of all tokens, and those of the Apps that made some of them."""
    app = scripted(lambda _: httpx.Response(200, json={}))
    clients, _ = made("acme", beside=(app,))
    for client, times in ((clients.of("acme"), 2), (clients.of("beta"), 3), (app, 4)):
        for _ in range(times):
            client.get("/x")
    assert 9 == clients.requests


def test_the_end_of_one_is_not_the_end_of_another(scripted: MakeClient) -> None:
    """A token that GitHub does not accept is a refusal of its owner's requests, however many, and asked once."""
    refused = scripted(lambda _: httpx.Response(401, json={"message": "Bad credentials"}))
    refused.owner = "acme"
    good = scripted(lambda _: httpx.Response(200, json={}))
    for _ in range(3):
        with pytest.raises(RepoError) as caught:
            refused.get("/x")
        assert (Why.NO_TOKEN, "FF302") == (caught.value.no.why, caught.value.no.code)
    assert 200 == good.get("/x").status
    assert 1 == refused.requests
    alone = scripted(lambda _: httpx.Response(401, json={"message": "Bad credentials"}))
    with pytest.raises(TokenError):
        alone.get("/x")
