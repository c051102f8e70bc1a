"""The client on scripted HTTP: what is sent, what is tried again, and what is left behind."""

import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from flowforge import __version__
from flowforge.errors import GitHubError
from flowforge.github.answer import Answer
from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.problems import RepoError, StoppedError, not_an_api, unreachable
from flowforge.github.urls import DEFAULT_ORIGIN, ApiUrl
from flowforge.plan.action import Why
from flowforge.vault import SecretValue
from tests.faults.certificate import self_signed
from tests.github.scripts import MakeClient, fail, in_turn
from tests.github.talking import heard, talking

_SECRET = "ghp_" + "fake" * 5


def test_what_is_sent(scripted: MakeClient) -> None:
    """Every request carries the token, one fixed Accept, the API's version and our name; the base path is kept."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={})

    client = scripted(handle, url="https://ghe.test/api/v3")
    client.put("/repos/a/b/actions/secrets/N", {"key_id": "1"})
    (request,) = seen
    assert ("PUT", "https://ghe.test/api/v3/repos/a/b/actions/secrets/N") == (request.method, str(request.url))
    assert request.content == b'{"key_id":"1"}'
    expected = {
        "authorization": f"Bearer {_SECRET}",
        "accept": "application/vnd.github+json",
        "x-github-api-version": "2026-03-10",
        "user-agent": f"flowforge/{__version__}",
        "content-type": "application/json",
    }
    assert expected == {name: request.headers[name] for name in expected}


@pytest.mark.parametrize(
    "failure",
    [
        lambda: httpx.Response(502, html="<html>unicorn</html>"),
        lambda: httpx.Response(500, json={"message": "Server Error"}),
        lambda: httpx.Response(200, content=b'{"total_count": 1, "secr'),
        lambda: httpx.Response(200, content=b"[" * 100_000),
        lambda: httpx.ReadTimeout("slow"),
        lambda: httpx.ConnectTimeout("slow"),
        lambda: httpx.ConnectError("refused"),
        lambda: httpx.RemoteProtocolError("cut"),
        lambda: httpx.ReadError("reset"),
        lambda: httpx.ProxyError("407"),
    ],
)
def test_failures_are_tried_again(
    scripted: MakeClient, waits: list[float], failure: Callable[[], httpx.Response | httpx.TransportError]
) -> None:
    """5xx, broken connections, timeouts and what is not JSON: three times more, after about 1, 4 and 9 seconds."""
    client = scripted(in_turn(failure(), failure(), failure()))
    assert {} == client.get("/x").data
    assert 4 == client.requests
    assert [1, 4, 9] == [int(wait) for wait in waits]


@pytest.mark.parametrize(
    ("status", "code"), [(400, "FF326"), (403, "FF350"), (404, "FF324"), (409, "FF326"), (410, "FF326"), (422, "FF326")]
)
def test_a_no_is_not_tried_again(scripted: MakeClient, waits: list[float], status: int, code: str) -> None:
    """Refusals are final at the first request, concern one repo, and did certainly nothing."""
    client = scripted(in_turn(httpx.Response(status, json={"message": "No."})))
    error = fail(client, lambda client: client.put("/x", {}))
    assert isinstance(error, RepoError)
    assert (code, status, True) == (error.no.code, error.no.status, error.certain)
    assert (1, []) == (client.requests, waits)


@pytest.mark.parametrize(
    ("failure", "what"),
    [
        (httpx.Response(502, html="<html>unicorn</html>"), "it answered 502 Bad Gateway"),
        (httpx.ReadTimeout("x"), "no answer within 15 s"),
        (httpx.RemoteProtocolError(_SECRET), "the connection broke"),
    ],
)
def test_giving_up(scripted: MakeClient, failure: httpx.Response | httpx.TransportError, what: str) -> None:
    """After four failures the repo is given up, in our words: an exception of httpx holds the request's headers."""
    client = scripted(in_turn(*[failure] * 4))
    error = fail(client)
    assert isinstance(error, RepoError)
    assert str(error) == f"error FF328: no usable answer in 4 tries: {what}\n  fix: run it again in a while"
    assert (Why.FAILED, None, True) == (
        error.no.why,
        error.__cause__,
        error.__suppress_context__ or not error.__context__,
    )
    assert {} == client.get("/x").data


