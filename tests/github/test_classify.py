"""What every kind of answer means."""

from collections.abc import Mapping

import pytest

from flowforge.github.answer import NOT_JSON, PAGE, Answer, Broken
from flowforge.github.classify import (
    Again,
    BadToken,
    Classification,
    Fine,
    Foreign,
    Limited,
    OtherVersion,
    classify,
    renamed_to,
)
from flowforge.github.forbidden import archived
from flowforge.github.problems import Refusal
from flowforge.github.urls import ApiUrl
from flowforge.plan.action import Why
from flowforge.plan.address import Repo

_API = ApiUrl.parse("https://api.github.com")
_DATE = {"date": "Mon, 23 Nov 2026 08:00:00 GMT"}
_EMPTY = {**_DATE, "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795421000"}
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_DOCS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
_PERMISSION = (
    "give the token read and write permission for Secrets (classic: the scope repo), and its owner write access"
)
_INSTALL = ", and install its GitHub App on this repo"


def _verdict(
    status: int, message: str = "", headers: Mapping[str, str] | None = None, page: str = ""
) -> Classification:
    return classify(Answer(status, headers or {}, {"message": message, "documentation_url": page}), _API)


def test_a_new_name_that_no_answer_told() -> None:
    """A repo that is listed under another name is refused as one that an answer names, without a status or words."""
    fix = "run `flowforge state move acme/old acme/new` if it was ever applied, then write acme/new in the manifest"
    expected = Refusal("FF323", Why.RENAMED, "renamed to acme/new", fix)
    assert expected == renamed_to(Repo.parse("acme/new"), "acme/old")


def test_an_archived_repo_that_no_write_met() -> None:
    """One that a look found archived is refused without a status or words of GitHub's."""
    fix = "unarchive it, or take it out of the manifest"
    assert Refusal("FF322", Why.ARCHIVED, "archived, so it is read-only", fix, 0, "") == archived()


@pytest.mark.parametrize(
    ("status", "data"), [(200, {"total_count": 0}), (201, {}), (201, None), (204, None), (200, []), (299, {})]
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
        (Answer(502, {}, PAGE), "it answered 502 Bad Gateway"),
        (Answer(599, {}, None), "it answered 599"),
        (Answer(200, {}, NOT_JSON), "it answered 200 OK, which is not JSON"),
        (Answer(304, {}, None), "it answered 304 Not Modified"),
    ],
)
def test_again(answer: Answer | Broken, what: str) -> None:
    """5xx, JSON or HTML, a broken connection, an answer cut short: the same request may work in a moment."""
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
            "give the user whose token it is write access to the repo, or for an organization the role of an owner",
        ),
        (
            "Resource not accessible by integration",
            _EMPTY,
            'no permission: "Resource not accessible by integration"',
            _PERMISSION + _INSTALL,
        ),
        (
            "Resource not accessible by personal access token",
            {"x-accepted-github-permissions": "a\x1b[31m"},
            "no permission: GitHub accepts a\\x1b[31m",
            "give the token that permission",
        ),
    ],
)
def test_no_permission(message: str, headers: Mapping[str, str], detail: str, fix: str) -> None:
    """Another 403 is about permission, and is not waited for, even as the hour's last request."""
    assert Refusal("FF320", Why.NO_PERMISSION, detail, fix, 403, message) == _verdict(403, message, headers)


@pytest.mark.parametrize(
    ("api", "header", "place"),
    [
        (
            "https://api.github.com",
            "required; url=https://github.com/orgs/acme/sso?a=b",
            "https://github.com/orgs/acme/sso?a=b",
        ),
        ("https://api.acme.ghe.com", "required; url=https://acme.ghe.com/sso", "https://acme.ghe.com/sso"),
        ("https://api.github.com", "required; url=https://evil.test/sso", "its settings"),
        ("https://api.github.com", "required; url=http://github.com/sso", "its settings"),
        ("https://api.github.com", "required; url=https://[::1", "its settings"),
        ("https://api.github.com", "required", "its settings"),
    ],
)
def test_sso(api: str, header: str, place: str) -> None:
    """Single sign-on names the page to open, when it is GitHub's own."""
    answer = Answer(403, {"x-github-sso": header}, {"message": "Resource protected by organization SAML enforcement."})
    detail = (
        "the organization's single sign-on must authorize this token: \"Resource protected by organization SAML "
        'enforcement."'
    )
    fix = f"open {place} and authorize the token for the organization"
    message = "Resource protected by organization SAML enforcement."
    assert Refusal("FF321", Why.SSO, detail, fix, 403, message) == classify(answer, ApiUrl.parse(api))


