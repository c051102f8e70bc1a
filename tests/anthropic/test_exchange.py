"""One exchange with Anthropic: what of an answer is used, what is never followed, and how its troubles are told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from flowforge.anthropic.address import VerifyAddress
from flowforge.anthropic.admin import ListedKeys, list_keys
from flowforge.anthropic.answer import KeyAnswer, NoAnswer
from flowforge.anthropic.exchange import AnthropicWire
from flowforge.anthropic.keys import MODELS, AdminKey, ApiKey
from flowforge.anthropic.models import KeyLife, Verification, verify
from flowforge.vault import SecretValue
from tests.cli.verifying import admin_key
from tests.made_up import api_key
from tests.wire import answering

ADDRESS = VerifyAddress("https://api.anthropic.com")


def asked(handler: Callable[[httpx.Request], httpx.Response]) -> KeyAnswer | NoAnswer:
    """Ask a server that is a function."""
    with AnthropicWire(ADDRESS, transport=answering(handler)) as wire:
        return wire.get(ApiKey(SecretValue(api_key())), MODELS)


def verified(status: int, body: object, headers: dict[str, str] | None = None) -> Verification:
    """Verify a key at a server that gives one answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with AnthropicWire(
        ADDRESS, transport=answering(lambda _: httpx.Response(status, headers=headers or {}, content=content))
    ) as wire:
        return verify(wire, ApiKey(SecretValue(api_key())), lambda _: False)


ERROR = {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}
OTHERS = "in another form than Anthropic's"
MODEL_LIST = {"data": [], "has_more": False}


@pytest.mark.parametrize(
    ("status", "body", "life", "why"),
    [
        (200, MODEL_LIST, KeyLife.LIVE, "200"),
        (200, {}, KeyLife.UNKNOWN, "200 without a list of models"),
        (200, [], KeyLife.UNKNOWN, "200 without a list of models"),
        (200, b"\xff\x00", KeyLife.UNKNOWN, "200 without a list of models"),
        (200, b" <html>", KeyLife.UNKNOWN, "200 with a page, which is not Anthropic's"),
        (401, ERROR, KeyLife.DEAD, "401 authentication_error"),
        (401, b"", KeyLife.UNKNOWN, f"401 {OTHERS}"),
        (401, b"<html>", KeyLife.UNKNOWN, "401 with a page, which is not Anthropic's"),
        (404, {"type": "error", "error": {"type": "not_found_error"}}, KeyLife.DEAD, "404 not_found_error"),
        (404, {"error": {"type": "not_found_error"}}, KeyLife.UNKNOWN, f"404 not_found_error {OTHERS}"),
        (404, {"type": "error", "error": {"type": "x\nerror FF001"}}, KeyLife.UNKNOWN, f"404 {OTHERS}"),
        (404, {"type": "error", "error": "gone"}, KeyLife.UNKNOWN, f"404 {OTHERS}"),
        (404, {"detail": "Not Found"}, KeyLife.UNKNOWN, f"404 {OTHERS}"),
        (401, {"message": "No API key found in request"}, KeyLife.UNKNOWN, f"401 {OTHERS}"),
        (400, {"error": {"type": "invalid_request_error"}}, KeyLife.UNKNOWN, "400 invalid_request_error"),
        (402, {"error": {"type": "billing_error"}}, KeyLife.UNKNOWN, "402 billing_error"),
        (403, {"error": {"type": "permission_error"}}, KeyLife.UNKNOWN, "403 permission_error"),
        (302, b"", KeyLife.UNKNOWN, "302, a redirect, which is not followed with a key"),
        (204, b"", KeyLife.UNKNOWN, "204"),
    ],
)
def test_what_an_answer_means(status: int, body: object, life: KeyLife, why: str) -> None:
    """200 with a list is live, Anthropic's 401 and 404 are dead, and nothing else says anything of the key."""
    assert (life, why) == ((found := verified(status, body)).life, found.why)


def test_whose_key_it_is() -> None:
    """The headers of a live key say whose it is; what does not look like an id is as good as missing."""
    headers = {"anthropic-organization-id": "0a0b", "anthropic-workspace-id": "wrkspc_1"}
    odd = {"anthropic-organization-id": "a b", "anthropic-workspace-id": "x" * 101}
    assert [
        Verification(KeyLife.LIVE, "200", "0a0b", "wrkspc_1"),
        Verification(KeyLife.LIVE, "200"),
    ] == [verified(200, MODEL_LIST, headers), verified(200, MODEL_LIST, odd)]


