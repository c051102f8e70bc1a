"""One exchange over HTTP: a request goes out, an answer comes back or the reason why there is none.

Of GitHub's API: `transport/` has the client for it, and Anthropic's is asked in `anthropic/exchange.py`.
"""

import re
from collections.abc import Callable, Generator, Mapping
from http import HTTPStatus
from typing import Final

import httpx

from flowforge.errors import printable
from flowforge.github.answer import Answer, Broken
from flowforge.github.api_request import GitHubRequest
from flowforge.github.auth import GitHubToken
from flowforge.github.body import CODING, Reader
from flowforge.github.clock import Patience
from flowforge.github.traces import Traces
from flowforge.github.urls import ApiUrl
from flowforge.transport.client import ASIDE, Connections, Transport, UnusableError, has_host
from flowforge.transport.deadline import Deadline, OverdueError

__all__ = ["Transport", "Wire"]
# The numbers differ between systems and releases, the words do not.
_NUMBERS: Final = re.compile(r"^\[(?:Errno -?\d+|SSL[^]]*)\] | \(_ssl\.c:\d+\)$")


class _Bearer(httpx.Auth):
    """Adds the header at the moment of sending, so that the client itself never holds the token's text."""

    def __init__(self, header: Callable[[], str]) -> None:
        self._header = header

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header()
        yield request


class Wire:
    """Sends requests to one API. Thread-safe.

    Whatever the other side sends, an exchange ends in its time and takes little memory, and none of the tokens that
    `traces` knows is in the answer that comes out.
    """

    def __init__(self, api: ApiUrl, traces: Traces, patience: Patience, transport: Transport | None) -> None:
        if not has_host(str(api)):
            raise api.without_host()
        self._api = api
        self._patience = patience
        self._traces = traces
        self._reader = Reader(traces)
        self.connections: Final = Connections(
            loopback=api.loopback,
            coding=CODING,
            connect=patience.real(patience.connect),
            silent=patience.real(patience.silent),
            transport=transport,
            secure=api.scheme == "https",
        )

    def close(self) -> None:
        """Close the connections."""
        self.connections.close()
        self._reader.close()

    def send(self, request: GitHubRequest, version: str, token: GitHubToken) -> Answer | Broken:
        """Send a request once. version: of the API."""
        patience = self._patience
        seconds = patience.file if request.of_whole_file else patience.exchange
        deadline = Deadline(patience.real(seconds), patience.now)
        try:
            with deadline.held():
                return self._sent(request, version, token, deadline)
        except OverdueError:
            return Broken(f"no whole answer within {seconds:g} s", overdue=True)
        except UnusableError as error:
            return Broken(str(error))
        except httpx.InvalidURL:
            return Broken("the address to ask is no URL")  # only where an answer named it
        except httpx.TransportError as error:
            return self._broken(error)

    def _sent(self, request: GitHubRequest, version: str, token: GitHubToken, deadline: Deadline) -> Answer:
        headers = {"X-GitHub-Api-Version": version, "Accept": request.accept}
        etag = "" if request.known is None else token.etag(request.accept, request.known)
        headers |= {"If-None-Match": etag} if etag else {}
        url = self._api.url_of(request.path)
        bearer = _Bearer(token.header)
        with (
            self.connections.one() as http,
            http.stream(request.method, url, headers=headers, json=request.body, auth=bearer) as found,
        ):
            parts, coding = found.iter_raw(), found.headers.get("content-encoding", "")
            data: object
            body = b""
            unchanged = found.status_code == HTTPStatus.NOT_MODIFIED and request.known is not None
            if unchanged:
                data = self._reader.known(request.known or b"", request.most)
            elif not found.is_success:
                data = self._reader.refusal(parts, coding, deadline)
            elif request.tagged:
                data, came = self._reader.json_and_bytes(parts, coding, deadline, request.most)
                body, etag = bytes(came), token.etag(request.accept, came) if came else ""
            elif request.raw:
                data = self._reader.raw(parts, coding, deadline)
            else:
                data = self._reader.json(parts, coding, deadline, request.most)
            seen = self._headers(dict(found.headers.items()) | found.extensions[ASIDE])
            # A token that a server sends back is to be nowhere, and least of all in a file.
            kept = b"" if self._traces.within(body) else body
            return Answer(found.status_code, seen, data, body=kept, computed_etag=etag, unchanged=unchanged)

    def _headers(self, found: Mapping[str, str]) -> Mapping[str, str]:
        shown = self._traces.hide_each(found)
        if shown.get("link") != found.get("link"):
            # Without it the list would seem to end here.
            raise UnusableError("an answer whose Link holds the token itself")
        return shown

    def _broken(self, error: httpx.TransportError) -> Broken:
        """Return what happened, in our own words."""
        # The exception holds the request, and the request's headers hold the token.
        match error:
            case httpx.ConnectTimeout():
                return Broken(f"no connection within {self._patience.connect:g} s", unreached=True)
            case httpx.ConnectError() | httpx.ProxyError():
                what = printable(self._traces.hide(_NUMBERS.sub("", str(error))))
                return Broken(f"no connection: {what}", unreached=True, refused=_is_refused(error))
            case httpx.TimeoutException():
                return Broken(f"no answer within {self._patience.silent:g} s")
            case _:
                return Broken("the connection broke")


def _is_refused(error: BaseException | None) -> bool:
    """Return whether the system refused a connection: nothing listens at that port."""
    while error is not None and not isinstance(error, ConnectionRefusedError):
        error = error.__cause__ or error.__context__
    return error is not None
