"""What ends the run, or is waited for: limits, a token that is refused, a GitHub that cannot be reached."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from flowforge.errors import GitHubError
from flowforge.github.problems import BadTokenError, RepoError
from tests.github.scripts import MakeClient, fail, in_turn


def test_a_limit_is_waited_for(scripted: MakeClient, waits: list[float], said: list[str]) -> None:
    """After a rate limit the same request is sent again when GitHub says, and slower after a secondary one."""
    refusal = httpx.Response(403, headers={"retry-after": "30"}, json={"message": "secondary rate limit"})
    assert {} == scripted(in_turn(refusal)).get("/x").data
    assert [31.0] == waits
    assert ["GitHub asks to wait 31 s", "slower from now on: at most 450 points a minute"] == said


def test_a_limit_that_does_not_end(scripted: MakeClient) -> None:
    """Six refusals of one request are enough."""
    refusals = [httpx.Response(429, headers={"retry-after": "1"}, json={}) for _ in range(6)]
    error = fail(scripted(in_turn(*refusals)))
    assert isinstance(error, RepoError)
    assert str(error) == (
        "error FF333: refused by a rate limit 6 times\n  fix: run it again in an hour, with fewer --jobs"
    )


def test_a_wait_too_long_ends_the_run(scripted: MakeClient) -> None:
    """A wait beyond what we may wait is an error for every worker, and no further request is sent."""
    client = scripted(in_turn(httpx.Response(403, headers={"retry-after": "7200"}, json={})))
    errors = [fail(client), fail(client)]
    expected = (
        "error FF331: GitHub asks to wait 121 min, longer than the 15 min that --max-wait allows\n"
        "  fix: run it again after that time, or allow it with --max-wait"
    )
    assert ([expected] * 2, 1) == ([str(error) for error in errors], client.requests)


def test_a_bad_token_ends_the_run(scripted: MakeClient) -> None:
    """A 401 is met once: nothing more is sent with that token, and the error says where it came from."""
    client = scripted(lambda _: httpx.Response(401, json={"message": "Bad credentials"}))
    with ThreadPoolExecutor(8) as pool:
        errors = [pool.submit(client.get, "/x").exception() for _ in range(8)]
    expected = (
        "error FF302: https://api.github.com: GitHub does not accept the token\n"
        '  why: it answered 401 "Bad credentials"; the token came from GH_TOKEN\n'
        "  fix: check that it is whole, not expired, not revoked, and made for this host"
    )
    assert ({expected}, {BadTokenError}, 1) == ({str(e) for e in errors}, {type(e) for e in errors}, client.requests)


def test_the_workflows_own_token_ends_the_run(scripted: MakeClient) -> None:
    """The token of every workflow run is named as what it is once GitHub refuses it."""
    refusal = {"message": "Resource not accessible by integration"}
    client = scripted(lambda _: httpx.Response(403, json=refusal), origin="GITHUB_TOKEN", workflow=True)
    error = fail(client)
    assert str(error) == (
        "error FF303: GITHUB_TOKEN: the workflow's own GITHUB_TOKEN cannot manage secrets\n"
        "  why: GitHub has no permission for secrets that a workflow could ask for\n"
        "  fix: set FLOWFORGE_GITHUB_TOKEN to the token of a GitHub App with Secrets: write,"
        " or to a personal access token"
    )
    assert not isinstance(error, RepoError)
    archived = {"message": "Repository was archived so is read-only."}
    other = scripted(lambda _: httpx.Response(403, json=archived), origin="GITHUB_TOKEN", workflow=True)
    assert isinstance(fail(other), RepoError)


def test_a_token_that_may_be_the_workflows_own(scripted: MakeClient) -> None:
    """Under another name it cannot be told from an App's, so that the repo's refusal says both."""
    refusal = {"message": "Resource not accessible by integration"}
    client = scripted(lambda _: httpx.Response(403, json=refusal), origin="FLOWFORGE_GITHUB_TOKEN", workflow=True)
    error = fail(client)
    assert isinstance(error, RepoError)
    assert str(error) == (
        'error FF320: no permission: "Resource not accessible by integration"\n'
        "  fix: give the token read and write permission for Secrets (classic: the scope repo), and its owner write "
        "access, and install its GitHub App on this repo; the workflow's own token never can"
    )


def test_a_github_that_is_down_ends_the_run_early(scripted: MakeClient) -> None:
    """When the very first request cannot connect, the run is over after its tries and not after everybody's."""

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno 111] Connection refused")

    client = scripted(refuse)
    with ThreadPoolExecutor(8) as pool:
        errors = [pool.submit(client.get, "/x").exception() for _ in range(8)]
    expected = (
        "error FF330: https://api.github.com: GitHub cannot be reached\n"
        "  why: no connection: Connection refused\n"
        "  fix: check the network, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and github.api_url"
    )
    assert ({expected}, {GitHubError}, 4) == ({str(e) for e in errors}, {type(e) for e in errors}, client.requests)


def test_a_github_that_goes_down_ends_the_run(scripted: MakeClient) -> None:
    """Later, one repo's bad luck is that repo's; eight in a row without any answer are GitHub's."""
    down: list[bool] = []

    def handle(_: httpx.Request) -> httpx.Response:
        if down:
            raise httpx.ConnectTimeout("x")
        return httpx.Response(200, json={})

    client = scripted(handle)
    client.get("/x")
    down.append(True)
    assert [RepoError] * 3 == [type(fail(client)) for _ in range(3)]
    down.clear()
    client.get("/x")
    down.append(True)
    errors = [fail(client) for _ in range(9)]
    assert [RepoError] * 7 + [GitHubError] * 2 == [type(error) for error in errors]
    assert ["FF328"] * 7 + ["FF330"] * 2 == [error.problems[0].code for error in errors]
