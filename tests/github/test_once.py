"""A request that is sent once: whatever comes of it is an answer, with the ETag that can be computed of it."""

import hashlib
import threading
from collections.abc import Callable

import httpx
import pytest

from flowforge.github.answer import PAGE, Answer, Broken
from flowforge.github.api_request import GitHubRequest
from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.problems import StoppedError
from flowforge.sandbox import Sandbox
from flowforge.vault import SecretValue
from tests.github.scripts import MakeClient, in_turn

GET = GitHubRequest("GET", "/x")
_SECRET = "ghp_" + "fake" * 5


@pytest.mark.parametrize("status", [200, 204, 301, 304, 401, 403, 404, 409, 422, 500, 502])
def test_every_status_is_an_answer(scripted: MakeClient, waits: list[float], status: int) -> None:
    """A refusal is not raised, a failure is not tried again, and the run goes on after a 401."""
    client = scripted(in_turn(httpx.Response(status, headers={"x-a": "b"})))
    answer = client.once(GET)
    assert isinstance(answer, Answer)
    assert (status, "b", 1, []) == (answer.status, answer.headers["x-a"], client.requests, waits)
    assert {} == client.get("/y").data


def test_no_answer_is_one_too(scripted: MakeClient) -> None:
    """A connection that breaks is told, and not tried again."""
    client = scripted(in_turn(httpx.ReadTimeout("slow")))
    assert (Broken("no answer within 15 s"), 1) == (client.once(GET), client.requests)


def test_a_rate_limit_holds_the_next_request(scripted: MakeClient, waits: list[float]) -> None:
    """What GitHub asks for is waited for before the next one, as always."""
    limited = httpx.Response(429, headers={"retry-after": "7"}, json={"message": "slow down"})
    client = scripted(in_turn(limited))
    answer = client.once(GET)
    assert isinstance(answer, Answer)
    assert (429, []) == (answer.status, waits)
    client.once(GET)
    assert [8.0] == waits


def test_the_computed_etag(scripted: MakeClient) -> None:
    """It is the SHA-256 of Accept, Authorization and the bytes of the body: where it is asked for, of a good answer."""
    body = b'{"a": \t1}'
    client = scripted(in_turn(*(httpx.Response(status, content=body) for status in (200, 200, 404))))
    tagged = GitHubRequest("GET", "/x", tagged=True)
    found = [client.once(each) for each in (tagged, GET, tagged)]
    digest = hashlib.sha256(b"application/vnd.github+json:Bearer " + _SECRET.encode() + b":" + body).hexdigest()
    assert [(f'W/"{digest}"', {"a": 1}), ("", {"a": 1}), ("", {"a": 1})] == [
        (each.computed_etag, each.data) for each in found if isinstance(each, Answer)
    ]


def test_a_tagged_body_that_is_no_json(scripted: MakeClient) -> None:
    """It is told as such; one of more than a megabyte is read, and neither kept nor tagged."""
    large = b"[" + b" " * 1_000_000 + b"]"
    client = scripted(in_turn(httpx.Response(200, html="<html>"), httpx.Response(200, content=large)))
    tagged = GitHubRequest("GET", "/x", tagged=True)
    first, second = client.once(tagged), client.once(tagged)
    assert [(PAGE, b"", ""), ([], b"", "")] == [
        (each.data, each.body, each.computed_etag) for each in (first, second) if isinstance(each, Answer)
    ]


def test_a_304_of_the_sandbox(sandbox: Sandbox, connect: Callable[..., Client]) -> None:
    """What is known as it is there does not come once more; what is known otherwise comes whole."""
    sandbox.world.create_repo("acme/a")
    client, path = connect(), "/repos/acme/a/actions/secrets"
    first = client.once(GitHubRequest("GET", path, tagged=True))
    assert isinstance(first, Answer)
    same, other = (client.once(GitHubRequest("GET", path, known=body)) for body in (first.body, b"{}"))
    assert isinstance(same, Answer)
    assert isinstance(other, Answer)
    assert (first.headers["etag"], (304, True, first.data), (200, False, first.data)) == (
        first.computed_etag,
        (same.status, same.unchanged, same.data),
        (other.status, other.unchanged, other.data),
    )


def test_the_etag_is_the_tokens_own() -> None:
    """Another token has another one, and neither is in it."""
    tags = {GitHubToken(SecretValue(text), "x").etag("a", b"{}") for text in (_SECRET, _SECRET + "2")}
    assert (2, []) == (len(tags), [each for each in tags if "fake" in each])


def test_what_outlasts_a_stop(clock: Clock, waits: list[float]) -> None:
    """After a stop a wait ends at once, unless the pacer was told to outlast it."""
    stop = threading.Event()
    pacer = Pacer(clock, stop)
    stop.set()
    with pytest.raises(StoppedError):
        pacer.sleep(5)
    pacer.outlast()
    pacer.sleep(3)
    assert [5, 3] == waits
