"""The sandbox as a whole: a world, its token, and the servers in front of it."""

import secrets
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from flowforge.errors import Problem, UsageError, quote
from flowforge.sandbox.http.anthropic_api import AnthropicApi
from flowforge.sandbox.http.api import Api
from flowforge.sandbox.http.control import PREFIX, Control
from flowforge.sandbox.http.server import Server
from flowforge.sandbox.rules.access import Token
from flowforge.sandbox.world.world import World

# Bytes: sun_path holds 104 on macOS and 108 on Linux.
_LONGEST_SOCKET = 100
# Seconds between two looks at whether everybody is gone.
_MOMENT = 0.005


class Sandbox:
    """A context manager that serves a world from start to stop.

    It has `url`, `http://127.0.0.1:PORT`; `socket`, the path of the unix socket or None; `world`, everything behind it,
    thread-safe; and `token`, which may do everything and which the control surface demands. The token is made at run
    time unless one is given.
    """

    def __init__(
        self, *, port: int = 0, socket_path: Path | None = None, token: str = "", time_scale: float = 1.0
    ) -> None:
        """Prepare a world. Nothing listens yet. A port of 0 means any free one."""
        self.world = World(time_scale=time_scale)
        self.token = token or f"github_pat_sandbox_{secrets.token_hex(20)}"
        self.socket = socket_path
        self.url = ""
        self._port = port
        self._servers: list[Server] = []
        self.world.add_token(self.token, Token())

    def start(self) -> None:
        """Listen. Raise UsageError if the port or the path of the socket cannot be used."""
        self.world.stopping.clear()
        api, control = Api(self.world), Control(self.world, self.token)
        try:
            server = Server(("127.0.0.1", self._port), api, control)
        except (OSError, OverflowError) as error:
            why = "the number is not a port's" if isinstance(error, OverflowError) else str(error.strerror)
            raise UsageError(
                Problem(
                    "FF040", f"the sandbox cannot listen on port {self._port}", why=why, fix="choose another --port"
                )
            ) from None
        servers = [server]
        if self.socket is not None:
            try:
                servers.append(_on_socket(self.socket, api, control))
            except UsageError:
                server.server_close()
                raise
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self._servers += servers
        try:
            for each in servers:
                each.begin()
        except BaseException:
            self.stop()
            raise

    def serve_anthropic(self) -> str:
        """Listen for Anthropic's API too, on a free port, and return its address. Call it after `start`."""
        server = Server(("127.0.0.1", 0), AnthropicApi(self.world), Control(self.world, self.token))
        self._servers.append(server)
        server.begin()
        return f"http://127.0.0.1:{server.server_address[1]}"

    def stop(self) -> None:
        """Close every connection, stop listening and remove the socket."""
        self.world.stopping.set()
        for server in self._servers:
            server.close()
        if self.socket is not None and self._servers:
            self.socket.unlink(missing_ok=True)
        self._servers.clear()

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until all is done that was asked by those who are gone, such as a process that was killed.

        What a dead process had sent is still read and carried out. All is, once no connection is open any more. Raises
        TimeoutError where one is still open after so many real seconds.
        """
        # Connections are taken in their order: whoever had begun to connect before this one has been taken then.
        with socket.create_connection(("127.0.0.1", self._servers[0].server_address[1]), seconds) as probe:
            probe.sendall(f"POST {PREFIX} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            while probe.recv(65536):
                pass
        deadline = time.monotonic() + seconds
        while any(server.busy for server in self._servers):
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(_MOMENT)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def _on_socket(path: Path, api: Api, control: Control) -> Server:
    """Listen on a unix socket that only its owner can use. Replace one that nobody listens on any more."""
    if len(bytes(path)) > _LONGEST_SOCKET:
        raise _bad_socket(path, f"its path is longer than {_LONGEST_SOCKET} bytes")
    try:
        if path.is_socket() and not _alive(path):
            path.unlink()
        server = Server(str(path), api, control)
        path.chmod(0o600)
    except OSError as error:
        raise _bad_socket(path, str(error.strerror)) from None
    return server


def _alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _bad_socket(path: Path, why: str) -> UsageError:
    what = f"the sandbox cannot listen on the socket {quote(str(path))}"
    return UsageError(Problem("FF041", what, why=why, fix="choose another --socket"))
