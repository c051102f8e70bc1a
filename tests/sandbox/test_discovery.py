"""Discovery: organizations, users, teams, topics, properties, what a token was given, and lists that are partial."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.sandbox import Level, Sandbox, Token, TokenKind

AsToken = Callable[[Token], dict[str, str]]
HALF = Token(repos=frozenset({"acme/repo-001", "acme/repo-003"}))


def names(answer: httpx.Response) -> list[str]:
    """Return the names in a list of repositories."""
    data = answer.json()
    return [repo["full_name"] for repo in (data["repositories"] if isinstance(data, dict) else data)]


def test_who_is_who(sandbox: Sandbox, http: httpx.Client) -> None:
    """A login says whether it is an organization's; a user is not one."""
    sandbox.world.create_user("me")
    sandbox.world.create_org("empty")
    users = [http.get(f"/users/{login}").json()["type"] for login in ("acme", "ME", "empty")]
    statuses = [http.get(path).status_code for path in ("/orgs/Acme", "/orgs/me", "/orgs/none", "/users/none")]
    assert (users, statuses) == (["Organization", "User", "Organization"], [200, 404, 404, 404])
    assert names(http.get("/orgs/empty/repos")) == []


@pytest.mark.parametrize(
    ("token", "told"),
    [
        (Token(), "free"),
        (Token(role="write"), None),
        (Token(TokenKind.APP, permissions={"organization_plan": Level.NONE}), None),
        (Token(TokenKind.APP), "free"),
        (Token(TokenKind.CLASSIC, scopes=("repo", "read:org")), None),
        (Token(TokenKind.CLASSIC, scopes=("repo", "admin:org")), "free"),
    ],
)
def test_plan(sandbox: Sandbox, http: httpx.Client, as_token: AsToken, token: Token, told: str | None) -> None:
    """An organization's plan is told to its owners, and to installations that have the permission."""
    sandbox.world.set_plan("acme", "free")
    answer = http.get("/orgs/acme", headers=as_token(token))
    assert (answer.status_code, answer.json().get("plan", {}).get("name")) == (200, told)


def test_what_a_repository_says_of_itself(sandbox: Sandbox, http: httpx.Client) -> None:
    """Topics, visibility and the values of properties stand in a repository and in lists."""
    world = sandbox.world
    world.create_repo("acme/internal", internal=True, topics=["made"])
    world.set_topics("acme/repo-001", ["Claude", "ci"])
    world.set_visibility("acme/repo-001", "public")
    world.define_property("acme", "tier", default="low")
    world.define_property("acme", "areas", value_type="multi_select", allowed=["a", "b"])
    world.set_property("acme/repo-001", "areas", ["a", "b"])
    world.create_user("me")
    world.create_repo("me/mine")
    members = ("topics", "visibility", "private", "custom_properties")
    one = http.get("/repos/acme/repo-001").json()
    listed = {repo["name"]: [repo[member] for member in members] for repo in http.get("/orgs/acme/repos").json()}
    assert [one[member] for member in members] == listed["repo-001"]
    assert (listed["repo-001"], listed["internal"]) == (
        [["claude", "ci"], "public", False, {"areas": ["a", "b"], "tier": "low"}],
        [["made"], "internal", True, {"tier": "low"}],
    )
    assert "custom_properties" not in http.get("/repos/me/mine").json()


def test_properties(sandbox: Sandbox, http: httpx.Client) -> None:
    """The schema lists what is defined, the values show every repository, null where there is none."""
    world = sandbox.world
    world.define_property("acme", "tier", value_type="single_select", allowed=["low", "high"])
    world.set_property("acme/repo-001", "tier", "high")
    world.set_property("acme/repo-002", "tier", "low")
    world.set_property("acme/repo-002", "tier", None)
    schema = http.get("/orgs/acme/properties/schema").json()
    listed = http.get("/orgs/acme/properties/values?per_page=2")
    rest = http.get(listed.links["next"]["url"]).json()
    assert [(one["property_name"], one["value_type"], one["allowed_values"], one["required"]) for one in schema] == [
        ("tier", "single_select", ["low", "high"], False)
    ]
    assert [(one["repository_name"], one["properties"][0]["value"]) for one in listed.json() + rest] == [
        ("repo-001", "high"),
        ("repo-002", None),
        ("repo-003", None),
    ]
    one = http.get("/repos/acme/repo-001/properties/values").json()
    assert (one, world.properties("acme/repo-001")) == (
        [{"property_name": "tier", "value": "high"}],
        {"tier": "high"},
    )
    assert http.get("/orgs/acme/properties/values?repository_query=tier:high").status_code == 422


