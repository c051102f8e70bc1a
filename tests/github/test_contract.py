"""What is sent, against GitHub's own description of its API."""

from base64 import b64encode
from collections.abc import Callable

import httpx
import pytest
from nacl.public import PrivateKey
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest
from openapi_core.validation.request.exceptions import InvalidRequestBody

from flowforge.github.branch_file import blob_sha, read, write
from flowforge.github.branch_problems import BranchFile
from flowforge.github.confirm import Sent, confirm
from flowforge.github.discover import RepoListKind, RepoListQuery, list_properties, list_repos
from flowforge.github.http import Client
from flowforge.github.org_secrets import body_of, list_org_secrets, put_viewers
from flowforge.github.repos import look_up
from flowforge.github.secrets import PublicKeys, delete_secret, list_secrets, put_secret
from flowforge.github.variables import delete_variable, list_variables, put_variable
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.audience import Audience, Viewer
from flowforge.plan.facts import Public
from flowforge.vault import SecretValue
from tests.openapi import github_description

_API = Scope(Repo.parse("acme/api"))


def _sent(request: httpx.Request) -> MockRequest:
    """Return an httpx request in the shape that openapi-core reads."""
    return MockRequest(
        f"{request.url.scheme}://{request.url.host}",
        request.method.lower(),
        request.url.path,
        args=dict(request.url.params),
        data=request.content or None,
        content_type="application/json",
    )


@pytest.fixture(scope="module")
def description() -> OpenAPI:
    """Read GitHub's description of its API once."""
    return github_description()


def test_every_request_is_one_that_github_documents(description: OpenAPI, scripted: Callable[..., Client]) -> None:
    """List, key, put, delete, look-up and confirmation: method, path, query and body are as GitHub describes them."""
    sent: list[str] = []
    key = b64encode(bytes(PrivateKey.generate().public_key)).decode()

    def handle(request: httpx.Request) -> httpx.Response:
        description.validate_request(_sent(request))
        sent.append(f"{request.method} {request.url.raw_path.decode()}")
        return _answer(request, key)

    client = scripted(handle)
    list_secrets(client, _API)
    keys = PublicKeys()
    written = put_secret(client, keys, _API, "A", SecretValue("plainly fake"))
    confirm(client, _API, {"A": Sent(written.date)})
    delete_secret(client, _API, "A")
    for scope in (Scope(_API.repo, Store.VARIABLES), Scope.of_environment(_API.repo, "prod", Store.VARIABLES)):
        list_variables(client, scope)
        for exists in (False, True):
            put_variable(client, scope, "A", Public("x"), exists=exists)
        delete_variable(client, scope, "A")
    for kind in (RepoListKind.ORG, RepoListKind.USER, RepoListKind.INSTALLATION, RepoListKind.TEAM):
        list_repos(client, RepoListQuery(kind, "acme", "core"))
    list_properties(client, RepoListQuery(RepoListKind.PROPERTIES, "acme"))
    look_up(client, [Repo.parse("acme/api"), Repo.parse("acme/web"), Repo.parse("me/one")])
    assert [
        "GET /repos/acme/api/actions/secrets?per_page=100",
        "GET /repos/acme/api/actions/secrets/public-key",
        "PUT /repos/acme/api/actions/secrets/A",
        "GET /repos/acme/api/actions/secrets?per_page=100",
        "DELETE /repos/acme/api/actions/secrets/A",
        "GET /repos/acme/api/actions/variables?per_page=30",
        "POST /repos/acme/api/actions/variables",
        "PATCH /repos/acme/api/actions/variables/A",
        "DELETE /repos/acme/api/actions/variables/A",
        "GET /repos/acme/api/environments/prod/variables?per_page=30",
        "POST /repos/acme/api/environments/prod/variables",
        "PATCH /repos/acme/api/environments/prod/variables/A",
        "DELETE /repos/acme/api/environments/prod/variables/A",
        "GET /orgs/acme/repos?type=all&per_page=100",
        "GET /user/repos?affiliation=owner&per_page=100",
        "GET /installation/repositories?per_page=100",
        "GET /orgs/acme/teams/core/repos?per_page=100",
        "GET /orgs/acme/properties/values?per_page=100",
        "GET /orgs/acme/repos?type=all&per_page=100",
        "GET /user/repos?affiliation=owner&per_page=100",
        "GET /repos/acme/api",
        "GET /repos/acme/web",
        "GET /repos/me/one",
    ] == sent


