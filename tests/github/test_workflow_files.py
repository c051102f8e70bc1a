"""The fetcher: a hundred repos a query, what does not fit by REST, and a repo that cannot be read costs no other."""

import json
from collections.abc import Callable

import httpx
import pytest

from flowforge.github.http import Client
from flowforge.github.paths import contents_path
from flowforge.github.workflow_files import WorkflowReader
from flowforge.github.workflow_query import WorkflowFiles, query_of
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable
from flowforge.sandbox import Fault, FaultKind, Sandbox, Token, TokenKind
from flowforge.sandbox.rules.access import Level
from flowforge.sandbox.rules.graphql import read_query
from flowforge.workflows.repository import MAX_BYTES

MakeClient = Callable[..., Client]
FILE = ".github/workflows/ask.yml"
GRAPHQL = "POST /graphql"
ONE, BLOB, CONTENTS = (
    "GET /repos/{owner}/{repo}",
    "GET /repos/{owner}/{repo}/git/blobs/{sha}",
    "GET /repos/{owner}/{repo}/contents/{path}",
)


def _repos(sandbox: Sandbox, count: int, text: str = "on: push\n") -> list[Repo]:
    names = sandbox.world.create_repos("acme", count)
    for name in names:
        sandbox.world.edit_file(name, FILE, text)
    return [Repo.parse(name) for name in names]


def _files(found: object) -> dict[str, str | bytes]:
    assert isinstance(found, WorkflowFiles), found
    return found.files


def test_a_hundred_repos_a_query(sandbox: Sandbox, connect: MakeClient) -> None:
    """250 repos take three queries and no other request; each has its own text, and no file beside the folder."""
    repos = _repos(sandbox, 250)
    sandbox.world.edit_file("acme/repo-007", FILE, "on: pull_request # €\n")
    sandbox.world.edit_file("acme/repo-007", ".github/workflows/README.md", "no workflow")
    sandbox.world.edit_file("acme/repo-007", ".github/workflows/more/deep.yml", "on: push\n")
    found = WorkflowReader(connect()).folders(repos)
    expected = {repo: {FILE: "on: push\n"} for repo in repos} | {
        Repo.parse("acme/repo-007"): {FILE: "on: pull_request # €\n"}
    }
    assert expected == {repo: _files(files) for repo, files in found.items()}
    assert {GRAPHQL: 3} == sandbox.world.stats().requests


def test_what_is_not_whole_comes_by_rest(sandbox: Sandbox, connect: MakeClient) -> None:
    """A text that GitHub cut, and bytes that are no text, are asked for once, for all repos that have them."""
    repos = _repos(sandbox, 3)
    long, odd = "# " + "x" * (MAX_BYTES - 3), "on: push # \0\n"
    for repo in repos:
        sandbox.world.edit_file(repo.name, ".github/workflows/odd.yml", odd)
        sandbox.world.edit_file(repo.name, ".github/workflows/huge.yml", long + "xx")
    found = WorkflowReader(connect()).folders(repos)
    expected = {FILE: "on: push\n", ".github/workflows/odd.yml": odd.encode()}
    assert [expected] * 3 == [_files(found[repo]) for repo in repos]
    assert {GRAPHQL: 1, BLOB: 1} == sandbox.world.stats().requests


def test_a_file_that_github_never_starts_is_not_fetched(sandbox: Sandbox, connect: MakeClient) -> None:
    """Of a file over 500 KB the size alone is known."""
    (repo,) = _repos(sandbox, 1, "#" * (MAX_BYTES + 1))
    found = WorkflowReader(connect()).folders([repo])[repo]
    assert isinstance(found, WorkflowFiles)
    assert ({}, {FILE: MAX_BYTES + 1}) == (found.files, found.too_large)
    assert {GRAPHQL: 1} == sandbox.world.stats().requests


def test_a_repo_that_cannot_be_read_costs_no_other(sandbox: Sandbox, connect: MakeClient) -> None:
    """A hidden, a renamed, an empty and an archived repo each say so; the other two are read, by one query."""
    world = sandbox.world
    repos = _repos(sandbox, 5)
    world.hide_repo("acme/repo-001")
    world.rename_repo("acme/repo-002", "acme/other")
    world.archive_repo("acme/repo-003")
    world.create_repo("acme/empty", empty=True)
    world.disable_repo("acme/repo-004")
    found = WorkflowReader(connect()).folders([*repos, Repo.parse("acme/empty")])
    said = [each.sentence if isinstance(each, Unreadable) else each.files for each in found.values()]
    flags = [(each.archived, each.disabled) for each in found.values() if isinstance(each, WorkflowFiles)]
    assert sorted(map(str, said)) == sorted(
        [
            *[str({FILE: "on: push\n"})] * 3,
            "{}",
            "not found, or invisible to this token",
            "renamed to acme/other",
        ]
    )
    assert sorted(flags) == [(False, False), (False, False), (False, True), (True, False)]
    assert {GRAPHQL: 1, ONE: 1} == sandbox.world.stats().requests


