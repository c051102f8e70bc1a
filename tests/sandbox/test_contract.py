"""Every good answer validates against GitHub's own OpenAPI description."""

from collections.abc import Callable

import httpx
import pytest
from openapi_core import OpenAPI

from flowforge.sandbox import Sandbox, Token, TokenKind
from flowforge.sandbox.world.stores import STORES
from tests.openapi import check, github_description

Seal = Callable[[str, bytes], dict[str, str]]
Write = Callable[..., httpx.Response]
pytestmark = pytest.mark.no_coverage

SECRETS = "/repos/acme/repo-001/actions/secrets"


@pytest.fixture(scope="module")
def github() -> OpenAPI:
    """Read GitHub's description of its API once."""
    return github_description()


@pytest.mark.parametrize(
    "path",
    [
        "/user",
        "/user/repos",
        "/users/acme/repos",
        "/orgs/acme/repos",
        "/rate_limit",
        "/repos/acme/repo-001",
        SECRETS,
        f"{SECRETS}/A",
        f"{SECRETS}/public-key",
    ],
)
def test_reads(sandbox: Sandbox, http: httpx.Client, github: OpenAPI, path: str) -> None:
    """What a read answers has every field that GitHub's description requires, of the type it says."""
    sandbox.world.create_repo("acme/open", private=False)
    sandbox.world.set_secret("acme/repo-001", "A", "x")
    answer = http.get(path)
    assert (answer.status_code, bool(answer.json())) == (200, True)
    check(github, answer)


def test_writes(http: httpx.Client, github: OpenAPI, seal: Seal) -> None:
    """Creating, updating and deleting a secret answer as described; so do a redirect and a missing repository."""
    body = seal("acme/repo-001", b"x")
    answers = [http.put(f"{SECRETS}/A", json=body), http.put(f"{SECRETS}/A", json=body), http.delete(f"{SECRETS}/A")]
    assert [answer.status_code for answer in answers] == [201, 204, 204]
    for answer in answers:
        check(github, answer)


@pytest.fixture
def furnished(sandbox: Sandbox) -> Sandbox:
    """Furnish acme with one of everything, and let the sandbox's token be an installation's too, under `app`."""
    world = sandbox.world
    world.add_token("app", Token(TokenKind.APP))
    world.define_property("acme", "tier", default="low")
    world.define_property("acme", "areas", value_type="multi_select", allowed=["a", "b"])
    for number in (1, 2, 3):  # none is null: the checker takes `nullable` beside `oneOf` for nothing
        world.set_property(f"acme/repo-00{number}", "areas", ["a"])
    world.set_topics("acme/repo-001", ["claude"])
    world.create_team("acme", "Core Team", ["repo-001"])
    world.create_environment("acme/repo-001", "a/b c", wait_timer=30)
    world.set_secret("acme/repo-001", "A", "x", environment="a/b c")
    world.set_variable("acme/repo-001", "A", "x", environment="a/b c")
    world.set_variable("acme/repo-001", "A", "x")
    world.set_org_variable("acme", "A", "x", visibility="selected", repos=["repo-001"])
    for store in STORES:
        world.set_secret("acme/repo-001", "A", "x", store=store)
        world.set_org_secret("acme", "A", "x", store=store, visibility="selected", repos=["repo-001"])
    return sandbox


REPO, ENVIRONMENT = "/repos/acme/repo-001", "/repos/acme/repo-001/environments/a%2Fb%20c"


@pytest.mark.parametrize(
    "path",
    [
        *(
            f"{REPO}/{store}/secrets{rest}"
            for store in ("dependabot", "codespaces", "agents")
            for rest in ("", "/A", "/public-key")
        ),
        *(f"{ENVIRONMENT}{rest}" for rest in ("", "/secrets", "/secrets/A", "/secrets/public-key")),
        *(f"{ENVIRONMENT}{rest}" for rest in ("/variables", "/variables/A")),
        *(
            f"/orgs/acme/{store}/secrets{rest}"
            for store in ("actions", "dependabot", "agents")
            for rest in ("", "/A", "/public-key", "/A/repositories")
        ),
        *(f"/orgs/acme/actions/variables{rest}" for rest in ("", "/A", "/A/repositories")),
        f"{REPO}/environments",
        f"{REPO}/actions/variables",
        f"{REPO}/actions/variables/A",
        f"{REPO}/actions/organization-secrets",
        f"{REPO}/actions/organization-variables",
        f"{REPO}/agents/organization-secrets",
        "/orgs/acme/properties/values",
        "/orgs/acme/teams/core-team/repos",
        "/orgs/acme/repos",
        f"{REPO}/contents/README.md",  # not a folder: the checker seeks a list's `type`
        f"{REPO}/git/trees/main",
        REPO,
    ],
)
@pytest.mark.usefixtures("furnished")
def test_reads_of_everything(http: httpx.Client, github: OpenAPI, path: str) -> None:
    """Each store, environment, variable, organization and team is read as GitHub describes it."""
    answer = http.get(path)
    assert (answer.status_code, bool(answer.json())) == (200, True)
    check(github, answer)


