"""Look-ups: the fewest requests, and every repo that must not be written told from those that may."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from flowforge.errors import GitHubError
from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.github.repos import RepoInfo, is_organization, look_up, organization_id
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable
from flowforge.sandbox import Fault, FaultKind, Sandbox, Token, TokenKind

MakeClient = Callable[..., Client]
_LIST = "GET /orgs/acme/repos"
_ORG, _MINE, _ONE = "GET /orgs/{owner}/repos", "GET /user/repos", "GET /repos/{owner}/{repo}"
_SHAPE = Unreadable(
    Why.FAILED,
    "a repo without its id, full_name or archived",
    "check that github.api_url, or GITHUB_API_URL, names a GitHub API",
)
_GONE = Unreadable(
    Why.NOT_FOUND, "not found, or invisible to this token", "check its name, and that the token (GH_TOKEN) may see it"
)
_ARCHIVED = Unreadable(Why.ARCHIVED, "archived, so it is read-only", "unarchive it, or take it out of the manifest")


def _moves(old: str, new: str) -> str:
    """Return the fix of a repo that was renamed."""
    return f"run `flowforge state move {old} {new}` if it was ever applied, then write {new} in the manifest"


def _repos(names: Iterable[str]) -> list[Repo]:
    return [Repo.parse(name) for name in names]


def _by_name(client: Client, names: Iterable[str]) -> dict[str, RepoInfo | Unreadable]:
    return {repo.name: info for repo, info in look_up(client, _repos(names)).items()}


def test_a_hundred_at_a_time(sandbox: Sandbox, connect: MakeClient) -> None:
    """250 repos of one owner cost three requests, and come with id and whether they can be written."""
    names = sandbox.world.create_repos("acme", 250)
    found = _by_name(connect(), names)
    infos = [info for info in found.values() if isinstance(info, RepoInfo)]
    assert set(names) == {info.name for info in infos if info.can_write and not info.archived}
    assert len({info.id for info in infos}) == 250
    assert {_ORG: 3} == sandbox.world.stats().requests


@pytest.mark.parametrize(
    ("wanted", "requests"),
    [
        (1, {_ONE: 1}),
        (2, {_ORG: 1, _ONE: 2}),
        (4, {_ORG: 1, _ONE: 4}),
        (5, {_ORG: 5}),
        (90, {_ORG: 5}),
    ],
)
def test_whichever_is_fewer(sandbox: Sandbox, connect: MakeClient, wanted: int, requests: Mapping[str, int]) -> None:
    """Of an owner of 500 repos, a few are asked for one by one and more of them by the list; its first page decides."""
    names = sandbox.world.create_repos("acme", 500)
    sandbox.world.reset_stats()
    # The list begins with the newest: those wanted are on its last page.
    found = _by_name(connect(), names[:wanted])
    assert (set(names[:wanted]), requests) == (set(found), sandbox.world.stats().requests)


def test_every_trouble_is_told(sandbox: Sandbox, connect: MakeClient) -> None:
    """Archived, renamed, hidden and never there: each with its reason; names are compared without case."""
    world = sandbox.world
    world.create_repos("acme", 5)
    world.archive_repo("acme/repo-001")
    world.rename_repo("acme/repo-002", "acme/new-name")
    world.hide_repo("acme/repo-003")
    found = _by_name(connect(), ["acme/repo-001", "acme/repo-002", "acme/repo-003", "ACME/Repo-004", "acme/none"])
    four = found.pop("ACME/Repo-004")
    assert isinstance(four, RepoInfo)
    assert four.name == "acme/repo-004"
    renamed = Unreadable(Why.RENAMED, "renamed to acme/new-name", _moves("acme/repo-002", "acme/new-name"))
    expected = {"acme/repo-001": _ARCHIVED, "acme/repo-002": renamed, "acme/repo-003": _GONE, "acme/none": _GONE}
    assert expected == found


def test_a_recreated_repo_has_another_id(sandbox: Sandbox, connect: MakeClient) -> None:
    """Another repo under the same name shows by its id alone."""
    sandbox.world.create_repo("acme/api")
    client = connect()
    before = _by_name(client, ["acme/api"])["acme/api"]
    sandbox.world.recreate_repo("acme/api")
    after = _by_name(client, ["acme/api"])["acme/api"]
    assert isinstance(before, RepoInfo)
    assert isinstance(after, RepoInfo)
    assert (before.name, before.id != after.id) == (after.name, True)


def test_a_users_own_repos(sandbox: Sandbox, connect: MakeClient) -> None:
    """Private repos of the token's own user come by that user's list, which is no organization's."""
    sandbox.world.create_user("rehearsal")
    names = sandbox.world.create_repos("rehearsal", 30)
    assert set(names) == {name for name, info in _by_name(connect(), names).items() if isinstance(info, RepoInfo)}
    assert {_ORG: 1, _MINE: 1} == sandbox.world.stats().requests


