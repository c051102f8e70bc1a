"""Repositories: look-up, lists, renames, re-creations, archiving, single sign-on and 404 for what is not to be seen."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.sandbox import Sandbox, Token, TokenKind

Put = Callable[..., httpx.Response]
AsToken = Callable[[Token], dict[str, str]]
NOT_FOUND = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}


def names(answer: httpx.Response) -> list[str]:
    """Return the names in a list of repositories."""
    return [repo["full_name"] for repo in answer.json()]


def test_look_up(http: httpx.Client) -> None:
    """By name in any case and by id, one repository is the same."""
    by_name = http.get("/repos/ACME/Repo-001").json()
    assert http.get(f"/repositories/{by_name['id']}").json() == by_name
    assert {key: by_name[key] for key in ("name", "full_name", "private", "archived", "visibility", "permissions")} == {
        "name": "repo-001",
        "full_name": "acme/repo-001",
        "private": True,
        "archived": False,
        "visibility": "private",
        "permissions": {"admin": True, "maintain": True, "push": True, "triage": True, "pull": True},
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/repos/acme/none"),
        ("GET", "/repositories/7"),
        ("GET", "/repositories/x"),
        ("GET", f"/repositories/{'9' * 6000}"),
        ("GET", "/repos/acme/none/actions/secrets"),
        ("GET", "/repos/acme/repo-001/"),
        ("GET", "/orgs/none/repos"),
        ("GET", "/orgs/a-user/repos"),
        ("GET", "/users/none/repos"),
        ("GET", "/nothing"),
        ("POST", "/user"),
    ],
)
def test_unknown(sandbox: Sandbox, http: httpx.Client, method: str, path: str) -> None:
    """Whatever is not there is 404 in GitHub's shape."""
    sandbox.world.create_user("a-user")
    answer = http.request(method, path)
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_lists(sandbox: Sandbox, http: httpx.Client) -> None:
    """An organization's list is newest first unless asked by name, other lists by name; types and pages narrow them."""
    sandbox.world.create_repo("acme/Another", private=False, fork=True)
    sandbox.world.create_user("me")
    sandbox.world.create_repo("me/mine")
    ours = [f"acme/repo-00{number}" for number in (1, 2, 3)]
    page = http.get("/orgs/acme/repos?sort=full_name&per_page=3&page=2")
    assert {
        "/orgs/acme/repos": ["acme/Another", *reversed(ours)],
        "/orgs/acme/repos?direction=asc": [*ours, "acme/Another"],
        "/orgs/Acme/repos?sort=full_name": ["acme/Another", *ours],
        "/orgs/acme/repos?type=public": ["acme/Another"],
        "/orgs/acme/repos?type=forks": ["acme/Another"],
        "/orgs/acme/repos?type=private&direction=asc": ours,
        "/orgs/acme/repos?type=sources&direction=asc": ours,
        "/users/me/repos": [],
        "/user/repos": ["acme/Another", *ours, "me/mine"],
    } == {path: names(http.get(path)) for path in (
        "/orgs/acme/repos",
        "/orgs/acme/repos?direction=asc",
        "/orgs/Acme/repos?sort=full_name",
        "/orgs/acme/repos?type=public",
        "/orgs/acme/repos?type=forks",
        "/orgs/acme/repos?type=private&direction=asc",
        "/orgs/acme/repos?type=sources&direction=asc",
        "/users/me/repos",
        "/user/repos",
    )}  # fmt: skip
    assert (names(page), set(page.links)) == (["acme/repo-003"], {"prev", "first"})


def test_renamed(sandbox: Sandbox, http: httpx.Client, put: Put) -> None:
    """An old name answers 301 to a read and 307 to a write, to the id, with the query and the documented body."""
    number = sandbox.world.create_repo("acme/old")
    sandbox.world.rename_repo("acme/old", "umbrella/new")
    there = f"{sandbox.url}/repositories/{number}/actions/secrets"
    read = http.get("/repos/acme/old/actions/secrets?per_page=100")
    write, drop = (http.request(method, "/repos/acme/OLD/actions/secrets/A") for method in ("PUT", "DELETE"))
    assert [(answer.status_code, answer.headers["location"]) for answer in (read, write, drop)] == [
        (301, f"{there}?per_page=100"),
        (307, f"{there}/A"),
        (307, f"{there}/A"),
    ]
    assert read.json() == {
        "message": "Moved Permanently",
        "url": f"{there}?per_page=100",
        "documentation_url": "https://docs.github.com/v3/#http-redirects",
    }
    assert http.get(f"/repositories/{number}").json()["full_name"] == "umbrella/new"
    assert put("umbrella/new", "A").status_code == 201
    assert http.get(read.headers["location"]).json()["total_count"] == 1