@pytest.mark.parametrize(
    ("strange", "what"),
    [
        (lambda: httpx.Response(200, html="<html>sign in</html>"), "200 OK, which is not JSON"),
        (lambda: httpx.Response(406, html="<html>no</html>"), "406 Not Acceptable, which is not JSON"),
        (lambda: httpx.Response(404, json={"error": "x"}), "404 Not Found, whose JSON is not GitHub's"),
        (lambda: httpx.Response(302, headers={"location": "/login?x=y"}), '302 Found, a redirect to "/login"'),
    ],
)
def test_what_is_not_githubs(
    scripted: MakeClient, waits: list[float], strange: Callable[[], httpx.Response], what: str
) -> None:
    """Before the first good answer it ends the run at once; after one it is a broken connection, and tried again."""
    client = scripted(in_turn(strange()), url="https://ghe.test/api/v3")
    errors = [str(fail(client)), str(fail(client))]
    expected = (
        "error FF349: https://ghe.test/api/v3: what answers at this address is not GitHub's API\n"
        f"  why: it answered {what}; the address came from github.api_url\n"
        "  fix: correct github.api_url, whose form is https://api.github.com, or https://ghe.example.com/api/v3; "
        "if it is right, check what stands between it and this machine, such as a network's sign-in page"
    )
    assert ([expected] * 2, 1, []) == (errors, client.requests, waits)
    good = httpx.Response(404, json={"message": "Not Found"})
    client = scripted(in_turn(good, strange(), strange(), strange()))
    fail(client)
    assert ({}, 5) == (client.get("/x").data, client.requests)
    client = scripted(in_turn(good, *(strange() for _ in range(4))))
    fail(client)
    assert str(fail(client)) == (
        f"error FF328: no usable answer in 4 tries: it answered {what}\n  fix: run it again in a while"
    )


def test_githubs_own_address_is_not_doubted() -> None:
    """Where nobody chose the address, only what stands in between can be wrong."""
    error = not_an_api(ApiUrl.parse("https://api.github.com", DEFAULT_ORIGIN), "it answered 200 OK, which is not JSON")
    assert str(error) == (
        "error FF349: https://api.github.com: what answers at this address is not GitHub's API\n"
        "  why: it answered 200 OK, which is not JSON; it is the default\n"
        "  fix: check what stands between it and this machine, such as a network's sign-in page"
    )
    assert str(unreachable(ApiUrl.parse("https://api.github.com", DEFAULT_ORIGIN), "no connection: x")) == (
        "error FF330: https://api.github.com: GitHub cannot be reached\n"
        "  why: no connection: x\n"
        "  fix: check the network, HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE"
    )


def test_the_content_type_says_nothing(scripted: MakeClient) -> None:
    """An answer is judged by its body: JSON that is called HTML is JSON."""
    said = httpx.Response(200, content=b' {"a": 1}', headers={"content-type": "text/html"})
    assert {"a": 1} == scripted(in_turn(said)).get("/x").data


def test_an_answer_tells_that_it_was_not_the_first_try(scripted: MakeClient) -> None:
    """Whether an earlier try got no usable answer is known of an answer; a limit or a version did nothing."""
    version = httpx.Response(400, json={"message": "Unsupported version"})
    tries = (httpx.ReadTimeout("x"), httpx.Response(502), httpx.Response(429, json={}), version)
    answers = [scripted(in_turn(first)).put("/x", {}) for first in tries]
    assert [True, True, False, False] == [answer.retried for answer in answers]
    assert not scripted(in_turn()).put("/x", {}).retried


def test_a_write_without_an_answer_may_have_happened(scripted: MakeClient) -> None:
    """A refusal after a lost answer does not say that nothing happened; after an answered one it does."""
    lost = scripted(in_turn(httpx.ReadTimeout("x"), httpx.Response(403, json={"message": "No."})))
    limited = scripted(in_turn(httpx.Response(429, json={}), httpx.Response(403, json={"message": "No."})))
    read = scripted(in_turn(httpx.ReadTimeout("x"), httpx.Response(403, json={"message": "No."})))
    assert (False, True, True) == (
        fail(lost, lambda client: client.put("/x", {})).certain,
        fail(limited, lambda client: client.delete("/x")).certain,
        fail(read).certain,
    )


