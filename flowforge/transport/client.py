"""The one httpx client: bounded in time, without cookies and redirects, and without a proxy to this machine."""

import logging
from http.cookiejar import CookieJar
from typing import Final

import httpx

from flowforge import __version__
from flowforge.errors import GitHubError, Problem
from flowforge.transport.deadline import Sockets

Transport = httpx.BaseTransport
# Where the `Location` of an answer is kept.
ASIDE: Final = "flowforge.location"
_HEADERS: Final = 200  # GitHub sends some thirty; how long all of them may be is said in deadline.py

for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # httpx logs every URL at INFO


class UnusableError(Exception):
    """An answer that came and cannot be that API's. Its text is a clause that holds nothing from outside."""


class _NoCookies(CookieJar):
    """Keeps no cookie: no API that is asked sets one, and what a proxy sets would be kept and sent back."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Do nothing with the cookies of an answer."""


def has_host(url: str) -> bool:
    """Return whether a URL has a host for those who will send to it: some names end in no error that is one of HTTP's.

    httpx knows `xn--a.example` for no name, and the system's name service `a..b`.
    """
    try:
        return bool(httpx.URL(url).host.encode("idna"))
    except (ValueError, httpx.InvalidURL):
        return False


def open_client(
    *, loopback: bool, coding: str, jobs: int, connect: float, silent: float, transport: Transport | None, secure: bool
) -> httpx.Client:
    """Return the httpx client. It follows httpx's rules for proxies, but uses none to reach this machine.

    connect, silent: real seconds for a connection and for the next byte. Raises GitHubError FF305.
    """
    try:
        http = httpx.Client(
            cookies=_NoCookies(),
            event_hooks={"response": [_look_over]},
            headers={"Accept-Encoding": coding, "User-Agent": f"flowforge/{__version__}"},
            limits=httpx.Limits(max_connections=jobs, max_keepalive_connections=jobs),
            timeout=httpx.Timeout(silent, connect=connect, pool=None),
            transport=transport,
            trust_env=not loopback,
            verify=secure and transport is None and httpx.create_ssl_context(),  # certificates take 30 ms to load
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
    answer.extensions[ASIDE] = {} if location is None else {"location": location}
