"""The guard bites: a credential that leaves as it must not fails the test during which it did."""

import base64
import itertools
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
import pytest

from flowforge.anthropic import address
from flowforge.anthropic.keys import AdminKey, AnthropicKey, ApiKey
from flowforge.errors import ExitCode
from flowforge.github import auth
from flowforge.transport.client import Connections
from flowforge.vault import SecretValue, Vault
from tests import guard
from tests.cli.verifying import admin_key
from tests.guard import Guard, Host
from tests.made_up import api_key, letters
from tests.sweep.plants import oauth_token
from tests.wire import answering

ROOT: Final = Path(__file__).parents[1]
VERIFYING, LISTING = "GET /v1/models?limit=1", "GET /v1/organizations/api_keys?limit=1000"
FORMS: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "a query": lambda text: quote(f"/{text}&", safe=""),
    "JSON": lambda text: json.dumps(f"é{text}"),
    "escaped": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "hexadecimal": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, one later": lambda text: base64.b64encode(b"." + text.encode()).decode(),
    "base64, two later": lambda text: base64.b64encode(b".." + text.encode()).decode(),
    "base64 of URLs": lambda text: base64.urlsafe_b64encode(f"?>{text}?>".encode()).decode(),
}
# What a test may do, here or in a process of its own: each sends one request to a sandbox.
LEAKS: Final = '''\
import base64, json, subprocess, sys, threading
import pytest
from flowforge.sandbox import Sandbox
from flowforge.transport.client import Connections
from flowforge.transport.deadline import Deadline
from tests.github.talking import heard, talking
from tests.sweep.plants import oauth_token

CHILD = """
import sys
from urllib.request import Request, urlopen
_, url, header, body = sys.argv
urlopen(Request(url, body.encode() or None, {"X-A": header}))
"""

def child(url, header, body):
    subprocess.run([sys.executable, "-c", CHILD, url, header, body], stderr=subprocess.DEVNULL, check=False)

def here(url, header, body):
    with Connections(
        loopback=True, coding="identity", connect=9, silent=9, transport=None, secure=False
    ) as connections, connections.one() as http, Deadline(60).held():
        http.request("POST" if body else "GET", url, headers={"X-A": header}, content=body.encode())

def thread(*args):
    running = threading.Thread(target=here, args=args)
    running.start()
    running.join()

def body(token):
    return json.dumps({"a": base64.b64encode(f"a {token}".encode()).decode()})

@pytest.mark.parametrize("send", [child, here, thread], ids=lambda send: send.__name__)
@pytest.mark.parametrize("where", ["nowhere", "header", "query", "body"])
def test(send, where):
    token = oauth_token()
    with Sandbox() as sandbox:
        send(
            sandbox.url + "/user" + (f"?a={token}" if where == "query" else ""),
            token if where == "header" else "nothing",
            body(token) if where == "body" else "",
        )

@pytest.mark.parametrize("where", ["nowhere", "body"])
def test_bare(where):
    with talking(heard) as talker:
        child(talker.url, "nothing", body(oauth_token() if where == "body" else ""))
'''


def judged(to: Host = Host.GITHUB, asked: str = "GET /user", body: str = "", **headers: str) -> list[str]:
    """Return what a guard of its own says of one request."""
    mine = Guard()
    mine.note(to, asked, [(name.replace("_", "-"), text) for name, text in headers.items()], body.encode())
    return mine.judge()


@pytest.mark.parametrize("make", [oauth_token, api_key, admin_key])
@pytest.mark.parametrize("form", FORMS)
def test_a_credential_in_any_form(make: Callable[[], str], form: str) -> None:
    """It is seen in a header, in a query and in a body, for whoever the request is, and is not shown."""
    written = FORMS[form](make())
    said = [
        *(judged(to, x_more=f"a {written} b") for to in Host),
        *(judged(to, f"GET /user?a={written}") for to in Host),
        *(judged(to, "POST /user", f'{{"a": "{written}"}}') for to in Host),
    ]
    assert [1] * 9 == [len(each) for each in said]
    assert not re.search(r"sk-ant-[a-z]+\d\d-\w\w", str(said))


@pytest.mark.parametrize("form", FORMS)
def test_a_value_that_has_no_shape(form: str) -> None:
    """What a test had in a vault is seen as well, also where the request went before it was put there."""
    value = f"Grün {letters(20)} / &"
    guard.GUARD.note(Host.GITHUB, "POST /user", (), FORMS[form](value).encode())
    Vault().put("fingerprint", SecretValue(value))
    assert ["POST /user, to GitHub: has a value of the vault in it, of 29 characters"] == guard.GUARD.judge()


def test_what_belongs_nowhere_near_a_credential() -> None:
    """The beginning of one, which messages name, a hint of the Admin API and a short value are none."""
    Vault().put("fingerprint", SecretValue("main"))
    body = b"sk-ant-api03-... sk-ant-api03-R2D...igAA sk-ant-oat01-[redacted] main"
    guard.GUARD.note(Host.GITHUB, "POST /user", (), body)
    assert [] == guard.GUARD.judge()


