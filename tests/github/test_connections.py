"""How many connections are made, and which of them carries a request: on real sockets."""

import queue
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from flowforge.transport.client import Connections
from flowforge.transport.deadline import Deadline
from tests.github.talking import heard, talking

WORKERS = 8


class _Counting:
    """Plays a server that keeps connections: whom it answered, by the number of the connection."""

    def __init__(self) -> None:
        self.answered: list[int] = []
        self.ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.together = threading.Barrier(1)
        self._number = 0
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket) -> None:
        with self._lock:
            number, self._number = self._number, self._number + 1
        try:
            while b"/leave" not in heard(connection):
                self.together.wait(60)
                with self._lock:
                    self.answered.append(number)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        finally:
            self.ended.put(number)


@pytest.fixture
def server() -> _Counting:
    """Return what a server does with whoever connects."""
    return _Counting()


@pytest.fixture
def url(server: _Counting) -> Iterator[str]:
    """Let the server listen."""
    with talking(server) as talker:
        yield talker.url


@pytest.fixture
def connections() -> Iterator[Connections]:
    """Return what connects to it."""
    with Connections(
        loopback=True, coding="identity", connect=60, silent=60, transport=None, secure=False
    ) as connections:
        yield connections


def _get(connections: Connections, url: str) -> None:
    with Deadline(60).held(), connections.one() as http:
        http.get(url)


def test_one_after_the_other(server: _Counting, url: str, connections: Connections) -> None:
    """What is not sent at the same time goes over one connection."""
    for _ in range(5):
        _get(connections, url)
    assert [0] * 5 == server.answered


def test_side_by_side(server: _Counting, url: str, connections: Connections) -> None:
    """As many connections are made as there are requests at once, and later the same are used, the last one first."""
    server.together = threading.Barrier(WORKERS)
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in range(3):
            list(pool.map(lambda _: _get(connections, url), range(WORKERS)))
    assert sorted([*range(WORKERS)] * 3) == sorted(server.answered)
    server.together = threading.Barrier(1)
    for _ in range(3):
        _get(connections, url)
    assert 1 == len({*server.answered[-3:]})


def test_one_that_broke(server: _Counting, url: str, connections: Connections) -> None:
    """A request whose connection ends without an answer fails alone; the next one gets a new connection."""
    _get(connections, url)
    with pytest.raises(httpx.RemoteProtocolError):
        _get(connections, f"{url}/leave")
    _get(connections, url)
    assert [0, 1] == server.answered


def test_all_are_closed(server: _Counting, url: str) -> None:
    """The end closes each connection, those at rest too."""
    server.together = threading.Barrier(WORKERS)
    with (
        Connections(
            loopback=True, coding="identity", connect=60, silent=60, transport=None, secure=False
        ) as connections,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        list(pool.map(lambda _: _get(connections, url), range(WORKERS)))
        assert server.ended.empty()
    assert [*range(WORKERS)] == sorted(server.ended.get(timeout=60) for _ in range(WORKERS))
