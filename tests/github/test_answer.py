"""What an answer's headers and body say."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from flowforge.github.answer import NOT_JSON, Answer

_DATE = "Mon, 23 Nov 2026 08:00:00 GMT"


@pytest.mark.parametrize(("header", "date"), [(_DATE, "2026-11-23T08:00:00Z"), ("yesterday", ""), ("", "")])
def test_the_date_is_written_as_github_writes_times(header: str, date: str) -> None:
    """A PUT's own `Date` becomes the form of `updated_at`; an unreadable one is empty, not an exception."""
    assert date == Answer(200, {"date": header}).date


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"message": "No.", "documentation_url": "https://docs"}, ("No.", "https://docs")),
        ({"message": 1, "documentation_url": None}, ("", "")),
        (["No."], ("", "")),
        (None, ("", "")),
        (NOT_JSON, ("", "")),
    ],
)
def test_what_github_says_is_read_from_any_body(data: object, said: tuple[str, str]) -> None:
    """A body of any shape gives a message and a page, empty where there are none."""
    answer = Answer(403, {}, data)
    assert said == (answer.message, answer.documentation)


@pytest.mark.parametrize(
    ("text", "number"), [("60", 60), (" 0 ", 0), ("-1", None), ("1e3", None), ("", None), ("\u0663", None)]
)
def test_numbers_in_headers(text: str, number: int | None) -> None:
    """Only plain whole numbers are read."""
    assert number == Answer(200, {"retry-after": text}).number("retry-after")


def test_links_are_found_by_relation() -> None:
    """`Link` gives next and last, in any order and company."""
    answer = Answer(200, {"link": '<https://a/x?page=2>; rel="next", <https://a/x?page=9>; rel="last"'})
    assert ("https://a/x?page=2", "https://a/x?page=9", None) == (
        answer.link("next"),
        answer.link("last"),
        answer.link("prev"),
    )


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"date": _DATE, "x-ratelimit-reset": "1795422660"}, 1860.0),
        ({"date": _DATE, "x-ratelimit-reset": "1"}, 0.0),
        ({"x-ratelimit-reset": "1795422660"}, None),
        ({"date": _DATE}, None),
    ],
)
def test_the_reset_is_measured_on_githubs_clock(headers: Mapping[str, str], seconds: float | None) -> None:
    """The seconds until the reset come from the answer's own Date, never from the local clock."""
    assert seconds == Answer(200, headers).until_reset


@pytest.mark.parametrize(
    ("text", "expires"),
    [
        ("2027-03-02 22:39:38 UTC", datetime(2027, 3, 2, 22, 39, 38, tzinfo=UTC)),
        ("2027-03-02 14:39:38 -0800", datetime(2027, 3, 2, 22, 39, 38, tzinfo=UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_a_tokens_end_is_read_in_both_forms(text: str, expires: datetime | None) -> None:
    """The header of a token's expiry comes with `UTC` or with an offset."""
    assert expires == Answer(200, {"github-authentication-token-expiration": text}).token_expires
