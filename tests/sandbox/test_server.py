"""The server: raw HTTP that clients get wrong, connections that end early, the unix socket, start and stop."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from flowforge.errors import UsageError
from flowforge.sandbox import Fault, FaultKind, Sandbox


@pytest.fixture
def short_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work inside a temporary folder, so that a socket's relative path is short whatever the folder's is."""
    monkeypatch.chdir(tmp_path)
    return Path()


@contextlib.contextmanager
def connected(sandbox: Sandbox) -> Iterator[socket.socket]:
    """Open a plain connection."""
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), timeout=60) as connection:
        yield connection


def spoken(sandbox: Sandbox, raw: bytes) -> bytes:
    """Send bytes and give all that comes back until the connection ends."""
    with connected(sandbox) as connection:
        connection.sendall(raw)
        with contextlib.suppress(ConnectionResetError):
            return b"".join(iter(lambda: connection.recv(65536), b""))
    return b""


@pytest.mark.parametrize(
    ("head", "status", "message"),
    [
        ("Host: x\r\nTransfer-Encoding: chunked", 411, "A Content-Length is required."),
        ("Host: x\r\nContent-Length: 64000001", 413, "The body is too large."),
        ("Host: a b", 400, "The Host header is missing or malformed."),
        ("X: y", 400, "The Host header is missing or malformed."),
    ],
)
def test_refused_requests(sandbox: Sandbox, head: str, status: int, message: str) -> None:
    """What the sandbox does not take is refused in a sentence, and the connection ends."""
    answer = spoken(sandbox, f"PUT /user HTTP/1.1\r\n{head}\r\n\r\n".encode())
    assert (answer.startswith(f"HTTP/1.1 {status} ".encode()), message.encode() in answer) == (True, True)
    assert b"connection: close" in answer


