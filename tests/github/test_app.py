"""An App at GitHub, answer by answer: what its JWT says, what is strange, and what ends an owner or a run."""

import base64
import json
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import pytest

from flowforge.errors import GitHubError
from flowforge.github.app import App, AppJwt, InstallationTokens
from flowforge.github.app_key import AppKey
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.permissions import METADATA, AccessLevel, Permission
from flowforge.github.problems import RepoError, TokenError
from flowforge.github.traces import HIDDEN, Traces
from flowforge.github.urls import ApiUrl
from flowforge.vault import SecretValue
from tests.app_keys import app_key, pem
from tests.wire import Handler, answering

API: Final = ApiUrl.parse("https://api.github.com")
HERE: Final = {"id": 7, "permissions": {"secrets": "write", "metadata": "read", "administration": "admin"}}
SECRETS: Final = Permission("secrets", "Secrets")
Make = Callable[[Handler], tuple[InstallationTokens, AppJwt]]


def _key() -> AppKey:
    return AppKey(SecretValue(pem(app_key())), "the key")


@pytest.fixture
def make(clock: Clock, stop: threading.Event) -> Make:
    """Return a function that makes the tokens of `acme`, whose GitHub is a function."""

    def made(handler: Handler) -> tuple[InstallationTokens, AppJwt]:
        jwt = AppJwt("Iv1.a", _key())
        client = Client(API, jwt, Pacer(clock, stop), transport=answering(handler))
        return InstallationTokens(App(client, jwt, "github.auth.app"), "acme"), jwt

    return made


def _token(text: str = "ghs_plainly-fake", ends: str = "2999-01-01T00:00:00Z") -> httpx.Response:
    return httpx.Response(201, json={"token": text, "expires_at": ends})


class GitHub:
    """Answers an App. The answer to each path may be changed; what was asked is kept."""

    def __init__(self, **answers: httpx.Response) -> None:
        self.asked: list[tuple[str, object]] = []
        self.bearers: list[str] = []
        self.answers = {"orgs": httpx.Response(200, json=HERE), "users": httpx.Response(404, json={}), **answers}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        path = request.url.path
        self.asked.append((path, json.loads(request.content) if request.content else None))
        self.bearers.append(request.headers["authorization"].removeprefix("Bearer "))
        if path.endswith("/access_tokens"):
            return self.answers.get("mint") or _token()
        return self.answers[path.split("/")[1]]


def test_what_a_jwt_says(make: Make) -> None:
    """It is signed with RS256, names the App, began a minute ago, and ends in nine minutes."""
    tokens, _ = make(github := GitHub())
    tokens.current()
    head, claims = (json.loads(base64.urlsafe_b64decode(f"{part}==")) for part in github.bearers[0].split(".")[:2])
    now = datetime.now(UTC).timestamp()
    assert ("RS256", "Iv1.a", 600) == (head["alg"], claims["iss"], claims["exp"] - claims["iat"])
    assert -5 < now - 60 - claims["iat"] < 60
    assert 1 == len(set(github.bearers))


def test_what_a_token_is_asked_for(make: Make) -> None:
    """The installation is found once; each token names what is needed, no more than there is, and up to 500 repos."""
    tokens, _ = make(github := GitHub())
    tokens.need({SECRETS: AccessLevel.READ, Permission("variables", "Variables"): AccessLevel.WRITE}, [3, 1])
    tokens.current()
    tokens.need({SECRETS: AccessLevel.WRITE}, ["ops"])
    tokens.current()
    tokens.need({SECRETS: AccessLevel.WRITE}, range(500))
    tokens.current()
    tokens.need({SECRETS: AccessLevel.WRITE}, range(501))
    tokens.current()
    mint = "/app/installations/7/access_tokens"
    assert [
        ("/orgs/acme/installation", None),
        (mint, {"permissions": {"secrets": "read"}, "repository_ids": [1, 3]}),
        (mint, {"permissions": {"secrets": "write"}, "repositories": ["ops"]}),
        (mint, {"permissions": {"secrets": "write"}, "repository_ids": [*range(500)]}),
        (mint, {"permissions": {"secrets": "write"}}),
    ] == github.asked


