"""In which hours a key was used, as Anthropic's report of the Messages API says: the one reader of that report.

docs: api/admin/usage_report/retrieve_messages, which calls itself legacy in favour of
`GET /v1/organizations/analytics/usage`. Whether empty hours are listed, and how far the report is behind, is not
established: nothing here stands on either.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from flowforge.anthropic.answer import KeyAnswer, NoAnswer
from flowforge.anthropic.exchange import AnthropicWire
from flowforge.anthropic.keys import USAGE, AdminKey
from flowforge.data_class import dataclass

# A week of hours, the most that one page has.
_PER_PAGE: Final = 168
# More than years of hours: a report that goes on for ever must end.
_PAGES: Final = 100
_LONGEST_PAGE: Final = 200  # characters of `next_page`


@dataclass(frozen=True, slots=True)
class UsedHour:
    """A piece of time in which there was use; an hour, unless the report has longer ones."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Usage:
    """What a report says, or why it cannot be known."""

    hours: tuple[UsedHour, ...] = ()
    """The hours with use, in order."""
    trouble: str = ""
    """Why the report is not known, as a clause; then it has no hours."""


def read_usage(wire: AnthropicWire, admin: AdminKey, since: datetime, now: datetime, key_id: str = "") -> Usage:
    """Read the hours with use from `since`, a full hour, to now. key_id: of one key; without it, of the organization.

    A report that cannot be read to its end is not known: `trouble` says why.
    """
    by_key = f"&api_key_ids%5B%5D={key_id}&group_by%5B%5D=api_key_id" if key_id else ""
    begin = f"{USAGE}?starting_at={as_text(since)}&bucket_width=1h&limit={_PER_PAGE}{by_key}"
    found: list[UsedHour] = []
    page, met = "", {""}
    for _ in range(_PAGES):
        answer = wire.get(admin, f"{begin}{page}")
        hours = _hours(answer, now, key_id)
        if isinstance(hours, str):
            return Usage(trouble=hours)
        found += hours
        data = answer.data if isinstance(answer, KeyAnswer) else {}
        if data.get("has_more") is False:
            return Usage(tuple(sorted(found, key=lambda each: each.begins)))
        page = _next(data)
        if page in met:
            return Usage(trouble="the report was cut short")
        met.add(page)
    return Usage(trouble=f"a report of more than {_PAGES} pages")


def as_text(moment: datetime) -> str:
    """Return a time of UTC as the API takes it: `2026-11-23T08:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _next(data: Mapping[str, Any]) -> str:
    """Return the parameter that asks for the next page; empty where there is none to be had."""
    token = data.get("next_page") if data.get("has_more") is True else None
    if not isinstance(token, str) or not token.isascii() or not 0 < len(token) <= _LONGEST_PAGE:
        return ""
    return f"&page={quote(token, safe='')}"


def _hours(answer: KeyAnswer | NoAnswer, now: datetime, key_id: str) -> list[UsedHour] | str:
    """Return the hours with use of a page, or why they cannot be known."""
    if isinstance(answer, NoAnswer):
        return answer.why
    buckets = answer.data.get("data")
    if answer.trouble:
        return answer.trouble
    if not isinstance(buckets, list):
        return "200 without a report of usage"
    found = []
    for bucket in buckets:
        hour, rows = _bucket(bucket)
        if hour is None or rows is None or hour.begins > now:
            return "a report with an hour that cannot be read"
        if any(_is_use(row, key_id) for row in rows):
            found.append(hour)
    return found


def _bucket(data: object) -> tuple[UsedHour | None, list[Any] | None]:
    bucket = data if isinstance(data, dict) else {}
    begins, ends, rows = _time(bucket.get("starting_at")), _time(bucket.get("ending_at")), bucket.get("results")
    real = begins is not None and ends is not None and begins < ends
    return UsedHour(begins, ends) if real and begins and ends else None, rows if isinstance(rows, list) else None


def _is_use(row: object, key_id: str) -> bool:
    """Return whether a row tells of use; of a key unless `key_id` is empty. What cannot be read is use."""
    if not isinstance(row, dict):
        return True
    whose = row.get("api_key_id")
    if key_id and isinstance(whose, str) and whose != key_id:
        # The filter was not heeded.
        return False
    amounts = list(_amounts(row))
    return not amounts or any(amounts)


def _amounts(data: object) -> Iterator[float]:
    """Yield every number, however deep: tokens are counted in several members, and new ones are added."""
    # JSON is no deeper here than Python's own reader of it was able to go.
    stack = [data]
    while stack:
        match stack.pop():
            case dict() as members:
                stack += members.values()
            case list() as items:
                stack += items
            case bool() | None:
                pass
            case int() | float() as amount:
                yield amount


def _time(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