@pytest.mark.parametrize("raw", [b"nonsense\r\n\r\n", b"GET " + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b""])
def test_nonsense(sandbox: Sandbox, http: httpx.Client, raw: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """What is not HTTP ends its connection, quietly; others go on."""
    with connected(sandbox) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
    assert (http.get("/user").status_code, capfd.readouterr()) == (200, ("", ""))


def test_clients_that_leave(sandbox: Sandbox, http: httpx.Client, capfd: pytest.CaptureFixture[str]) -> None:
    """Clients that hang up without waiting for the answer cause no traceback."""
    sandbox.world.settings.latency = 0.05
    request = f"GET /user/repos HTTP/1.1\r\nHost: x\r\nAuthorization: token {sandbox.token}\r\n\r\n".encode()
    for _ in range(5):
        with connected(sandbox) as connection:
            connection.sendall(request * 20)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert (http.get("/user").status_code, capfd.readouterr()) == (200, ("", ""))


def test_one_send_and_keep_alive(sandbox: Sandbox) -> None:
    """Two requests on one connection get two answers; each comes whole in one piece."""
    request = f"GET /rate_limit HTTP/1.1\r\nHost: x\r\nAuthorization: token {sandbox.token}\r\n\r\n".encode()
    with connected(sandbox) as connection:
        for _ in range(2):
            connection.sendall(request)
            assert connection.recv(65536)[-2:] == b"}}"


def test_stop_hangs_up(sandbox: Sandbox) -> None:
    """Stopping ends connections that are kept alive, and leaves nobody waiting."""
    request = f"GET /rate_limit HTTP/1.1\r\nHost: x\r\nAuthorization: token {sandbox.token}\r\n\r\n".encode()
    with connected(sandbox) as connection:
        connection.sendall(request)
        first = connection.recv(65536)
        sandbox.stop()
        assert (first[:15], connection.recv(65536)) == (b"HTTP/1.1 200 OK", b"")


def test_enterprise_prefix(sandbox: Sandbox, http: httpx.Client) -> None:
    """Under /api/v3 everything is the same, and URLs in answers stay there."""
    answer = http.get("/api/v3/orgs/acme/repos?per_page=1")
    assert (answer.json()[0]["url"], answer.links["next"]["url"]) == (
        f"{sandbox.url}/api/v3/repos/acme/repo-003",
        f"{sandbox.url}/api/v3/orgs/acme/repos?per_page=1&page=2",
    )


@pytest.mark.parametrize(
    ("host", "base"),
    [("api.github.com", "https://api.github.com"), ("localhost", "http://localhost"), ("[::1]:80", "http://[::1]:80")],
)
def test_unix_socket(short_folder: Path, host: str, base: str) -> None:
    """The same world answers on a unix socket, for its owner only; URLs follow the Host that the client named."""
    path = short_folder / "gh.sock"
    with Sandbox(socket_path=path) as sandbox:
        sandbox.world.create_repos("acme", 1)
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as http:
            header = {"authorization": f"token {sandbox.token}", "host": host}
            answer = http.get("http://x/repos/acme/repo-001", headers=header)
        assert (answer.json()["url"], path.stat().st_mode & 0o777) == (f"{base}/repos/acme/repo-001", 0o600)
    assert not path.exists()


def test_reset_on_a_unix_socket(short_folder: Path) -> None:
    """A fault that drops the connection does so on a unix socket too."""
    path = short_folder / "gh.sock"
    with Sandbox(socket_path=path) as sandbox, httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as http:
        sandbox.world.faults.add(Fault("", FaultKind.RESET_BEFORE))
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            http.get("http://localhost/user", headers={"authorization": f"token {sandbox.token}"})


def test_stop_where_nobody_reaches_it(short_folder: Path) -> None:
    """A socket whose file is gone is closed as well, by the server itself."""
    path, before = short_folder / "gh.sock", set(threading.enumerate())
    with Sandbox(socket_path=path) as sandbox:
        path.unlink()
    with pytest.raises(ConnectionRefusedError), connected(sandbox):
        pass
    assert set() == {each for each in threading.enumerate() if each.name == "sandbox"} - before


def test_no_thread_can_be_had(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has begun to listen does so no longer, and no socket is left."""
    path = short_folder / "gh.sock"
    sandbox = Sandbox(socket_path=path)
    with monkeypatch.context() as patch:
        patch.delattr(threading.Thread, "start")
        with pytest.raises(AttributeError):
            sandbox.start()
    assert not path.exists()
    with pytest.raises(ConnectionRefusedError), connected(sandbox):
        pass


def test_start_again(short_folder: Path) -> None:
    """A sandbox can be stopped and started; a socket that nobody listens on any more is replaced."""
    path = short_folder / "gh.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    sandbox = Sandbox(socket_path=path)
    for _ in range(2):
        with sandbox:
            header = {"authorization": f"token {sandbox.token}"}
            assert httpx.get(f"{sandbox.url}/user", headers=header).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(sandbox.url)
    sandbox.stop()
    assert not path.exists()


def problem(sandbox: Sandbox) -> str:
    """Start a sandbox that cannot start, and give what it says."""
    with pytest.raises(UsageError) as caught:
        sandbox.start()
    return str(caught.value)


def test_port_taken(sandbox: Sandbox) -> None:
    """A port that is taken is an error that names it."""
    port = int(sandbox.url.rpartition(":")[2])
    assert problem(Sandbox(port=port)) == (
        f"error FF040: the sandbox cannot listen on port {port}\n  why: Address already in use\n"
        "  fix: choose another --port"
    )


def test_port_out_of_range() -> None:
    """A number that is no port's is an error that says so."""
    assert problem(Sandbox(port=70_000)) == (
        "error FF040: the sandbox cannot listen on port 70000\n  why: the number is not a port's\n"
        "  fix: choose another --port"
    )


def test_socket_taken(short_folder: Path) -> None:
    """A socket that another sandbox listens on is left alone, and the port is given back."""
    path = short_folder / "gh.sock"
    with Sandbox(socket_path=path) as first:
        second = Sandbox(socket_path=path)
        assert problem(second) == (
            'error FF041: the sandbox cannot listen on the socket "gh.sock"\n'
            "  why: Address already in use\n  fix: choose another --socket"
        )
        second.stop()
        assert (path.is_socket(), first.socket) == (True, path)


def test_socket_path_too_long(short_folder: Path) -> None:
    """A path that would not fit is refused before anything is bound."""
    assert problem(Sandbox(socket_path=short_folder / ("x" * 101))).splitlines()[1:] == [
        "  why: its path is longer than 100 bytes",
        "  fix: choose another --socket",
    ]
