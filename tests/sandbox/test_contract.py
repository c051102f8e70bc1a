"""Every good answer validates against GitHub's own OpenAPI description, in the form of the checkout's shared data."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from flowforge.sandbox import Sandbox

Seal = Callable[[str, bytes], dict[str, str]]
DESCRIPTION = Path(__file__).parents[3] / "shared" / "data" / "github-openapi-subset.json"
SECRETS = "/repos/acme/repo-001/actions/secrets"


@pytest.fixture(scope="module")
def github() -> OpenAPI:
    """Load GitHub's description once."""
    if not DESCRIPTION.exists():
        pytest.skip("GitHub's OpenAPI description is not beside this checkout")
    return OpenAPI.from_dict(json.loads(DESCRIPTION.read_text()))


def check(github: OpenAPI, answer: httpx.Response) -> None:
    """Validate what was asked and what was answered; raises on any difference."""
    asked = answer.request
    request = MockRequest(
        "https://api.github.com",
        asked.method.lower(),
        asked.url.path,
        args=dict(asked.url.params),
        data=asked.content or None,
        content_type="application/json",
    )
    kind = answer.headers.get("content-type", "").partition(";")[0]
    response = MockResponse(answer.content, answer.status_code, content_type=kind)
    github.validate_request(request)
    github.validate_response(request, response)


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
