"""Secrets and variables of organizations: who sees them, the list of repositories, conflicts, and what moves along."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from flowforge.sandbox import Level, Sandbox, Token, TokenKind
from flowforge.sandbox.world.stores import STORES

Write = Callable[..., httpx.Response]
AsToken = Callable[[Token], dict[str, str]]
ORG = "/orgs/acme/actions/secrets"
REPOS = ("acme/repo-001", "acme/repo-002", "acme/repo-003")


@pytest.fixture
def ids(sandbox: Sandbox) -> list[int]:
    """Return the ids of the three repositories."""
    return [sandbox.world.directory[name].id for name in REPOS]


@pytest.mark.parametrize("store", STORES)
def test_life(sandbox: Sandbox, http: httpx.Client, write: Write, ids: list[int], store: str) -> None:
    """In every store: made for all, narrowed to some whose ids may be texts, deleted once."""
    path, world = f"/orgs/acme/{store}/secrets", sandbox.world
    made = write(f"{path}/key", "one", visibility="all")
    first = http.get(f"{path}/KEY").json()
    changed = write(f"{path}/KEY", "two", visibility="selected", selected_repository_ids=[str(ids[0]), ids[2]])
    second = http.get(path).json()
    assert (made.status_code, made.json(), changed.status_code) == (201, {}, 204)
    assert (first["visibility"], "selected_repositories_url" in first) == ("all", False)
    assert (second["total_count"], second["secrets"][0]["selected_repositories_url"]) == (
        1,
        f"{sandbox.url}{path}/KEY/repositories",
    )
    assert world.reveal_org("acme", store=store) == {"KEY": "two"}
    assert world.org_audience("acme", "key", store=store) == ("selected", [REPOS[0], REPOS[2]])
    listed = http.get(f"{path}/KEY/repositories").json()
    assert [one["full_name"] for one in listed["repositories"]] == [REPOS[0], REPOS[2]]
    assert [http.delete(f"{path}/Key").status_code for _ in range(2)] == [204, 404]


def test_selected_without_ids_is_nobody(sandbox: Sandbox, http: httpx.Client, write: Write, ids: list[int]) -> None:
    """A PUT of `selected` that does not say whom clears the list; another visibility drops it."""
    write(f"{ORG}/A", visibility="selected", selected_repository_ids=ids)
    before = http.get(f"{ORG}/A/repositories").json()["total_count"]
    write(f"{ORG}/A", visibility="selected")
    after = sandbox.world.org_audience("acme", "A")
    write(f"{ORG}/A", visibility="private", selected_repository_ids=ids)
    assert (before, after, sandbox.world.org_audience("acme", "A")) == (3, ("selected", []), ("private", []))


def test_value_may_stay(sandbox: Sandbox, http: httpx.Client, write: Write) -> None:
    """An update without a value changes who sees it alone; a new secret needs a value."""
    write(f"{ORG}/A", "kept", visibility="all")
    changed, new = (http.put(f"{ORG}/{name}", json={"visibility": "private"}) for name in "AB")
    assert (changed.status_code, new.status_code) == (204, 422)
    assert (sandbox.world.reveal_org("acme"), sandbox.world.org_audience("acme", "A")) == (
        {"A": "kept"},
        ("private", []),
    )


def test_audience_of_a_variable(sandbox: Sandbox, http: httpx.Client, ids: list[int]) -> None:
    """A PATCH changes who sees a variable as far as it says: the list alone, the visibility, or neither."""
    path, world = "/orgs/acme/actions/variables", sandbox.world
    made = http.post(path, json={"name": "A", "value": "x", "visibility": "selected"})
    seen = []
    bodies: list[dict[str, object]] = [
        {"selected_repository_ids": ids[:1]},
        {"value": "y"},
        {"visibility": "selected"},
        {"visibility": "all"},
    ]
    for body in bodies:
        assert http.patch(f"{path}/A", json=body).status_code == 204
        seen.append(world.org_audience("acme", "A", store="variables"))
    assert (made.status_code, http.post(path, json={"name": "B", "value": "x"}).status_code) == (201, 422)
    assert seen == [("selected", [REPOS[0]]), ("selected", [REPOS[0]]), ("selected", []), ("all", [])]
    assert world.org_variables("acme") == {"A": "y"}


@pytest.mark.parametrize("shown", [{}, {"visibility": "some"}, {"visibility": ["all"]}])
def test_bad_visibility(sandbox: Sandbox, write: Write, shown: dict[str, object]) -> None:
    """A visibility that is missing or unknown is 422."""
    assert (write(f"{ORG}/A", **shown).status_code, sandbox.world.reveal_org("acme")) == (422, {})


@pytest.mark.parametrize("ids", [[7], ["x"], "1000002", None, [None]])
def test_bad_ids(sandbox: Sandbox, http: httpx.Client, write: Write, ids: object) -> None:
    """Ids that are not repositories of the organization are 422, and nothing changes."""
    sandbox.world.set_org_secret("acme", "A", "x", visibility="selected", repos=["repo-001"])
    answers = [
        write(f"{ORG}/B", visibility="selected", selected_repository_ids=ids),
        http.put(f"{ORG}/A/repositories", json={"selected_repository_ids": ids}),
        http.put(f"{ORG}/A/repositories", json={}),
    ]
    assert [answer.status_code for answer in answers] == [422] * 3
    assert (list(sandbox.world.reveal_org("acme")), sandbox.world.org_audience("acme", "A")) == (
        ["A"],
        ("selected", ["acme/repo-001"]),
    )


@pytest.mark.parametrize("path", [ORG, "/orgs/acme/actions/variables"])
def test_the_list_alone(sandbox: Sandbox, http: httpx.Client, ids: list[int], path: str) -> None:
    """The list is replaced, added to and taken from; the value stays, updated_at moves each time."""
    world = sandbox.world
    world.set_org_secret("acme", "A", "x", visibility="selected")
    world.set_org_variable("acme", "A", "x", visibility="selected")
    store = "variables" if path.endswith("variables") else "actions"
    seen, times = [], [http.get(f"{path}/A").json()["updated_at"]]
    for method, rest, body in (
        ("PUT", "", {"selected_repository_ids": ids[:2]}),
        ("PUT", f"/{ids[2]}", None),
        ("DELETE", f"/{ids[0]}", None),
        ("DELETE", f"/{ids[0]}", None),
    ):
        world.clock.advance(10)
        assert http.request(method, f"{path}/A/repositories{rest}", json=body).status_code == 204
        seen.append(world.org_audience("acme", "A", store=store)[1])
        times.append(http.get(f"{path}/A").json()["updated_at"])
    one, two, three = REPOS
    assert seen == [[one, two], [one, two, three], [two, three], [two, three]]
    assert (len({*times}), times == sorted(times)) == (5, True)
    assert (world.reveal_org("acme"), world.org_variables("acme")) == ({"A": "x"}, {"A": "x"})


def test_at_once(sandbox: Sandbox, http: httpx.Client) -> None:
    """Many who write at once lose nothing: every repository is added, one variable is made by one alone."""
    names = sandbox.world.create_repos("big", 16)
    sandbox.world.set_org_secret("big", "A", "x", visibility="selected")
    numbers = [sandbox.world.directory[name].id for name in names]
    variable = {"name": "A", "value": "x", "visibility": "all"}
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda id_: http.put(f"/orgs/big/actions/secrets/A/repositories/{id_}"), numbers))
        made = list(pool.map(lambda _: http.post("/orgs/big/actions/variables", json=variable), range(8)))
    assert {answer.status_code for answer in added} == {204}
    assert sorted(answer.status_code for answer in made) == [201, *[409] * 7]
    assert sandbox.world.org_audience("big", "A") == ("selected", names)


def test_conflicts(sandbox: Sandbox, http: httpx.Client, ids: list[int]) -> None:
    """Without the visibility `selected` there is no list to change: 409. A variable's is not even read."""
    sandbox.world.set_org_secret("acme", "A", "x", visibility="all")
    sandbox.world.set_org_variable("acme", "A", "x", visibility="private")
    paths = [f"{path}/A/repositories" for path in (ORG, "/orgs/acme/actions/variables")]
    writes = [
        http.request(method, f"{path}{rest}", json={"selected_repository_ids": ids}).status_code
        for path in paths
        for method, rest in (("PUT", ""), ("PUT", f"/{ids[0]}"), ("DELETE", f"/{ids[0]}"))
    ]
    assert (writes, [http.get(path).status_code for path in paths]) == ([409] * 6, [200, 409])


