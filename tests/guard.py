"""The guard over every request that a test has FlowForge send: no credential is in it but where it belongs.

It stands at both ends. What this process sends with httpx is seen as it goes out, and so is whatever the processes send
that a test starts (`tests/children.py`): whoever answers, be it a function or a socket without any rules. What arrives
at a server of this process, such as a sandbox, is seen as it comes in, from whatever program. And each request of
FlowForge's that arrives must have been seen as it left, so that no way to start FlowForge goes past the guard.
Nothing is judged on the way: requests are kept until the test ends.
"""

import base64
import binascii
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

import httpx
import pytest

import flowforge.__main__
from flowforge.sandbox.http.anthropic_api import AnthropicApi
from flowforge.sandbox.http.control import PREFIX
from flowforge.sandbox.http.server import HttpHandler
from flowforge.vault import SecretValue, Vault
from tests import recorder
from tests.children import Children, Request

# What a program exits with that ran under the guard and sent what it must not.
LEAKED: Final = 97
# The rules are said here once more, on purpose: FlowForge's own patterns may be what is wrong.
_API_KEY: Final = re.compile(r"sk-ant-api\d\d-[A-Za-z0-9_-]+")
_ADMIN_KEY: Final = re.compile(r"sk-ant-admin\d\d-[A-Za-z0-9_-]+")
_VERIFYING: Final = "GET /v1/models?limit=1"
_ADMIN_API: Final = re.compile(r"(?:GET|POST) /v1/organizations/(?:api_keys|usage_report/messages)(?:[/?].*)?")
_ANTHROPIC: Final = "api.anthropic.com"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
# A credential, and not what our own messages show of one: a prefix, and a few characters.
_CREDENTIAL: Final = re.compile(
    rb"sk-ant-[a-z]{2,5}\d\d-[A-Za-z0-9_-]{16,}|github_pat_[A-Za-z0-9_]{16,}|gh[pousr]_[A-Za-z0-9]{20,}"
)
_STEMS: Final = (b"sk-ant-", b"github_pat_")
# A stem of four characters is in the base64 of any long text by chance, so these are sought as they are.
_PLAIN_STEMS: Final = (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_")
_OURS: Final = "flowforge/"  # how the User-Agent of FlowForge begins
_SHORT: Final = 8  # a value of fewer characters is a word that anything may contain
_RUN: Final = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_ESCAPED: Final = re.compile(rb"\\u00([0-7][0-9a-fA-F])|\\(/)")
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")


class Host(Enum):
    """Whom a request is for."""

    GITHUB = "GitHub"
    ANTHROPIC = "Anthropic"
    EITHER = "a server on this machine"
    """It may stand for either."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request without what it may carry."""

    asked: str
    """Its line without the query, and whom it was for."""
    agent: str
    """Its User-Agent."""
    data: bytes


@dataclass
class Guard:
    """What was sent since the last judgement, and the values that were in a vault meanwhile."""

    seen: list[Seen] = field(default_factory=list)
    values: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    """What is wrong whatever was sent."""
    children: Children | None = None
    """The processes that were started, where they are watched."""
    left: list[tuple[str, str]] = field(default_factory=list)
    """The request line and the User-Agent of each request that was seen as it left."""
    arrived: list[tuple[str, str]] = field(default_factory=list)
    """The same, of FlowForge's requests that were seen as they arrived."""
    before: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What had left and not arrived at the last judgement."""

    def note(self, to: Host, asked: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> None:
        """Keep a request: its line, and all of its headers and its body but for what may be there."""
        kept = [(name.lower(), text) for name, text in headers if not _belongs(to, asked, name.lower(), text)]
        head = "".join((f"{asked}\n", *(f"{name}: {text}\n" for name, text in kept), "\n"))
        shown = f"{_shown(asked)}, to {to.value}"
        self.seen.append(Seen(shown, dict(kept).get("user-agent", ""), head.encode("utf-8", "surrogatepass") + body))

    def arrive(self, asked: str, agent: str) -> None:
        """Keep that a request of FlowForge's arrived here; a process of its own tells the one that started it."""
        if self.children:
            self.arrived.append((asked, agent))
        elif tell := getattr(sys.modules.get("sitecustomize"), "tell", None):
            tell(recorder.ARRIVED, 0, "", f"{asked}\n{agent}".encode("utf-8", "surrogateescape"))

    def judge(self, agent: str = "", *, last: bool = False) -> list[str]:
        """Return what was wrong with the requests that were kept, and forget them.

        agent: how the User-Agent begins of those that are judged. last: whether nothing is judged after this, so that
        what nobody is known to have told is waited for. No credential is in what is returned.
        """
        wrong = self._gather(last=last)
        taken, self.seen = self.seen, []
        seen = [each for each in taken if each.agent.startswith(agent)]
        values, self.values = self.values, set()
        if not seen:
            return wrong
        needles = [*_stems(), *(form for value in values for form in forms(value.encode("utf-8", "surrogatepass")))]
        everything = b"\n".join(each.data for each in seen)
        views = [everything, *_decoded(everything)]
        if not any(needle in view for view in views for needle in needles):
            return wrong
        return [*wrong, *(each for one in seen for each in _wrong(one, values))]

    def _gather(self, *, last: bool) -> list[str]:
        """Take what the processes told; return what is wrong whatever was sent."""
        # In this order: what arrives has left before.
        here, self.arrived = self.arrived, []
        arrived = Counter(here)
        if self.children and (last or here or not self.children.silent):
            told = self.children.told()
            arrived.update(told.arrived)
            self.values |= {value for value in told.values if len(value) >= _SHORT}
            self.wrong += [f"a connection to {each} goes past the guard" for each in told.unread]
            for each in told.requests:
                self._note_of(each)
        sent, self.left = self.left, []
        left = Counter(sent)
        unseen = arrived - self.before - left
        self.before = left - arrived
        wrong, self.wrong = self.wrong, []
        return [*wrong, *(f"{_shown(asked)}: FlowForge sent it where the guard does not see it" for asked, _ in unseen)]

    def _note_of(self, request: Request) -> None:
        """Keep a request of another process."""
        if request.asked.startswith(f"POST {PREFIX}"):
            return
        self.note(_named(request.where, *request.names), request.asked or "bytes", request.headers, request.body)
        agent = next((text for name, text in request.headers if name.lower() == "user-agent"), "")
        self.left.append((request.asked, agent))


GUARD: Final = Guard()


def _shown(asked: str) -> str:
    """Return a request line without its query, and without any credential."""
    return _CREDENTIAL.sub(b"[credential]", asked.partition("?")[0].encode()).decode()


def _belongs(to: Host, asked: str, name: str, text: str) -> bool:
    """Return whether a header carries a credential to where it belongs."""
    match name:
        case "authorization":
            return to is not Host.ANTHROPIC and "sk-ant-" not in text
        case "x-api-key":
            verifying = bool(_API_KEY.fullmatch(text)) and asked == _VERIFYING
            managing = bool(_ADMIN_KEY.fullmatch(text) and _ADMIN_API.fullmatch(asked))
            return to is not Host.GITHUB and (verifying or managing)
    return False


def _wrong(seen: Seen, values: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with one request."""
    found = {match[:12].decode() for view in _views(seen.data) for match in _CREDENTIAL.findall(view)}
    for each in sorted(found):
        yield f"{seen.asked}: has a credential in it, {each}…"
    plain = [seen.data, *_decoded(seen.data)]
    for value in values:
        encoded = forms(value.encode("utf-8", "surrogatepass"))
        if any(form in view for view in plain for form in encoded) and not found:
            yield f"{seen.asked}: has a value of the vault in it, of {len(value)} characters"


def _views(data: bytes) -> Iterator[bytes]:
    """Yield some bytes as they are, and whatever is encoded in them."""
    for view in (data, *_decoded(data)):
        yield view
        for run in _RUN.findall(view):
            if len(run) % 2 == 0:
                yield _from_hex(run)
            yield from (_from_base64(run[start:]) for start in range(4))


def _from_hex(run: bytes) -> bytes:
    try:
        return binascii.unhexlify(run)
    except ValueError:
        return b""


def _from_base64(run: bytes) -> bytes:
    """Return what a run of base64 says, whose last characters may say nothing."""
    cut = run[:-1] if len(run) % 4 == 1 else run
    return base64.b64decode(cut.translate(_STANDARD) + b"=" * (-len(cut) % 4))


def _decoded(data: bytes) -> Iterator[bytes]:
    """Yield some bytes without the escapes of a URL and without those of JSON, where they have any."""
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"\\u00" in data or b"\\/" in data:
        yield _ESCAPED.sub(lambda match: match[2] or bytes.fromhex(match[1].decode()), data)


@cache
def _stems() -> tuple[bytes, ...]:
    """Return what tells that a request may hold a credential."""
    return (*_PLAIN_STEMS, *(form for stem in _STEMS for form in forms(stem)))


def forms(value: bytes) -> tuple[bytes, ...]:
    """Return how a value may be written: as it is, and in the encodings of URLs, JSON, base64 and hexadecimal."""
    url = quote(value, safe="").encode()
    text = json.dumps(value.decode("utf-8", "surrogatepass"))[1:-1].encode()
    written = {value, url, url.replace(b"%20", b"+"), text, value.hex().encode(), value.hex().upper().encode()}
    for offset in range(3):
        # The characters that no neighbouring byte has a part in.
        first, bits = -(-offset * 8 // 6), (offset + len(value)) * 8
        inner = base64.b64encode(bytes(offset) + value)[first : bits // 6]
        written |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return tuple(written)


def install(patch: pytest.MonkeyPatch) -> None:
    """Watch this process from now on. These are classes of httpx, of the standard library, and two of ours."""
    for transport in (httpx.HTTPTransport, httpx.MockTransport):
        patch.setattr(transport, "handle_request", _sending(transport.handle_request))
    patch.setattr(BaseHTTPRequestHandler, "parse_request", _heading(BaseHTTPRequestHandler.parse_request))
    patch.setattr(HttpHandler, "_read", _reading(HttpHandler._read))
    patch.setattr(Vault, "put", _keeping(Vault.put))


def _sending(inner: Any) -> Any:  # noqa: ANN401 -- a method of httpx's
    def handle_request(self: Any, request: httpx.Request) -> httpx.Response:  # noqa: ANN401 -- as httpx's
        url = request.url
        asked = f"{request.method} {url.raw_path.decode('ascii')}"
        headers = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in request.headers.raw]
        if not asked.startswith(f"POST {PREFIX}"):
            GUARD.note(_host(url), asked, headers, request.read())
            if isinstance(self, httpx.HTTPTransport):
                GUARD.left.append((asked, request.headers.get("user-agent", "")))
        response: httpx.Response = inner(self, request)
        return response

    return handle_request


def _host(url: httpx.URL) -> Host:
    """Return whom a URL of this process is for. Where Anthropic's API is may be handed in, so that nothing names it."""
    names = [os.environ.get(name, "") for name in recorder.NAMES]
    return Host.EITHER if url.host in _LOOPBACK and not names[0] else _named(f"{url.host}:{url.port or ''}", *names)


def _named(where: str, anthropic: str, listed: str) -> Host:
    """Return whom a request is for: FlowForge sends to two, and the one is named to it, twice.

    where: `host:port`. anthropic, listed: the two variables.
    """
    host, _, port = where.rpartition(":")
    if host == _ANTHROPIC:
        return Host.ANTHROPIC
    with suppress(ValueError):  # a variable may be no address
        url = urlsplit(anthropic)
        same = host == url.hostname or (host in _LOOPBACK and url.hostname in _LOOPBACK)
        same = same and not {url.hostname, url.netloc}.isdisjoint(listed.split(","))
        return Host.ANTHROPIC if same and port in {"", str(url.port)} else Host.GITHUB
    return Host.GITHUB


def _heading(inner: Any) -> Any:  # noqa: ANN401 -- a method of the standard library's
    def parse_request(self: BaseHTTPRequestHandler) -> bool:
        if not inner(self):
            return False
        if not self.path.startswith(PREFIX):
            to = Host.EITHER
            if isinstance(self, HttpHandler):
                api = getattr(self.server.api, "inner", self.server.api)  # beneath what `tests/outgoing.py` puts there
                to = Host.ANTHROPIC if isinstance(api, AnthropicApi) else Host.GITHUB
            asked, agent = f"{self.command} {self.path}", self.headers.get("user-agent", "")
            GUARD.note(to, asked, self.headers.items())
            if agent.startswith(_OURS):
                GUARD.arrive(asked, agent)
        return True

    return parse_request


def _reading(inner: Any) -> Any:  # noqa: ANN401 -- a method of the sandbox's
    def read(self: HttpHandler) -> Any:  # noqa: ANN401 -- as the sandbox's
        request = inner(self)
        if request.body and not request.path.startswith(PREFIX):
            agent = ("user-agent", self.headers.get("user-agent", ""))
            GUARD.note(Host.EITHER, f"{self.command} {self.path}", (agent,), request.body)
        return request

    return read


def _keeping(inner: Any) -> Any:  # noqa: ANN401 -- a method of the vault's
    def put(self: Vault, fingerprint: str, value: SecretValue) -> None:
        if len(value.reveal()) >= _SHORT:
            GUARD.values.add(value.reveal())
        inner(self, fingerprint, value)

    return put


def main() -> int:
    """Run FlowForge under the guard, for a sandbox that is a process of its own; return what to exit with."""
    install(pytest.MonkeyPatch())
    code: object = 0
    try:
        flowforge.__main__.main()
    except SystemExit as ended:
        code = ended.code
    found = GUARD.judge()
    print("\n".join(found), end="", file=sys.stderr)
    return LEAKED if found else int(str(code or 0))


if __name__ == "__main__":
    sys.exit(main())
