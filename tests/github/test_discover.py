"""Lists of repos: what is asked, what is read, and what each refusal means of each list."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.github.discover import (
    Described,
    RepoListKind,
    RepoListQuery,
    list_properties,
    list_repos,
    no_such_property,
)
from flowforge.github.http import Client
from flowforge.github.repos import RepoInfo
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable

Scripted = Callable[..., Client]
ORG, USER, GIVEN = (
    RepoListQuery(RepoListKind.ORG, "acme"),
    RepoListQuery(RepoListKind.USER, "me"),
    RepoListQuery(RepoListKind.INSTALLATION),
)
TEAM, PROPERTIES = RepoListQuery(RepoListKind.TEAM, "acme", "core"), RepoListQuery(RepoListKind.PROPERTIES, "acme")


def repo(number: int, name: str = "acme/api", **changes: object) -> dict[str, object]:
    """Return a repo as GitHub lists it."""
    usual = {"archived": False, "fork": False, "private": True, "visibility": "private", "topics": ["claude"]}
    return {"id": number, "full_name": name, **usual, "permissions": {"push": True}, **changes}


def described(number: int, name: str = "acme/api") -> Described:
    """Return what is read of `repo(number, name)`."""
    info = RepoInfo(number, name, archived=False, can_write=True)
    return Described(Repo.parse(name), number, info, frozenset({"claude"}), "private", archived=False, fork=False)


def serve(asked: list[str], *answers: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    """Answer one after the other, and write down what was asked."""
    left = iter(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return next(left)

    return handle


def answered(scripted: Scripted, wanted: RepoListQuery, *answers: httpx.Response) -> object:
    """Return what comes of a list that is answered so."""
    client = scripted(serve([], *answers))
    return (list_properties if wanted.kind is RepoListKind.PROPERTIES else list_repos)(client, wanted)


def refusal(status: int, message: str = "Not Found", **headers: str) -> httpx.Response:
    """Return an answer that says no."""
    return httpx.Response(
        status, json={"message": message}, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        (ORG, "/orgs/acme/repos?type=all&per_page=100"),
        (USER, "/user/repos?affiliation=owner&per_page=100"),
        (GIVEN, "/installation/repositories?per_page=100"),
        (TEAM, "/orgs/acme/teams/core/repos?per_page=100"),
    ],
)
def test_each_list_is_asked_for_by_the_hundred(scripted: Scripted, wanted: RepoListQuery, path: str) -> None:
    """Each list is one request for a hundred; the next page is where GitHub says; of two pages it is read twice."""
    asked: list[str] = []
    owner = wanted.owner or "acme"
    link = {"link": f'<https://api.github.com{path}&page=2>; rel="next"'}

    def page(number: int, name: str, headers: dict[str, str]) -> httpx.Response:
        items = [repo(number, f"{owner}/{name}")]
        body = {"total_count": 2, "repositories": items} if wanted is GIVEN else items
        return httpx.Response(200, json=body, headers=headers)

    answers = [page(*each) for each in [(2, "web", link), (1, "api", {})] * 2]
    found = list_repos(scripted(serve(asked, *answers)), wanted)
    expected = described(1, f"{owner}/api"), described(2, f"{owner}/web")
    assert (expected, [path, f"{path}&page=2"] * 2) == (found, asked)


def test_a_list_of_properties_that_slips(scripted: Scripted) -> None:
    """A repo whose properties are in neither page of a first reading is in the next two: it is told by its id."""
    link = {"link": '<https://api.github.com/y?page=2>; rel="next"'}
    pages = [([3, 2], link), ([], {}), *([([2, 1], {})] * 2)]
    answers = [
        httpx.Response(200, json=[{"repository_id": number, "properties": []} for number in numbers], headers=headers)
        for numbers, headers in pages
    ]
    assert {1: {}, 2: {}} == answered(scripted, PROPERTIES, *answers)


def test_what_a_repo_is_like(scripted: Scripted) -> None:
    """Visibility is read where GitHub says it, and older servers only say private; archived ones cannot be written."""
    items = [
        repo(1, "acme/a", visibility="internal", fork=True, topics=[]),
        repo(2, "acme/b", visibility=None, private=False),
        repo(3, "acme/c", visibility=None),
        repo(4, "acme/d", archived=True),
    ]
    found = answered(scripted, ORG, httpx.Response(200, json=items))
    assert isinstance(found, tuple)
    assert [
        (1, "internal", True, False, RepoInfo),
        (2, "public", False, False, RepoInfo),
        (3, "private", False, False, RepoInfo),
        (4, "private", False, True, Unreadable),
    ] == [(each.id, each.visibility, each.fork, each.archived, type(each.info)) for each in found]
    assert (frozenset(), frozenset({"claude"})) == (found[0].topics, found[1].topics)


def test_a_users_list_is_the_tokens_own(scripted: Scripted) -> None:
    """Of the token's user only its own repos count; where there are none, the token is another user's."""
    mine = answered(scripted, USER, httpx.Response(200, json=[repo(1, "Me/x"), repo(2, "acme/api")]))
    assert (described(1, "Me/x"),) == mine
    other = answered(scripted, USER, httpx.Response(200, json=[repo(2, "somebody/api")]))
    fix = "use a token of that user: GitHub shows a user's private repositories to nobody else"
    assert Unreadable(Why.NOT_FOUND, 'the token\'s user has no repositories as "me"', fix) == other


def test_custom_properties(scripted: Scripted) -> None:
    """Values are read by the repo's id: a text, a list or none; names are in lower case."""
    values = [
        {"property_name": "Tier", "value": "gold"},
        {"property_name": "zones", "value": ["eu", "us"]},
        {"property_name": "unset", "value": None},
    ]
    asked: list[str] = []
    items = [{"repository_id": 1, "properties": values}, {"repository_id": 2, "properties": []}]
    found = list_properties(scripted(serve(asked, httpx.Response(200, json=items))), PROPERTIES)
    assert {
        1: {"tier": frozenset({"gold"}), "zones": frozenset({"eu", "us"}), "unset": frozenset()},
        2: {},
    } == found
    assert ["/orgs/acme/properties/values?per_page=100"] == asked


