"""One exchange over HTTP: a request goes out, an answer comes back or the reason why there is none.

The only importer of httpx.
"""

import logging
import re
from collections.abc import Callable, Generator, Mapping
from http.cookiejar import CookieJar
from typing import Final

import httpx

from flowforge import __version__
from flowforge.errors import GitHubError, Problem, printable
from flowforge.github.answer import Answer, Broken
from flowforge.github.api_request import GitHubRequest
from flowforge.github.auth import GitHubToken
from flowforge.github.body import CODING, Reader, UnusableError
from flowforge.github.clock import Patience
from flowforge.github.deadline import Deadline, OverdueError, Sockets
from flowforge.github.traces import Traces
from flowforge.github.urls import ApiUrl

Transport = httpx.BaseTransport
# The numbers differ between systems and releases, the words do not.
_NUMBERS: Final = re.compile(r"^\[(?:Errno -?\d+|SSL[^]]*)\] | \(_ssl\.c:\d+\)$")
_ASIDE: Final = "flowforge.location"
_HEADERS: Final = 200  # GitHub sends some thirty; how long all of them may be is said in deadline.py

for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # httpx logs every URL at INFO


class _Bearer(httpx.Auth):
    """Adds the header at the moment of sending, so that the client itself never holds the token's text."""

    def __init__(self, header: Callable[[], str]) -> None:
        self._header = header

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header()
        yield request


class _NoCookies(CookieJar):
    """Keeps no cookie: GitHub's API sets none, and what a proxy sets would be kept and sent back."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Do nothing with the cookies of an answer."""


class Wire:
    """Sends requests to one API. Thread-safe, for at most `jobs` threads.

    Whatever the other side sends, an exchange ends in its time and takes little memory, and none of the tokens that
    `traces` knows is in the answer that comes out.
    """

    def __init__(self, api: ApiUrl, traces: Traces, jobs: int, patience: Patience, transport: Transport | None) -> None:
        self._api = api
        self._patience = patience
        self._traces = traces
        self._reader = Reader(traces)
        self.http: Final = _http(api, jobs, patience, transport)

    def close(self) -> None:
        """Close the connections."""
        self.http.close()
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
        headers |= {"If-None-Match": request.known} if request.known else {}
        url = self._api.url_of(request.path)
        bearer = _Bearer(token.header)
        with self.http.stream(request.method, url, headers=headers, json=request.body, auth=bearer) as found:
            parts, coding = found.iter_raw(), found.headers.get("content-encoding", "")
            data: object
            etag = ""
            if not found.is_success:
                data = self._reader.refusal(parts, coding, deadline)
            elif request.tagged:
                data, body = self._reader.json_and_bytes(parts, coding, deadline)
                etag = token.etag(request.accept, body)
            elif request.raw:
                data = self._reader.raw(parts, coding, deadline)
            else:
                data = self._reader.json(parts, coding, deadline, request.most)
            seen = self._headers({**found.headers, **found.extensions[_ASIDE]})
            return Answer(found.status_code, seen, data, computed_etag=etag)

    def _headers(self, found: Mapping[str, str]) -> dict[str, str]:
        shown = {name: self._traces.hide(text) for name, text in found.items()}
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


def _http(api: ApiUrl, jobs: int, patience: Patience, transport: Transport | None) -> httpx.Client:
    """Return the httpx client. It follows httpx's rules for proxies, but uses none to reach this machine."""
    secure = api.scheme == "https" and transport is None  # certificates take 30 ms to load
    silent, connect = patience.real(patience.silent), patience.real(patience.connect)
    try:
        http = httpx.Client(
            cookies=_NoCookies(),
            event_hooks={"response": [_look_over]},
            headers={"Accept-Encoding": CODING, "User-Agent": f"flowforge/{__version__}"},
            limits=httpx.Limits(max_connections=jobs, max_keepalive_connections=jobs),
            timeout=httpx.Timeout(silent, connect=connect, pool=None),
            transport=transport,
            trust_env=not api.loopback,
            verify=secure and httpx.create_ssl_context(),
        )
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        # NOTE: the text of these may hold a proxy's password.
        why = f"{type(error).__name__} from a proxy's URL or a file of certificates"
        fix = "check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR"
        raise GitHubError(Problem("FF305", "the HTTPS client cannot be set up", why=why, fix=fix)) from None
    _bound(http)
    return http


def _bound(http: httpx.Client) -> None:
    """Make every byte pass our sockets, to the API and to any proxy. httpcore has a public way; httpx has none."""
    for transport in (http._transport, *http._mounts.values()):  # noqa: SLF001 -- as the docstring says
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = Sockets()  # noqa: SLF001 -- as the docstring says


def _look_over(answer: httpx.Response) -> None:
    """Refuse a heap of headers before anything is made of them, and keep `Location` from httpx.

    It makes a request of that even where it follows none, and raises where it cannot.
    """
    if len(answer.headers.raw) > _HEADERS:
        message = f"an answer of more than {_HEADERS} headers"
        raise UnusableError(message)
    location = answer.headers.pop("location", None)
    answer.extensions[_ASIDE] = {} if location is None else {"location": location}
