"""The readers of GitHub's answers: an answer is understood, or refused with GitHubError.

An input is a letter for what is asked, and the answers that come, NUL between them: a line with the status, lines of
headers, an empty line, the body. Header lines that no HTTP parser lets through are left out.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC

import httpx

from flowforge.errors import GitHubError
from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock
from flowforge.github.confirm import Done, Sent, confirm
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.repos import RepoInfo, look_up
from flowforge.github.secrets import Deleted, PublicKeys, delete_secret, list_secrets, put_secret
from flowforge.github.urls import ApiUrl
from flowforge.github.workflow_files import WorkflowReader
from flowforge.github.workflow_query import query_of
from flowforge.plan.address import Repo, Scope
from flowforge.plan.facts import Unreadable
from flowforge.plan.recordable import is_id, is_time
from flowforge.sandbox import Sandbox
from flowforge.vault import SecretValue
from flowforge.workflows.repository import FOLDER, is_workflow
from fuzz.planted import MARK, TOKEN, check_said, planted
from fuzz.target import Target

_API = ApiUrl.parse("https://api.github.com")
_SCOPE = Scope(Repo.parse("acme/api"))
_REPOS = [Repo.parse(name) for name in ("acme/api", "acme/web")]
_MOST = 12  # answers
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([!-~\x80-\xff]?[\t -~\x80-\xff]*)")
_WORDS = r"""200 201 204 301 304 401 403 404 422 429 502 date: link: location: retry-after: x-ratelimit-remaining:
x-ratelimit-reset: x-github-sso: partial-results required; url= content-encoding: gzip content-type:
github-authentication-token-expiration: x-accepted-github-permissions: rel="next" rel="last" page= per_page=
<https://api.github.com/ https://github.com/ https://evil.example/ total_count secrets name updated_at full_name id
archived permissions push key key_id message documentation_url true false null NaN 1e999 -1 99999999999999999999 \ud800
\u001b 2026-11-23T08:00:00Z 9999-12-31T23:59:59-23:59 0001-01-01T00:00:00+23:59 GMT +2359 -0000
99999999999999 9999-12-31 acme/api acme/web /repositories/1 archived SSO abuse"""


_MOVED = (
    '301\nlocation: https://api.github.com/repositories/1/actions/secrets\n\n{"message": "Moved"}\x00'
    '200\n\n{"full_name": "acme/new", "id": 1, "archived": false}'
)


class Still(Clock):
    """A clock that jumps ahead instead of waiting."""

    time = 1000.0

    def now(self) -> float:
        """Return the seconds."""
        return self.time

    def wall(self) -> float:
        """Return the same."""
        return self.time

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Wait in no time."""
        self.time += max(0.0, seconds)
        return event.is_set()


def _answer(part: bytes) -> httpx.Response:
    head, _, body = part.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    status = int(first) if re.fullmatch(rb"[1-9][0-9]{2}", first) else 200
    found = [match.groups() for match in map(_HEADER.fullmatch, lines) if match]
    return httpx.Response(status, headers=[(name, value) for name, value in found], stream=httpx.ByteStream(body))


