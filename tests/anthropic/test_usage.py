"""The report of usage: what counts as use, and that nothing is known of a report that cannot be read to its end."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from flowforge.anthropic.address import VerifyAddress
from flowforge.anthropic.exchange import AnthropicWire
from flowforge.anthropic.keys import AdminKey
from flowforge.anthropic.usage import Usage, UsedHour, read_usage
from flowforge.vault import SecretValue
from tests.cli.verifying import admin_key
from tests.wire import answering

KEY = "apikey_01A"
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
SINCE = datetime(2026, 11, 23, 8, tzinfo=UTC)


def hour(at: int) -> UsedHour:
    """Make an hour of that day."""
    begins = SINCE.replace(hour=at)
    return UsedHour(begins, begins + timedelta(hours=1))


def bucket(at: int, *rows: object) -> dict[str, object]:
    """Make an hour of a report."""
    begins, ends = (f"2026-11-23T{each:02}:00:00Z" for each in (at, at + 1))
    return {"starting_at": begins, "ending_at": ends, "results": list(rows)}


def row(tokens: float = 5, key: object = KEY) -> dict[str, object]:
    """Make a row of an hour."""
    return {"api_key_id": key, "output_tokens": tokens, "cache_creation": {"ephemeral_1h_input_tokens": 0}}


def page(*buckets: object, more: object = False, token: object = None) -> dict[str, object]:
    """Make a page of a report."""
    return {"data": list(buckets), "has_more": more, "next_page": token}


def read(handler: Callable[[httpx.Request], httpx.Response], key_id: str = KEY) -> Usage:
    """Read the report of a server that is a function."""
    with AnthropicWire(VerifyAddress("https://api.anthropic.com"), transport=answering(handler)) as wire:
        return read_usage(wire, AdminKey(SecretValue(admin_key())), SINCE, NOW, key_id)


def told(body: object, status: int = 200, key_id: str = KEY) -> Usage:
    """Read a report that is one page."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(lambda _: httpx.Response(status, content=content), key_id)


@pytest.mark.parametrize(
    ("rows", "used"),
    [
        ([], False),
        ([row()], True),
        ([row(0)], False),
        ([row(0), row(1)], True),
        ([row(-1)], True),
        ([{"api_key_id": KEY, "cache_creation": {"deep": [{"new_tokens": 3}]}}], True),
        ([{"api_key_id": KEY, "fast": True, "output_tokens": 0}], False),
        ([row(5, "apikey_01B")], False),
        ([row(5, None)], True),
        ([{"output_tokens": 5}], True),
        ([{"api_key_id": KEY}], True),
        (["what is this"], True),
        ([None], True),
    ],
)
def test_what_is_use(rows: list[object], used: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """Any number but 0 is use, wherever it stands; a row that cannot be read, or names no key, is use too."""
    assert Usage((hour(9),) if used else ()) == told(page(bucket(8), bucket(9, *rows)))


def test_of_everybody() -> None:
    """Without a key the use of all counts, and nothing is asked for by key."""
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(200, json=page(bucket(8, row(5, None)), bucket(9, row(5, "apikey_01B"))))

    assert Usage((hour(8), hour(9))) == read(serve, "")
    path = "/v1/organizations/usage_report/messages?starting_at=2026-11-23T08:00:00Z&bucket_width=1h&limit=168"
    assert [path] == asked


def test_pages() -> None:
    """They are read to the end, by the token that each gives, and put in order."""
    asked: list[dict[str, str]] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        at = len(asked)
        return httpx.Response(200, json=page(bucket(12 - at, row()), more=at < 3, token=f"page_{at}+/="))

    assert Usage((hour(9), hour(10), hour(11))) == read(serve)
    common = {
        "starting_at": "2026-11-23T08:00:00Z",
        "bucket_width": "1h",
        "limit": "168",
        "api_key_ids[]": KEY,
        "group_by[]": "api_key_id",
    }
    assert [common, {**common, "page": "page_1+/="}, {**common, "page": "page_2+/="}] == asked


def test_pages_without_end() -> None:
    """A report that goes on for ever is given up after a hundred pages, and one that turns in a circle at once."""
    counts = {"on": 0, "round": 0}

    def on(_: httpx.Request) -> httpx.Response:
        counts["on"] += 1
        return httpx.Response(200, json=page(more=True, token=f"page_{counts['on']}"))

    def around(_: httpx.Request) -> httpx.Response:
        counts["round"] += 1
        return httpx.Response(200, json=page(more=True, token=f"page_{counts['round'] % 2}"))

    assert [Usage(trouble="a report of more than 100 pages"), Usage(trouble="the report was cut short")] == [
        read(on),
        read(around),
    ]
    assert {"on": 100, "round": 3} == counts


CUT = "the report was cut short"
ODD = "a report with an hour that cannot be read"


@pytest.mark.parametrize(
    ("body", "status", "trouble"),
    [
        (page(more=True), 200, CUT),
        (page(more=True, token=""), 200, CUT),
        (page(more=True, token=7), 200, CUT),
        (page(more=True, token="x" * 201), 200, CUT),
        (page(more=True, token="é"), 200, CUT),
        (page(more=None), 200, CUT),
        ({"data": []}, 200, CUT),
        ({}, 200, "200 without a report of usage"),
        (b"not JSON", 200, "200 without a report of usage"),
        (b"<html>", 200, "200 with a page, which is not Anthropic's"),
        (page({}), 200, ODD),
        (page("8 o'clock"), 200, ODD),
        (page({**bucket(8), "results": None}), 200, ODD),
        (page({**bucket(8), "starting_at": "2026-11-23T08:00:00"}), 200, ODD),
        (page({**bucket(8), "ending_at": "2026-11-23T08:00:00Z"}), 200, ODD),
        (page({**bucket(8), "ending_at": "0001-01-01T00:00:00+14:00"}), 200, ODD),
        (page(bucket(13)), 200, ODD),
        ({"error": {"type": "permission_error"}}, 403, "403 permission_error"),
        ({"error": {"type": "rate_limit_error"}}, 429, "429 rate_limit_error"),
        (page(bucket(8)), 500, "500"),
        (page(bucket(8)), 302, "302"),
    ],
)
def test_what_is_not_known(body: object, status: int, trouble: str) -> None:
    """A report that is refused, cut short, or has what cannot be read is not known at all, and never taken for none."""
    assert Usage(trouble=trouble) == told(body, status)


def test_the_second_page_is_refused() -> None:
    """What the first page said counts for nothing then."""
    pages: list[Any] = [httpx.Response(200, json=page(bucket(8, row()), more=True, token="page_1")), None]
    pages[1] = httpx.Response(529, json={"error": {"type": "overloaded_error"}})
    assert Usage(trouble="529 overloaded_error") == read(lambda _: pages.pop(0))


def test_longer_hours() -> None:
    """Where the report has days all the same, a day with use is used to its end."""
    day = {"starting_at": "2026-11-23T00:00:00Z", "ending_at": "2026-11-24T00:00:00Z", "results": [row()]}
    begins = SINCE.replace(hour=0)
    assert Usage((UsedHour(begins, begins + timedelta(days=1)),)) == told(page(day))