def test_every_request_for_a_file_is_one_too(description: OpenAPI, scripted: Callable[..., Client]) -> None:
    """A file's content is read, created and swapped as described, by a path of one part: the checker knows no other."""
    sent: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        description.validate_request(_sent(request))
        sent.append(f"{request.method} {request.url.raw_path.decode()}")
        shown = {"type": "file", "sha": blob_sha(b"one"), "encoding": "base64", "content": "b25l\n"}
        return httpx.Response(200, json=shown)

    client, place = scripted(handle), BranchFile(_API.repo, "a/b", "c d.json")
    read(client, place)
    for before in (None, blob_sha(b"one")):
        write(client, place, b"two", before, "m")
    path = "/repos/acme/api/contents/c%20d.json"
    assert [f"GET {path}?ref=refs%2Fheads%2Fa%2Fb", f"PUT {path}", f"PUT {path}"] == sent


def _answer(request: httpx.Request, key: str) -> httpx.Response:
    """Answer as GitHub does, for a token whose user is not `acme`."""
    date = {"date": "Mon, 23 Nov 2026 08:00:00 GMT"}
    match request.method, request.url.path.rpartition("/")[2]:
        case "PUT" | "POST", _:
            return httpx.Response(201, json={}, headers=date)
        case "DELETE" | "PATCH", _:
            return httpx.Response(204, headers=date)
        case _, "public-key":
            return httpx.Response(200, json={"key_id": "1", "key": key})
        case _, ("secrets" | "variables") as listed:
            times = {"created_at": "2026-11-23T08:00:00Z", "updated_at": "2026-11-23T08:00:00Z"}
            return httpx.Response(200, json={"total_count": 1, listed: [{"name": "A", "value": "x", **times}]})
        case _, "repos" | "repositories" | "values":
            mine = request.url.path == "/user/repos"
            return httpx.Response(200, json=[]) if mine else httpx.Response(404, json={"message": "Not Found"})
    name = request.url.path.removeprefix("/repos/")
    return httpx.Response(200, json={"id": 7, "full_name": name, "archived": False})


# Those that the description has; GitHub documents the same of Codespaces.
@pytest.mark.parametrize("store", [Store.ACTIONS, Store.AGENTS, Store.DEPENDABOT])
def test_every_request_of_an_organization_is_one_too(
    description: OpenAPI, scripted: Callable[..., Client], store: Store
) -> None:
    """Its list, who sees a secret, its key, a value with its audience, a list alone, a delete."""
    sent: list[str] = []
    key = b64encode(bytes(PrivateKey.generate().public_key)).decode()
    answers: dict[str, dict[str, object]] = {
        "secrets": {"secrets": [{"name": "A", "updated_at": "2026-11-23T08:00:00Z", "visibility": "selected"}]},
        "repositories": {"repositories": [{"id": 7, "full_name": "acme/api"}]},
        "public-key": {"key_id": "1", "key": key},
    }

    def handle(request: httpx.Request) -> httpx.Response:
        description.validate_request(_sent(request))
        sent.append(f"{request.method} {request.url.raw_path.decode()}")
        body: dict[str, object] = {"total_count": 1, **answers.get(request.url.path.rpartition("/")[2], {})}
        return httpx.Response(200, json=body, headers={"date": "Mon, 23 Nov 2026 08:00:00 GMT"})

    client, scope = scripted(handle), Scope(Repo.organization("acme"), store)
    list_org_secrets(client, scope, ["A"])
    audience = Audience.selected([Viewer(Repo.parse("acme/api"), 7)])
    put_secret(client, PublicKeys(), scope, "A", SecretValue("plainly fake"), more=body_of(audience))
    put_viewers(client, scope, "A", [7])
    delete_secret(client, scope, "A")
    assert [
        f"GET /orgs/acme/{store}/secrets?per_page=100",
        f"GET /orgs/acme/{store}/secrets/A/repositories?per_page=100",
        f"GET /orgs/acme/{store}/secrets/public-key",
        f"PUT /orgs/acme/{store}/secrets/A",
        f"PUT /orgs/acme/{store}/secrets/A/repositories",
        f"DELETE /orgs/acme/{store}/secrets/A",
    ] == sent


def test_the_check_can_fail(description: OpenAPI) -> None:
    """A body that GitHub's description does not allow is found, so the test above says something."""
    url = "https://api.github.com/repos/a/b/actions/secrets/A"
    wrong = httpx.Request("PUT", url, json={"encrypted_value": "not base64!"})
    with pytest.raises(InvalidRequestBody):
        description.validate_request(_sent(wrong))