def test_teams(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A team is found by its slug and lists its repositories, as far as the token sees them."""
    world = sandbox.world
    slug = world.create_team("acme", "Core / Team", ["repo-001", "acme/repo-002"])
    other = world.create_repo("other/repo")
    path = f"/orgs/acme/teams/{slug}"
    first = (http.get(path).json()["name"], names(http.get(f"{path}/repos")))
    half = names(http.get(f"{path}/repos", headers=as_token(HALF)))
    world.set_team_repos("acme", slug, ["repo-003"])
    world.directory["acme/repo-003"].owner.teams[slug].repos.add(other)
    second = names(http.get(f"{path}/repos"))
    world.delete_team("acme", slug)
    assert (slug, first, half, second) == (
        "core-team",
        ("Core / Team", ["acme/repo-001", "acme/repo-002"]),
        ["acme/repo-001"],
        ["acme/repo-003"],
    )
    assert [
        http.get(f"/orgs/acme/teams/{each}{rest}").status_code for each in (slug, "x") for rest in ("", "/repos")
    ] == [404] * 4


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (Token(role="read"), [200, 200]),
        (Token(permissions={"members": Level.NONE}), [403, 200]),
        (Token(permissions={"organization_custom_properties": Level.NONE}), [200, 403]),
        (Token(repos=frozenset({"other/repo"})), [403, 403]),
        (Token(TokenKind.CLASSIC), [200, 200]),
        (Token(TokenKind.CLASSIC, scopes=("read:org",)), [200, 200]),
        (Token(TokenKind.CLASSIC, scopes=("gist",)), [403, 403]),
    ],
)
def test_members_only(
    sandbox: Sandbox, http: httpx.Client, as_token: AsToken, token: Token, expected: list[int]
) -> None:
    """Teams and properties are told to members, each by its permission or scope."""
    sandbox.world.create_team("acme", "core")
    header = as_token(token)
    paths = ("/orgs/acme/teams/core", "/orgs/acme/properties/values")
    assert [http.get(path, headers=header).status_code for path in paths] == expected


def test_half_an_organization(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A token that was given some private repositories sees those and the public ones, everywhere, without a word."""
    sandbox.world.create_repo("acme/open", private=False)
    seen = ["acme/open", "acme/repo-001", "acme/repo-003"]
    header = as_token(HALF)
    lists = [names(http.get(path, headers=header)) for path in ("/orgs/acme/repos?sort=full_name", "/user/repos")]
    values = http.get("/orgs/acme/properties/values", headers=header).json()
    assert (lists, sorted(one["repository_full_name"] for one in values)) == ([seen, seen], seen)


def test_installation(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """An installation lists exactly what it was given; other tokens have none."""
    sandbox.world.create_repo("acme/open", private=False)
    sandbox.world.create_repo("other/repo")
    whole = Token(TokenKind.APP, repos=frozenset({"acme/*"}))
    tokens = (Token(TokenKind.APP, repos=HALF.repos), whole, Token(TokenKind.APP))
    answers = [http.get("/installation/repositories?per_page=2", headers=as_token(token)) for token in tokens]
    assert [(answer.json()["total_count"], answer.json()["repository_selection"]) for answer in answers] == [
        (2, "selected"),
        (4, "all"),
        (5, "all"),
    ]
    assert (names(answers[0]), "next" in answers[1].links) == (["acme/repo-001", "acme/repo-003"], True)
    assert http.get("/installation/repositories").status_code == 403


def test_own_repositories(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A user's own come from the user's list with affiliation; the list by login shows public ones only."""
    world = sandbox.world
    world.create_user("me")
    world.create_repo("me/mine")
    world.create_repo("me/open", private=False)
    header = as_token(Token(login="Me"))
    paths = ("/user/repos?affiliation=owner", "/user/repos?affiliation=owner&visibility=private", "/users/me/repos")
    assert [names(http.get(path, headers=header)) for path in paths] == [
        ["me/mine", "me/open"],
        ["me/mine"],
        ["me/open"],
    ]


def test_single_sign_on(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A list over organizations says which of them single sign-on hid; what is of such an organization is 403."""
    sandbox.world.create_team("acme", "core", ["repo-001"])
    sandbox.world.create_repo("open/repo")
    sandbox.world.require_sso("acme")
    header = as_token(Token(TokenKind.CLASSIC, scopes=("repo", "admin:org")))
    listed = http.get("/user/repos", headers=header)
    number = http.get("/orgs/acme").json()["id"]
    shut = ("/orgs/acme", "/orgs/acme/teams/core/repos", "/orgs/acme/properties/values", "/orgs/acme/actions/secrets")
    assert (names(listed), listed.headers["x-github-sso"]) == (
        ["open/repo"],
        f"partial-results; organizations={number}",
    )
    assert [http.get(path, headers=header).status_code for path in shut] == [403] * 4


def test_a_thousand_repositories(sandbox: Sandbox, http: httpx.Client) -> None:
    """A thousand repositories are ten pages of a hundred, each of which says how many there are."""
    sandbox.world.create_repos("big", 1000)
    answer = http.get("/orgs/big/repos?per_page=100&type=all&sort=full_name")
    pages = [answer]
    while "next" in answer.links:
        answer = http.get(answer.links["next"]["url"])
        pages.append(answer)
    assert (len(pages), len({name for page in pages for name in names(page)})) == (10, 1000)
    assert pages[0].links["last"]["url"].endswith("page=10")


def test_world(sandbox: Sandbox) -> None:
    """The world's verbs say what there is not, and what cannot be."""
    world = sandbox.world
    world.create_user("me")
    verbs: list[tuple[Callable[[], object], str]] = [
        (lambda: world.set_plan("none", "free"), "none"),
        (lambda: world.create_team("me", "x"), "me"),
        (lambda: world.create_team("acme", "x", ["none"]), "acme/none"),
        (lambda: world.set_property("acme/repo-001", "tier", "x"), "property tier"),
    ]
    for verb, missing in verbs:
        with pytest.raises(KeyError, match=missing):
            verb()
    wrongs: list[tuple[Callable[[], object], str]] = [
        (lambda: world.set_plan("acme", "gold"), "plan is free, pro, team or enterprise"),
        (lambda: world.set_visibility("acme/repo-001", "secret"), "visibility is public, private or internal"),
        (lambda: world.define_property("acme", "x", value_type="number"), "value_type is string, single_select"),
    ]
    for wrong, message in wrongs:
        with pytest.raises(ValueError, match=message):
            wrong()


def test_ids_by_graphql(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """Gh's one query gives ids, null and an error for what the token does not see."""
    number = sandbox.world.directory["acme/repo-001"].id
    ask = 'query X { a: repository(owner: "ACME", name: "repo-001") { databaseId } b: repository(owner: "acme", %s }'
    query = ask % 'name: "repo-002") {\n databaseId\n }'
    answer = http.post("/graphql", json={"query": query}, headers=as_token(HALF)).json()
    assert (answer["data"], [error["path"] for error in answer["errors"]]) == (
        {"a": {"databaseId": number}, "b": None},
        [["b"]],
    )
    assert "errors" not in http.post("/graphql", json={"query": query}).json()


def test_recreated_as_it_was(sandbox: Sandbox, http: httpx.Client) -> None:
    """A repository that was re-created looks the same, and has neither environments nor properties nor variables."""
    world = sandbox.world
    world.create_repo("acme/x", internal=True, topics=["claude"])
    world.define_property("acme", "tier")
    world.set_property("acme/x", "tier", "low")
    world.create_environment("acme/x", "production")
    world.set_variable("acme/x", "A", "x")
    world.recreate_repo("acme/x")
    repo = http.get("/repos/acme/x").json()
    assert (repo["visibility"], repo["topics"], repo["custom_properties"]) == ("internal", ["claude"], {})
    assert (world.environments("acme/x"), world.variables("acme/x")) == ({}, {})
