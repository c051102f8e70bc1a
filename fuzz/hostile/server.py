"""A server on loopback in front of an honest one: it hands requests on, or answers as badly as anybody can think of."""

import http.client
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

Kind = Callable[["Call"], None]
Kinds = dict[str, Kind]
Chosen = tuple[str, Kind]
Choose = Callable[["Call"], Chosen | None]
_RESET: Final = struct.pack("ii", 1, 0)
_LINE: Final = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.1\r\n")
_LENGTH: Final = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_TOKEN: Final = re.compile(rb"^authorization: *bearer +(\S+)", re.IGNORECASE | re.MULTILINE)
_BY_CONNECTION: Final = {"connection", "content-length", "transfer-encoding", "date"}


@dataclass(frozen=True, slots=True)
class Honest:
    """What the honest server answers."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def bytes(self, body: bytes | None = None, *more: str, length: int | None = None) -> bytes:
        """Return it as it goes over the wire. body: another one. more: lines of its head. length: not its own."""
        data = self.body if body is None else body
        lines = [f"HTTP/1.1 {self.status} x", *(f"{name}: {text}" for name, text in self.headers), *more]
        if self.status not in {204, 304}:
            lines.append(f"Content-Length: {len(data) if length is None else length}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + data


@dataclass(slots=True)
class Call:
    """One request: what is asked, by whom, and the connection to them."""

    method: str
    target: str
    head: bytes
    body: bytes
    connection: socket.socket
    upstream: str
    rng: random.Random
    _said: Honest | None = None

    @property
    def line(self) -> str:
        """The method and the target."""
        return f"{self.method} {self.target}"

    @property
    def token(self) -> str:
        """The token that came with it."""
        found = _TOKEN.search(self.head)
        return found.group(1).decode("latin-1") if found else ""

    @property
    def host(self) -> str:
        """Where this server is."""
        address, port = self.connection.getsockname()
        return f"{address}:{port}"

    def honest(self) -> Honest:
        """Ask the honest server, once: a write is done then."""
        if self._said is None:
            url = urlsplit(self.upstream)
            headers = dict(
                line.split(": ", 1) for line in self.head.decode("latin-1").split("\r\n")[1:] if ": " in line
            )
            with closing(http.client.HTTPConnection(str(url.hostname), url.port, timeout=60)) as there:
                there.request(self.method, self.target, body=self.body or None, headers=headers)
                found = there.getresponse()
                kept = tuple((name, text) for name, text in found.getheaders() if name.lower() not in _BY_CONNECTION)
                self._said = Honest(found.status, (*kept, ("Date", found.headers["date"])), found.read())
        return self._said

    def say(self, data: bytes) -> None:
        """Send, however long it takes; raises OSError when the other side has left."""
        self.connection.sendall(data)

    def drip(self, data: bytes, pause: float = 0.01) -> None:
        """Send a byte at a time."""
        for byte in data:
            self.say(bytes((byte,)))
            time.sleep(pause)

    def forever(self, data: bytes, pause: float = 0.0) -> None:
        """Send the same again and again until the other side leaves."""
        while True:
            self.say(data)
            if pause:
                time.sleep(pause)

    def stream(self, parts: Iterable[bytes], *head: str) -> None:
        """Answer 200 with a body in chunks."""
        self.say("\r\n".join(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *head, "", ""]).encode("latin-1"))
        for part in parts:
            self.say(b"%x\r\n%s\r\n" % (len(part), part))
        self.say(b"0\r\n\r\n")

    def hold(self) -> None:
        """Say nothing more, and wait until the other side leaves."""
        while self.connection.recv(65536):
            pass

    def reset(self) -> None:
        """End the connection with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one request came to: how it was answered, and the seconds until that was over or the other side left."""

    line: str
    kind: str
    seconds: float


@dataclass
class Hostile:
    """The server. choose: how to answer a request; None hands it on. exchanges: those that are over."""

    upstream: str
    choose: Choose
    seed: int = 0
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._rng = random.Random(self.seed)  # noqa: S311 -- a run that can be made again
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="hostile", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for each in (self._listening, *tuple(self._open)):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        with connection, connection.makefile("rb") as reader, suppress(OSError):
            while call := self._read(reader.readline, reader.read, connection):
                if not self._answered(call):
                    break
        self._open.discard(connection)

    def _read(self, line: Callable[[], bytes], read: Callable[[int], bytes], connection: socket.socket) -> Call | None:
        first = _LINE.fullmatch(line())
        if first is None:
            return None
        head = first.group()
        while (more := line()) not in {b"\r\n", b""}:
            head += more
        length = _LENGTH.search(head)
        body = read(int(length.group(1))) if length else b""
        method, target = first.group(1).decode(), first.group(2).decode("latin-1")
        with self._lock:
            rng = random.Random(self._rng.random())  # noqa: S311 -- as above
        return Call(method, target, head, body, connection, self.upstream, rng)

    def _answered(self, call: Call) -> bool:
        """Answer; returns whether the connection goes on."""
        chosen = self.choose(call)
        begun = time.monotonic()
        try:
            if chosen is None:
                call.say(call.honest().bytes())
            else:
                chosen[1](call)
        finally:
            with self._lock:
                self.exchanges.append(Exchange(call.line, chosen[0] if chosen else "honest", time.monotonic() - begun))
        return chosen is None


def by_name(*kinds: Kind) -> Kinds:
    """Return kinds of answers by their names."""
    return {kind.__name__.strip("_"): kind for kind in kinds}
