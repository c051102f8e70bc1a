"""Lists that an earlier run knew: GitHub's word that they are the same, and what is not taken for that word."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from flowforge.github.answer import Answer
from flowforge.github.auth import GitHubToken
from flowforge.github.discover import RepoListKind, RepoListQuery, list_properties, list_repos
from flowforge.github.http import Client
from flowforge.github.kept_bodies import NAME, KeptBodies
from flowforge.github.kept_lists import KeptLists
from flowforge.github.org_secrets import list_org_secrets
from flowforge.github.pacer import Pacer
from flowforge.github.scopes import list_scope
from flowforge.github.urls import ApiUrl
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.facts import Listing
from flowforge.sandbox import Level, Sandbox, Token, TokenKind
from flowforge.vault import SecretValue
from tests.clocks import WaitedClock
from tests.wire import answering

API: Final = Scope(Repo.parse("acme/api"))
ORG: Final = Scope(Repo.organization("acme"))
PATH: Final = "/repos/acme/api/actions/secrets?per_page=100"
WHOLE: Final[dict[str, Any]] = {"total_count": 1, "secrets": [{"name": "A", "updated_at": "2026-11-23T08:00:00Z"}]}
TOKEN: Final = "ghs_" + "made" * 9
Handler = Callable[[httpx.Request], httpx.Response]


class Runs:
    """Runs one after the other over one cache. new: gives the client of the next one, which has a token of its own."""

    def __init__(self, sandbox: Sandbox, path: Path) -> None:
        self.sandbox, self.path, self.number = sandbox, path, 0
        self.lists = KeptLists()
        self._client: Client | None = None

    def end(self) -> None:
        """End the run."""
        if self._client is not None:
            self._client.close()
        self.lists.close()

    def new(self, *, kind: TokenKind = TokenKind.APP) -> Client:
        """End the run before, and begin one with a new token."""
        self.end()
        self.lists, self.number = KeptLists(KeptBodies(self.path)), self.number + 1
        prefix = "ghs_" if kind is TokenKind.APP else "github_pat_"
        text = f"{prefix}{self.number:040}"
        self.sandbox.world.add_token(text, Token(kind, owner="acme"))
        self.sandbox.world.reset_stats()
        pacer = Pacer(WaitedClock(1000), threading.Event())
        token = GitHubToken(SecretValue(text), "x")
        self._client = Client(ApiUrl.parse(self.sandbox.url), token, pacer, lists=self.lists)
        return self._client

    @property
    def told(self) -> tuple[dict[int, int], int, int]:
        """Return the statuses of this run, how many known lists it asked for, and how many were the same."""
        return self.sandbox.world.stats().statuses, self.lists.asked, self.lists.unchanged


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """Yield runs over a sandbox with one repo of acme."""
    with Sandbox(time_scale=1000) as sandbox:
        sandbox.world.create_repo("acme/api")
        sandbox.world.set_secret("acme/api", "A", "x")
        made = Runs(sandbox, tmp_path / NAME)
        yield made
        made.end()


def test_a_new_token_is_told_that_nothing_changed(runs: Runs) -> None:
    """The second run gets a 304 and the same list, which costs a point and nothing of the hour; so does the third."""
    first = list_scope(runs.new(), API, fresh=False)
    url = f"{runs.sandbox.url}{PATH.partition('?')[0]}"
    assert (({200: 1}, 0, 0), False) == (runs.told, runs.lists.was_unchanged(url))
    for _ in range(2):
        client = runs.new()
        assert first == list_scope(client, API, fresh=False)
        assert (({304: 1}, 1, 1), True) == (runs.told, runs.lists.was_unchanged(url))
        assert 1 == runs.sandbox.world.stats().points
        left = client.get("/rate_limit").data
        assert isinstance(left, dict)
        # All tokens of an installation have one budget, of which the first run took one.
        assert 1 == left["resources"]["core"]["used"]


def test_a_change_is_seen_at_once(runs: Runs) -> None:
    """What another client wrote a second before is there, whatever `max-age` says; then that is what is known."""
    list_scope(runs.new(), API, fresh=False)
    runs.sandbox.world.set_secret("acme/api", "B", "x")
    found = list_scope(runs.new(), API, fresh=False)
    assert isinstance(found, Listing)
    assert ({"A", "B"}, ({200: 1}, 1, 0)) == (set(found.updated_at), runs.told)
    assert found == list_scope(runs.new(), API, fresh=False)
    assert ({304: 1}, 1, 1) == runs.told


def test_a_fresh_list_is_whole_and_kept(runs: Runs) -> None:
    """It uses nothing that is known, and the next run knows it. It is the default: a write is confirmed by it."""
    list_scope(runs.new(), API)
    list_scope(runs.new(), API)
    assert ({200: 1}, 0, 0) == runs.told
    list_scope(runs.new(), API, fresh=False)
    assert ({304: 1}, 1, 1) == runs.told


def test_a_fresh_list_of_an_organization(runs: Runs) -> None:
    """It is the default there too: of the secrets, and of the repos that see one."""
    runs.sandbox.world.set_org_secret("acme", "S", "x", visibility="selected", repos=["api"])
    for _ in range(2):
        list_org_secrets(runs.new(), ORG, {"S"})
        assert ({200: 2}, 0, 0) == runs.told
    list_org_secrets(runs.new(), ORG, {"S"}, fresh=False)
    assert ({304: 2}, 2, 2) == runs.told


def test_what_is_kept_and_what_never_is(runs: Runs) -> None:
    """Lists of secrets, and of the repos that see one: by their names and times. Never a variable, nor properties."""
    world = runs.sandbox.world
    world.set_org_secret("acme", "S", "x", visibility="selected", repos=["api"])
    world.set_variable("acme/api", "V", "the-value")
    world.set_org_variable("acme", "W", "the-value", visibility="selected", repos=["api"])
    variables = replace(API, store=Store.VARIABLES)

    def ask(client: Client) -> list[object]:
        return [
            list_org_secrets(client, ORG, {"S"}, fresh=False),
            list_org_secrets(client, replace(ORG, store=Store.VARIABLES), {"W"}, fresh=False),
            list_scope(client, API, fresh=False),
            list_scope(client, variables, fresh=False),
            list_properties(client, RepoListQuery(RepoListKind.PROPERTIES, "acme")),
        ]

    first = ask(runs.new())
    assert first == ask(runs.new())
    unchanged = sorted(each.path.partition("?")[0] for each in runs.sandbox.world.log() if each.status == 304)
    assert unchanged == [
        "/orgs/acme/actions/secrets",
        "/orgs/acme/actions/secrets/S/repositories",
        "/orgs/acme/actions/variables/W/repositories",
        "/repos/acme/api/actions/secrets",
    ]
    runs.end()
    assert b"the-value" not in runs.path.read_bytes()
    with closing(KeptBodies(runs.path)) as bodies:
        url = f"application/vnd.github+json {runs.sandbox.url}/repos/acme/api/actions/variables?per_page=30"
        assert bodies.find(url) is None


@pytest.mark.parametrize("links", [True, False])
def test_a_list_of_repos_of_many_pages(runs: Runs, *, links: bool) -> None:
    """Each page is the same by itself, and the list ends where GitHub says today, also if a 304 does not say where."""
    runs.sandbox.world.create_repos("acme", 249)
    runs.sandbox.world.settings.unchanged_links = links
    query = RepoListQuery(RepoListKind.ORG, "acme")
    first = list_repos(runs.new(), query)
    assert isinstance(first, tuple)
    # A list of several pages is read twice, and what the first reading got is known to the second.
    assert (250, {200: 3, 304: 3} if links else {200: 6, 304: 3}) == (len(first), runs.told[0])
    assert first == list_repos(runs.new(), query)
    assert runs.told == (({304: 6}, 6, 6) if links else ({304: 6, 200: 6}, 6, 0))
    runs.sandbox.world.create_repos("beta", 1)
    runs.sandbox.world.create_repo("acme/zz-1")
    again = list_repos(runs.new(), query)
    assert isinstance(again, tuple)
    assert 251 == len(again)


def test_pages_that_stay_the_same_while_more_come(runs: Runs) -> None:
    """A list that ended with a full page goes on now. The page is unchanged, and its end is not believed."""
    runs.sandbox.world.create_repos("acme", 199)
    query = RepoListQuery(RepoListKind.ORG, "acme")
    list_repos(runs.new(), query)
    runs.sandbox.world.create_repo("acme/zz-last")
    for links in (True, False):
        runs.sandbox.world.settings.unchanged_links = links
        found = list_repos(runs.new(), query)
        assert isinstance(found, tuple)
        assert 201 == len(found)


def test_a_persons_list_of_repos_is_asked_for_in_full(runs: Runs) -> None:
    """Single sign-on may hide some of them from it, and what says so is no part of what stays the same."""
    runs.sandbox.world.create_repos("acme", 149)
    query = RepoListQuery(RepoListKind.ORG, "acme")
    for _ in range(2):
        assert 150 == len(
            found if isinstance(found := list_repos(runs.new(kind=TokenKind.FINE_GRAINED), query), tuple) else ()
        )
        assert ({200: 4}, 0, 0) == runs.told


def test_a_formula_that_died(runs: Runs) -> None:
    """Where GitHub's ETags are made otherwise, each list comes whole, and the count says so."""
    runs.sandbox.world.settings.computed_etags = False
    first = list_scope(runs.new(), API, fresh=False)
    assert first == list_scope(runs.new(), API, fresh=False)
    assert ({200: 1}, 1, 0) == runs.told


