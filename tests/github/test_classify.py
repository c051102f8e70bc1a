"""What every kind of answer means."""

from collections.abc import Mapping

import pytest

from flowforge.github.answer import NOT_JSON, Answer, Broken
from flowforge.github.classify import Again, BadToken, Fine, Limited, OtherVersion, Verdict, classify
from flowforge.github.problems import No
from flowforge.github.urls import ApiUrl
from flowforge.plan.action import Why

_API = ApiUrl.parse("https://api.github.com")
_DATE = {"date": "Mon, 23 Nov 2026 08:00:00 GMT"}
_EMPTY = {**_DATE, "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795421000"}
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_DOCS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
_PERMISSION = (
    "give the token read and write permission for Secrets (classic: the scope repo), and its owner write access"
)
_INSTALL = ", and install its GitHub App on this repo"


def _verdict(status: int, message: str = "", headers: Mapping[str, str] | None = None, page: str = "") -> Verdict:
    return classify(Answer(status, headers or {}, {"message": message, "documentation_url": page}), _API)


@pytest.mark.parametrize(
    ("status", "data"), [(200, {"total_count": 0}), (201, {}), (201, None), (204, None), (200, [])]
)
def test_fine(status: int, data: object) -> None:
    """A 2xx with JSON, or with no body, can be used."""
    answer = Answer(status, {}, data)
    assert Fine(answer) == classify(answer, _API)


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (Broken("the connection broke", unreached=False), "the connection broke"),
        (Answer(500, {}, {"message": "Server Error"}), "it answered 500 Internal Server Error"),
        (Answer(500, {}, NOT_JSON), "it answered 500 Internal Server Error"),
        (Answer(502, {}, NOT_JSON), "it answered 502 Bad Gateway"),
        (Answer(599, {}, None), "it answered 599"),
        (Answer(200, {}, NOT_JSON), "it answered 200 OK, which is not JSON"),
        (Answer(304, {}, None), "it answered 304 Not Modified"),
    ],
)
def test_again(answer: Answer | Broken, what: str) -> None:
    """5xx, JSON or HTML, a broken connection, a proxy's page with 200: the same request may work in a moment."""
    assert Again(what) == classify(answer, _API)


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("message", "headers", "page", "expected"),
    [
        (_SECONDARY, {"retry-after": "30"}, "", Limited(30.0, secondary=True)),
        (_SECONDARY, {}, "", Limited(None, secondary=True)),
        (_SECONDARY, _EMPTY, "", Limited(None, secondary=True)),
        ("You have triggered an abuse detection mechanism.", {}, "", Limited(None, secondary=True)),
        ("Slow down.", {}, f"{_DOCS}#about-secondary-rate-limits", Limited(None, secondary=True)),
        ("Slow down.", {}, "https://developer.github.com/v3/#abuse-rate-limits", Limited(None, secondary=True)),
        ("Slow down.", {"retry-after": "Mon, 23 Nov"}, "", Limited(None, secondary=True)),
        ("API rate limit exceeded for user ID 1.", _EMPTY, _DOCS, Limited(200.0, secondary=False)),
        (
            "API rate limit exceeded for user ID 1.",
            {**_EMPTY, "retry-after": "9"},
            _DOCS,
            Limited(9.0, secondary=False),
        ),
        ("", _EMPTY, "", Limited(200.0, secondary=False)),
    ],
)
def test_limited(status: int, message: str, headers: Mapping[str, str], page: str, expected: Limited) -> None:
    """A rate limit is known by retry-after, by an empty budget or by its words, with 403 and with 429."""
    assert expected == _verdict(status, message, headers, page)


def test_a_bare_429_is_a_limit() -> None:
    """A 429 says by itself that we went too fast."""
    assert Limited(None, secondary=True) == _verdict(429)