NO_ORG = 'there is no organization "acme", or this token may not see it'
NO_LIST = "no permission: the token of a GitHub App's installation alone has such a list"
USE_ONE = "use one, or write `org:` or `user:`"
MEMBERS = "Members: read (classic: read:org)"
DENIED = 'no permission: "Must be an owner"'
ROLE = "give the user whose token (GH_TOKEN) it is that role"
INACCESSIBLE = "Resource not accessible by personal access token"
LACKING = f'no permission: "{INACCESSIBLE}"'
NOT_INSTALLED = "You must authenticate with an installation access token in order to list repositories."
NO_PROPERTIES = 'this token may not see the custom properties of "acme"'
CUSTOM = "Custom properties: read, of the organization (classic: read:org)"
NO_TEAM = 'there is no team "core" in "acme", or this token may not see it'


@pytest.mark.parametrize(
    ("wanted", "answer", "expected"),
    [
        (ORG, refusal(404), Unreadable(Why.NOT_FOUND, NO_ORG, "check its name; of a user, write `user:`")),
        (PROPERTIES, refusal(404), Unreadable(Why.NOT_FOUND, NO_PROPERTIES, f"give the token (GH_TOKEN) {CUSTOM}")),
        (TEAM, refusal(404), Unreadable(Why.NOT_FOUND, NO_TEAM, f"write its slug; the token needs {MEMBERS}")),
        (GIVEN, refusal(403, INACCESSIBLE), Unreadable(Why.NO_PERMISSION, NO_LIST, USE_ONE)),
        (
            GIVEN,
            refusal(403, NOT_INSTALLED),
            Unreadable(
                Why.NO_PERMISSION,
                f'no permission: "{NOT_INSTALLED}"',
                "use the token of a GitHub App's installation, or write `org:` or `user:`",
            ),
        ),
        (
            GIVEN,
            refusal(403, "This installation has been suspended"),
            Unreadable(
                Why.REFUSED,
                'GitHub refuses it: "This installation has been suspended"',
                "have the suspension lifted, or use a token of another account or App",
            ),
        ),
        (GIVEN, refusal(404), Unreadable(Why.NO_PERMISSION, NO_LIST, USE_ONE)),
        (TEAM, refusal(403, "Must be an owner"), Unreadable(Why.NO_PERMISSION, DENIED, ROLE)),
        (
            TEAM,
            refusal(403, INACCESSIBLE),
            Unreadable(Why.NO_PERMISSION, LACKING, f"give the token (GH_TOKEN) {MEMBERS}"),
        ),
        (
            PROPERTIES,
            refusal(403, INACCESSIBLE),
            Unreadable(Why.NO_PERMISSION, LACKING, f"give the token (GH_TOKEN) {CUSTOM}"),
        ),
        (
            ORG,
            refusal(403, "x", x_github_sso="required; url=https://github.com/orgs/acme/sso"),
            Unreadable(
                Why.SSO,
                'the organization\'s single sign-on must authorize this token: "x"',
                "open https://github.com/orgs/acme/sso and authorize the token (GH_TOKEN) for the organization",
            ),
        ),
        (
            ORG,
            httpx.Response(200, json=[], headers={"x-github-sso": "partial-results; organizations=1"}),
            Unreadable(
                Why.CUT_SHORT,
                "the list was cut short: single sign-on hides organizations from this token",
                "authorize the token for single sign-on in its settings at GitHub, or use a GitHub App's token",
            ),
        ),
        (
            GIVEN,
            httpx.Response(200, json={"total_count": 2, "repositories": [repo(1)]}),
            Unreadable(
                Why.CUT_SHORT,
                "the list was cut short: 1 of 2 came",
                "run it again; if it stays, use another token",
            ),
        ),
    ],
)
def test_a_list_that_cannot_be_had_whole(
    scripted: Scripted, wanted: RepoListQuery, answer: httpx.Response, expected: Unreadable
) -> None:
    """What is refused or cut short is unreadable, in words about that list, and never a part of it."""
    assert expected == answered(scripted, wanted, answer)