def test_archived() -> None:
    """An archived repo is read-only."""
    message = "Repository was archived so is read-only."
    fix = "unarchive it, or take it out of the manifest"
    detail = f'archived, so it is read-only: "{message}"'
    expected = Refusal("FF322", Why.ARCHIVED, detail, fix, 403, message)
    assert expected == _verdict(403, message)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("headers", "data", "location"),
    [
        ({"location": "https://api.github.com/repositories/7"}, {}, "https://api.github.com/repositories/7"),
        ({}, {"url": "https://api.github.com/repositories/7/x?y=z"}, "https://api.github.com/repositories/7/x?y=z"),
        ({"location": "/repositories/7"}, PAGE, "/repositories/7"),
    ],
)
def test_renamed(status: int, headers: Mapping[str, str], data: object, location: str) -> None:
    """A redirect to `/repositories/ID` means another name; it is never followed here."""
    expected = Refusal(
        "FF323", Why.RENAMED, "renamed or moved", "write its new name in the manifest", status, "", location
    )
    assert expected == classify(Answer(status, headers, data), _API)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://api.github.com/y", '"https://api.github.com/y"'),
        ("/login?return_to=%2Frepos", '"/login"'),
        ("https://api.github.com/repositories/7x", '"https://api.github.com/repositories/7x"'),
        ("//evil.test/repositories/7", '"//evil.test/repositories/7"'),
        ("", ""),
    ],
)
def test_a_redirect_that_is_no_rename(status: int, location: str, shown: str) -> None:
    """A redirect to anywhere else is not of GitHub's API, such as one to a page where people sign in."""
    found = classify(Answer(status, {"location": location}, None), _API)
    assert isinstance(found, Foreign)
    assert found.what.endswith(f", a redirect {f'to {shown}' if shown else 'that names no place'}")


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 406, 407, 410, 422, 429, 451])
def test_a_page_is_no_answer_of_an_api(status: int) -> None:
    """What does not begin as JSON is not GitHub's, whatever its status: a sign-in page, a web server's 404."""
    found = classify(Answer(status, {}, PAGE), _API)
    assert isinstance(found, Foreign)
    assert (True, True) == (found.what.startswith(f"it answered {status}"), found.what.endswith(", which is not JSON"))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_an_error_of_another_api(status: int) -> None:
    """GitHub's errors have a message; one that has none is another API's, as long as it says anything."""
    verdicts = [classify(Answer(status, {}, data), _API) for data in ({"error": "x"}, ["x"], {"message": 7})]
    quiet = [classify(Answer(status, {}, data), _API) for data in ({}, None, NOT_JSON, {"message": "x"})]
    assert ([True] * 3, [False] * 4) == (
        [isinstance(each, Foreign) for each in verdicts],
        [isinstance(each, Foreign) for each in quiet],
    )


def test_a_limit_whose_body_is_a_page() -> None:
    """GitHub's edge refuses in HTML at times; its `retry-after` says that it is a limit."""
    limited = classify(Answer(429, {"retry-after": "9"}, PAGE), _API)
    assert Limited(9.0, secondary=True) == limited


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (
            404,
            "Not Found",
            Refusal(
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
            Refusal(
                "FF326",
                Why.REFUSED,
                'GitHub refused the request with 422: "Secret names must not start with GITHUB_."',
                "check the secret's name, and that its value has at most 47,952 bytes",
                422,
                "Secret names must not start with GITHUB_.",
            ),
        ),
        (409, "", Refusal("FF326", Why.REFUSED, "GitHub refused the request with 409", "see what GitHub says", 409)),
    ],
)
def test_other_refusals(status: int, message: str, expected: Refusal) -> None:
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
    assert isinstance(_verdict(400, "Problems parsing JSON"), Refusal)