@pytest.mark.usefixtures("furnished")
def test_installation(http: httpx.Client, github: OpenAPI) -> None:
    """What an installation was given is listed as described."""
    answer = http.get("/installation/repositories", headers={"authorization": "Bearer app"})
    assert (answer.status_code, answer.json()["total_count"]) == (200, 3)
    check(github, answer)


def test_writes_of_everything(furnished: Sandbox, http: httpx.Client, github: OpenAPI, write: Write) -> None:
    """Every write of the new places is asked and answered as described, conflicts too."""
    number = furnished.world.directory["acme/repo-001"].id
    org, variables = "/orgs/acme/actions/secrets", "/orgs/acme/actions/variables"
    shown = {"visibility": "selected", "selected_repository_ids": [number]}
    answers = [write(f"{REPO}/{store}/secrets/{name}") for store in STORES for name in "AB"]
    answers += [write(f"{ENVIRONMENT}/secrets/{name}") for name in "AB"]
    answers += [write(f"/orgs/acme/{store}/secrets/{name}", **shown) for store in STORES[:2] for name in "AB"]
    answers += [http.put(f"{ENVIRONMENT}"), http.put(f"{REPO}/environments/new", json={"wait_timer": 1})]
    for path, more in ((f"{REPO}/actions/variables", {}), (f"{ENVIRONMENT}/variables", {}), (variables, shown)):
        answers += [http.post(path, json={"name": "B", "value": "x", **more})]
        answers += [http.patch(f"{path}/B", json={"value": "y"}), http.delete(f"{path}/B")]
    for path in (f"{org}/A/repositories", f"{variables}/A/repositories"):
        answers += [http.put(path, json={"selected_repository_ids": [number]})]
        answers += [http.request(method, f"{path}/{number}") for method in ("PUT", "DELETE")]
    write(f"{org}/A", visibility="all")
    answers += [http.put(f"{org}/A/repositories/{number}"), http.delete(f"{org}/A")]
    updated_created = [204, 201]
    assert [answer.status_code for answer in answers] == [
        *(updated_created * (len(STORES) + 1 + 2)),
        *(200, 200),
        *((201, 204, 204) * 3),
        *((204, 204, 204) * 2),
        *(409, 204),
    ]
    for answer in answers:
        check(github, answer)


def test_files(http: httpx.Client, github: OpenAPI) -> None:
    """A file is made, changed, refused to who does not know it, and not found, as described."""
    path, body = f"{REPO}/contents/state.json", {"message": "m", "content": "e30="}
    answers = [http.put(path, json=body)]
    answers += [http.put(path, json={**body, "sha": sha}) for sha in (answers[0].json()["content"]["sha"], "0" * 40)]
    answers += [http.put(path, json=body), http.get(f"{path}?ref=none")]
    assert [answer.status_code for answer in answers] == [201, 200, 409, 422, 404]
    del answers[2]  # its body fits both forms that the description has for it, and the checker wants one
    for answer in answers:
        check(github, answer)


def test_described_refusals(sandbox: Sandbox, http: httpx.Client, github: OpenAPI) -> None:
    """A renamed and a missing repository are answered as described."""
    sandbox.world.rename_repo("acme/repo-001", "acme/new")
    answers = [http.get("/repos/acme/repo-001"), http.get("/repos/acme/none")]
    assert [answer.status_code for answer in answers] == [301, 404]
    for answer in answers:
        check(github, answer)


def test_the_check_can_fail(http: httpx.Client, github: OpenAPI) -> None:
    """An answer that lacks a required field is noticed: the other tests here are not vacuous."""
    answer = http.get(f"{SECRETS}/public-key")
    wrong = httpx.Response(200, json={"key_id": "1"}, request=answer.request)
    with pytest.raises(Exception, match="InvalidData"):
        check(github, wrong)