def test_a_token_apart_is_never_asked_for_nothing(make: Make) -> None:
    """Asked for nothing, GitHub gives all that the installation has: where it lacks what is needed, metadata."""
    tokens, _ = make(github := GitHub())
    tokens.apart({Permission("actions", "Actions"): AccessLevel.READ}, ["api"]).current()
    assert {"permissions": {"metadata": "read"}, "repositories": ["api"]} == github.asked[-1][1]


def test_what_an_installation_lacks(make: Make) -> None:
    """It is told by the titles of the settings; `admin` is more than write."""
    tokens, _ = make(GitHub())
    variables, admin = Permission("variables", "Variables"), Permission("administration", "Administration")
    asked = {
        SECRETS: AccessLevel.WRITE,
        variables: AccessLevel.READ,
        admin: AccessLevel.WRITE,
        METADATA: AccessLevel.READ,
    }
    assert ("Variables: read",) == tokens.lacks(asked)


STRANGE: Final = {
    "no list": ({"orgs": httpx.Response(200, json=[])}, "FF327"),
    "no id": ({"orgs": httpx.Response(200, json={"permissions": {}})}, "FF327"),
    "no permissions": ({"orgs": httpx.Response(200, json={"id": 7})}, "FF327"),
    "an id that is none": ({"orgs": httpx.Response(200, json={**HERE, "id": True})}, "FF327"),
    "suspended": ({"orgs": httpx.Response(200, json={**HERE, "suspended_at": "2026-01-01T00:00:00Z"})}, "FF364"),
    "nowhere": ({"orgs": httpx.Response(404, json={"message": "Not Found"})}, "FF363"),
    "no token": ({"mint": httpx.Response(201, json={"expires_at": "2999-01-01T00:00:00Z"})}, "FF327"),
    "no end": ({"mint": httpx.Response(201, json={"token": "ghs_fake"})}, "FF327"),
    "an end that is none": ({"mint": httpx.Response(201, json={"token": "x", "expires_at": "soon"})}, "FF327"),
    "suspended since": (
        {"mint": httpx.Response(403, json={"message": "This installation has been suspended"})},
        "FF364",
    ),
    "refused": ({"mint": httpx.Response(403, json={"message": "No"})}, "FF350"),
    "too much": ({"mint": httpx.Response(422, json={"message": "The permissions requested are not granted"})}, "FF326"),
    "gone": ({"mint": httpx.Response(404, json={"message": "Not Found"})}, "FF324"),
    "no answer": ({"orgs": httpx.Response(502, text="")}, "FF328"),
    "a limit": ({"orgs": httpx.Response(403, headers={"retry-after": "7200"}, json={})}, "FF331"),
}


@pytest.mark.parametrize(("answers", "code"), STRANGE.values(), ids=STRANGE)
def test_what_ends_one_owner(make: Make, answers: dict[str, httpx.Response], code: str) -> None:
    """What GitHub answers about one owner, however strange, is an error of that owner's token and no bug."""
    tokens, _ = make(GitHub(**answers))
    with pytest.raises(TokenError) as caught:
        tokens.current()
    assert (code, False) == (caught.value.problems[0].code, isinstance(caught.value, RepoError))


UNKNOWN: Final = {
    "a JWT that is not accepted": httpx.Response(401, json={"message": "A JSON web token could not be decoded"}),
    "a number that no App has": httpx.Response(404, json={"message": "Integration not found"}),
}


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN)
def test_a_key_that_github_does_not_know(make: Make, answer: httpx.Response) -> None:
    """It ends the run, where GitHub has not accepted it before; later it ends the owners that need it still."""
    tokens, _ = make(github := GitHub(orgs=answer))
    with pytest.raises(GitHubError) as caught:
        tokens.current()
    assert ("FF362", False) == (caught.value.problems[0].code, isinstance(caught.value, TokenError))
    tokens, _ = make(github := GitHub())
    tokens.current()
    github.answers["mint"] = answer
    tokens.need({SECRETS: AccessLevel.WRITE})
    with pytest.raises(TokenError) as later:
        tokens.current()
    assert "FF362" == later.value.problems[0].code


