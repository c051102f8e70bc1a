"""The guard sees what the processes send that tests start, however they are started and whatever they write with."""

import json
import os
import pty
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from flowforge.sandbox import Sandbox
from tests import guard, recorder
from tests.children import Children, requests
from tests.cli.verifying import admin_key
from tests.faults.certificate import self_signed
from tests.github.talking import Talker, talking
from tests.made_up import api_key, letters
from tests.sweep.plants import oauth_token

pytestmark = pytest.mark.processes

ROOT: Final = Path(__file__).parents[1]
LEFT: Final = ["POST /hook, to GitHub: has a credential in it, sk-ant-oat03…"]
# A request with a credential in its body, and a connection to send it through.
OPENED: Final = """
import base64, json, os, socket, sys
port, token = int(sys.argv[1]), sys.argv[2]
body = json.dumps({"a": base64.b64encode(f"a {token}".encode()).decode()}).encode()
whole = b"POST /hook HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(body), body)
opened = socket.create_connection(("127.0.0.1", port))
opened.settimeout(60)
"""
LEAK: Final = OPENED + "opened.sendall(whole)"
TLS: Final = """
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.wrap_socket(opened, server_hostname="a").sendall(whole)
"""
# Sends a text with FlowForge's own client.
CLIENT: Final = """
import sys
from flowforge.transport.client import Connections
from flowforge.transport.deadline import Deadline
_, url, text = sys.argv
with Connections(
    loopback=True, coding="identity", connect=60, silent=60, transport=None, secure=False
) as connections, connections.one() as http, Deadline(60).held():
    http.request("POST" if text else "GET", url, content=text)
"""
GET: Final = """
import sys
from urllib.request import Request, urlopen
_, url, name, text = sys.argv
urlopen(Request(url, headers={name: text}))
"""
WRITING: Final = {
    "sendall": "opened.sendall(whole)",
    "send, in pieces": "for at in range(0, len(whole), 7): opened.send(whole[at:at + 7])",
    "memory": "opened.sendall(memoryview(bytearray(whole)))",
    "sendmsg": "opened.sendmsg([whole[:9], whole[9:]])",
    "a file": "file = opened.makefile('wb'); file.write(whole); file.flush()",
    "sendfile": "file = open(sys.argv[3], 'wb+'); file.write(whole); file.seek(0); opened.sendfile(file)",
    "a copy": "opened.dup().sendall(whole)",
    "by number": "socket.socket(fileno=opened.detach()).sendall(whole)",
    "and killed": "opened.sendall(whole); os.kill(os.getpid(), 9)",
    "of a fork": "os.fork() and os.wait() or opened.sendall(whole)",
    "no more files": "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); opened.sendall(whole)",
}


