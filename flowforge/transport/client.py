"""The one kind of httpx client: bounded in time, no cookies, no redirects, and no proxy to this machine."""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, Self

import httpx

from flowforge import __version__
from flowforge.errors import GitHubError, Problem
from flowforge.transport.deadline import Sockets

if TYPE_CHECKING:
    import ssl

Transport = httpx.BaseTransport
# Where the `Location` of an answer is kept.
ASIDE: Final = "flowforge.location"
_ONE: Final = httpx.Limits(max_keepalive_connections=1)  # and no most, of which one would wait for another
_HEADERS: Final = 200  # GitHub sends some thirty; how long all of them may be is said in deadline.py

for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # httpx logs every URL at INFO


class UnusableError(Exception):
    """An answer that came and cannot be that API's. Its text is a clause that holds nothing from outside."""


class _NoCookies(httpx.Cookies):
    """Keeps no cookie: no API that is asked sets one, and what a proxy sets would be kept and sent back."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Do nothing with the cookies of an answer."""


class _Client(httpx.Client):
    """Httpx's own, with a jar that stays empty."""

    _jar: Final = _NoCookies()

    @property
    def cookies(self) -> httpx.Cookies:
        """The jar."""
        return self._jar

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """Take none."""


def has_host(url: str) -> bool:
    """Return whether a URL has a host for those who will send to it: some names end in no error that is one of HTTP's.

    httpx knows `xn--a.example` for no name, and the system's name service `a..b`.
    """
    try:
        return bool(httpx.URL(url).host.encode("idna"))
    except (ValueError, httpx.InvalidURL):
        return False


class Connections:
    """httpx clients of one connection each: bounded in time, without cookies, and without a proxy to this machine.

    They follow httpx's rules for proxies, but use none to reach this machine. Thread-safe. connect, silent: real
    seconds for a connection and for the next byte.
    """

    # httpcore looks at every connection of a pool for each request, and for each that rests asks the system whether it
    # has ended: of a pool of thirty that took a quarter of a run's CPU time.

    def __init__(
        self, *, loopback: bool, coding: str, connect: float, silent: float, transport: Transport | None, secure: bool
    ) -> None:
        """Make the first client. transport: in place of the network. Raises GitHubError FF305."""

        def opened(certificates: "ssl.SSLContext") -> httpx.Client:
            http = _Client(
                event_hooks={"response": [_look_over]},
                headers={"Accept-Encoding": coding, "User-Agent": f"flowforge/{__version__}"},
                limits=_ONE,
                timeout=httpx.Timeout(silent, connect=connect, pool=None),
                transport=transport,
                trust_env=not loopback,
                verify=certificates,
            )
            _bound(http)
            return http

        try:
            # Made once, for all: to load certificates takes 30 ms.
            certificates = httpx.create_ssl_context(verify=secure and transport is None)
            first = opened(certificates)
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            # NOTE: the text of these may hold a proxy's password.
            why = f"{type(error).__name__} from a proxy's URL or a file of certificates"
            fix = "check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR"
            raise GitHubError(Problem("FF305", "the HTTPS client cannot be set up", why=why, fix=fix)) from None
        self._open = partial(opened, certificates)
        self._all = [first]
        self._resting = deque(self._all)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def one(self) -> Iterator[httpx.Client]:
        """Yield a client that nobody else has. It is the one that has rested least, whose connection still stands."""
        try:
            client = self._resting.pop()
        except IndexError:
            client = self._open()
            self._all.append(client)
        try:
            yield client
        finally:
            self._resting.append(client)

    def close(self) -> None:
        """Close the connections."""
        for client in self._all:
            client.close()


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
