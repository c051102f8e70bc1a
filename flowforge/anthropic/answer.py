"""What came back from Anthropic: its status, and of its texts only what has a form that can hold no secret."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from flowforge.data_class import dataclass

_DONE: Final = 200
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_KIND: Final = re.compile(r"[a-z_]{1,40}_error", re.ASCII)
_PAGE: Final = re.compile(rb"\s*<")


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """An answer that came whole."""

    status: int
    """The HTTP status."""
    data: Mapping[str, Any]
    """The JSON object of the body; empty where it is none."""
    page: bool = False
    """Whether the body is a page, which a proxy or a portal gave and no API."""
    organization: str = ""
    """The header `anthropic-organization-id`; empty where it is missing or has another form."""
    workspace: str = ""
    """The header `anthropic-workspace-id`, likewise."""
    at: datetime | None = None
    """The header `Date`, in UTC; None where it is missing or no date."""

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], body: bytes) -> "KeyAnswer":
        """Read an answer. headers: by their names in lower case."""
        data = _json(body)
        return cls(
            status,
            data,
            page=bool(_PAGE.match(body)) or "html" in headers.get("content-type", "").lower(),
            organization=_id(headers.get("anthropic-organization-id", "")),
            workspace=_id(headers.get("anthropic-workspace-id", "")),
            at=_date(headers.get("date", "")),
        )

    @property
    def kind(self) -> str:
        """The type of an error, such as `overloaded_error`; empty where it is not said (docs: api/errors)."""
        error = self.data.get("error")
        said = error.get("type") if isinstance(error, dict) else None
        return said if isinstance(said, str) and _KIND.fullmatch(said) else ""

    @property
    def is_refusal(self) -> bool:
        """Whether the body is an error as Anthropic words every one, and nobody's between us (docs: api/errors)."""
        return self.data.get("type") == "error" and bool(self.kind)

    @property
    def trouble(self) -> str:
        """Why it has nothing of what was asked for, as a clause; empty for a 200 that is Anthropic's."""
        if self.page:
            # A proxy, or the sign-in of a network.
            return f"{self.status} with a page, which is not Anthropic's"
        return "" if self.status == _DONE else self.said

    @property
    def said(self) -> str:
        """The status as a clause for people: `529 overloaded_error`."""
        return f"{self.status} {self.kind}".strip()


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """What kept an answer from coming."""

    why: str
    """A clause that holds nothing from outside."""


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _id(text: str) -> str:
    return text if _ID.fullmatch(text) else ""


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