def test_another_users_repos(scripted: MakeClient) -> None:
    """Another user's are asked for one by one, as soon as the list turns out to be of somebody else."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        name = request.url.path.removeprefix("/repos/")
        mine = [{"id": 1, "full_name": "me/mine", "archived": False}]
        following = {"link": '<https://api.github.com/user/repos?page=2>; rel="next"'}
        match request.url.path:
            case "/orgs/somebody/repos":
                return httpx.Response(404, json={"message": "Not Found"})
            case "/user/repos":
                return httpx.Response(200, json=mine, headers=following)
        return httpx.Response(200, json={"id": 7, "full_name": name, "archived": False})

    names = [f"somebody/{letter}" for letter in "abc"]
    assert set(names) == {n for n, i in _by_name(scripted(handle), names).items() if isinstance(i, RepoInfo)}
    assert ["/orgs/somebody/repos", "/user/repos", *(f"/repos/{name}" for name in names)] == asked


def test_an_app_on_a_users_account(scripted: MakeClient) -> None:
    """A GitHub App has no list of its own user: its repos on a user's account are asked for one by one."""

    def handle(request: httpx.Request) -> httpx.Response:
        status = {"/orgs/me/repos": 404, "/user/repos": 403}.get(request.url.path, 200)
        name = request.url.path.removeprefix("/repos/")
        return httpx.Response(status, json={"id": 7, "full_name": name, "archived": False, "message": "No."})

    client = scripted(handle)
    assert [RepoInfo] * 2 == [type(info) for info in _by_name(client, ["me/a", "me/b"]).values()]
    assert 4 == client.requests


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (Token(role="read"), False),
        (Token(role="write"), True),
        (Token(role="admin"), True),
        (Token(TokenKind.APP), None),
    ],
)
def test_who_can_write(sandbox: Sandbox, connect: MakeClient, token: Token, expected: object) -> None:
    """A person's role says whether the repo can be written; a GitHub App's rights are not shown there."""
    sandbox.world.create_repo("acme/api")
    text = ("ghs_" if token.kind is TokenKind.APP else "ghp_") + "fake"
    sandbox.world.add_token(text, token)
    info = _by_name(connect(token=text), ["acme/api"])["acme/api"]
    assert isinstance(info, RepoInfo)
    assert expected == info.can_write


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ({"push": False, "maintain": True}, True),
        ({"push": False, "admin": True}, True),
        ({"push": False, "pull": True}, False),
        ({"push": "yes"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_roles_that_can_write(scripted: MakeClient, permissions: object, *, expected: bool | None) -> None:
    """Push, maintain or admin: any of them; a body that does not show it leaves it open."""
    body = {"id": 7, "full_name": "acme/api", "archived": False, "permissions": permissions}
    found = _by_name(scripted(lambda _: httpx.Response(200, json=body)), ["acme/api"])
    assert {"acme/api": RepoInfo(7, "acme/api", archived=False, can_write=expected)} == found


@pytest.mark.parametrize(("private", "expected"), [(True, True), (False, False), ("yes", None), (None, None)])
def test_who_sees_a_repo(scripted: MakeClient, private: object, *, expected: bool | None) -> None:
    """Whether it is private, as GitHub says; anything but a yes or a no leaves it open."""
    body = {"id": 7, "full_name": "acme/api", "archived": False, "private": private}
    (found,) = _by_name(scripted(lambda _: httpx.Response(200, json=body)), ["acme/api"]).values()
    assert isinstance(found, RepoInfo)
    assert expected is found.private


def test_many_owners_in_parallel(sandbox: Sandbox, connect: MakeClient) -> None:
    """The caller's pool asks for owners, and then for what no list had, side by side."""
    names = [name for owner in ("acme", "beta", "gamma") for name in sandbox.world.create_repos(owner, 3)]
    with ThreadPoolExecutor(4) as pool:
        found = look_up(connect(), _repos([*names, "acme/none"]), each=pool.map)
    assert {*names} == {repo.name for repo, info in found.items() if isinstance(info, RepoInfo)}
    assert _GONE == found[Repo.parse("acme/none")]
    assert {_ORG: 3, _ONE: 1} == sandbox.world.stats().requests


@pytest.mark.parametrize("kind", [FaultKind.CUT, FaultKind.STATUS])
def test_a_list_that_fails_is_not_missed(sandbox: Sandbox, connect: MakeClient, kind: FaultKind) -> None:
    """What an owner's list does not give is asked for one by one: a short list is never absence here either."""
    names = sandbox.world.create_repos("acme", 3)
    sandbox.world.faults.add(Fault("/orgs/", kind, times=4))
    found = _by_name(connect(), names)
    assert set(names) == {name for name, info in found.items() if isinstance(info, RepoInfo)}


def _moved(location: str, **answers: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    """Redirect `acme/old` to a location, and answer other paths by what follows their last slash."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/repos/acme/old":
            return httpx.Response(301, headers={"location": location}, json={"message": "Moved Permanently"})
        return answers[request.url.path.rpartition("/")[2]]

    return handle


@pytest.mark.parametrize(
    ("location", "seven", "detail", "requests"),
    [
        (
            "https://api.github.com/repositories/7",
            httpx.Response(200, json={"full_name": "acme/new"}),
            "renamed to acme/new",
            2,
        ),
        ("https://api.github.com/repositories/7", httpx.Response(404, json={}), "renamed or moved", 2),
        (
            "https://api.github.com/repositories/7",
            httpx.Response(200, json={"full_name": "a b"}),
            "renamed or moved",
            2,
        ),
        ("https://api.github.com/repositories/7", httpx.Response(200, json=[]), "renamed or moved", 2),
        ("/repositories/7", httpx.Response(200, json={"full_name": "acme/new"}), "renamed to acme/new", 2),
    ],
)
def test_the_new_name_is_asked_for_only_at_home(
    scripted: MakeClient, location: str, seven: httpx.Response, detail: str, requests: int
) -> None:
    """A redirect is resolved for its name when it points to `/repositories/ID` below the base, and nowhere else."""
    client = scripted(_moved(location, **{"7": seven}))
    info = _by_name(client, ["acme/old"])["acme/old"]
    assert isinstance(info, Unreadable)
    assert (Why.RENAMED, detail, requests) == (info.why, info.detail, client.requests)


def test_an_answer_for_another_repo(scripted: MakeClient) -> None:
    """A repo that calls itself otherwise was renamed, even where nothing redirected."""
    body = {"id": 7, "full_name": "acme/new", "archived": False}
    found = _by_name(scripted(lambda _: httpx.Response(200, json=body)), ["acme/old"])
    assert {"acme/old": Unreadable(Why.RENAMED, "renamed to acme/new", _moves("acme/old", "acme/new"))} == found


@pytest.mark.parametrize("body", [{}, [], {"id": "7", "full_name": "acme/api", "archived": False}, None])
def test_a_repo_of_another_shape(scripted: MakeClient, body: object) -> None:
    """A repo without id, name or archived cannot be told from another."""
    answer = httpx.Response(200, json=body)
    assert {"acme/api": _SHAPE} == _by_name(scripted(lambda _: answer), ["acme/api"])


@pytest.mark.parametrize(
    ("link", "pages", "alone"),
    [
        ('<https://api.github.com/y?after=x>; rel="next"', 2, 1),
        ('<https://api.github.com/y?page=2>; rel="next", <https://api.github.com/y?page=2>; rel="last"', 2, 1),
        ('<https://api.github.com/y?page=2>; rel="next", <https://api.github.com/y?page=3>; rel="last"', 1, 2),
        ('<https://api.github.com/y?page=2>; rel="next", <https://api.github.com/y?page=x>; rel="last"', 2, 1),
    ],
)
def test_how_long_a_list_is(scripted: MakeClient, link: str, pages: int, alone: int) -> None:
    """The last page's number decides; where there is none, one page more is taken to be left."""
    asked: list[str] = []
    singly: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/repos/"):
            singly.append(request.url.path.removeprefix("/repos/"))
            return httpx.Response(200, json={"id": 7, "full_name": singly[-1], "archived": False})
        asked.append(request.url.path)
        items = [{"id": 9, "full_name": f"acme/{len(asked)}", "archived": False}]
        return httpx.Response(200, json=items, headers={"link": link} if len(asked) == 1 else {})

    assert {"acme/1", "acme/2", "acme/z"} == set(_by_name(scripted(handle), ["acme/1", "acme/2", "acme/z"]))
    assert (pages, alone) == (len(asked), len(singly))


def test_a_list_without_end_is_left(scripted: MakeClient) -> None:
    """No more pages are read than there are repos to be found; what they lack is asked for alone."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.startswith("/repos/"):
            name = request.url.path.removeprefix("/repos/")
            return httpx.Response(200, json={"id": 7, "full_name": name, "archived": False})
        items = [{"id": 9, "full_name": "acme/other", "archived": False}]
        return httpx.Response(200, json=items, headers={"link": f'<{request.url}&more>; rel="next"'})

    assert {"acme/a", "acme/b", "acme/c"} == set(_by_name(scripted(handle), ["acme/a", "acme/b", "acme/c"]))
    assert [*["/orgs/acme/repos"] * 3, "/repos/acme/a", "/repos/acme/b", "/repos/acme/c"] == asked


def test_a_repo_that_slips_is_asked_for_alone(sandbox: Sandbox, connect: MakeClient) -> None:
    """The list begins with the newest: where that goes, the first of page 2 is in no page, and is looked up alone."""
    names = sandbox.world.create_repos("acme", 150)
    sandbox.world.faults.add(Fault(_LIST, FaultKind.THEN, then=partial(sandbox.world.delete_repo, names.pop())))
    found = _by_name(connect(), names)
    assert {name: sandbox.world.directory[name].id for name in names} == {
        name: info.id for name, info in found.items() if isinstance(info, RepoInfo)
    }
    assert {_ORG: 2, _ONE: 1} == sandbox.world.stats().requests


def test_nothing_to_look_up(scripted: MakeClient) -> None:
    """No repos, no requests."""
    client = scripted(lambda _: httpx.Response(500))
    assert ({}, 0) == (look_up(client, []), client.requests)


def test_the_end_of_the_run_is_told(scripted: MakeClient) -> None:
    """A bad token is not taken for a repo's trouble."""
    with pytest.raises(GitHubError, match="FF302"):
        look_up(scripted(lambda _: httpx.Response(401, json={})), _repos(["acme/api"]))


@pytest.mark.parametrize("data", [{"login": "acme"}, {"id": "7"}, {"id": 0}, {"id": True}, [7], None])
def test_the_number_of_an_organization(scripted: MakeClient, data: object) -> None:
    """It is GitHub's `id`; where there is none that can be one, that is said and none is made up."""
    assert 7 == organization_id(scripted(lambda _: httpx.Response(200, json={"id": 7, "node_id": "x"})), "acme")
    with pytest.raises(RepoError) as caught:
        organization_id(scripted(lambda _: httpx.Response(200, json=data)), "acme")
    assert ("FF327", "an organization without its id") == (caught.value.no.code, caught.value.no.detail)


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, False), (403, None), (451, None)])
def test_an_account_that_may_be_an_organization(scripted: MakeClient, status: int, *, expected: bool | None) -> None:
    """It is one where GitHub shows it, none where there is no such one, and else nobody knows."""
    assert expected is is_organization(scripted(lambda _: httpx.Response(status, json={})), "acme")