@pytest.mark.parametrize(
    ("wanted", "item", "detail"),
    [
        (ORG, repo(1, "acme"), "a repo's full_name is not owner/name"),
        (ORG, repo(1, topics=None), "a repo in a list without its id, full_name, topics, archived, fork or private"),
        (PROPERTIES, {"repository_id": 1}, "a repo without its repository_id or properties in a list"),
        (
            PROPERTIES,
            {"repository_id": True, "properties": []},
            "a repo without its repository_id or properties in a list",
        ),
        (ORG, repo(-5), "a repo without its id, full_name or archived"),
        (
            PROPERTIES,
            {"repository_id": 1, "properties": [{"property_name": "x", "value": 7}]},
            "a custom property without its property_name or value",
        ),
    ],
)
def test_another_shape_is_no_list(
    scripted: Scripted, wanted: RepoListQuery, item: dict[str, object], detail: str
) -> None:
    """What is not as GitHub documents it is unreadable: from such a list nothing follows."""
    fix = "check that github.api_url, or GITHUB_API_URL, names a GitHub API"
    assert Unreadable(Why.FAILED, detail, fix) == answered(scripted, wanted, httpx.Response(200, json=[item]))


def test_a_property_that_nobody_has() -> None:
    """A name that no repo of the organization knows is told apart from a value that none has."""
    assert Unreadable(
        Why.NOT_FOUND,
        'no repository of "acme" has a custom property "tear"',
        "write its name as the organization's settings show it",
    ) == no_such_property("acme", "tear")