def test_a_token_that_may_not_read_any_more(runs: Runs) -> None:
    """What another token was told helps nobody: the refusal is the same as without."""
    list_scope(runs.new(), API, fresh=False)
    client = runs.new()
    runs.sandbox.world.add_token(client.token.current().value.reveal(), Token(TokenKind.APP, secrets=Level.NONE))
    assert not isinstance(list_scope(client, API, fresh=False), Listing)
    assert 403 in runs.told[0]


def _asked(path: Path, handler: Handler, *, host: str = "https://api.github.com", fresh: bool = False) -> Answer:
    """Ask for one list in a run of its own, of a server that is a function."""
    with closing(KeptLists(KeptBodies(path))) as lists:
        token = GitHubToken(SecretValue(TOKEN), "x")
        pacer = Pacer(WaitedClock(1000), threading.Event())
        with Client(ApiUrl.parse(host), token, pacer, transport=answering(handler), lists=lists) as client:
            return client.get_list(PATH, fresh=fresh)


class Server:
    """A server that answers a request for a list with `data`, and one that names an ETag with a 304. named: those."""

    def __init__(self, data: object = WHOLE, **headers: str) -> None:
        self.data = data
        self.headers = {name.replace("_", "-"): text for name, text in headers.items()}
        self.named: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.named.append(request.headers.get("if-none-match", ""))
        if self.named[-1]:
            return httpx.Response(304, headers=self.headers)
        return httpx.Response(200, json=self.data, headers=self.headers)