def law(data: bytes) -> None:
    """Ask GitHub for something and let it answer so; what comes of it is sound, or a GitHubError."""
    answers = iter(planted(data[1:]).split(b"\0")[:_MOST])

    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.host == _API.host, "the token went elsewhere"
        served.append(next(answers, b"404"))
        return _answer(served[-1])

    said: list[str] = []
    served: list[bytes] = []
    token = GitHubToken(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN")
    pacer = Pacer(Still(), threading.Event(), notify=said.append)
    with Client(_API, token, pacer, jobs=1, transport=httpx.MockTransport(handler)) as client:
        try:
            said.append(_ASKED.get(data[:1], _list)(client, served))
        except GitHubError as error:
            said.append(str(error))
        assert client.token_expires is None or client.token_expires.tzinfo is UTC
    check_said("\n".join(said), data)


def _list(client: Client, served: Sequence[bytes]) -> str:
    found = list_secrets(client, _SCOPE)
    if isinstance(found, Unreadable):
        return found.detail + found.fix
    assert all(map(is_time, found.updated_at.values())), "a time that is none"
    assert _total(served[-1]) in (None, len(found.updated_at)), "a part of a list taken for all of it"
    return "".join(found.updated_at.values())


def _total(answer: bytes) -> object:
    """Return how many items an answer says that there are, None where it is packed."""
    try:
        return json.loads(answer.partition(b"\n\n")[2])["total_count"]
    except ValueError:
        return None


def _look_up(client: Client, _: Sequence[bytes]) -> str:
    found = look_up(client, _REPOS)
    assert set(_REPOS) == set(found)
    for repo, info in found.items():
        assert not isinstance(info, RepoInfo) or (is_id(info.id), info.name.lower()) == (True, repo.key)
    return "".join(info.detail + info.fix for info in found.values() if isinstance(info, Unreadable))


def _put(client: Client, _: Sequence[bytes]) -> str:
    return put_secret(client, PublicKeys(), _SCOPE, "A", SecretValue(TOKEN)).date


def _delete(client: Client, _: Sequence[bytes]) -> str:
    return delete_secret(client, _SCOPE, "A").date


def _confirm(client: Client, _: Sequence[bytes]) -> str:
    date = client.put("/repos/acme/api/actions/secrets/A", {}).date
    done: dict[str, Done] = {"A": Sent(date, "2026-11-23T07:00:00Z"), "B": Deleted(date)}
    found = confirm(client, _SCOPE, done)
    assert set(done) == set(found)
    return "".join(getattr(outcome, "why", "") for outcome in found.values())


def _files(client: Client, _: Sequence[bytes]) -> str:
    found = WorkflowReader(client).folders(_REPOS)
    assert set(_REPOS) == set(found)
    said = []
    for files in found.values():
        if isinstance(files, Unreadable):
            said.append(files.detail + files.fix)
            continue
        assert is_id(files.id), "an id that is none"
        assert all(map(is_workflow, (*files.files, *files.too_large))), "a file that nobody asked for"
        assert not files.left, "a file that was left out without a word"
        said += [each.reason for each in files.unread]
    return "".join(said)


_ASKED: dict[bytes, Callable[[Client, Sequence[bytes]], str]] = {
    b"R": _look_up,
    b"P": _put,
    b"D": _delete,
    b"C": _confirm,
    b"G": _files,
}


def seeds() -> Iterator[bytes]:
    """Let the sandbox answer to everything that FlowForge asks, and add the refusals that GitHub documents."""
    with Sandbox() as sandbox, httpx.Client(headers={"Authorization": f"Bearer {sandbox.token}"}) as http:

        def asked(path: str, method: str = "GET", body: object = None) -> bytes:
            answer = http.request(method, sandbox.url + path, json={} if method == "PUT" else body)
            head = "\n".join([str(answer.status_code), *(f"{name}: {text}" for name, text in answer.headers.items())])
            return f"{head}\n\n{answer.text}".replace(sandbox.url, str(_API)).encode()

        for name in ("acme/api", "acme/web", "acme/old"):
            sandbox.world.create_repo(name)
        for name in "AB":
            sandbox.world.set_secret("acme/api", name, "x")
        sandbox.world.edit_file("acme/api", f"{FOLDER}/a.yml", "on: push\n")
        query = asked("/graphql", "POST", {"query": query_of(dict.fromkeys(_REPOS, (FOLDER,)))})
        folder, none = asked(f"/repos/acme/api/contents/{FOLDER}"), b'200\n\n{"errors": [{"message": "no"}]}'
        yield from (b"G" + query, b"G" + b"\0".join((none, asked("/repos/acme/api"), folder, b"200\n\non: push\n")))
        secrets = "/repos/acme/api/actions/secrets"
        listed, key = asked(secrets), asked(f"{secrets}/public-key")
        repo, missing = asked("/repos/acme/api"), asked("/repos/acme/none")
        paged = asked(f"{secrets}?per_page=1")
        yield from (b"L" + listed, b"L" + b"\0".join((paged, asked(f"{secrets}?per_page=1&page=2"))))
        yield from (b"R" + asked("/orgs/acme/repos"), b"R" + asked("/orgs/acme/repos?per_page=1"))
        yield from (b"R" + b"\0".join((missing, missing, repo)), b"P" + key, b"P" + b"\0".join((key, missing)))
        yield b"P" + b"\0".join((key, asked(f"{secrets}/A", "PUT"), key, b"204\ndate: Mon, 23 Nov 2026 08:00:00 GMT\n"))
        yield from (b"D204\ndate: Mon, 23 Nov 2026 08:00:00 GMT\n\n", b"D" + missing)
        yield b"C" + b"\0".join((b"204\ndate: Mon, 23 Nov 2026 08:00:00 GMT\n\n", *[listed] * 7))
    yield from _refusals()


def _refusals() -> Iterator[bytes]:
    for text in (
        '403\nretry-after: 60\n\n{"message": "You have exceeded a secondary rate limit"}',
        '403\nx-github-sso: required; url=https://github.com/orgs/acme/sso?x\n\n{"message": "SSO"}',
        '200\nx-github-sso: partial-results; organizations=1\n\n{"total_count": 0, "secrets": []}',
        _MOVED,
        "429\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 1795420000\ndate: Mon, 23 Nov 2026 08:00:00 GMT\n\n{}",
        f'401\n\n{{"message": "Bad credentials {MARK}"}}',
        f'422\n\n{{"message": "{MARK} is improperly encrypted"}}',
        "200\ngithub-authentication-token-expiration: 2027-01-01 00:00:00 +0100\n\n[]",
        "200\ncontent-encoding: gzip\n\nnot gzip",
        "502\ncontent-type: text/html\n\n<html>",
    ):
        yield from (letter + text.encode() for letter in (b"L", b"R", b"P"))


TARGET = Target(law, seeds, (*_WORDS.split(), MARK))
