"""What is behind a refusal: a missing environment, a missing permission; and how an environment is made."""

from collections.abc import Callable, Mapping

import httpx
import pytest

from flowforge.github.environments import make_environment
from flowforge.github.explain import explain
from flowforge.github.http import Client
from flowforge.github.problems import Refusal, RepoError
from flowforge.github.secrets import list_secrets
from flowforge.plan.action import Why
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.facts import Unreadable

MakeClient = Callable[[Callable[[httpx.Request], httpx.Response]], Client]
API = Repo.parse("acme/api")
PRODUCTION = Scope.of_environment(API, "a/b c")
ENVIRONMENT = "/repos/acme/api/environments/a%2Fb%20c"


def _answering(answers: Mapping[str, int], asked: list[str]) -> Callable[[httpx.Request], httpx.Response]:
    """Answer with the status that stands under a path's end, 404 for any other, and remember what was asked."""

    def handle(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        asked.append(f"{request.method} {path}")
        status = next((status for end, status in answers.items() if path.endswith(end)), 404)
        words = {404: "Not Found", 403: "Resource not accessible by personal access token"}
        return httpx.Response(status, json={"message": words.get(status, "so it is")})

    return handle


@pytest.mark.parametrize(
    ("answers", "why", "detail"),
    [
        ({}, Why.NOT_FOUND, "not found, or invisible to this token"),
        ({"/api": 200}, Why.NO_ENVIRONMENT, "there is no environment a/b c"),
        (
            {"/api": 200, "c": 200},
            Why.NO_PERMISSION,
            "no permission: the token sees the repo but not the secrets of its environment a/b c",
        ),
        (
            {"/api": 200, "c": 403},
            Why.NO_PERMISSION,
            'no permission: "Resource not accessible by personal access token"',
        ),
    ],
)
def test_a_list_of_an_environment_that_is_not_found(
    scripted: MakeClient, answers: dict[str, int], why: Why, detail: str
) -> None:
    """The repo, its environment and the permission are told apart; the name is encoded once."""
    asked: list[str] = []
    found = list_secrets(scripted(_answering(answers, asked)), PRODUCTION)
    assert isinstance(found, Unreadable)
    path = [f"GET {ENVIRONMENT}/secrets", "GET /repos/acme/api", *([f"GET {ENVIRONMENT}"] if answers else [])]
    assert (why, detail, path) == (found.why, found.detail, asked)


@pytest.mark.parametrize(
    ("repo", "needed"), [(API, "repo"), (Repo.organization("acme"), "admin:org")], ids=["repo", "organization"]
)
def test_a_classic_token_without_the_scope(scripted: MakeClient, repo: Repo, needed: str) -> None:
    """GitHub hides what it may not see, and says its scopes in a header: the one that it lacks is named."""
    client = scripted(lambda _: httpx.Response(404, headers={"x-oauth-scopes": "read:org, gist"}, json={}))
    with pytest.raises(RepoError) as caught:
        client.get("/x")
    told = explain(client, Scope(repo), caught.value)
    assert str(told) == (
        f"error FF320: {repo}: no permission: the token lacks the scope {needed}; it has gist, read:org\n"
        f"  fix: give the token (GH_TOKEN) the scope {needed}"
    )
    assert 404 == told.no.status


def test_a_missing_environment_has_a_code(scripted: MakeClient) -> None:
    """Where it is met at a write, the error has its own code, and says what to do."""
    refusal = RepoError(Refusal("FF321", Why.NOT_FOUND, "not found", status=404))
    told = explain(scripted(_answering({"/api": 200}, [])), PRODUCTION, refusal)
    assert str(told) == (
        "error FF344: acme/api: there is no environment a/b c\n"
        "  fix: make it in the repo's settings, or write `create_environment: true` in the target"
    )


@pytest.mark.parametrize(
    ("scope", "permit"),
    [
        (Scope(API), "give the token (GH_TOKEN) read and write permission for Secrets ("),
        (Scope(API, Store.DEPENDABOT), "give the token (GH_TOKEN) read and write permission for Dependabot secrets ("),
        (Scope(API, Store.CODESPACES), "give the token (GH_TOKEN) read and write permission for Codespaces secrets ("),
        (Scope(API, Store.AGENTS), "give the token (GH_TOKEN) the permission for the agents store's secrets ("),
        (PRODUCTION, "give the token (GH_TOKEN) read and write permission for Environments and Secrets ("),
    ],
)
def test_the_permission_of_each_list_is_named(scripted: MakeClient, scope: Scope, permit: str) -> None:
    """What a token lacks is what that store needs, also where GitHub answers 403 and names nothing."""
    refused = list_secrets(scripted(_answering({"/secrets": 403, "/api": 200, "c": 200}, [])), scope)
    unseen = list_secrets(scripted(_answering({"/api": 200, "c": 200}, [])), scope)
    assert isinstance(refused, Unreadable)
    assert isinstance(unseen, Unreadable)
    assert (True, True) == (refused.fix.startswith(permit), unseen.fix.startswith(permit))


@pytest.mark.parametrize(
    ("there", "asked"),
    [(200, [f"GET {ENVIRONMENT}"]), (404, [f"GET {ENVIRONMENT}", f"PUT {ENVIRONMENT}"])],
)
def test_an_environment_is_made_only_where_there_is_none(scripted: MakeClient, there: int, asked: list[str]) -> None:
    """It is asked for first: GitHub's PUT updates one that is there."""
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.raw_path.decode()}")
        assert request.method == "GET" or request.content == b"{}"
        return httpx.Response(there if request.method == "GET" else 200, json={})

    make_environment(scripted(handle), PRODUCTION)
    assert asked == seen


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_environment_that_cannot_be_made(scripted: MakeClient, method: str) -> None:
    """A refusal names the environment, whichever of the two requests meets it."""

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403 if request.method == method else 404, json={"message": "no"})

    with pytest.raises(RepoError) as caught:
        make_environment(scripted(handle), PRODUCTION)
    assert "acme/api/environments/a/b c" == caught.value.problems[0].where