def test_contents_that_may_not_be_read(sandbox: Sandbox, connect: MakeClient) -> None:
    """Without Contents: read each private repo says which permission it lacks; a public one is read."""
    repos = _repos(sandbox, 2)
    sandbox.world.set_visibility("acme/repo-002", "public")
    sandbox.world.add_token("half", Token(permissions={"contents": Level.NONE}))
    found = WorkflowReader(connect(token="half")).folders(repos)
    lacks = Unreadable(
        Why.NO_PERMISSION,
        'no permission: "Resource not accessible by personal access token"',
        "give the token Contents: read (classic: the scope repo)",
    )
    assert (lacks, {FILE: "on: push\n"}) == (found[repos[0]], _files(found[repos[1]]))
    assert {GRAPHQL: 1} == sandbox.world.stats().requests


def test_single_sign_on(sandbox: Sandbox, connect: MakeClient) -> None:
    """A token that was not authorized for the organization is told so by REST, which names the cause."""
    repos = _repos(sandbox, 1)
    sandbox.world.require_sso("acme")
    sandbox.world.add_token("classic", Token(TokenKind.CLASSIC))
    found = WorkflowReader(connect(token="classic")).folders(repos)[repos[0]]
    assert isinstance(found, Unreadable)
    assert Why.SSO is found.why


@pytest.mark.parametrize("count", [1, 7])
def test_without_graphql(sandbox: Sandbox, connect: MakeClient, count: int) -> None:
    """Where GraphQL is refused it is asked once, and everything comes by REST: the same files, the same refusals."""
    sandbox.world.settings.graphql = False
    repos = _repos(sandbox, count)
    sandbox.world.create_repo("acme/bare")
    sandbox.world.create_repo("acme/empty", empty=True)
    none = [Repo.parse("acme/bare"), Repo.parse("acme/empty")]
    gone = Repo.parse("acme/gone")
    reader = WorkflowReader(connect())
    found = {**reader.folders([*repos, *none]), **reader.folders([gone])}
    assert [{FILE: b"on: push\n"}] * count == [_files(found[repo]) for repo in repos]
    assert [{}, {}] == [_files(found[repo]) for repo in none]
    assert (
        Unreadable(
            Why.NOT_FOUND,
            "not found, or invisible to this token",
            f"check its name, and that the token ({reader._client.whose}) may see it",
        )
        == found[gone]
    )
    # One text: its blob is asked for once.
    expected = {GRAPHQL: 1, ONE: count + 3, CONTENTS: count + 2, BLOB: 1}
    assert expected == sandbox.world.stats().requests


def test_renamed_without_graphql(sandbox: Sandbox, connect: MakeClient) -> None:
    """A redirect is told with the new name and not followed."""
    sandbox.world.settings.graphql = False
    _repos(sandbox, 1)
    sandbox.world.rename_repo("acme/repo-001", "acme/new")
    repo = Repo.parse("acme/repo-001")
    found = WorkflowReader(connect()).folders([repo])[repo]
    assert isinstance(found, Unreadable)
    assert "renamed to acme/new" == found.sentence


def test_what_takes_too_long_is_halved(sandbox: Sandbox, connect: MakeClient) -> None:
    """A query over GitHub's ten seconds is answered by smaller ones, and later ones begin as small."""
    text = f"on: push #{'x' * 9_989}\n"
    repos = _repos(sandbox, 100, text)
    sandbox.world.settings.graphql_bytes = 300_000
    reader = WorkflowReader(connect())
    found = reader.folders(repos)
    assert [{FILE: text}] * 100 == [_files(files) for files in found.values()]
    # 100 and 50 are too many, twice 25 are not; then the other 50 again, and its halves.
    assert {GRAPHQL: 7} == sandbox.world.stats().requests
    sandbox.world.reset_stats()
    reader.folders(repos)
    assert {GRAPHQL: 4} == sandbox.world.stats().requests