@pytest.mark.parametrize(
    ("to", "asked", "header", "make", "right"),
    [
        (Host.ANTHROPIC, VERIFYING, "x_api_key", api_key, True),
        (Host.ANTHROPIC, LISTING, "x_api_key", admin_key, True),
        # Neither kind opens what is the other's, and no host of GitHub's is one of them.
        (Host.ANTHROPIC, LISTING, "x_api_key", api_key, False),
        (Host.ANTHROPIC, VERIFYING, "x_api_key", admin_key, False),
        (Host.GITHUB, VERIFYING, "x_api_key", api_key, False),
        (Host.GITHUB, LISTING, "x_api_key", admin_key, False),
        (Host.ANTHROPIC, "GET /v1/models", "x_api_key", api_key, False),
        (Host.ANTHROPIC, "POST /v1/messages", "x_api_key", api_key, False),
        (Host.ANTHROPIC, "GET /v1/organizations/users", "x_api_key", admin_key, False),
        (Host.ANTHROPIC, VERIFYING, "authorization", api_key, False),
        *((to, VERIFYING, name, oauth_token, False) for to in Host for name in ("x_api_key", "authorization")),
        # GitHub's own token, and no host where keys are verified gets it.
        (Host.GITHUB, "GET /user", "authorization", lambda: f"ghp_{letters(36)}", True),
        (Host.ANTHROPIC, VERIFYING, "authorization", lambda: f"ghp_{letters(36)}", False),
        (Host.ANTHROPIC, VERIFYING, "x_api_key", lambda: f"ghp_{letters(36)}", False),
        (Host.GITHUB, "GET /user", "cookie", lambda: f"github_pat_{letters(36)}", False),
    ],
)
def test_where_each_belongs(to: Host, asked: str, header: str, make: Callable[[], str], *, right: bool) -> None:
    """An API key goes to the list of models and an Admin key to the Admin API; an OAuth token goes nowhere."""
    prefix = "Bearer " if header == "authorization" else ""
    assert right is (judged(to, asked, **{header: prefix + make()}) == [])


@pytest.mark.parametrize(("key", "asked"), [(ApiKey, LISTING), (AdminKey, VERIFYING)])
def test_a_type_of_key_knows_its_own_requests(key: type[AnthropicKey], asked: str) -> None:
    """FlowForge cannot send a key of one kind to what is the other's, and cannot make one of any other token."""
    made = {ApiKey: api_key, AdminKey: admin_key}
    with pytest.raises(ValueError, match="is not sent to this path"):
        key(SecretValue(made[key]())).header(asked.removeprefix("GET "))
    for other in (oauth_token, *(make for each, make in made.items() if each is not key)):
        with pytest.raises(ValueError, match="is sent here"):
            key(SecretValue(other()))


def test_each_list_of_hosts_is_read_in_one_file() -> None:
    """What opens a host for GitHub's token and what opens one for keys are read apart, by parts that cannot meet."""
    for module, name in ((address, address.ALLOWED), (auth, auth.ALLOWED_HOSTS)):
        reading = re.compile(rf"\b(?:get\(|\[)\s*[\"']{name}[\"']|= [\"']{name}[\"']")
        found = [each for each in (ROOT / "flowforge").rglob("*.py") if reading.search(each.read_text("utf-8"))]
        assert [Path(str(module.__file__))] == found


def test_what_a_function_answers() -> None:
    """What never reaches a server is seen as it goes out."""
    transport = answering(lambda _: httpx.Response(200))
    connections = Connections(loopback=False, coding="identity", connect=9, silent=9, transport=transport, secure=True)
    with connections, connections.one() as http:
        http.get("https://api.github.com/user", headers={"x-more": oauth_token()})
    assert ["GET /user, to GitHub: has a credential in it, sk-ant-oat03…"] == guard.GUARD.judge()


@pytest.mark.parametrize(("header", "code"), [(str, ExitCode.DONE), (oauth_token, guard.LEAKED)])
def test_a_sandbox_that_is_a_process(tmp_path: Path, header: Callable[[], str], code: int) -> None:
    """Run as `tests.guard`, it ends with a code of its own when a credential reached it."""
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "tests.guard", "sandbox", "--ready-file", str(ready)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout
        # The ready file is whole before anything is printed.
        process.stdout.readline()
        with suppress(urllib.error.HTTPError):
            url = json.loads(ready.read_text())["url"]
            asked = urllib.request.Request(url, headers={"X-A": header()})  # noqa: S310 -- loopback
            urllib.request.urlopen(asked)  # noqa: S310 -- loopback
        process.terminate()
        printed = process.stdout.read()
    assert (code, code == guard.LEAKED) == (process.returncode, b"GitHub: has a credential in it" in printed), printed


@pytest.mark.slow
def test_a_test_that_leaks_fails(tmp_path: Path) -> None:
    """A run under the suite's own conftest: whatever process or thread sends, the test that had it send fails."""
    (tmp_path / "test_leaks.py").write_text(LEAKS, encoding="utf-8")
    options = ("-q", "-rpE", "-n", "0", "-p", "no:cacheprovider", "-p", "tests.conftest", "-c", "pyproject.toml")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    ended = re.findall(r"^(PASSED|ERROR) .*::test(?:\[(\w+)-(\w+)\]|_(bare)\[(\w+)\])", done.stdout, re.MULTILINE)
    found = {(word, where or place, sender or bare) for word, where, sender, bare, place in ended}
    every = {*itertools.product(("nowhere", "header", "query", "body"), ("child", "here", "thread"))}
    every |= {("nowhere", "bare"), ("body", "bare")}
    # A test that only has an error ran to its end, and failed thereafter.
    leaks = {("ERROR", *each) for each in every if each[0] != "nowhere"}
    assert leaks | {("PASSED", *each) for each in every} == found, done.stdout
    # What that process sent itself is seen from here as well: it is a child of this one.
    assert ["GET /user, to GitHub: has a credential in it, sk-ant-oat03…"] * 4 == [
        each for each in guard.GUARD.judge() if each.startswith("GET")
    ]