FREE = """\
error FF352: acme: GitHub shows no codespaces secrets of this organization, which is on its Free plan
  fix: take codespaces out of `stores`, or move the organization to a plan that has them"""
PERMIT = (
    "give the token (GH_TOKEN) read and write permission for organization codespaces secrets "
    "(classic: the scope admin:org)"
)
OTHER = f"""\
error FF320: acme: no permission: the token sees the organization but may not write its codespaces secrets
  fix: {PERMIT}; not every plan and server has this store"""


@pytest.mark.parametrize(("plan", "told"), [({"plan": {"name": "Free"}}, FREE), ({"login": "acme"}, OTHER)])
def test_an_organization_that_is_there(scripted: MakeClient, plan: object, told: str) -> None:
    """A 404 of an organization's store is asked about, as everybody may see which organizations there are."""
    scope = Scope(Repo.organization("acme"), Store.CODESPACES)
    client = scripted(lambda _: httpx.Response(200, json=plan))
    no = RepoError(Refusal("FF324", Why.NOT_FOUND, "not found", status=404, message="Not Found"))
    assert told == str(explain(client, scope, no, writes=True))


def test_an_organization_that_cannot_be_asked_for(scripted: MakeClient) -> None:
    """What keeps it from being asked for is what is told, and nothing is made up beside it."""
    scope = Scope(Repo.organization("acme"), Store.ACTIONS)
    client = scripted(lambda _: httpx.Response(403, json={"message": ""}))
    no = RepoError(Refusal("FF324", Why.NOT_FOUND, "not found", status=404, message="Not Found"))
    assert str(explain(client, scope, no)) == (
        "error FF350: acme: GitHub refuses it with 403, and does not say why\n"
        "  fix: see what the token (GH_TOKEN) may do on GitHub"
    )
