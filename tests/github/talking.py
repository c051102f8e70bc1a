"""Servers on loopback that say whatever a test wants, as slowly and for as long as it wants."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Script = Callable[[socket.socket], object]


class Talker:
    """A server that plays one script to everybody who connects. port: where."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def serve(self) -> None:
        """Take connections until it is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._play, args=(connection,), daemon=True).start()

    def _play(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client leaves, which is what these tests are about
            self._script(connection)

    def close(self) -> None:
        """Listen no longer."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@contextmanager
def talking(script: Script) -> Iterator[Talker]:
    """Let a server play a script."""
    talker = Talker(script)
    thread = threading.Thread(target=talker.serve, daemon=True)
    thread.start()
    try:
        yield talker
    finally:
        talker.close()
        thread.join(timeout=10)


def heard(connection: socket.socket) -> bytes:
    """Read the head of a request."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError
        head += piece
    return head


def forever(first: bytes, again: bytes, *, pause: float = 0.0) -> Script:
    """Read a request, and say something once and then something else until the client leaves."""
    never = threading.Event()

    def script(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(first)
        while True:
            connection.sendall(again)
            never.wait(pause)

    return script