@pytest.fixture
def deaf() -> Iterator[Talker]:
    """Serve on a bare socket, which no guard looks into: reads, and never answers."""

    def read(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    with talking(read) as talker:
        yield talker


def run(*command: str | Path, **settings: Any) -> None:  # noqa: ANN401 -- as subprocess's
    """Run a program, however it ends."""
    subprocess.run(command, check=False, **settings)


def python(*words: str | Path) -> list[str]:
    """Return what runs a Python."""
    return [sys.executable, *map(str, words)]


def _in_terminal(command: list[str]) -> None:
    hand, screen = pty.openpty()
    with closing(open(hand, "rb")), subprocess.Popen(command, stdin=screen, start_new_session=True):  # noqa: PTH123 -- a descriptor
        os.close(screen)


STARTING: Final[dict[str, Callable[[list[str]], object]]] = {
    "run": lambda command: run(*command),
    "nothing in its environment": lambda command: run(*command, env={}),
    "a path of its own": lambda command: run(*command, env={"PYTHONPATH": "elsewhere"}),
    "a group of its own": lambda command: run(*command, process_group=0, close_fds=True),
    "a shell": lambda command: run("sh", "-c", f"{shlex.join(command)}; true", env={"PATH": os.defpath}),
    "in place of another": lambda command: run(*python("-c", f"import os; os.execv({command[0]!r}, {command!r})")),
    "by another": lambda command: run(*python("-c", f"import subprocess; subprocess.run({command!r})"), env={}),
    "by another, with what the test has": lambda command: run(
        *python("-c", f"import subprocess; subprocess.run({command!r}, env={dict(os.environ)!r})")
    ),
    "by another, without the standard library": lambda command: run(
        *python("-c", f"import os; os.system({shlex.join(command)!r})")
    ),
    "at a terminal": _in_terminal,
    "spawn": lambda command: os.waitpid(os.posix_spawn(command[0], command, os.environ), 0),
}


@pytest.mark.parametrize("way", STARTING)
def test_whatever_starts_it(deaf: Talker, tmp_path: Path, way: str) -> None:
    """What a process sends to a bare socket is judged with its body, in whatever way the process began."""
    program = tmp_path / "leak.py"
    program.write_text(LEAK, encoding="utf-8")
    STARTING[way](python(program, str(deaf.port), oauth_token()))
    assert LEFT == guard.GUARD.judge()


@pytest.mark.parametrize("way", WRITING)
def test_whatever_writes_it(deaf: Talker, tmp_path: Path, way: str) -> None:
    """All ways into a connection are seen, in the order of what was written, also of a process that is killed."""
    run(*python("-c", OPENED + WRITING[way], str(deaf.port), oauth_token(), tmp_path / "file"))
    assert LEFT == guard.GUARD.judge()


def test_what_a_connection_takes_in_part() -> None:
    """Of what is written once more, as the connection had no room for it, nothing is read twice."""
    program = """
import select
opened.setblocking(False)
left = memoryview(whole + b"GET /next HTTP/1.1\\r\\n\\r\\n" + bytes(5_000_000) + whole)
while left:
    try:
        left = left[opened.send(left):]
    except BlockingIOError:
        select.select([], [opened], [])
"""
    took: list[int] = []

    def read(connection: socket.socket) -> None:
        while piece := connection.recv(1 << 20):
            took.append(len(piece))

    with talking(read) as slow:
        run(*python("-c", OPENED + program, str(slow.port), "nothing"))
    children = guard.GUARD.children
    assert children
    asked = [(each.asked, len(each.body)) for each in children.told().requests]
    length = asked[0][1]
    assert [("POST /hook", length), ("GET /next", 5_000_000), ("POST /hook", length)] == asked


def github_token() -> str:
    """Make up one that goes in a header to GitHub and nowhere else."""
    return f"ghp_{letters(36)}"


def polite(connection: socket.socket) -> None:
    """Read something, and say that all is well."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("program", "scheme"),
    [(OPENED + TLS, ""), (CLIENT, "https://127.0.0.1:")],
    ids=["the standard library", "FlowForge"],
)
def test_what_goes_through_tls(program: str, scheme: str) -> None:
    """It is told before TLS: of the standard library's socket, and of FlowForge's own client, which uses memory."""
    context = self_signed()

    def read(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            polite(secured)

    with talking(read) as talker:
        run(*python("-c", program, f"{scheme}{talker.port}{scheme and '/hook'}", oauth_token()))
    assert LEFT == guard.GUARD.judge()


def test_what_cannot_be_read(deaf: Talker) -> None:
    """A connection that is none of the standard library's is a finding, whatever it sends."""
    program = "import _socket, sys; _socket.socket().connect(('127.0.0.1', int(sys.argv[1])))"
    run(*python("-c", program, str(deaf.port)))
    assert [f"a connection to ('127.0.0.1', {deaf.port}) goes past the guard"] == guard.GUARD.judge()


def test_what_was_in_its_vault(deaf: Talker) -> None:
    """A value without a shape is known to the guard, of which the test itself knows nothing."""
    value = letters(20)
    keeping = f"from flowforge.vault import *; Vault().put('f', SecretValue({value!r}))\n"
    run(*python("-c", keeping + OPENED + "opened.sendall(whole)", str(deaf.port), value))
    assert ["POST /hook, to GitHub: has a value of the vault in it, of 20 characters"] == guard.GUARD.judge()


@pytest.mark.parametrize(
    ("make", "asked", "port", "listed", "right"),
    [
        (api_key, "/v1/models?limit=1", 0, "localhost,127.0.0.1", True),
        (admin_key, "/v1/organizations/api_keys?limit=1", 0, "127.0.0.1", True),
        (github_token, "/user", 1, "127.0.0.1", True),
        (api_key, "/v1/models?limit=1", 1, "127.0.0.1", False),
        (api_key, "/v1/models?limit=1", 0, "localhost", False),
        (admin_key, "/v1/organizations/api_keys?limit=1", 1, "127.0.0.1", False),
        (admin_key, "/v1/models?limit=1", 0, "127.0.0.1", False),
        (api_key, "/v1/organizations/api_keys?limit=1", 0, "127.0.0.1", False),
        (oauth_token, "/v1/models?limit=1", 0, "127.0.0.1", False),
        (github_token, "/user", 0, "127.0.0.1", False),
    ],
)
def test_which_server_is_which(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], str], asked: str, port: int, listed: str, *, right: bool
) -> None:
    """A bare socket is Anthropic's API for a process to which both variables name it, and for all others GitHub's."""
    header = "authorization" if make is github_token else "x-api-key"
    with talking(polite) as talker:
        monkeypatch.setenv("FLOWFORGE_ANTHROPIC_URL", f"http://127.0.0.1:{talker.port - port}")
        monkeypatch.setenv("FLOWFORGE_ALLOWED_VERIFY_HOSTS", listed)
        run(*python("-c", GET, talker.url + asked, header, make()))
    assert right is (guard.GUARD.judge() == [])


