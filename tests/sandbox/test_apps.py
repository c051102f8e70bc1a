"""GitHub Apps over HTTP: where they are installed, and the tokens that they have minted."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import httpx
import pytest

from flowforge.sandbox import Sandbox
from tests.app_keys import app_key, pem

AsApp = Callable[[], dict[str, str]]
Mint = Callable[..., httpx.Response]
NOT_GRANTED: Final = (422, "The permissions requested are not granted to this installation.")
NOT_COVERED: Final = (
    422,
    "There is at least one repository that does not exist or is not accessible to the parent installation.",
)
PATH: Final = "/repos/acme/repo-001/actions/secrets"
READS: Final = {"secrets": "read"}
EVERYTHING: Final = {"contents": "read", "metadata": "read", "secrets": "write"}


def said(answer: httpx.Response) -> tuple[int, str]:
    """Return an answer's status and message."""
    return answer.status_code, answer.json().get("message", "")


def test_where_it_is_installed(sandbox: Sandbox, http: httpx.Client, as_app: AsApp) -> None:
    """An installation is found by organization, user and repository, by id and in the list; elsewhere all is 404."""
    world = sandbox.world
    world.create_user("ada")
    world.create_repo("ada/mine")
    world.create_repo("zoo/lions")
    of_acme = world.install_app("ci", "ACME", repos=["repo-001", "acme/repo-003"])
    of_ada = world.install_app("ci", "ada", permissions=READS)
    world.create_app("other", pem(app_key("other")))
    of_other = world.install_app("other", "acme")
    world.rename_repo("acme/repo-003", "acme/new")

    def ids(path: str) -> Any:  # noqa: ANN401 -- JSON
        answer = http.get(path, headers=as_app(), follow_redirects=True)
        found = answer.json()
        return [each["id"] for each in found] if isinstance(found, list) else found.get("id", answer.status_code)

    expected = {
        "/app/installations": [of_acme, of_ada],
        "/app/installations?per_page=1&page=2": [of_ada],
        f"/app/installations/{of_ada}": of_ada,
        f"/app/installations/{of_other}": 404,
        "/app/installations/none": 404,
        "/orgs/Acme/installation": of_acme,
        "/orgs/ada/installation": 404,
        "/orgs/zoo/installation": 404,
        "/orgs/none/installation": 404,
        "/users/ada/installation": of_ada,
        "/users/acme/installation": 404,
        "/repos/acme/repo-001/installation": of_acme,
        "/repos/acme/repo-002/installation": 404,
        "/repos/acme/repo-003/installation": of_acme,  # by way of its new name
        "/repos/ada/mine/installation": of_ada,
        "/repos/zoo/lions/installation": 404,
    }
    assert expected == {path: ids(path) for path in expected}
    both = [http.get(f"/app/installations/{number}", headers=as_app()).json() for number in (of_acme, of_ada)]
    assert [
        ("ci", "acme", "Organization", "selected", EVERYTHING),
        ("ci", "ada", "User", "all", {"metadata": "read", "secrets": "read"}),
    ] == [
        (one["app_slug"], one["account"]["login"], one["target_type"], one["repository_selection"], one["permissions"])
        for one in both
    ]
    assert 2 == http.get("/app", headers=as_app()).json()["installations_count"]