def test_one_repo_that_never_fits(sandbox: Sandbox, connect: MakeClient) -> None:
    """A repo whose folder no query shows is read by REST; its neighbours stay with GraphQL."""
    repos = _repos(sandbox, 4)
    for number in range(4):
        sandbox.world.edit_file("acme/repo-002", f".github/workflows/{number}.yml", f"{number}" * 400_000)
    sandbox.world.settings.graphql_bytes = 1_000_000
    found = WorkflowReader(connect()).folders(repos)
    assert [1, 5, 1, 1] == [len(_files(found[repo])) for repo in repos]
    asked = sandbox.world.stats().requests
    assert {ONE: 1, CONTENTS: 1, BLOB: 5} == {name: asked[name] for name in (ONE, CONTENTS, BLOB)}


def test_a_blob_that_fails_is_one_unread_file(sandbox: Sandbox, connect: MakeClient) -> None:
    """The rest of the repo is read, and the audit will say what is missing."""
    (repo,) = _repos(sandbox, 1)
    sandbox.world.edit_file(repo.name, ".github/workflows/odd.yml", "\0")
    sandbox.world.faults.add(Fault("/git/blobs/", FaultKind.STATUS, times=9))
    found = WorkflowReader(connect()).folders([repo])[repo]
    assert isinstance(found, WorkflowFiles)
    unread = [(each.file, each.reason) for each in found.unread]
    why = "no usable answer in 4 tries: it answered 502 Bad Gateway"
    assert ({FILE: "on: push\n"}, [(".github/workflows/odd.yml", why)]) == (found.files, unread)


def test_paths_of_actions(sandbox: Sandbox, connect: MakeClient) -> None:
    """Files by their paths: those that are there, none that are not, and no name can leave its string."""
    (repo,) = _repos(sandbox, 1)
    sandbox.world.edit_file(repo.name, "tools/ask/action.yml", "runs: {using: composite}\n")
    odd = 'a"){databaseId}evil:repository(owner:"x/action.yml'
    sandbox.world.edit_file(repo.name, odd, "odd: true\n")
    found = WorkflowReader(connect()).paths({repo: ("tools/ask/action.yml", "tools/ask/action.yaml", odd)})[repo]
    assert {"tools/ask/action.yml": "runs: {using: composite}\n", odd: "odd: true\n"} == _files(found)
    assert {GRAPHQL: 1} == sandbox.world.stats().requests


@pytest.mark.parametrize(
    "answer",
    [
        {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]},
        {"data": {"r0": None}, "errors": [{"message": "odd"}]},
    ],
    ids=["limited", "no-path"],
)
def test_refusals_that_come_as_200(scripted: MakeClient, answer: object) -> None:
    """GraphQL refuses with status 200, its hourly budget too: REST has another one, and is asked."""
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        if request.url.path == "/graphql":
            return httpx.Response(200, json=answer, headers={"x-ratelimit-resource": "graphql"})
        if request.url.path == "/repos/acme/a":
            return httpx.Response(200, json={"id": 1, "full_name": "acme/a", "archived": False, "private": True})
        return httpx.Response(404, json={"message": "Not Found"})

    reader = WorkflowReader(scripted(respond))
    repo = Repo.parse("acme/a")
    assert ({}, {}) == (_files(reader.folders([repo])[repo]), _files(reader.folders([repo])[repo]))
    by_rest = ["GET /repos/acme/a", "GET /repos/acme/a/contents/.github/workflows"]
    assert ["POST /graphql", *by_rest, *by_rest] == asked


def test_the_budget_of_graphql_is_not_that_of_rest(scripted: MakeClient, waits: list[float]) -> None:
    """An empty budget of GraphQL's holds no request of REST's back."""
    spent = {
        "x-ratelimit-resource": "graphql",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1800000000",
        "date": "Mon, 23 Nov 2026 08:00:00 GMT",
    }
    node = {"databaseId": 1, "nameWithOwner": "acme/a", "isArchived": False, "isDisabled": False, "isPrivate": True}
    client = scripted(lambda _: httpx.Response(200, json={"data": {"r0": {**node, "p0": None}}}, headers=spent))
    repo = Repo.parse("acme/a")
    assert {} == _files(WorkflowReader(client).folders([repo])[repo])
    client.get("/user")
    assert [] == waits


