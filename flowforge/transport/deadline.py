"""Sockets whose every step takes the time that is left of its exchange: the only importer of httpcore.

httpx bounds each wait for bytes, and neither their number nor their sum: a server that sends a byte a second holds a
worker for ever, be it in a TLS handshake, a proxy's answer, the headers or the body. Here every byte passes through one
read and one write, which know when the exchange as a whole must be over. What the system's resolver takes to find a
host's addresses is the one thing that cannot be bounded.
"""

import math
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, TypeVar

import httpcore

T = TypeVar("T")
# Bytes that one read or write takes. A head is read until it is whole, or longer than this: GitHub's has some 5,000.
_PIECE: Final = 1 << 14
httpcore.HTTP11Connection.MAX_INCOMPLETE_EVENT_SIZE = _PIECE


class OverdueError(Exception):
    """The time of the exchange is over."""


class Deadline:
    """When an exchange must be over."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        """Begin now. seconds: real ones, by `now`, which never goes back."""
        self._now = now
        self._end = now() + seconds

    def left(self) -> float:
        """Return the seconds that are left, which are more than 0. Raises OverdueError."""
        left = self._end - self._now()
        if left <= 0:
            raise OverdueError
        return left

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the sockets of this thread keep this deadline."""
        token = _THREADS_OWN.set(self)
        try:
            yield
        finally:
            _THREADS_OWN.reset(token)


_THREADS_OWN: Final[ContextVar[Deadline]] = ContextVar("deadline")


class Sockets(httpcore.NetworkBackend):
    """TCP for an httpcore pool. Each thread that uses it must hold a Deadline."""

    def __init__(self, resolve: Callable[..., Iterable[tuple[Any, ...]]] = socket.getaddrinfo) -> None:
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of a host's addresses that answers. httpx asks for no address or options of our own."""
        del local_address, socket_options
        failure: Exception = httpcore.ConnectError("the host has no address")
        with _step(None, httpcore.ConnectTimeout, httpcore.ConnectError):
            found = list(self._resolve(host, port, type=socket.SOCK_STREAM))
        for family, kind, protocol, _, address in found:
            opened = socket.socket(family, kind, protocol)
            try:
                with _step(timeout, httpcore.ConnectTimeout, httpcore.ConnectError) as seconds:
                    opened.settimeout(seconds)
                    opened.connect(address)
                    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except (httpcore.ConnectTimeout, httpcore.ConnectError) as error:
                failure = error
                opened.close()
            except BaseException:
                opened.close()
                raise
            else:
                return _Plain(opened)
        raise failure


@contextmanager
def _step(timeout: float | None, late: type[Exception], broke: type[Exception]) -> Iterator[float]:
    """Bound one step on a socket. Yield the seconds that it may take. Raises OverdueError when none are left."""
    deadline = _THREADS_OWN.get()
    try:
        yield min(deadline.left(), math.inf if timeout is None else timeout)
    except TimeoutError as error:
        deadline.left()
        raise late(str(error)) from None
    except OSError as error:
        raise broke(str(error)) from None


class _Stream(httpcore.NetworkStream):
    """What a connection is made of. TLS goes over any other, so it may go over another's TLS."""

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Do the TLS handshake. All of it has the time of the exchange, and each wait in it has `timeout`."""
        try:
            with _step(timeout, httpcore.ConnectTimeout, httpcore.ConnectError):
                return _Tls(self, ssl_context, server_hostname, timeout)
        except (httpcore.ReadTimeout, httpcore.WriteTimeout) as error:
            self.close()
            raise httpcore.ConnectTimeout(str(error)) from None
        except (httpcore.ReadError, httpcore.WriteError) as error:
            self.close()
            raise httpcore.ConnectError(str(error)) from None
        except BaseException:
            self.close()
            raise


class _Plain(_Stream):
    """Bytes over TCP."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _step(timeout, httpcore.ReadTimeout, httpcore.ReadError) as seconds:
            self._socket.settimeout(seconds)
            return self._socket.recv(min(max_bytes, _PIECE))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = memoryview(buffer)
        while left:
            with _step(timeout, httpcore.WriteTimeout, httpcore.WriteError) as seconds:
                self._socket.settimeout(seconds)
                left = left[self._socket.send(left) :]

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 -- httpcore's interface
        """Return whether something is there to be read: of a connection that is at rest, that it ends."""
        return _has_news(self._socket) if info == "is_readable" else None


class _Tls(_Stream):
    """TLS over another stream. The standard library's own socket of TLS reads by itself, as often as it likes."""

    def __init__(
        self, lower: httpcore.NetworkStream, context: ssl.SSLContext, name: str | None, timeout: float | None
    ) -> None:
        self._lower = lower
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._through(self._tls.do_handshake, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _step(timeout, httpcore.ReadTimeout, httpcore.ReadError):
            try:
                return self._through(partial(self._tls.read, min(max_bytes, _PIECE)), timeout)
            except ssl.SSLEOFError:
                return b""  # many servers end so; HTTP itself shows whether something is missing

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = memoryview(buffer)
        while left:
            with _step(timeout, httpcore.WriteTimeout, httpcore.WriteError):
                left = left[self._through(partial(self._tls.write, left[:_PIECE]), timeout) :]

    def close(self) -> None:
        self._lower.close()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 -- httpcore's interface
        """Return TLS itself, which knows what was agreed on; of all else what the stream below says."""
        return self._tls if info == "ssl_object" else self._lower.get_extra_info(info)

    def _through(self, do: Callable[[], T], timeout: float | None) -> T:
        """Do something in TLS, and carry its bytes in both directions until it is done."""
        while True:
            try:
                done = do()
            except ssl.SSLWantReadError:
                self._send(timeout)
                self._receive(timeout)
            except ssl.SSLError:
                with suppress(httpcore.WriteError, httpcore.WriteTimeout):
                    self._send(timeout)  # what TLS says of it to the other side
                raise
            else:
                self._send(timeout)
                return done

    def _receive(self, timeout: float | None) -> None:
        data = self._lower.read(_PIECE, timeout)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _send(self, timeout: float | None) -> None:
        data = self._outgoing.read()
        if data:
            self._lower.write(data, timeout)


def _has_news(opened: socket.socket) -> bool:
    if opened.fileno() < 0:
        return True
    waiting = select.poll()
    waiting.register(opened, select.POLLIN)
    return bool(waiting.poll(0))