def test_a_token(sandbox: Sandbox, http: httpx.Client, mint: Mint) -> None:
    """A token has the form of 2026, lives an hour of the sandbox's clock, and does what its installation may."""
    world = sandbox.world
    number = world.install_app("ci", "acme")
    before = int(world.clock.now())
    answer = mint(number)
    body, after = answer.json(), world.clock.now()
    header, expires_at = {"authorization": f"Bearer {body.pop('token')}"}, body.pop("expires_at")
    text = header["authorization"].removeprefix("Bearer ")
    assert re.fullmatch(r"ghs_\d+_eyJ[\w-]{32}\.[\w-]{64}\.[\w-]{342}", text)
    assert before + 3600 <= datetime.fromisoformat(expires_at).timestamp() <= after + 3600
    assert (201, {"permissions": EVERYTHING, "repository_selection": "all"}) == (answer.status_code, body)
    one = {"mint": 1, "by": "ci@acme", "permissions": EVERYTHING, "repos": None, "expires_at": expires_at}
    assert [one] == world.minted_tokens()
    listed = http.get("/installation/repositories", headers=header).json()
    assert (3, "all") == (listed["total_count"], listed["repository_selection"])
    paths = (PATH, "/user", "/user/repos", "/orgs/acme/actions/secrets")
    assert [200, 403, 403, 403] == [http.get(path, headers=header).status_code for path in paths]
    assert "github-authentication-token-expiration" not in http.get(PATH, headers=header).headers


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (READS, {"metadata": "read", "secrets": "read"}),
        ({}, EVERYTHING),
        (None, EVERYTHING),
        ({"secrets": "write", "contents": "write"}, NOT_GRANTED),
        ({"secrets": "read", "issues": "read"}, NOT_GRANTED),
        ({"secrets": "none"}, NOT_GRANTED),
        ({"secrets": "all"}, NOT_GRANTED),
        ([], EVERYTHING),
        ("secrets", (422, "Invalid request.\n\nFor 'properties/permissions', \"secrets\" is not an object.")),
        (
            {"secrets": 1},
            (422, "Invalid request.\n\nFor 'properties/permissions', {\"secrets\": 1} is not an object."),
        ),
    ],
)
def test_narrowed_permissions(
    sandbox: Sandbox, mint: Mint, asked: object, expected: dict[str, str] | tuple[int, str]
) -> None:
    """A token has what was asked for, and metadata; asking for more than the installation has gets no token at all."""
    answer = mint(sandbox.world.install_app("ci", "acme"), permissions=asked)
    assert expected == (answer.json()["permissions"] if answer.is_success else said(answer))
    assert int(answer.is_success) == len(sandbox.world.minted_tokens())


def test_a_token_that_only_reads(
    sandbox: Sandbox, http: httpx.Client, as_installation: Callable[..., dict[str, str]]
) -> None:
    """With a token for reading nothing is written, and the refusal names what it lacks."""
    header = as_installation(sandbox.world.install_app("ci", "acme"), permissions=READS)
    refused = http.delete(f"{PATH}/A", headers=header)
    assert (200, (403, "Resource not accessible by integration"), "secrets=write") == (
        http.get(PATH, headers=header).status_code,
        said(refused),
        refused.headers["x-accepted-github-permissions"],
    )


@pytest.mark.parametrize("installed", [None, ["repo-001", "repo-002"]])
def test_narrowed_repositories(sandbox: Sandbox, http: httpx.Client, mint: Mint, installed: list[str] | None) -> None:
    """By names, by ids, or by both, a token is for these alone, which its answer lists; others are not there for it."""
    world = sandbox.world
    number = world.install_app("ci", "acme", repos=installed)
    ids = {name: world.directory[f"acme/{name}"].id for name in ("repo-001", "repo-002", "repo-003")}
    bodies: tuple[dict[str, list[object]], ...] = (
        {"repositories": ["Repo-001"]},
        {"repository_ids": [ids["repo-002"], ids["repo-002"]]},
        {"repositories": ["repo-001"], "repository_ids": [ids["repo-002"]]},
        {"repositories": [], "repository_ids": []},
    )
    answers = [mint(number, **body) for body in bodies]
    whole = ["acme/repo-001", "acme/repo-002"] if installed else [f"acme/{name}" for name in ids]
    reached = [["acme/repo-001"], ["acme/repo-002"], ["acme/repo-001", "acme/repo-002"], whole]
    assert [*reached[:3], None] == [each["repos"] for each in world.minted_tokens()]
    for answer, names in zip(answers, reached, strict=True):
        header = {"authorization": f"Bearer {answer.json()['token']}"}
        listed = http.get("/installation/repositories", headers=header).json()
        shown = answer.json().get("repositories", [{"full_name": name} for name in whole])
        assert [names, names] == [[repo["full_name"] for repo in repos] for repos in (listed["repositories"], shown)]
        statuses = [http.get(f"/repos/acme/{name}/actions/secrets", headers=header).status_code for name in ids]
        assert [200 if f"acme/{name}" in names else 404 for name in ids] == statuses
    selection = ["selected"] * 3 + ["selected" if installed else "all"]
    assert selection == [answer.json()["repository_selection"] for answer in answers]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"repositories": ["repo-001", "repo-003"]}, NOT_COVERED),
        ({"repositories": ["acme/repo-001"]}, NOT_COVERED),
        ({"repositories": ["repo-002"]}, NOT_COVERED),
        ({"repository_ids": [7]}, NOT_COVERED),
        (
            {"repository_ids": [1] * 501},
            (422, "Invalid request.\n\nNo more than 500 items are allowed; 501 were supplied."),
        ),
        ({"repository_ids": [1] * 500}, NOT_COVERED),
        (
            {"repositories": "repo-001"},
            (422, "Invalid request.\n\nFor 'properties/repositories', \"repo-001\" is not an array of strings."),
        ),
        (
            {"repository_ids": ["1"]},
            (422, "Invalid request.\n\nFor 'properties/repository_ids', [\"1\"] is not an array of integers."),
        ),
    ],
    ids=lambda case: "" if isinstance(case, tuple) else str(case)[:40],
)
def test_repositories_that_it_does_not_reach(
    sandbox: Sandbox, mint: Mint, body: dict[str, object], expected: tuple[int, str]
) -> None:
    """One repository that the installation has not, or that is hidden, or more than 500: no token is minted."""
    number = sandbox.world.install_app("ci", "acme", repos=["repo-001", "repo-002"])
    sandbox.world.hide_repo("acme/repo-002")
    assert (expected, []) == (said(mint(number, **body)), sandbox.world.minted_tokens())


