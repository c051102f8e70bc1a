"""An address that is not GitHub's API: said so at once, naming it and where it came from, and never as a rename."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

LOGIN = "/login?return_to=https%3A%2F%2Fghe.example.com%2Frepos%2Facme%2Frepo-001"
HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>{}</body></html>\n"
COMMANDS = (("plan",), ("plan", "--detailed-exitcode"), ("apply", "--yes"), ("adopt", "--yes"))
Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Serve one answer to everything. Yield the address and what is asked."""
    asked: list[str] = []
    status, headers, body = answer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(status)
            for name, text in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing: the client leaves as soon as it knows enough."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


ANSWERS: dict[str, tuple[Answer, str]] = {
    "302 to a login": ((302, {"Location": LOGIN}, b""), '302 Found, a redirect to "/login"'),
    "302 to a login, with HTML": ((302, {"Location": LOGIN}, HTML), '302 Found, a redirect to "/login"'),
    "303 to a login": ((303, {"Location": LOGIN}, b""), '303 See Other, a redirect to "/login"'),
    "200 with HTML": ((200, {"Content-Type": "text/html"}, HTML), "200 OK, which is not JSON"),
    "200 with HTML as JSON": ((200, {"Content-Type": "application/json"}, HTML), "200 OK, which is not JSON"),
    "200 with a word": ((200, {"Content-Type": "text/plain"}, b"ok\n"), "200 OK, which is not JSON"),
    "200 with 100 KB of HTML": ((200, {}, HTML + b"," * 100_000), "200 OK, which is not JSON"),
    "406 with HTML": ((406, {"Content-Type": "text/html"}, HTML), "406 Not Acceptable, which is not JSON"),
    "404 with HTML": ((404, {"Content-Type": "text/html"}, HTML), "404 Not Found, which is not JSON"),
    "404 with 100 KB of HTML": ((404, {}, HTML * 1000), "404 Not Found, which is not JSON"),
    "403 with HTML": ((403, {"Content-Type": "text/html"}, HTML), "403 Forbidden, which is not JSON"),
    "401 with HTML": ((401, {"Content-Type": "text/html"}, HTML), "401 Unauthorized, which is not JSON"),
    "404 of another API": ((404, {}, b'{"error": "404 Not Found"}'), "404 Not Found, whose JSON is not GitHub's"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_something_else_answers(fleet: "Fleet", name: str) -> None:
    """The first answer ends the run: no repo is called renamed, nothing is asked again, and nothing is written."""
    answer, what = ANSWERS[name]
    with serving(answer) as (url, asked):
        fleet.monkeypatch.setenv("GITHUB_API_URL", url)
        for command in COMMANDS:
            asked.clear()
            done = fleet.refused(*command)
            assert (1, "", _not_githubs(url, what, "GITHUB_API_URL"), 1) == (done.code, done.out, done.err, len(asked))


def test_the_manifests_own_address(fleet: "Fleet") -> None:
    """An address of the manifest is named as that."""
    with serving(ANSWERS["200 with HTML"][0]) as (url, _):
        fleet.simple(more=f"github: {{api_url: '{url}'}}\n")
        done = fleet.refused("plan")
        expected = _not_githubs(url, "200 OK, which is not JSON", "github.api_url")
        assert (1, "", expected) == (done.code, done.out, done.err)


def _not_githubs(url: str, what: str, origin: str) -> str:
    return (
        f"error FF349: {url}: what answers at this address is not GitHub's API\n"
        f"  why: it answered {what}; the address came from {origin}\n"
        f"  fix: correct {origin}, whose form is https://api.github.com, or https://ghe.example.com/api/v3; "
        "if it is right, check what stands between it and this machine, such as a network's sign-in page\n"
    )


@pytest.mark.parametrize(
    ("url", "why", "fix"),
    [
        ("https://ghe.example.com", "GitHub Enterprise Server has its API below /api/v3", "add /api/v3"),
        ("https://ghe.example.com/", "GitHub Enterprise Server has its API below /api/v3", "add /api/v3"),
        ("https://github.com", "that is the website, not the API", "write https://api.github.com"),
        ("https://acme.ghe.com", "the API of a ghe.com tenant has its own host", "write https://api.acme.ghe.com"),
        (
            "https://api.github.com/api/v3",
            "the API of github.com and ghe.com has no path",
            "write https://api.github.com",
        ),
    ],
)
def test_an_address_that_no_github_has(fleet: "Fleet", url: str, why: str, fix: str) -> None:
    """The environment's address is held to the rules of the manifest's, in the same words; nobody is asked."""
    fleet.monkeypatch.setenv("GITHUB_API_URL", url)
    for command in COMMANDS:
        done = fleet.refused(*command)
        expected = f'error FF304: GITHUB_API_URL: "{url}" is not the URL of a GitHub API\n  why: {why}\n  fix: {fix}\n'
        assert (1, "", expected) == (done.code, done.out, done.err)
    fleet.monkeypatch.delenv("GITHUB_API_URL")
    fleet.simple(more=f"github: {{api_url: '{url}'}}\n")
    told = fleet.refused("validate").err
    assert f"  why: {why}\n  fix: {fix}\n" in told


@pytest.mark.parametrize("times", [1, 3])
def test_a_page_after_a_good_answer(fleet: "Fleet", times: int) -> None:
    """What has answered as GitHub is GitHub: a page in between is a broken connection, and is tried again."""
    fleet.simple("acme/repo-001")
    fleet.sandbox.world.faults.add(Fault("PUT", FaultKind.PROXY, times=times))
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert "No changes. GitHub matches the manifest.\n" == fleet.flowforge("plan").out


def test_a_renamed_repo_is_still_one(fleet: "Fleet") -> None:
    """A redirect to `/repositories/ID` is a rename, with the name that GitHub uses now."""
    fleet.simple("acme/repo-001", "acme/repo-002")
    fleet.sandbox.world.rename_repo("acme/repo-001", "acme/moved")
    done = fleet.refused("plan")
    assert "! acme/repo-001  ANTHROPIC_API_KEY  ci-key  renamed to acme/moved" in done.lines