def test_an_endless_or_packed_answer_is_not_read() -> None:
    """What is larger than any list, or in a coding that was not asked for, is no answer."""
    found = [
        asked(lambda _: httpx.Response(200, content=b" " * 4_000_001)),
        asked(lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, content=b"x")),
        asked(lambda _: httpx.Response(200, headers=[("x", str(each)) for each in range(300)], content=b"{}")),
    ]
    assert [
        NoAnswer("an answer of more than 4 MB"),
        NoAnswer("an answer in a coding that was not asked for"),
        NoAnswer("an answer of more than 200 headers"),
    ] == found


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (httpx.ConnectTimeout, "no connection within 5 s"),
        (httpx.ConnectError, "no connection"),
        (httpx.ProxyError, "no connection"),
        (httpx.ReadTimeout, "no whole answer within 10 s"),
        (httpx.ReadError, "the connection broke"),
        (httpx.RemoteProtocolError, "the connection broke"),
    ],
)
def test_no_answer(error: type[httpx.TransportError], why: str) -> None:
    """Whatever keeps an answer from coming is told in words of ours: the exception holds the request, with the key."""

    def fail(request: httpx.Request) -> httpx.Response:
        message = f"with {request.headers['x-api-key']}"
        raise error(message, request=request)

    assert NoAnswer(why) == asked(fail)


class _Quiet(BaseHTTPRequestHandler):
    """Answers every GET with what the server has, and counts."""

    server: "_Server"

    def do_GET(self) -> None:
        """Count and answer."""
        self.server.met += 1
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


class _Server(ThreadingHTTPServer):
    met = 0
    status = 200
    location = ""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def served(status: int = 200, location: str = "") -> Iterator[_Server]:
    """Serve on loopback."""
    with _Server(("127.0.0.1", 0), _Quiet) as server:
        server.status, server.location = status, location
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    """On real sockets: the host that a redirect names is asked nothing, so it never sees the key."""
    with served() as other, served(status, f"{other.url}{MODELS}") as first:
        with AnthropicWire(VerifyAddress(first.url, loopback=True)) as wire:
            found = verify(wire, ApiKey(SecretValue(api_key())), lambda _: False)
        assert (1, 0, KeyLife.UNKNOWN) == (first.met, other.met, found.life)


def test_no_proxy_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment does not get a key that is for this machine."""
    with served() as proxy, served() as api:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        with AnthropicWire(VerifyAddress(api.url, loopback=True)) as wire:
            wire.get(ApiKey(SecretValue(api_key())), MODELS)
        assert (1, 0) == (api.met, proxy.met)


def test_a_stop_ends_the_tries() -> None:
    """Ctrl-C between two tries ends them, with what was answered last."""
    met: list[float] = []

    def pause(seconds: float) -> bool:
        met.append(seconds)
        return True

    transport = answering(lambda _: httpx.Response(529, content=b"{}"))
    with AnthropicWire(ADDRESS, transport=transport) as wire:
        found = verify(wire, ApiKey(SecretValue(api_key())), pause)
    assert ([1.0], Verification(KeyLife.UNKNOWN, "529")) == (met, found)


def listed(*pages: dict[str, object]) -> ListedKeys:
    """List the keys of an organization whose pages are these."""
    left = list(pages)
    with AnthropicWire(ADDRESS, transport=answering(lambda _: httpx.Response(200, json=left.pop(0)))) as wire:
        return list_keys(wire, AdminKey(SecretValue(admin_key())))


def key_of(number: int, expires: str = "") -> dict[str, object]:
    """Return a key as it is listed."""
    return {"id": f"apikey_{number}", "partial_key_hint": "sk-ant-api03-abc...wxyz", "expires_at": expires}


@pytest.mark.parametrize("more", [{}, {"has_more": None}, {"has_more": "false"}, {"has_more": 0}])
def test_a_list_that_does_not_say_that_it_is_whole(more: dict[str, object]) -> None:
    """Only a page that says so is the last: the keys of any other are not all of them."""
    whole = listed({"data": [key_of(1)], "has_more": True, "last_id": "apikey_1"}, {"data": [], "has_more": False})
    cut = listed({"data": [key_of(1)], "last_id": "apikey_1", **more})
    assert (["apikey_1"], "", ListedKeys(trouble="the list was cut short")) == (
        [each.id for each in whole.keys],
        whole.trouble,
        cut,
    )


@pytest.mark.parametrize("expires", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon"])
def test_a_time_that_is_in_no_year(expires: str) -> None:
    """A time that cannot be told in UTC is as good as none, and ends no run."""
    (found,) = listed({"data": [key_of(1, expires)], "has_more": False}).keys
    assert None is found.expires


@pytest.mark.parametrize(("status", "times"), [(499, 1), (500, 3), (529, 3), (599, 3), (600, 1), (429, 1), (200, 1)])
def test_who_is_asked_again(status: int, times: int) -> None:
    """Only a server that is in trouble, after one second and after two more, and not once the run is to end."""
    answers: list[int] = []
    waited: list[float] = []

    def respond(_: httpx.Request) -> httpx.Response:
        answers.append(status)
        return httpx.Response(status, json=MODEL_LIST)

    def pause(seconds: float) -> bool:
        waited.append(seconds)
        return False

    with AnthropicWire(ADDRESS, transport=answering(respond)) as wire:
        verify(wire, ApiKey(SecretValue(api_key())), pause)
        assert (times, [1.0, 2.0][: times - 1]) == (len(answers), waited)
        answers.clear()
        verify(wire, ApiKey(SecretValue(api_key())), lambda _: True)
        assert 1 == len(answers)
