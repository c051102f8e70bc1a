"""What ends the run, or is waited for: limits, a token that is refused, a GitHub that cannot be reached."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpx
import pytest

from flowforge.errors import GitHubError, Problem
from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.problems import BadTokenError, RepoError, TokenError
from flowforge.github.urls import ApiUrl
from flowforge.vault import SecretValue
from tests.github.scripts import MakeClient, fail, in_turn
from tests.wire import answering


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


class _Renewed(GitHubToken):
    """A token beside which there is always another one to try."""

    def renew(self, refused: GitHubToken, time: datetime | None) -> bool:
        """Return True."""
        del refused, time
        return True


def test_a_token_is_renewed_three_times_at_most(clock: Clock) -> None:
    """A request whose every token is refused ends the run with the fourth of them."""
    met: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        met.append(request)
        return httpx.Response(401, json={"message": "Bad credentials"})

    token = _Renewed(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN")
    pacer = Pacer(clock, threading.Event())
    with Client(ApiUrl.parse("https://api.github.com"), token, pacer, jobs=1, transport=answering(refuse)) as client:
        assert isinstance(fail(client), TokenError)
    assert 4 == len(met)


class _Gone(GitHubToken):
    """A token that cannot be had when a request is due."""

    def current(self) -> GitHubToken:
        """Raise TokenError."""
        raise TokenError(Problem("FF302", "there is none"))


def test_a_token_that_cannot_be_had_leaves_the_account_right(clock: Clock) -> None:
    """What was let through and had no token is sent by nobody, and ends in the pacer's account."""
    token = _Gone(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN")
    pacer = Pacer(clock, threading.Event())
    with Client(ApiUrl.parse("https://api.github.com"), token, pacer, transport=answering(in_turn())) as client:
        errors = [fail(client), fail(client, lambda client: client.put("/x", {}))]
        assert ([TokenError] * 2, 0, 0) == (list(map(type, errors)), client.requests, pacer._window.in_flight)
        assert 0 == pacer._window._flying


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
        "  fix: give the token (FLOWFORGE_GITHUB_TOKEN) read and write permission for Secrets (classic: the scope "
        "repo), and its owner write access, and install its GitHub App on this repo; the workflow's own token never can"
    )


def test_a_github_that_is_down_ends_the_run_early(scripted: MakeClient, said: list[str]) -> None:
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
    assert [
        f"api.github.com: no connection: Connection refused; try {number} of 4, the next in {number**2} s"
        for number in (1, 2, 3)
    ] == said


@pytest.mark.parametrize(
    ("failure", "what"),
    [(httpx.ConnectTimeout("x"), "no connection within 5 s"), (httpx.ReadTimeout("x"), "no answer within 15 s")],
)
def test_each_try_is_told_until_somebody_answers(
    scripted: MakeClient, said: list[str], failure: httpx.TransportError, what: str
) -> None:
    """Whoever waits is told why, be it for a connection or for the first answer."""
    assert {} == scripted(in_turn(failure, failure)).get("/x").data
    assert [f"api.github.com: {what}; try {number} of 4, the next in {number**2} s" for number in (1, 2)] == said


def test_later_only_tries_that_reach_nobody_are_told(scripted: MakeClient, said: list[str]) -> None:
    """Once GitHub has answered, one repo's broken connection is its own; no connection at all is everybody's."""
    answers = (
        httpx.Response(200, json={}),
        httpx.ReadTimeout("x"),
        httpx.Response(200, json={}),
        httpx.ConnectError("x"),
    )
    client = scripted(in_turn(*answers))
    for _ in range(3):
        client.get("/x")
    assert ["api.github.com: no connection: x; try 1 of 4, the next in 1 s"] == said


def test_what_many_meet_at_once_is_told_once(scripted: MakeClient, said: list[str]) -> None:
    """The same sentence of another worker within five seconds is not told again; after that it is."""
    pacer = scripted(in_turn()).pacer
    for wait in (0, 4.9, 5):
        pacer.tell("nobody")
        pacer.sleep(wait)
    pacer.tell("nobody")
    assert ["nobody"] * 2 == said


def test_nothing_listens_on_this_machine() -> None:
    """The system's own refusal, by a real socket: one try, on loopback alone and before anything has answered."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # it has the port, and does not listen
        api = ApiUrl.parse(f"http://localhost:{deaf.getsockname()[1]}", "GITHUB_API_URL")
        token = GitHubToken(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN")
        with Client(api, token, Pacer(Clock(), threading.Event())) as client:
            error = fail(client)
            assert (1, "FF351") == (client.requests, error.problems[0].code)


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