def test_a_body_that_is_none(sandbox: Sandbox, http: httpx.Client, as_app: AsApp) -> None:
    """A body may be missing or null; what is no JSON object is a 400."""
    path = f"/app/installations/{sandbox.world.install_app('ci', 'acme')}/access_tokens"
    bodies = (b"", b"null", b"{}", b"{", b"[]")
    assert [201, 201, 201, 400, 400] == [http.post(path, headers=as_app(), content=each).status_code for each in bodies]


def test_where_it_cannot_mint(sandbox: Sandbox, mint: Mint) -> None:
    """An installation that never was, of another App, suspended or uninstalled gets no token, each in its words."""
    world = sandbox.world
    world.create_app("other", pem(app_key("other")))
    number = world.install_app("ci", "acme")
    answers = [mint(7), mint(world.install_app("other", "acme"))]
    world.suspend_app("ci", "acme")
    answers += [mint(number)]
    world.suspend_app("ci", "acme", suspended=False)
    answers += [mint(number)]
    world.uninstall_app("ci", "acme")
    answers += [mint(number)]
    gone, suspended = (404, "Not Found"), (403, "This installation has been suspended")
    assert [gone, gone, suspended, (201, ""), gone] == [said(answer) for answer in answers]


def test_suspended_is_shown(sandbox: Sandbox, http: httpx.Client, as_app: AsApp) -> None:
    """A suspended installation is listed and found, with the time since when."""
    sandbox.world.install_app("ci", "acme")
    sandbox.world.suspend_app("ci", "acme")
    found: Any = [http.get(path, headers=as_app()).json() for path in ("/app/installations", "/orgs/acme/installation")]
    assert [True, True] == [each["suspended_at"] is not None for each in (*found[0], found[1])]


def test_installed_at_nobody(sandbox: Sandbox, as_app: AsApp) -> None:
    """What is not there is an error of the verb, and a name that cannot be had too."""
    world = sandbox.world
    assert as_app()
    for wrong, verb in (
        ("App none", lambda: world.install_app("none", "acme")),
        ("nobody", lambda: world.install_app("ci", "nobody")),
        ("acme/none", lambda: world.install_app("ci", "acme", repos=["none"])),
        ("installation of ci at acme", lambda: world.suspend_app("ci", "acme")),
    ):
        with pytest.raises(KeyError, match=f"^'{wrong}'$"):
            verb()
    for wrong, slug in (("an App has that name already", "ci"), ("an App is named with lower-case letters", "C I")):
        with pytest.raises(ValueError, match=wrong):
            world.create_app(slug, pem(app_key()))