def test_redirect_ends_when_the_name_is_taken(sandbox: Sandbox, http: httpx.Client) -> None:
    """A new repository under the old name is that repository, and renaming back ends the redirect too."""
    sandbox.world.rename_repo("acme/repo-001", "acme/new")
    first = sandbox.world.create_repo("acme/repo-001")
    sandbox.world.rename_repo("acme/repo-002", "acme/x")
    sandbox.world.rename_repo("acme/x", "acme/repo-002")
    assert http.get("/repos/acme/repo-001").json()["id"] == first
    assert [http.get(f"/repos/acme/{name}").status_code for name in ("repo-002", "x", "new")] == [200, 301, 200]


def test_recreated(sandbox: Sandbox, http: httpx.Client, put: Put) -> None:
    """Re-created under the same name: another id, another key, no secrets."""
    put("acme/repo-001", "A")
    paths = ("/repos/acme/repo-001", "/repos/acme/repo-001/actions/secrets/public-key")
    before = [http.get(path).json() for path in paths]
    number = sandbox.world.recreate_repo("acme/repo-001")
    after = [http.get(path).json() for path in paths]
    assert (after[0]["id"], after[0]["id"] == before[0]["id"], after[1] == before[1]) == (number, False, False)
    assert http.get("/repos/acme/repo-001/actions/secrets").json()["total_count"] == 0


def test_deleted_and_hidden(sandbox: Sandbox, http: httpx.Client) -> None:
    """A deleted repository and one that is hidden are 404 everywhere, also under a former name."""
    sandbox.world.rename_repo("acme/repo-001", "acme/gone")
    sandbox.world.delete_repo("acme/gone")
    sandbox.world.hide_repo("acme/repo-002")
    paths = ("repo-001", "gone", "repo-002", "repo-002/actions/secrets")
    assert [http.get(f"/repos/acme/{path}").status_code for path in paths] == [404] * 4
    assert names(http.get("/orgs/acme/repos")) == ["acme/repo-003"]


def test_archived(sandbox: Sandbox, http: httpx.Client, put: Put) -> None:
    """An archived repository can be read and not written."""
    put("acme/repo-001", "A")
    sandbox.world.archive_repo("acme/repo-001")
    answers = [put("acme/repo-001", "A"), http.delete("/repos/acme/repo-001/actions/secrets/A")]
    assert [(answer.status_code, answer.json()["message"]) for answer in answers] == [
        (403, "Repository was archived so is read-only.")
    ] * 2
    assert http.get("/repos/acme/repo-001/actions/secrets").json()["total_count"] == 1
    sandbox.world.archive_repo("acme/repo-001", archived=False)
    assert put("acme/repo-001", "A").status_code == 204


def test_single_sign_on(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A classic token not authorized for SSO is 403 on a repository and gets lists that say they are partial."""
    sandbox.world.create_repo("open/repo")
    sandbox.world.require_sso("acme")
    outside = as_token(Token(TokenKind.CLASSIC))
    shut = http.get("/repos/acme/repo-001/actions/secrets", headers=outside)
    listed = http.get("/user/repos", headers=outside)
    number = http.get("/repos/acme/repo-001").json()["owner"]["id"]
    assert (shut.status_code, shut.headers["x-github-sso"].partition("=")[0]) == (403, "required; url")
    assert (names(listed), listed.headers["x-github-sso"]) == (
        ["open/repo"],
        f"partial-results; organizations={number}",
    )
    for token in (Token(TokenKind.CLASSIC, sso=True), Token()):
        answer = http.get("/user/repos", headers=as_token(token))
        assert (len(answer.json()), "x-github-sso" in answer.headers) == (4, False)
    listed = http.get("/orgs/acme/repos", headers=as_token(Token(TokenKind.APP)))
    assert (len(listed.json()), "x-github-sso" in listed.headers) == (3, False)


def test_names_that_cannot_be(sandbox: Sandbox) -> None:
    """The world says what is wrong with a name, and changes nothing."""
    for wrong in ("acme", "acme/", "/x", "a/b/c", "a b/c", "acme/Repo-001"):
        with pytest.raises(ValueError, match=r"^a repository (is named owner/name|has that name already)$"):
            sandbox.world.create_repo(wrong)
        with pytest.raises(ValueError, match=r"^a repository (is named owner/name|has that name already)$"):
            sandbox.world.rename_repo("acme/repo-001", wrong)
    with pytest.raises(KeyError):
        sandbox.world.archive_repo("acme/none")
    with pytest.raises(KeyError):
        sandbox.world.require_sso("none")
    assert [repo.full_name for repo in sandbox.world.directory] == [f"acme/repo-00{number}" for number in (1, 2, 3)]


def test_ten_thousand_repositories() -> None:
    """Ten thousand repositories cost no key pairs until somebody asks for a key."""
    world = Sandbox().world
    world.create_repos("acme", 10_000)
    scopes = [repo.actions for repo in world.directory]
    scopes[7].public_key()
    assert (len(scopes), sum(scope._key is not None for scope in scopes)) == (10_000, 1)