NODE = {"databaseId": 1, "nameWithOwner": "acme/a", "isArchived": False, "isDisabled": False, "isPrivate": True}
ENTRY = {"type": "file", "path": FILE, "size": 9, "sha": "a" * 40}


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"p0": {"entries": [{"name": "ask.yml", "type": "blob", "object": None}]}},
        {"p0": {"entries": [{"name": "ask.yml", "type": "blob"}]}},
        {"p0": {"entries": [{"type": "blob", "object": None}]}},
        {"p0": {"entries": [None]}},
    ],
    ids=["no-path", "null-object", "no-object", "no-name", "no-entry"],
)
def test_what_a_query_leaves_out_comes_by_rest(scripted: MakeClient, shown: object) -> None:
    """A workflow that the answer names and does not show is asked for by REST, and is not passed over."""

    def respond(request: httpx.Request) -> httpx.Response:
        assert isinstance(shown, dict)
        match request.url.path:
            case "/graphql":
                return httpx.Response(200, json={"data": {"r0": {**NODE, **shown}}})
            case "/repos/acme/a":
                return httpx.Response(200, json={"id": 1, "full_name": "acme/a", "archived": False, "private": True})
            case "/repos/acme/a/contents/.github/workflows":
                return httpx.Response(200, json={"entries": [ENTRY]})
        return httpx.Response(200, content=b"on: push\n", headers={"content-type": "application/octet-stream"})

    repo = Repo.parse("acme/a")
    assert {FILE: b"on: push\n"} == _files(WorkflowReader(scripted(respond)).folders([repo])[repo])


@pytest.mark.parametrize(("count", "unread"), [(999, 0), (1_000, 1)])
def test_a_folder_that_rest_may_have_cut(scripted: MakeClient, count: int, unread: int) -> None:
    """A list of a thousand entries may lack others: GitHub lists no more, and does not say so."""
    entries = [{**ENTRY, "path": f".github/workflows/{number}.txt"} for number in range(count)]

    def respond(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/repos/acme/a":
                return httpx.Response(200, json={"id": 1, "full_name": "acme/a", "archived": False, "private": True})
            case "/repos/acme/a/contents/.github/workflows":
                return httpx.Response(200, json={"entries": entries})
        return httpx.Response(404, json={"message": "Not Found"})

    repo = Repo.parse("acme/a")
    found = WorkflowReader(scripted(respond)).folders([repo])[repo]
    assert isinstance(found, WorkflowFiles)
    said = [(each.file, each.reason) for each in found.unread]
    assert [(".github/workflows", "GitHub lists no more than 1,000 files of a folder")] * unread == said


OUTSIDE = ["../../other/contents/x", "a/../../b", "./a", "a/.", "..", "a/.."]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_leads_out_is_not_asked_for(scripted: MakeClient, path: str) -> None:
    """What sends a request resolves `..`, so it would be about another repository: it is told as unread."""
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path == "/repos/acme/a":
            return httpx.Response(200, json={"id": 1, "full_name": "acme/a", "archived": False, "private": True})
        return httpx.Response(404, json={"message": "Not Found"})

    repo = Repo.parse("acme/a")
    with pytest.raises(ValueError, match="no path of a repository's file"):
        contents_path(repo, path)
    found = WorkflowReader(scripted(respond)).paths({repo: (path,)})[repo]
    assert isinstance(found, WorkflowFiles)
    said = [(each.file, each.reason) for each in found.unread]
    assert ([(path, "it leads out of the repository")], ["/graphql", "/repos/acme/a"]) == (said, asked)


def test_where_graphql_is(scripted: MakeClient) -> None:
    """On a server of one's own it stands beside /api/v3, and on github.com at the root."""
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(404, json={"message": "Not Found"})

    for url in ("https://api.github.com", "https://ghe.example.com/api/v3"):
        WorkflowReader(scripted(respond, url=url)).folders([Repo.parse("acme/a")])
    expected = ["https://api.github.com/graphql", "https://ghe.example.com/api/graphql"]
    assert expected == [each for each in asked if each.endswith("graphql")]


def test_the_query_is_read_as_it_is_written() -> None:
    """What is asked for is one selection for each repo, whatever the names hold."""
    repos = {Repo.parse("acme/a"): (".github/workflows",), Repo.parse("acme/b"): ("x\u2028y", '"', "\\")}
    (first, second) = read_query(query_of(repos))
    assert ("r0", "r1") == (getattr(first, "alias", ""), getattr(second, "alias", ""))
    assert json.dumps("HEAD:x\u2028y", ensure_ascii=False) in query_of(repos)