def test_an_installation_that_has_changed(make: Make) -> None:
    """Where a token is refused for what it asks, the installation is looked at again, and no repo is named."""
    tokens, _ = make(github := GitHub())
    tokens.need({SECRETS: AccessLevel.WRITE}, [1])
    github.answers["mint"] = httpx.Response(422, json={"message": "not granted"})
    with pytest.raises(TokenError):
        tokens.current()
    mint = "/app/installations/7/access_tokens"
    asked = {"permissions": {"secrets": "write"}}
    assert [
        ("/orgs/acme/installation", None),
        (mint, {**asked, "repository_ids": [1]}),
        ("/orgs/acme/installation", None),
        (mint, asked),
    ] == github.asked


def test_which_tokens_are_renewed(make: Make) -> None:
    """One that had served, that has expired by GitHub's clock, or that another thread has replaced; no other."""
    end = datetime(2999, 1, 1, tzinfo=UTC)
    tokens, _ = make(GitHub())
    first = tokens.current()
    assert (False, False) == (tokens.renew(first, None), tokens.renew(first, end - timedelta(seconds=1)))
    assert tokens.renew(first, end)
    second = tokens.current()
    assert (True, second) == (tokens.renew(first, None), tokens.current())
    tokens.served(second)
    assert (True, False) == (tokens.renew(second, None), tokens.current() is second)


def test_a_token_that_ends_soon_is_replaced(make: Make) -> None:
    """Five minutes before its end a token is made anew, by GitHub's clock."""
    soon = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    tokens, _ = make(github := GitHub(mint=_token(ends=soon)))
    tokens.current()
    github.answers["mint"] = _token()
    assert tokens.current() is tokens.current()
    assert 3 == len(github.asked)


@pytest.mark.parametrize("minutes", [10, -10])
def test_a_clock_that_is_wrong(make: Make, minutes: int) -> None:
    """The next JWT is made by the time that GitHub's answer had, once; a refusal after that is about the key."""
    _, jwt = make(GitHub())
    first = jwt.current()
    time = datetime.now(UTC) + timedelta(minutes=minutes)
    assert (False, True) == (jwt.renew(first, None), jwt.renew(first, time))
    # Another thread, which met the same: its JWT is replaced already.
    assert jwt.renew(first, time)
    second = jwt.current()
    assert (False, True) == (jwt.renew(second, time), abs(jwt.time() - time) < timedelta(minutes=1))


@pytest.mark.parametrize("library", ["jwt", "cryptography"])
def test_without_the_libraries(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    """A FlowForge that was installed without its extra says so."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(GitHubError) as caught:
        _key()
    expected = (
        "error FF360: the key: signing in as a GitHub App needs a library that is not here\n"
        "  fix: install FlowForge with its extra `app`"
    )
    assert expected == str(caught.value)


def test_a_digest_names_the_installation(make: Make) -> None:
    """Its tokens share one limit, which is not the App's, and is another for each purpose; the owner's case is none."""
    tokens, jwt = make(GitHub())
    assert tokens.digest("a") == tokens.digest("a") != tokens.digest("b")
    assert tokens.digest("a") != jwt.digest("a")


def test_each_token_is_recognised(make: Make) -> None:
    """A token that was made later, and each JWT, is hidden in what a server says, as the first one is."""
    github = GitHub(mint=_token("ghs_" + "a1" * 20))
    tokens, jwt = make(github)
    traces, of_key = Traces(), Traces()
    tokens.known_to(traces)
    jwt.known_to(of_key)
    tokens.served(tokens.current())
    github.answers["mint"] = _token(second := "ghs_" + "b2" * 20)
    assert tokens.renew(tokens.current(), None)
    jwt.renew(jwt.current(), datetime.now(UTC) + timedelta(minutes=10))
    later = jwt.current().header().removeprefix("Bearer ")
    told = [traces.hide(f"so {text}!") for text in ("ghs_" + "a1" * 20, second, "ghs_" + "c3" * 20)]
    assert ([HIDDEN, HIDDEN, "so ghs_" + "c3" * 20 + "!"], HIDDEN) == (told, of_key.hide(f"so {later}!"))