def test_what_a_thread_has_left(scripted: MakeClient) -> None:
    """A write that was done, or got no answer, leaves a trace in its own thread, whatever is raised; a refusal none."""

    def left(verb: Callable[[Client], object], *answers: httpx.Response | BaseException) -> bool:
        def handle(_: httpx.Request) -> httpx.Response:
            answer = given.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        given = [*answers]
        client = scripted(handle)
        with suppress(BaseException):
            verb(client)
        with ThreadPoolExecutor(1) as other:
            assert not other.submit(lambda: client.trace.left).result()
        return client.trace.left

    def put(client: Client) -> Answer:
        return client.put("/x", {})

    done, no, limit = httpx.Response(204), httpx.Response(422, json={}), httpx.Response(429, json={})
    lost, bug = httpx.ReadTimeout("x"), KeyError("x")
    assert [True] * 7 == [
        left(put, done),
        left(put, lost, done),
        left(put, lost, no),
        left(put, lost, bug),
        left(put, bug),
        left(put, KeyboardInterrupt()),
        left(lambda client: (put(client), client.get("/x")), done, no),
    ]
    assert [False] * 5 == [
        left(put, no),
        left(put, limit, no),
        left(put, httpx.Response(401, json={})),
        left(put, httpx.Response(301, headers={"location": "/y"})),
        left(lambda client: client.get("/x"), bug),
    ]


def test_a_stop_between_tries(scripted: MakeClient, stop: threading.Event) -> None:
    """A stop ends the wait before the next try, and a write that got no answer is not certain."""

    def handle(_: httpx.Request) -> httpx.Response:
        stop.set()
        raise httpx.ReadTimeout("x")

    client = scripted(handle)
    error = fail(client, lambda client: client.put("/x", {}))
    assert (StoppedError, False) == (type(error), error.certain)
    assert isinstance(fail(client), StoppedError)


def test_the_first_request_goes_alone(scripted: MakeClient) -> None:
    """Until the first request has its answer no other is sent; then they go side by side."""
    going, most, lock = [0], [], threading.Lock()
    together = threading.Barrier(4)

    def handle(_: httpx.Request) -> httpx.Response:
        with lock:
            going[0] += 1
            most.append(going[0])
            alone = len(most) == 1
        if not alone:
            together.wait(timeout=60)
        with lock:
            going[0] -= 1
        return httpx.Response(200, json={})

    client = scripted(handle)
    with ThreadPoolExecutor(5) as pool:
        assert [{}] * 5 == [answer.data for answer in pool.map(client.get, ["/x"] * 5)]
    assert [1, 1] == most[:2]
    assert max(most) == 4


def test_another_version_of_the_api(scripted: MakeClient) -> None:
    """A server that does not know our version is asked with the one before, from then on."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["x-github-api-version"])
        known = asked[-1] == "2022-11-28"
        return httpx.Response(200, json={}) if known else httpx.Response(400, json={"message": "Unsupported version"})

    client = scripted(handle)
    client.get("/x")
    client.get("/x")
    assert ["2026-03-10", "2022-11-28", "2022-11-28"] == asked


def test_no_version_of_the_api(scripted: MakeClient) -> None:
    """A server that knows neither is no GitHub for us."""
    client = scripted(lambda _: httpx.Response(400, json={"message": "Unsupported version"}))
    assert str(fail(client)) == (
        'error FF327: GitHub supports no version of its API that FlowForge knows: "Unsupported version"\n'
        "  fix: check that github.api_url, or GITHUB_API_URL, names a GitHub API"
    )
    assert 2 == client.requests


def test_redirects_are_not_followed(scripted: MakeClient) -> None:
    """Neither a read nor a write goes where a redirect points."""
    # One that leads elsewhere than to a repo ends the run, so the second request is not even sent.
    for location, code, sent in (
        ("https://api.github.com/repositories/7", "FF323", 2),
        ("https://api.github.com/y", "FF349", 1),
        ("https://evil.test/", "FF311", 1),
    ):
        moved = httpx.Response(307, headers={"location": location}, json={"message": "Moved Permanently"})
        client = scripted(in_turn(moved, moved))
        codes = [fail(client, verb).problems[0].code for verb in (lambda c: c.get("/x"), lambda c: c.put("/x", {}))]
        assert ([code, code], sent) == (codes, client.requests)


def test_when_the_token_ends_is_kept(scripted: MakeClient) -> None:
    """The expiry that a header told is known afterwards, also when later answers do not say it."""
    told = httpx.Response(200, json={}, headers={"github-authentication-token-expiration": "2027-03-02 22:39:38 UTC"})
    client = scripted(in_turn(told))
    assert client.token_expires is None
    client.get("/x")
    client.get("/x")
    assert str(client.token_expires) == "2027-03-02 22:39:38+00:00"


def test_the_scopes_of_a_token_are_kept(scripted: MakeClient) -> None:
    """What GitHub said last of a classic token's scopes is known afterwards, also when later answers do not say it."""
    told = [httpx.Response(200, json={}, headers={"x-oauth-scopes": each}) for each in ("repo, gist", "repo")]
    client = scripted(in_turn(*told))
    known = [client.scopes]
    for _ in range(3):
        client.get("/x")
        known.append(client.scopes)
    assert [set(), {"repo", "gist"}, {"repo"}, {"repo"}] == known