def test_a_command_and_a_bare_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What FlowForge itself asks of a server that a test wrote is read whole."""
    monkeypatch.chdir(tmp_path)
    Path("flowforge.yaml").write_text(
        "version: 1\ncredentials: {ci: {type: anthropic_api_key, from: {env: KEY}}}\n"
        "targets: [{name: All, repos: [acme/api], credential: ci}]\n",
        encoding="utf-8",
    )
    with talking(polite) as talker:
        environ = {"GITHUB_API_URL": talker.url, "FLOWFORGE_GITHUB_TOKEN": github_token(), "KEY": api_key()}
        run(*python("-m", "flowforge", "plan"), env=environ, capture_output=True)
    children = guard.GUARD.children
    assert children
    told = children.told()
    (agent,) = {dict(each.headers)["User-Agent"].partition("/")[0] for each in told.requests}
    assert ("flowforge", True) == (agent, environ["KEY"] in told.values)


@contextmanager
def a_process(ready: Path) -> Iterator[str]:
    """Serve a sandbox that is a process of its own."""
    command = python("-m", "tests.guard", "sandbox", "--ready-file", ready)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()  # the file is whole before anything is printed
        yield json.loads(ready.read_text(encoding="utf-8"))["url"]
        process.terminate()


@contextmanager
def served_here(_: Path) -> Iterator[str]:
    """Serve a sandbox in this process."""
    with Sandbox() as sandbox:
        yield sandbox.url


@pytest.mark.parametrize("serve", [served_here, a_process], ids=["here", "a process"])
def test_a_command_that_the_guard_does_not_see(
    tmp_path: Path, serve: Callable[[Path], AbstractContextManager[str]]
) -> None:
    """Whoever starts FlowForge past the guard learns of it when a request arrives at a sandbox."""
    with serve(tmp_path / "ready.json") as url:
        for words in (("-I",), ()):
            run(*python(*words, "-c", CLIENT, f"{url}/zen", ""), cwd=tmp_path)
        assert ["GET /zen: FlowForge sent it where the guard does not see it"] == guard.GUARD.judge()


def test_nothing_lies_on_a_disk() -> None:
    """Nobody but the user can read the folder, and what is told goes through a pipe."""
    children = guard.GUARD.children
    assert children
    found = {path.name: stat.filemode(path.stat().st_mode) for path in children.folder.iterdir()}
    found.pop("__pycache__", None)
    assert ("drwx------", "prw-------", {"told", "sitecustomize.py"}) == (
        stat.filemode(children.folder.stat().st_mode),
        found["told"],
        set(found),
    )


def test_it_ends_without_a_trace(deaf: Talker, tmp_path: Path) -> None:
    """When the tests are over the folder is gone, and a process that still sends something is not disturbed."""
    with closing(Children()) as children:
        assert children.folder.exists()
    shutil.copy(recorder.__file__, tmp_path / "sitecustomize.py")
    for left in (tmp_path / recorder.PIPE, tmp_path / "none"):
        # A pipe that nobody reads, then no pipe.
        os.mkfifo(left) if left.name == recorder.PIPE else (tmp_path / recorder.PIPE).unlink()
        command = python("-c", LEAK, str(deaf.port), "nothing")
        _, status = os.waitpid(os.posix_spawn(command[0], command, {"PYTHONPATH": str(tmp_path)}), 0)
        assert (False, 0) == (children.folder.exists(), status)


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (b"", []),
        (b"\x16\x03nonsense", [("", 0, b"\x16\x03nonsense")]),
        (b"GET / HTTP/1.1\r\n\r\n", [("GET /", 0, b"")]),
        (b"A" * 1_000_000, [("", 0, b"A" * 1_000_000)]),
        (b"GET / HTTP/1.1\r\nA: b\r\nC: d", [("", 0, b"GET / HTTP/1.1\r\nA: b\r\nC: d")]),
        # A body that looks like a request is one no more than its length says.
        (
            b"PUT /a HTTP/1.1\r\nContent-Length: 23\r\nA: b\r\n\r\nGET /x HTTP/1.1\r\n\r\nabcdGET /b HTTP/1.1\r\n\r\n",
            [("PUT /a", 2, b"GET /x HTTP/1.1\r\n\r\nabcd"), ("GET /b", 0, b"")],
        ),
        # And what comes after it is left out nowhere.
        (b"PUT /a HTTP/1.1\r\n\r\n3\r\nabc\r\n0\r\n\r\n", [("PUT /a", 0, b"3\r\nabc\r\n0\r\n\r\n")]),
    ],
)
def test_what_a_connection_says(stream: bytes, found: list[tuple[str, int, bytes]]) -> None:
    """Requests one after the other, of each its line, its headers and its body; and whatever is none."""
    assert found == [(each.asked, len(each.headers), each.body) for each in requests("", (), stream)]


def test_when_nobody_has_to_be_asked(deaf: Talker) -> None:
    """A process that a test started is asked until it has ended, in a later test too, and what came late is judged."""
    children = guard.GUARD.children
    assert children is not None
    children.told()
    # Unless an earlier test has left one behind that nobody waited for.
    before = children.silent
    with subprocess.Popen(
        python("-c", f"input(); {LEAK.strip()}", str(deaf.port), letters(20)), stdin=subprocess.PIPE
    ) as left:
        asked = [(children.told().requests, children.silent) for _ in range(2)]
        left.communicate(b"go on")
    assert ([([], False)] * 2, False) == (asked, children.silent)
    assert (["POST /hook"], before) == ([each.asked for each in children.told().requests], children.silent)


def test_who_is_left_alone() -> None:
    """A process that a test neither waits for nor keeps is a warning at once, which fails that test."""
    read, write = os.pipe()
    with pytest.warns(ResourceWarning, match="still running"):
        subprocess.Popen(python("-c", "input()"), stdin=read)
    os.close(read)
    os.close(write)


def test_a_judgement_in_between() -> None:
    """What is judged while a process still writes is whole as far as it goes, and the rest is judged next time."""
    with closing(Children()) as children:
        pipe = os.open(children.folder / recorder.PIPE, os.O_WRONLY)
        found = []
        for kind, data in (
            ("sent", b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"),
            ("took", b"2"),
            ("sent", b"bc"),
        ):
            os.write(pipe, recorder.frames(kind, 1, "a:1", data)[0])
            found.append([(each.asked, each.body) for each in children.told().requests])
        os.close(pipe)
    assert [[("PUT /", b"abc")], [], [("", b"bc")]] == found


def test_how_tests_start_processes() -> None:
    """By `subprocess` or in an environment that a test has: nothing takes the variables away, and nothing forks."""
    past = re.compile(
        r"os\.(?:fork|forkpty|spawn\w+|posix_spawn\w*)\b|pty\.(?:fork|spawn)|multiprocessing|create_subprocess|ProcessPool"
        r"|_posixsubprocess|_execute_child|\benv -i\b.*flowforge|[\"'] ?-[EIS]+[\"' ].*flowforge"
    )
    found = {
        str(path.relative_to(ROOT))
        for folder in ("tests", "fuzz")
        for path in (ROOT / folder).rglob("*.py")
        if past.search(path.read_text(encoding="utf-8"))
    }
    # The one of the action's own asks FlowForge for its version, the one of the starts for its helps: neither sends.
    assert {"tests/ci/test_install.py", "tests/cli/test_startup.py", "tests/test_children.py"} == found
