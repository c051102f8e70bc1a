"""Anthropic's report of usage by hour or day, in pages (docs: api/admin/usage_report/retrieve_messages)."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from flowforge.sandbox.rules.answers import ApiAnswer, whole
from flowforge.sandbox.rules.anthropic_keys import SandboxKey, refused

# How long each kind of bucket is in seconds, how many a page has unless asked, and how many at most.
_WIDTHS: Final = {"1m": (60, 60, 1440), "1h": (3600, 24, 168), "1d": (86_400, 7, 31)}


def usage_report(
    query: Mapping[str, str], keys: Iterable[SandboxKey], now: float, *, lag: float, most: int
) -> ApiAnswer:
    """Answer a request for the report. lag: how many seconds it is behind. most: buckets on a page, if fewer."""
    width, usual, limit = _WIDTHS.get(query.get("bucket_width", "1d"), (0, 0, 0))
    begin, end = _seconds(query.get("starting_at", "")), _seconds(query.get("ending_at", ""))
    if not width or begin is None:
        return refused(400, "starting_at: a time is required; bucket_width: 1m, 1h or 1d")
    page = query.get("page", "")
    first = _page_start(page) if page else begin - begin % width
    if first is None:
        return refused(400, "page: not found")
    last = now if end is None else min(end - width, now)
    starts = list(range(first, int(last) + 1, width))
    size = min(whole(query.get("limit", ""), usual), limit, most)
    only = query.get("api_key_ids[]", "")
    chosen = [key for key in keys if not only or key.id == only]
    grouped = query.get("group_by[]") == "api_key_id"
    uses = _uses(chosen, now - lag, width)
    more = len(starts) > size
    data = [
        {"starting_at": _time(at), "ending_at": _time(at + width), "results": _rows(uses, at, grouped=grouped)}
        for at in starts[:size]
    ]
    return ApiAnswer(200, {"data": data, "has_more": more, "next_page": _page(starts[size]) if more else None})


def _uses(keys: Iterable[SandboxKey], known: float, width: int) -> Mapping[int, Counter[str]]:
    """Return the tokens of each key by the start of each bucket, as far as it is known."""
    found: dict[int, Counter[str]] = {}
    for key in keys:
        for at, tokens in key.uses:
            if at <= known:
                found.setdefault(int(at - at % width), Counter())[key.id] += tokens
    return found


def _rows(uses: Mapping[int, Counter[str]], at: int, *, grouped: bool) -> list[dict[str, object]]:
    tokens = uses.get(at, Counter())
    if not grouped:
        return [_row(None, tokens.total())] if tokens else []
    return [_row(key, count) for key, count in sorted(tokens.items())]


def _row(key: str | None, tokens: int) -> dict[str, object]:
    return {
        "api_key_id": key,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
        "cache_read_input_tokens": 0,
        "model": None,
        "output_tokens": tokens,
        "server_tool_use": {"web_search_requests": 0},
        "uncached_input_tokens": 0,
        "workspace_id": None,
    }


def _page(start: int) -> str:
    return f"page_{base64.b64encode(_time(start).encode()).decode()}"


def _page_start(text: str) -> int | None:
    try:
        return _seconds(base64.b64decode(text.removeprefix("page_"), validate=True).decode("ascii"))
    except (binascii.Error, ValueError):
        return None


def _seconds(text: str) -> int | None:
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        return None


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