def test_missing(sandbox: Sandbox, http: httpx.Client) -> None:
    """A list of what is not there, and a repository that is not the organization's, are 404; so are users."""
    sandbox.world.set_org_secret("acme", "A", "x", visibility="selected")
    other = sandbox.world.create_repo("other/repo")
    sandbox.world.create_user("me")
    sandbox.world.create_repo("me/mine")
    statuses = [
        http.get(f"{ORG}/B/repositories").status_code,
        http.get("/orgs/acme/actions/variables/B/repositories").status_code,
        http.put(f"{ORG}/A/repositories/{other}").status_code,
        http.get("/orgs/me/actions/secrets").status_code,
        http.get("/orgs/none/actions/secrets").status_code,
        http.get("/orgs/other/none/secrets").status_code,
    ]
    assert statuses == [404] * 6
    with pytest.raises(KeyError, match="me"):
        sandbox.world.set_org_secret("me", "A", "x")


def test_the_list_has_pages(sandbox: Sandbox, http: httpx.Client) -> None:
    """A hundred and forty repositories are two pages of a hundred at most; deleted and transferred ones are gone."""
    names = sandbox.world.create_repos("big", 143)
    sandbox.world.set_org_secret("big", "A", "x", visibility="selected", repos=names)
    sandbox.world.delete_repo(names[0])
    sandbox.world.rename_repo(names[1], "acme/moved")
    sandbox.world.hide_repo(names[2])
    first = http.get("/orgs/big/actions/secrets/A/repositories?per_page=100")
    second = http.get(first.links["next"]["url"])
    assert [(page.json()["total_count"], len(page.json()["repositories"])) for page in (first, second)] == [
        (140, 100),
        (140, 40),
    ]


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("team", [["ALL", "PRIVATE", "SELECTED"], ["ALL", "PRIVATE"], ["ALL"]]),
        ("free", [[], [], ["ALL"]]),
    ],
)
def test_who_sees_what(sandbox: Sandbox, http: httpx.Client, plan: str, expected: list[list[str]]) -> None:
    """A private, an internal and a public repository see what is for them; on a free plan private ones see nothing."""
    world = sandbox.world
    world.create_repo("acme/internal", internal=True)
    world.create_repo("acme/open", private=False)
    world.set_org_secret("acme", "ALL", "x", visibility="all")
    world.set_org_secret("acme", "PRIVATE", "x")
    world.set_org_secret("acme", "SELECTED", "x", visibility="selected", repos=["repo-001"])
    world.set_plan("acme", plan)
    answers = [
        http.get(f"/repos/acme/{name}/actions/organization-secrets").json() for name in ("repo-001", "internal", "open")
    ]
    assert [[one["name"] for one in answer["secrets"]] for answer in answers] == expected
    assert [answer["total_count"] for answer in answers] == [len(names) for names in expected]
    assert {len(one) for answer in answers for one in answer["secrets"]} == {3}


