"""The deadline of an exchange on real sockets: whatever arrives, and wherever it hangs, it ends in its time."""

import gzip
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpcore
import httpx
import pytest

from flowforge.errors import GitHubError
from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock, Patience
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.problems import RepoError
from flowforge.github.urls import ApiUrl
from flowforge.transport.deadline import Deadline, OverdueError, Sockets
from flowforge.vault import SecretValue
from tests.faults.certificate import self_signed
from tests.github.talking import Script, forever, heard, talking

SECONDS = 0.3
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n"
_EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"  # deflate's stored block of no bytes, RFC 1951
_EMPTY_MEMBER = gzip.compress(b"")
_RECORD = b"\x16\x03\x03\x40\x00" + bytes(0x4000)  # of a TLS handshake, RFC 8446
Open = Callable[..., Client]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.fixture
def opened(clock: Clock) -> Iterator[Open]:
    """Make clients that give an exchange three tenths of a second, and wait for nothing else."""
    with ExitStack() as held:

        def make(url: str, *, seconds: float = SECONDS) -> Client:
            token = GitHubToken(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN")
            pacer = Pacer(clock, threading.Event())
            patience = Patience(connect=60, silent=60, exchange=seconds, file=seconds)
            return held.enter_context(Client(ApiUrl.parse(url), token, pacer, jobs=4, patience=patience))

        yield make


def _overdue(client: Client, verb: Callable[[Client], object] = lambda client: client.get("/x")) -> None:
    """State that a request is tried twice, and given up since it came to no end in its time."""
    with pytest.raises(RepoError) as caught:
        verb(client)
    assert f"no usable answer in 2 tries: no whole answer within {SECONDS:g} s" == caught.value.no.detail


def _tunnel(then: Script) -> Script:
    def script(connection: socket.socket) -> None:
        heard(connection)
        then(connection)

    return script


def _silent(connection: socket.socket) -> None:
    """Read a byte, and then nothing; say nothing either."""
    connection.recv(1)
    threading.Event().wait(30)


def _drip(data: bytes) -> Script:
    """Return a script that says something a byte at a time, and then the same again."""
    never = threading.Event()

    def script(connection: socket.socket) -> None:
        while True:
            for byte in data:
                connection.sendall(bytes((byte,)))
                never.wait(0.005)

    return script


@pytest.mark.parametrize(
    "script",
    [
        forever(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 2, pause=0.01),
        forever(b"", b"H", pause=0.01),
        forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        forever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", pause=0.01),
        forever(_OK + b"Content-Length: 1000\r\n\r\n", b" ", pause=0.01),
        forever(_CHUNKED + b"\r\n", _chunk(b" "), pause=0.001),
        forever(_CHUNKED + b"\r\n1;", b"x", pause=0.01),
        forever(_CHUNKED + b"\r\n" + _chunk(b"{}") + b"0\r\n", b"X", pause=0.01),
        forever(
            _CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + _chunk(_EMPTY_MEMBER[:10]), _chunk(_EMPTY_BLOCK), pause=0.001
        ),
        forever(b"HTTP/1.0 200 OK\r\n\r\n", b" ", pause=0.01),
        forever(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1000\r\n\r\n", b"x", pause=0.01),
        _silent,
    ],
    ids=[
        *("headers", "status line", "100 Continue", "103 Early Hints", "body", "chunks", "chunk's extension"),
        *("trailers", "empty gzip", "HTTP/1.0", "error", "silence"),
    ],
)
def test_an_answer_without_end(opened: Open, script: Script) -> None:
    """A part of an answer that never ends is left unread when the time of the exchange is over, and asked for again."""
    with talking(script) as talker:
        _overdue(opened(talker.url))


@pytest.mark.parametrize(
    "line", [b"X: " + b"y" * 40_000 + b"\r\n", b"a:\r\n" * 10_000], ids=["one header", "many headers"]
)
def test_a_head_without_measure(opened: Open, line: bytes) -> None:
    """A head of 40 KB is read no further, as a broken connection: what is made of it takes a hundred times that."""
    with talking(forever(b"HTTP/1.1 200 OK\r\n", line)) as talker, pytest.raises(GitHubError) as caught:
        opened(talker.url, seconds=60).get("/x")
    assert "no usable answer in 4 tries: the connection broke" == caught.value.problems[0].what


def test_a_long_head(opened: Open) -> None:
    """A head of 16 KB, three times what GitHub sends, is read."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: " + b"y" * 16_000 + b"\r\n\r\n{}"
    with talking(forever(head, b"", pause=0.01)) as talker:
        assert {} == opened(talker.url, seconds=60).get("/x").data


def test_a_server_that_reads_nothing(opened: Open) -> None:
    """What is sent is bounded too: a body that nobody takes is given up."""
    body = {"content": "x" * 20_000_000}
    with talking(_silent) as talker:
        _overdue(opened(talker.url), lambda client: client.put("/repos/acme/ops/contents/x", body))


def test_a_handshake_without_end(opened: Open) -> None:
    """TLS whose first record comes a byte at a time ends with the exchange."""
    with talking(_drip(_RECORD)) as talker:
        _overdue(opened(f"https://127.0.0.1:{talker.port}"))


@pytest.mark.parametrize(
    "script",
    [_drip(b"HTTP/1.1 200 Connection established\r\n" + b"X: y\r\n" * 200), _drip(b"HTTP/1.1 100 Continue\r\n\r\n")],
    ids=["headers", "100 Continue"],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_without_end(opened: Open, monkeypatch: pytest.MonkeyPatch, script: Script, variable: str) -> None:
    """A proxy that comes to no end of its own answer is left as GitHub itself would be."""
    with talking(_tunnel(script)) as talker:
        monkeypatch.setenv(variable, talker.url)
        _overdue(opened("https://github.test/api/v3"))


def test_a_handshake_without_end_behind_a_proxy(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handshake with GitHub through a proxy's tunnel is bounded too."""

    def script(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connection.recv(1)  # the handshake begins
        _drip(_RECORD)(connection)

    with talking(script) as talker:
        monkeypatch.setenv("HTTPS_PROXY", talker.url)
        _overdue(opened("https://github.test/api/v3"))


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTPS_PROXY": "http://proxy.test:1"},
        {"ALL_PROXY": "http://proxy.test:1", "NO_PROXY": "other.test"},
        {"HTTPS_PROXY": "https://proxy.test:1", "HTTP_PROXY": "http://proxy.test:1"},
    ],
    ids=str,
)
def test_every_way_out_is_bounded(opened: Open, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    """Whatever transports httpx makes for the environment's proxies, each has our sockets."""
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    connections = opened("https://github.test/api/v3")._wire.connections
    with connections.one() as first, connections.one() as second:
        for http in (first, second):
            transports = [http._transport, *filter(None, http._mounts.values())]
            pools = [each._pool for each in transports if isinstance(each, httpx.HTTPTransport)]
            assert len(transports) == len(pools)
            assert (len(pools) > 1) == bool(environ)
            assert {Sockets} == {type(pool._network_backend) for pool in pools}


class _Layer:
    """TLS of a server, over anything that can send and receive: another layer of TLS too."""

    def __init__(self, context: ssl.SSLContext, below: "socket.socket | _Layer") -> None:
        self._below = below
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._through(self._tls.do_handshake)

    def _through(self, do: Callable[[], bytes | int | None]) -> bytes | int | None:
        while True:
            try:
                return do()
            except ssl.SSLWantReadError:
                self._flush()
                self._in.write(self._below.recv(65536))
            finally:
                self._flush()

    def _flush(self) -> None:
        if data := self._out.read():
            self._below.sendall(data)

    def recv(self, most: int) -> bytes:
        found = self._through(lambda: self._tls.read(most))
        assert isinstance(found, bytes)
        return found

    def sendall(self, data: bytes) -> None:
        while data:
            sent = self._through(lambda: self._tls.write(data))  # noqa: B023 -- called at once
            assert isinstance(sent, int)
            data = data[sent:]


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """Return a context that takes any certificate, since nobody vouches for those made here."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_bytes_go_through_any_number_of_layers(trusting: ssl.SSLContext, layers: int) -> None:
    """Plain, TLS, and TLS through another's TLS, as with a proxy of https: what is sent arrives, and comes back."""
    server = self_signed()
    sent = bytes(range(251)) * 4000  # 1 MB, in which no place looks like another nearby

    def echo(connection: socket.socket) -> None:
        ear: socket.socket | _Layer = connection
        for _ in range(layers):
            ear = _Layer(server, ear)
        got = 0
        while got < len(sent):
            data = ear.recv(65536)
            got += len(data)
            ear.sendall(data)

    with talking(echo) as talker, Deadline(60).held():
        stream = Sockets().connect_tcp("127.0.0.1", talker.port, timeout=60)
        for _ in range(layers):
            stream = stream.start_tls(trusting, "localhost", timeout=60)
        assert (layers > 0) == (stream.get_extra_info("ssl_object") is not None)
        came = b""
        for at in range(0, len(sent), 100_000):
            stream.write(sent[at : at + 100_000], 60)
            while len(came) < min(at + 100_000, len(sent)):
                came += stream.read(65536, 60)
        assert sent == came
        assert b"" == stream.read(1, 60)
        assert stream.get_extra_info("is_readable") is True
        stream.close()
        assert stream.get_extra_info("is_readable") is True


@pytest.mark.parametrize("layers", [0, 1])
def test_a_read_takes_no_more_than_it_is_asked_for(trusting: ssl.SSLContext, layers: int) -> None:
    """However much has arrived; and of a large one no more than a piece, so that each byte is counted soon."""
    server = self_signed()

    def script(connection: socket.socket) -> None:
        ear: socket.socket | _Layer = connection
        for _ in range(layers):
            ear = _Layer(server, ear)
        ear.sendall(bytes(200_000))

    with talking(script) as talker, Deadline(60).held():
        stream = Sockets().connect_tcp("127.0.0.1", talker.port)
        for _ in range(layers):
            stream = stream.start_tls(trusting, "localhost")
        first = len(stream.read(10, 60))
        later = [len(stream.read(100_000, 60)) for _ in range(5)]
        stream.close()
    assert (10, True) == (first, max(later) <= 1 << 15)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_record_without_end(trusting: ssl.SSLContext, layers: int) -> None:
    """Inside TLS, and TLS inside TLS, a record that comes a byte at a time ends with the exchange."""
    server = self_signed()

    def script(connection: socket.socket) -> None:
        ear: socket.socket | _Layer = connection
        for _ in range(layers):
            ear = _Layer(server, ear)
        _drip(b"\x17\x03\x03\x40\x00" + bytes(16384))(connection)

    with talking(script) as talker, Deadline(60).held():
        stream = Sockets().connect_tcp("127.0.0.1", talker.port)
        for _ in range(layers):
            stream = stream.start_tls(trusting, "localhost")
        with Deadline(SECONDS).held(), pytest.raises(OverdueError):
            stream.read(1, 60)
        stream.close()


def test_a_host_with_several_addresses() -> None:
    """Of a host's addresses the first that answers is taken; where none does, the last one's word is given."""
    with talking(lambda connection: connection.sendall(b"x")) as talker, Deadline(60).held():
        here = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", talker.port))
        refused = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1))
        stream = Sockets(lambda *_, **__: [refused, here]).connect_tcp("host.test", 1, timeout=60)
        assert b"x" == stream.read(1, 60)
        stream.close()
        with pytest.raises(httpcore.ReadError):
            stream.read(1, 60)
        for found, words in (([refused], "Connection refused"), ([], "the host has no address")):
            with pytest.raises(httpcore.ConnectError, match=words):
                Sockets(lambda *_, found=found, **__: found).connect_tcp("host.test", 1, timeout=60)


