"""The sandbox's HTTP: the standard library's threading server on a loopback port and on a unix socket."""

import contextlib
import re
import socket
import socketserver
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl

from flowforge.sandbox.http.anthropic_api import AnthropicApi
from flowforge.sandbox.http.api import Api
from flowforge.sandbox.http.control import PREFIX, Control
from flowforge.sandbox.rules.answers import ApiRequest, RefusalError, whole
from flowforge.sandbox.rules.encoding import Reply, encode_refusal

_MAX_LINE: Final = 1 << 16
_MAX_BODY: Final = 64_000_000  # GitHub takes files of more than 20 MB in one body, and not those of 40
_GHES: Final = "/api/v3"
_GRAPHQL: Final = "/graphql"
_HOST = re.compile(r"[A-Za-z0-9.\-:\[\]]+")
_LOCAL = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    """Answers with an Api, and under `/_sandbox/` with a Control. Its threads are daemons."""

    request_queue_size = 256
    daemon_threads = True
    timeout = 0.2  # until it looks whether it is closed, where nobody could be told: the file of a socket may be gone

    def __init__(self, address: Any, api: Api | AnthropicApi, control: Control) -> None:  # noqa: ANN401 -- typeshed knows no AF_UNIX
        """Bind and listen: address is (host, port), or the path of a unix socket as a str."""
        self.api = api
        self.control = control
        self._connections: set[socket.socket] = set()
        self._closed = False
        self._taking = threading.Thread(target=self._take, name="sandbox", daemon=True)
        if isinstance(address, str):
            self.address_family = socket.AF_UNIX
        super().__init__(address, HttpHandler)

    def begin(self) -> None:
        """Take connections from now on."""
        self._taking.start()

    def server_bind(self) -> None:
        """Bind without HTTPServer's look-up of the host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401 -- as the base class has it
        """Return whether it still answers: the last one connects to wake it."""
        del request, client_address
        return not self._closed

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 -- as the base class has it
        """Remember the connection, so that `close` can end it. Small answers are sent at once, as GitHub's are."""
        self._connections.add(request)
        if self.address_family == socket.AF_INET:
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:  # noqa: ANN401 -- as the base class has it
        """Forget the connection."""
        self._connections.discard(request)
        super().close_request(request)

    @property
    def busy(self) -> bool:
        """Whether somebody is connected."""
        return bool(self._connections)

    def close(self) -> None:
        """Stop listening and close every connection."""
        # The base class would end at its next look at a flag, so that a test would wait for it at each end.
        self._closed = True
        with contextlib.suppress(OSError), socket.socket(self.address_family) as last:
            last.settimeout(self.timeout)
            last.connect(self.server_address)
        if self._taking.ident is not None:
            self._taking.join()
        self.server_close()
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _take(self) -> None:
        while not self._closed:
            self.handle_request()


class HttpHandler(BaseHTTPRequestHandler):
    """Reads requests from one connection until it ends. Silent: a rehearsal's terminal is not a log."""

    server: Server
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        """Serve the connection. A client that leaves early is no error."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def handle_one_request(self) -> None:
        """Read one request and answer it."""
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(_MAX_LINE + 1)
        if not self.raw_requestline or len(self.raw_requestline) > _MAX_LINE or not self.parse_request():
            return
        try:
            request = self._read()
        except RefusalError as refusal:
            self.close_connection = True
            self.wfile.write(encode_refusal(refusal))
            return
        self._send((self.server.control if request.path.startswith(PREFIX) else self.server.api).respond(request))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Write nothing: the base class would log every request to stderr."""

    def _read(self) -> ApiRequest:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if "transfer-encoding" in headers:
            raise RefusalError(411, "A Content-Length is required.")
        length = headers.get("content-length", "0")
        if whole(length, 0) > _MAX_BODY:
            raise RefusalError(413, "The body is too large.")
        body = self.rfile.read(whole(length, 0))
        host = headers.get("host", "")
        if not _HOST.fullmatch(host):
            raise RefusalError(400, "The Host header is missing or malformed.")
        # A server of somebody's own has GraphQL beside its REST API.
        target = _GRAPHQL if self.path == f"/api{_GRAPHQL}" else self.path.removeprefix(_GHES)
        path, _, query = target.partition("?")
        unencrypted = self.server.address_family == socket.AF_INET or _LOCAL.fullmatch(host)
        base = f"{'http' if unencrypted else 'https'}://{host}{_GHES if target != self.path else ''}"
        return ApiRequest(self.command, path, target, dict(parse_qsl(query)), headers, body, base)

    def _send(self, reply: Reply) -> None:
        if reply.drop:
            self.close_connection = True
            if self.server.address_family == socket.AF_INET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.connection.close()
            return
        half = len(reply.payload) // 2 if reply.pause else len(reply.payload)
        self.wfile.write(reply.payload[:half])
        if reply.pause:
            self.server.api.world.pause(reply.pause)
            self.wfile.write(reply.payload[half:])