def test_count_limit(sandbox: Sandbox, http: httpx.Client, write: Write) -> None:
    """An organization takes a thousand secrets, and a list shows a hundred of them at a time."""
    for number in range(1000):
        sandbox.world.set_org_secret("acme", f"S{number:03}", "x")
    listed = http.get(f"{ORG}?per_page=100")
    assert (listed.json()["total_count"], len(listed.json()["secrets"])) == (1000, 100)
    assert [write(f"{ORG}/{name}", visibility="all").status_code for name in ("S999", "MORE")] == [204, 422]


BY_TOKEN, BY_APP = "Resource not accessible by personal access token", "Resource not accessible by integration"
ADMINS = "Must have admin rights to Repository."


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (Token(), [(200, ""), (204, "")]),
        (Token(secrets=Level.READ), [(200, ""), (403, BY_TOKEN)]),
        (Token(permissions={"organization_secrets": Level.NONE}), [(403, BY_TOKEN)] * 2),
        (Token(role="write"), [(403, BY_TOKEN)] * 2),
        (Token(repos=frozenset({"acme/repo-001"})), [(200, ""), (204, "")]),
        (Token(repos=frozenset({"acme/*"})), [(200, ""), (204, "")]),
        (Token(repos=frozenset({"other/repo"})), [(403, BY_TOKEN)] * 2),
        (Token(TokenKind.APP, role="read"), [(200, ""), (204, "")]),
        (Token(TokenKind.WORKFLOW), [(403, BY_APP)] * 2),
        (Token(TokenKind.CLASSIC), [(403, ADMINS)] * 2),
        (Token(TokenKind.CLASSIC, scopes=("admin:org",)), [(200, ""), (204, "")]),
        (Token(TokenKind.CLASSIC, scopes=("admin:org",), role="write"), [(403, ADMINS)] * 2),
    ],
)
def test_permissions(
    sandbox: Sandbox, http: httpx.Client, as_token: AsToken, token: Token, expected: list[tuple[int, str]]
) -> None:
    """Each kind of token needs its permission or its scope, and a person must own the organization."""
    sandbox.world.set_org_secret("acme", "A", "x")
    header = as_token(token)
    answers = [http.get(ORG, headers=header), http.delete(f"{ORG}/A", headers=header)]
    said = [answer.json().get("message", "") if answer.content else "" for answer in answers]
    assert list(zip([answer.status_code for answer in answers], said, strict=True)) == expected


def test_what_was_missing(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A header names the permission, the scope, or the address of the single sign-on that is missing."""
    fine = http.get("/orgs/acme/dependabot/secrets", headers=as_token(Token(secrets=Level.NONE)))
    classic = http.get(ORG, headers=as_token(Token(TokenKind.CLASSIC)))
    sandbox.world.require_sso("acme")
    shut = http.get(ORG, headers=as_token(Token(TokenKind.CLASSIC, scopes=("admin:org",))))
    assert fine.headers["x-accepted-github-permissions"] == "organization_dependabot_secrets=read"
    assert classic.headers["x-accepted-oauth-scopes"] == "admin:org"
    assert (shut.status_code, shut.headers["x-github-sso"].partition(";")[0]) == (403, "required")


def test_world(sandbox: Sandbox) -> None:
    """The world's verbs refuse a visibility that there is not, and know the store of what they delete."""
    world = sandbox.world
    with pytest.raises(ValueError, match="visibility is all, private or selected"):
        world.set_org_secret("acme", "A", "x", visibility="some")
    world.set_org_secret("acme", "A", "x", store="agents")
    world.delete_org_secret("acme", "a", store="agents")
    assert world.reveal_org("acme", store="agents") == {}