@pytest.mark.parametrize(
    ("message", "headers", "detail", "fix"),
    [
        (
            "Resource not accessible by personal access token",
            {"x-accepted-github-permissions": "secrets=write"},
            "no permission: GitHub accepts secrets=write",
            "give the token that permission",
        ),
        (
            "Resource not accessible by integration",
            {"x-accepted-github-permissions": "secrets=write; environments=write"},
            "no permission: GitHub accepts secrets=write; environments=write",
            "give the token that permission" + _INSTALL,
        ),
        (
            "Must have admin rights to Repository.",
            {},
            'no permission: "Must have admin rights to Repository."',
            _PERMISSION,
        ),
        (
            "Resource not accessible by integration",
            _EMPTY,
            'no permission: "Resource not accessible by integration"',
            _PERMISSION + _INSTALL,
        ),
        ("", {}, "no permission: it answered 403", _PERMISSION),
        (
            "The `acme` organization has an IP allow list enabled, and your IP address is not permitted here.",
            {},
            "no permission: the organization's IP allow list does not have this address",
            "run it from an address on that list, or have this one added to it",
        ),
        (
            "No.",
            {"x-accepted-github-permissions": "a\x1b[31m"},
            "no permission: GitHub accepts a\\x1b[31m",
            "give the token that permission",
        ),
    ],
)
def test_no_permission(message: str, headers: Mapping[str, str], detail: str, fix: str) -> None:
    """Another 403 is about permission, and is not waited for, even as the hour's last request."""
    assert No("FF320", Why.NO_PERMISSION, detail, fix, 403, message) == _verdict(403, message, headers)


@pytest.mark.parametrize(
    ("api", "header", "place"),
    [
        (
            "https://api.github.com",
            "required; url=https://github.com/orgs/acme/sso?a=b",
            "https://github.com/orgs/acme/sso?a=b",
        ),
        ("https://api.acme.ghe.com", "required; url=https://acme.ghe.com/sso", "https://acme.ghe.com/sso"),
        ("https://api.github.com", "required; url=https://evil.test/sso", "the settings of the token"),
        ("https://api.github.com", "required; url=http://github.com/sso", "the settings of the token"),
        ("https://api.github.com", "required; url=https://[::1", "the settings of the token"),
        ("https://api.github.com", "required", "the settings of the token"),
    ],
)
def test_sso(api: str, header: str, place: str) -> None:
    """Single sign-on names the page to open, when it is GitHub's own."""
    answer = Answer(403, {"x-github-sso": header}, {"message": "Resource protected by organization SAML enforcement."})
    detail = "the organization's single sign-on must authorize this token"
    fix = f"open {place} and authorize it for the organization"
    assert No("FF321", Why.SSO, detail, fix, 403) == classify(answer, ApiUrl.parse(api))


def test_archived() -> None:
    """An archived repo is read-only."""
    message = "Repository was archived so is read-only."
    fix = "unarchive it, or take it out of the manifest"
    expected = No("FF322", Why.ARCHIVED, "archived, so it is read-only", fix, 403, message)
    assert expected == _verdict(403, message)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("headers", "data", "location"),
    [
        ({"location": "https://api.github.com/repositories/7"}, {}, "https://api.github.com/repositories/7"),
        ({}, {"url": "https://api.github.com/repositories/7"}, "https://api.github.com/repositories/7"),
        ({}, {"url": 7}, ""),
        ({}, NOT_JSON, ""),
    ],
)
def test_renamed(status: int, headers: Mapping[str, str], data: object, location: str) -> None:
    """A redirect means another name, wherever it points; it is never followed here."""
    expected = No("FF323", Why.RENAMED, "renamed or moved", "write its new name in the manifest", status, "", location)
    assert expected == classify(Answer(status, headers, data), _API)


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (
            404,
            "Not Found",
            No(
                "FF324",
                Why.NOT_FOUND,
                "not found, or invisible to this token",
                "check its name, and that the token may see it",
                404,
                "Not Found",
            ),
        ),
        (
            422,
            "Secret names must not start with GITHUB_.",
            No(
                "FF326",
                Why.FAILED,
                'GitHub refused the request with 422: "Secret names must not start with GITHUB_."',
                "check the secret's name, and that its value has at most 47,952 bytes",
                422,
                "Secret names must not start with GITHUB_.",
            ),
        ),
        (409, "", No("FF326", Why.FAILED, "GitHub refused the request with 409", "see what GitHub says", 409)),
    ],
)
def test_other_refusals(status: int, message: str, expected: No) -> None:
    """Every other 4xx is final."""
    assert expected == _verdict(status, message)


@pytest.mark.parametrize(
    ("status", "message"), [(401, "Bad credentials"), (403, "Maximum number of login attempts exceeded.")]
)
def test_a_bad_token(status: int, message: str) -> None:
    """A token that is not accepted, or was tried too often, is nobody's permission."""
    assert BadToken(f'it answered {status} "{message}"') == _verdict(status, message)


def test_another_version_of_the_api() -> None:
    """A 400 about the version is told from every other 400."""
    assert OtherVersion() == _verdict(400, "The API version is not supported.")
    assert isinstance(_verdict(400, "Problems parsing JSON"), No)