def test_what_is_written_goes_out_at_once() -> None:
    """The system holds no small piece back until the one before has arrived. The socket itself is asked."""
    with talking(_silent) as talker, Deadline(60).held():
        stream = Sockets().connect_tcp("127.0.0.1", talker.port)
        opened = vars(stream)["_socket"]
        assert 0 != opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        stream.close()


def test_many_addresses_share_one_deadline() -> None:
    """However many addresses a host has, connecting ends with the exchange."""
    time, tried = [0.0], []

    def resolve(*_: object, **__: object) -> Iterator[tuple[object, ...]]:
        return iter([(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1))] * 1000)

    def now() -> float:
        time[0] += 1
        tried.append(time[0])
        return time[0]

    with Deadline(60, now).held(), pytest.raises(OverdueError):
        Sockets(resolve).connect_tcp("host.test", 1, timeout=5)
    assert 61 == len(tried)


def test_a_deadline_holds_until_it_is_let_go() -> None:
    """Then the one from before it is kept again, and at last none, without which nothing may be sent."""
    with talking(_silent) as talker:
        with Deadline(60).held():
            with Deadline(0).held(), pytest.raises(OverdueError):
                Sockets().connect_tcp("127.0.0.1", talker.port)
            Sockets().connect_tcp("127.0.0.1", talker.port).close()
        with pytest.raises(LookupError):
            Sockets().connect_tcp("127.0.0.1", talker.port)