def test_an_interrupt_leaves_the_account_right(scripted: MakeClient) -> None:
    """An exception of no kind that we know still ends the request in the pacer's account."""
    struck: list[bool] = []

    def handle(_: httpx.Request) -> httpx.Response:
        if not struck:
            struck.append(True)
            raise KeyboardInterrupt
        return httpx.Response(200, json={})

    client = scripted(handle)
    with pytest.raises(KeyboardInterrupt):
        client.get("/x")
    assert {} == client.get("/x").data
    assert (2, 0) == (client.requests, client.pacer._window.in_flight)


def test_httpx_is_silent(scripted: MakeClient, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody sees the URLs that httpx logs at INFO, whatever the root logger shows."""
    caplog.set_level(logging.DEBUG)
    scripted(in_turn()).get("/x")
    assert [] == caplog.records


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("HTTPS_PROXY", "nonsense://user:pass@proxy.test", "ValueError"),
        ("SSL_CERT_FILE", "/nowhere/cert.pem", "FileNotFoundError"),
    ],
)
def test_surroundings_that_httpx_cannot_use(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, name: str, value: str, kind: str
) -> None:
    """A proxy or certificate file that is none is our error, which does not repeat a proxy's password."""
    monkeypatch.setenv(name, value)
    pacer = Pacer(clock, threading.Event())
    with pytest.raises(GitHubError) as caught:
        Client(ApiUrl.parse("https://api.github.com"), GitHubToken(SecretValue(_SECRET), "GH_TOKEN"), pacer)
    assert str(caught.value) == (
        "error FF305: the HTTPS client cannot be set up\n"
        f"  why: {kind} from a proxy's URL or a file of certificates\n"
        "  fix: check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR"
    )


def test_this_machine_is_not_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch, connect: MakeClient) -> None:
    """A proxy in the environment is not asked for a loopback address."""
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert connect().get("/rate_limit").status == 200


def test_http_loads_no_certificates(monkeypatch: pytest.MonkeyPatch, connect: MakeClient) -> None:
    """A file of certificates that is missing is no matter where no TLS is spoken."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/cert.pem")
    assert connect().get("/rate_limit").status == 200


def test_a_certificate_that_nobody_vouches_for(clock: Clock) -> None:
    """No request goes to a server whose certificate is its own word, though it answers as GitHub would."""
    context, requests = self_signed(), list[bytes]()

    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as spoken:
            requests.append(heard(spoken))
            spoken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    token = GitHubToken(SecretValue(_SECRET), "GH_TOKEN")
    with talking(script) as talker:
        api = ApiUrl.parse(f"https://127.0.0.1:{talker.port}")
        with Client(api, token, Pacer(clock, threading.Event())) as client, pytest.raises(GitHubError) as caught:
            client.get("/x")
    assert ("FF330", []) == (caught.value.problems[0].code, requests)
    assert "certificate verify failed" in str(caught.value)


def test_the_token_is_nowhere_in_the_client(scripted: MakeClient) -> None:
    """Neither the client nor what it holds shows the token, by repr or by attribute."""
    client = scripted(in_turn())
    client.get("/x")
    with client._wire.connections.one() as http:
        shown = [repr(vars(held)) for held in (client, client._wire, client._wire.connections, http, client.pacer)]
    assert [False] * 5 == [_SECRET in text for text in shown]
    assert {int} == {type(piece) for pieces in client._wire._traces._known.values() for piece in pieces}
