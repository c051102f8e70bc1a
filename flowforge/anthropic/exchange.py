"""One exchange with Anthropic: it goes out with a key, and an answer comes back or the reason why there is none."""

from collections.abc import Callable, Generator, Mapping
from typing import Final, Self

import httpx

from flowforge.anthropic.address import VerifyAddress
from flowforge.anthropic.answer import KeyAnswer, NoAnswer
from flowforge.anthropic.keys import KEYS, AdminKey, AnthropicKey
from flowforge.transport.client import Connections, Transport, UnusableError
from flowforge.transport.deadline import Deadline, OverdueError

# The version that the documentation of both endpoints names.
_VERSION: Final = "2023-06-01"
_SECONDS: Final = 10.0
# What a key is set to when it is switched off (docs: api/admin/api_keys/update).
_OFF: Final = {"status": "inactive"}
_CONNECT: Final = 5.0
# A page of 1,000 API keys has some 400 KB.
_MOST: Final = 4_000_000
# Requests at once: a run has few keys, and nobody waits for them.
JOBS: Final = 4


class _KeyHeader(httpx.Auth):
    """Adds the header at the moment of sending, so that the client itself never holds the key's text."""

    def __init__(self, header: Callable[[], str]) -> None:
        self._header = header

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["x-api-key"] = self._header()
        yield request


class AnthropicWire:
    """Sends GETs to Anthropic's API, and one kind of POST. Thread-safe. No redirects."""

    def __init__(self, address: VerifyAddress, *, scale: float = 1.0, transport: Transport | None = None) -> None:
        """Open the client. scale: how many of its seconds pass in a real one. Raises GitHubError FF305."""
        self._address = address
        self._real = _SECONDS / scale
        self._connections = Connections(
            loopback=address.loopback,
            # Not packed: an answer has no more than a few lines, and one that is packed all the same is not read.
            coding="identity",
            connect=_CONNECT / scale,
            silent=self._real,
            transport=transport,
            secure=address.url.startswith("https:"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connections.close()

    def get(self, key: AnthropicKey, path: str) -> KeyAnswer | NoAnswer:
        """Ask once. Raises ValueError for a path that this kind of key is not sent to."""
        return self._asked(key, "GET", path)

    def switch_off(self, key: AdminKey, key_id: str) -> KeyAnswer | NoAnswer:
        """Ask once to make an API key inactive: the one request that changes anything. Raises ValueError for no id."""
        return self._asked(key, "POST", f"{KEYS}/{key_id}", _OFF)

    def _asked(
        self, key: AnthropicKey, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> KeyAnswer | NoAnswer:
        key.header(path, method)
        deadline = Deadline(self._real)
        auth = _KeyHeader(lambda: key.header(path, method))
        headers = {"anthropic-version": _VERSION}
        url = f"{self._address.url}{path}"
        try:
            with (
                deadline.held(),
                self._connections.one() as http,
                http.stream(method, url, headers=headers, json=body, auth=auth, follow_redirects=False) as found,
            ):
                return _got(found, deadline)
        except (OverdueError, UnusableError, httpx.TransportError) as error:
            return NoAnswer(_why(error))


def _got(found: httpx.Response, deadline: Deadline) -> KeyAnswer:
    if found.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnusableError("an answer in a coding that was not asked for")
    body = bytearray()
    for part in found.iter_raw():
        deadline.left()
        body += part
        if len(body) > _MOST:
            message = f"an answer of more than {_MOST // 1_000_000} MB"
            raise UnusableError(message)
    return KeyAnswer.of(found.status_code, dict(found.headers), bytes(body))


def _why(error: Exception) -> str:
    """Return what happened, in our own words: the exception holds the request, whose header is the key."""
    match error:
        case UnusableError():
            return str(error)
        case httpx.ConnectTimeout():
            return f"no connection within {_CONNECT:g} s"
        case httpx.ConnectError() | httpx.ProxyError():
            return "no connection"  # the exception's own text differs between systems
        case httpx.TimeoutException() | OverdueError():
            return f"no whole answer within {_SECONDS:g} s"
        case _:
            return "the connection broke"