def test_what_is_sent_is_the_etag_of_today(tmp_path: Path) -> None:
    """It is computed of the body that is kept and the token of the request; no run sends one that was stored."""
    server = Server()
    _asked(tmp_path / NAME, server)
    answer = _asked(tmp_path / NAME, server)
    body = httpx.Response(200, json=WHOLE).content
    tag = GitHubToken(SecretValue(TOKEN), "x").etag("application/vnd.github+json", body)
    assert (["", tag], WHOLE, True) == (server.named, answer.data, answer.unchanged)
    assert b"W/" not in (tmp_path / NAME).read_bytes()


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        ({"total_count": 2, "secrets": [{"name": "A"}]}, {}),
        ({"total_count": True, "secrets": [{"name": "A"}]}, {}),
        ({"secrets": []}, {}),
        ([{"name": "A"}], {}),
        ({}, {}),
        (WHOLE, {"x_github_sso": "partial-results; organizations=1"}),
        ({**WHOLE, "echo": TOKEN}, {}),
    ],
)
def test_what_does_not_show_its_own_end_is_not_kept(tmp_path: Path, data: object, headers: dict[str, str]) -> None:
    """A page without Link that lacks some, a list without a count, a partial one, and one with the token in it."""
    server = Server(data, **headers)
    for _ in range(2):
        _asked(tmp_path / NAME, server)
    assert ["", ""] == server.named
    assert not (tmp_path / NAME).exists() or TOKEN.encode() not in (tmp_path / NAME).read_bytes()


@pytest.mark.parametrize(
    "headers",
    [{"etag": 'W/"another"'}, {"x_github_sso": "partial-results; organizations=1"}],
)
def test_a_304_of_something_else_is_asked_again(tmp_path: Path, headers: dict[str, str]) -> None:
    """An answer that names another ETag, or a part of the list alone, is no word that the list is the same."""
    _asked(tmp_path / NAME, Server())
    server = Server({"total_count": 0, "secrets": []}, **headers)
    answer = _asked(tmp_path / NAME, server)
    assert (2, "", {"total_count": 0, "secrets": []}) == (len(server.named), server.named[-1], answer.data)


def test_a_304_that_nobody_asked_for(tmp_path: Path) -> None:
    """Without a known list it is no answer, as before: it is tried again, and then given up."""
    with pytest.raises(Exception, match="304"):
        _asked(tmp_path / NAME, lambda _: httpx.Response(304))


def test_another_host_knows_nothing_of_it(tmp_path: Path) -> None:
    """The same path of another host, or below another base, is another list."""
    _asked(tmp_path / NAME, Server())
    for host in ("https://ghe.example.com/api/v3", "https://api.acme.ghe.com", "https://api.github.com:444"):
        server = Server()
        _asked(tmp_path / NAME, server, host=host)
        assert [""] == server.named


def test_what_is_known_is_bounded(tmp_path: Path) -> None:
    """A list of more than a megabyte is used as it comes, and is not kept."""
    many = [{"name": f"A{number}", "updated_at": "x" * 20_000} for number in range(60)]
    server = Server({"total_count": 60, "secrets": many})
    for _ in range(2):
        assert server.data == _asked(tmp_path / NAME, server).data
    assert ["", ""] == server.named