def test_a_wait_that_is_shorter_than_the_exchange(trusting: ssl.SSLContext) -> None:
    """Within the exchange each wait has its own limit, in the words that httpx knows."""
    with talking(_silent) as talker, Deadline(60).held():
        stream = Sockets().connect_tcp("127.0.0.1", talker.port)
        with pytest.raises(httpcore.ReadTimeout):
            stream.read(1, 0.01)
        with pytest.raises(httpcore.ConnectTimeout):
            stream.start_tls(trusting, timeout=0.01)
        assert stream.get_extra_info("is_readable") is True, "it is closed"
        stream = Sockets().connect_tcp("127.0.0.1", talker.port)
        with pytest.raises(httpcore.WriteTimeout):
            stream.write(bytes(50_000_000), 0.01)
        stream.close()


def test_a_certificate_that_nobody_vouches_for() -> None:
    """A handshake that fails is a failed connection, with OpenSSL's word, and the server is told."""
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    server = self_signed()

    def script(connection: socket.socket) -> None:
        try:
            _Layer(server, connection).recv(1)
        except ssl.SSLError as error:
            told.put(error.reason)

    with talking(script) as talker, Deadline(60).held():
        stream = Sockets().connect_tcp("127.0.0.1", talker.port)
        with pytest.raises(httpcore.ConnectError, match=r"certificate verify failed: self.signed certificate"):
            stream.start_tls(ssl.create_default_context(), "localhost", 60)
        # Before the server is closed, which may not have read it yet.
        assert "TLSV1_ALERT_UNKNOWN_CA" == told.get(timeout=60)


def test_a_peer_that_leaves_in_the_handshake(trusting: ssl.SSLContext) -> None:
    """A connection that ends in the handshake is a failed one."""
    with talking(lambda connection: connection.recv(1)) as talker, Deadline(60).held():
        stream = Sockets().connect_tcp("127.0.0.1", talker.port)
        with pytest.raises(httpcore.ConnectError):
            stream.start_tls(trusting, "localhost", 60)
