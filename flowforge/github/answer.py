"""One answer of GitHub, with its headers read."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Final

from flowforge.data_class import dataclass
from flowforge.github.traces import Traces
from flowforge.plan.recordable import is_moment

_LINK: Final = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?(\w+)"?')
# Half of a surrogate pair, which JSON can write as an escape and no text can hold.
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_HEAD: Final = 1024
_EXPIRY: Final = ("%Y-%m-%d %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S %z")


class NotJson:
    """Stands where a body was sent that is not JSON, such as an answer cut short."""


NOT_JSON: Final = NotJson()
PAGE: Final = NotJson()
"""Stands where a body does not even begin as GitHub's JSON does: HTML of a proxy or a web server, or some word."""


def is_page(body: bytes | bytearray) -> bool:
    """Return whether a body, or the first piece of one, begins as no object and no list of JSON does."""
    begun = body[:_HEAD].lstrip()
    return bool(begun) and begun[:1] not in (b"{", b"[")


def parsed(body: bytes | bytearray, traces: Traces | None = None) -> object:
    """Read a body as JSON: None if it is empty, PAGE or NOT_JSON if it is none. traces: of tokens to hide in it."""
    if not body:
        return None
    if is_page(body):
        return PAGE
    try:
        text = body.decode()
        found: object = json.loads(text)  # not of bytes, for that lets half a character through
        # Half a character, which JSON can write, is no text: it could be sent nowhere, nor be shown.
        if _HALF.search(body):
            json.dumps(found, ensure_ascii=False).encode()
        return _each_text(found, traces.hide) if traces and traces.seen(text) else found
    except (ValueError, RecursionError):
        return NOT_JSON


def _each_text(found: object, change: Callable[[str], str]) -> object:
    """Return a JSON value with all of its texts changed, names too."""
    if isinstance(found, str):
        return change(found)
    if isinstance(found, list):
        return [_each_text(each, change) for each in found]
    if isinstance(found, dict):
        return {change(name): _each_text(value, change) for name, value in found.items()}
    return found


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands for an answer that did not come."""

    what: str
    """What happened, as a clause."""
    unreached: bool = False
    """Whether not even a connection was made."""
    refused: bool = False
    """Whether the connection was refused, because nothing listens there."""
    overdue: bool = False
    """Whether the exchange took longer than it may, whatever came of it by then."""


@dataclass(frozen=True)
class Answer:
    """One answer of GitHub."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str]
    """The headers, by their names in lower case."""
    data: object = None
    """The JSON body: None if it is empty, NOT_JSON if it cannot be read."""
    retried: bool = False
    """Whether the request was sent before without a usable answer, so it may have been done already then."""
    held: float = 0.0
    """The seconds that the limits held the request back."""
    body: bytes = b""
    """The body as it came, where the request asked for it; empty where it is larger than a megabyte or has a token."""
    computed_etag: str = ""
    """The ETag that can be computed from the body, or from the one that the request knew."""
    unchanged: bool = False
    """Whether it is still what the request knew, of which `data` is then."""

    @cached_property
    def time(self) -> datetime | None:
        """GitHub's own time of the answer, from its `Date` header, in UTC; None if there is no usable one."""
        try:
            found = parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, OverflowError):  # the latter for a year or a zone that no calendar has
            return None
        known = found.replace(tzinfo=UTC) if found.tzinfo is None else found  # RFC 9110: the zone is always GMT
        return known.astimezone(UTC) if is_moment(known) else None

    @property
    def date(self) -> str:
        """GitHub's own time of the answer as it writes times elsewhere, `2026-11-23T08:00:00Z`; empty without one."""
        return self.time.isoformat(timespec="seconds").replace("+00:00", "Z") if self.time else ""

    @property
    def message(self) -> str:
        """What GitHub says is wrong; empty if it does not say. Not safe to print: see `errors.quote`."""
        found = self.data.get("message") if isinstance(self.data, Mapping) else None
        return found if isinstance(found, str) else ""

    @property
    def documentation(self) -> str:
        """The page that GitHub names for an error. A secondary rate limit is recognised by it."""
        found = self.data.get("documentation_url") if isinstance(self.data, Mapping) else None
        return found if isinstance(found, str) else ""

    def number(self, header: str) -> int | None:
        """Read a header that is a whole number; None without one, or for other text."""
        text = self.headers.get(header, "").strip()
        return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None

    def link(self, relation: str) -> str | None:
        """Return the URL of a `Link` relation such as `next`."""
        found = {match.group(2): match.group(1) for match in _LINK.finditer(self.headers.get("link", ""))}
        return found.get(relation)

    @property
    def until_reset(self) -> float | None:
        """Seconds from this answer to the reset of the primary limit, by GitHub's clock alone."""
        reset = self.number("x-ratelimit-reset")
        return None if reset is None or self.time is None else max(0.0, reset - self.time.timestamp())

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of a classic token; none for any other kind, which has permissions instead."""
        return frozenset(filter(None, (each.strip() for each in self.headers.get("x-oauth-scopes", "").split(","))))

    @property
    def token_expires(self) -> datetime | None:
        """When the token ends, for tokens that do: both of GitHub's formats, as UTC."""
        text = self.headers.get("github-authentication-token-expiration", "").strip()
        for form in _EXPIRY if text else ():  # most tokens say nothing, and the first strptime takes 5 ms
            try:
                found = datetime.strptime(text, form)  # noqa: DTZ007 -- the zone is UTC in the form without an offset
                return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
            except (ValueError, OverflowError):
                continue
        return None
