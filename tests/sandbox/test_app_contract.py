"""What the sandbox answers to and about GitHub Apps validates against GitHub's own OpenAPI description."""

from collections.abc import Callable

import httpx
import pytest
from openapi_core import OpenAPI

from flowforge.sandbox import Sandbox
from tests.openapi import check, github_description

AsApp = Callable[[], dict[str, str]]


@pytest.fixture(scope="module")
def github() -> OpenAPI:
    """Read GitHub's description of its API once."""
    return github_description()


@pytest.fixture
def installation(sandbox: Sandbox, as_app: AsApp) -> int:
    """Return the number of an installation at acme; there is a suspended one at a user."""
    assert as_app()
    sandbox.world.create_user("ada")
    sandbox.world.install_app("ci", "ada")
    sandbox.world.suspend_app("ci", "ada")
    return sandbox.world.install_app("ci", "acme", repos=["repo-001", "repo-002"])


@pytest.mark.parametrize(
    "path",
    [
        "/app",
        "/app/installations/{installation}",
        "/orgs/acme/installation",
        "/users/ada/installation",
        "/repos/acme/repo-001/installation",
    ],
)
def test_reads(http: httpx.Client, github: OpenAPI, as_app: AsApp, installation: int, path: str) -> None:
    """An App and its installations are shown as described."""
    answer = http.get(path.format(installation=installation), headers=as_app())
    assert (200, True) == (answer.status_code, bool(answer.json()))
    check(github, answer)


@pytest.mark.usefixtures("installation")
def test_the_list(http: httpx.Client, as_app: AsApp) -> None:
    """The list holds what is answered of each alone.

    Of an item's `account` the description wants a user and an enterprise at once, which no answer of GitHub's is.
    """
    listed = http.get("/app/installations", headers=as_app()).json()
    alone = [http.get(f"/app/installations/{each['id']}", headers=as_app()).json() for each in listed]
    assert (2, alone) == (len(listed), listed)


def test_tokens(sandbox: Sandbox, http: httpx.Client, github: OpenAPI, as_app: AsApp, installation: int) -> None:
    """Tokens are asked for, used and revoked as described; so are those that are not to be had."""
    path = f"/app/installations/{installation}/access_tokens"
    bodies = (
        {"permissions": {"secrets": "read"}},
        {"permissions": {"secrets": "write"}, "repositories": ["repo-001"]},
        {"repository_ids": [sandbox.world.directory["acme/repo-002"].id]},
        {"repositories": ["repo-003"]},
        {"permissions": {"issues": "read"}},
    )
    answers = [http.post(path, headers=as_app(), json=body) for body in bodies]
    answers += [http.post(path.replace(str(installation), "7"), headers=as_app(), json={})]
    answers += [http.post(path, headers={"authorization": "Bearer x"}, json={})]
    header = {"authorization": f"Bearer {answers[0].json()['token']}"}
    answers += [http.get("/installation/repositories", headers=header)]
    answers += [http.delete("/installation/token", headers=header)]
    assert [201, 201, 201, 422, 422, 404, 401, 200, 204] == [answer.status_code for answer in answers]
    for answer in answers:
        check(github, answer)
