"""Answers that only fuzzing thinks of: each is understood or refused, and none ends in a traceback."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.errors import GitHubError, quote
from flowforge.github.answer import Answer, NotJson, parsed
from flowforge.github.confirm import ChangedSince, Confirmation, Confirmed, Lagging, Sent, confirm
from flowforge.github.http import Client
from flowforge.github.repos import look_up
from flowforge.github.secrets import list_secrets
from flowforge.plan.action import Why
from flowforge.plan.address import Repo, Scope
from flowforge.plan.facts import Unreadable

MakeClient = Callable[..., Client]
_REPO = Repo.parse("acme/api")


@pytest.mark.parametrize("half", [rb"\ud800", rb"x\uDFFFy", b"\xed\xa0\x80"])
def test_half_a_character(half: bytes) -> None:
    """JSON can write what no text can hold; nothing could be sent back of it: it counts as no JSON."""
    assert isinstance(parsed(b'{"key_id": "' + half + b'"}'), NotJson)


def test_a_whole_character_of_two_halves() -> None:
    """What stands in two halves beside each other is a character as any other."""
    assert {"name": "\N{SNOWMAN}\N{GRINNING FACE}"} == parsed(rb'{"name": "\u2603\ud83d\ude00"}')


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 23 Nov 2026 08:00:00 +99999999999999",
        "Mon, 23 Nov 99999999999999999999 08:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Wed, 01 Jan 3000 00:00:00 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "Sat, 23 Nov 999 08:00:00 GMT",
    ],
)
def test_a_date_beyond_the_calendar(date: str) -> None:
    """A date that GitHub's clock cannot show is no date: the answer counts as one without."""
    answer = Answer(200, {"date": date})
    assert (None, "") == (answer.time, answer.date)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
        ("Tue, 31 Dec 2999 23:59:59 GMT", "2999-12-31T23:59:59Z"),
        ("Mon, 23 Nov 2026 08:00:00 -0000", "2026-11-23T08:00:00Z"),
        ("Mon, 23 Nov 2026 08:00:00 +2359", "2026-11-22T08:01:00Z"),
    ],
)
def test_a_date_at_the_ends_of_what_can_be(date: str, expected: str) -> None:
    """A date is written as GitHub writes times elsewhere; what says no zone is GMT wherever this runs."""
    assert expected == Answer(200, {"date": date}).date


def test_a_token_that_expires_beyond_the_calendar() -> None:
    """A token's end that is no time in UTC is unknown."""
    header = {"github-authentication-token-expiration": "9999-12-31 23:59:59 -0100"}
    assert Answer(200, header).token_expires is None


@pytest.mark.parametrize("location", ["http:s//api.github.com/repositories/1", "https://[", "\x80"])
def test_a_redirect_to_what_is_no_url(scripted: MakeClient, location: str) -> None:
    """A redirect is not followed wherever it points, also to where the HTTP library could make no request to."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(301, headers=[(b"location", location.encode("latin-1"))])

    with pytest.raises(GitHubError) as caught:
        scripted(handler).get("/repos/acme/api")
    why = f"it answered 301 Moved Permanently, a redirect to {quote(location)}; the address came from github.api_url"
    assert (why, ["/repos/acme/api"]) == (caught.value.problems[0].why, asked)


@pytest.mark.parametrize(
    ("date", "listed", "expected"),
    [
        ("2999-12-31T23:59:59Z", "2999-12-31T23:59:59Z", Confirmed("2999-12-31T23:59:59Z")),
        ("2999-12-31T23:59:59Z", "2026-11-23T08:00:00Z", Lagging()),
        ("1970-01-01T00:00:00Z", "2026-11-23T08:00:00Z", ChangedSince("2026-11-23T08:00:00Z")),
    ],
)
def test_times_at_the_ends_of_the_calendar(
    scripted: MakeClient, date: str, listed: str, expected: Confirmation
) -> None:
    """A write at the first or last second there is, is judged as any other."""
    secrets = {"total_count": 1, "secrets": [{"name": "A", "updated_at": listed}]}
    client = scripted(lambda _: httpx.Response(200, json=secrets))
    assert {"A": expected} == confirm(client, Scope(_REPO), {"A": Sent(date)})


@pytest.mark.parametrize("number", ["true", "-5", "0", "7.0", "1e3", "9007199254740993", "NaN", '"7"', "null"])
def test_a_repo_whose_id_is_none(scripted: MakeClient, number: str) -> None:
    """`true` is no number, -5 is no id: taken for one it would be written to a state that nobody can read."""
    repo = f'{{"id": {number}, "full_name": "acme/api", "archived": false}}'
    client = scripted(lambda _: httpx.Response(200, text=repo))
    detail = "a repo without its id, full_name or archived"
    fix = "check that github.api_url, or GITHUB_API_URL, names a GitHub API"
    assert {_REPO: Unreadable(Why.FAILED, detail, fix)} == look_up(client, [_REPO])


def test_a_time_with_an_escape_in_it(scripted: MakeClient) -> None:
    """Between day and hour any character makes a time for Python, and ESC would reach the terminal with it."""
    secrets = {"total_count": 1, "secrets": [{"name": "A", "updated_at": "2026-11-23\x1b08:00:00Z"}]}
    client = scripted(lambda _: httpx.Response(200, json=secrets))
    detail = "a secret without its name or its updated_at in a list"
    fix = "check that github.api_url, or GITHUB_API_URL, names a GitHub API"
    assert Unreadable(Why.FAILED, detail, fix) == list_secrets(client, Scope(_REPO))
