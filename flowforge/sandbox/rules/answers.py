"""What a request is and what an answer is, and GitHub's refusals in GitHub's body shape."""

import json
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Final

from flowforge.data_class import dataclass

DOCS: Final = "https://docs.github.com/rest"
# The status of a request whose connection is reset or left hanging.
UNANSWERED: Final = 0
SECRETS_DOCS: Final = f"{DOCS}/reference/actions#create-or-update-a-repository-secret"
_WHOLE = re.compile("[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request as it arrived."""

    method: str
    """The HTTP method, in upper case."""
    path: str
    """The path without the query and without `/api/v3`."""
    target: str
    """The path with its query as it was sent, without `/api/v3`."""
    query: Mapping[str, str]
    """The query's parameters. Of repeated ones the last is kept."""
    headers: Mapping[str, str]
    """The headers, by their names in lower case."""
    body: bytes
    """The body, of any length."""
    base: str
    """The beginning of URLs in answers, such as `http://127.0.0.1:8000` or the same with `/api/v3`."""


@dataclass(slots=True)
class ApiAnswer:
    """An answer. With neither `data` nor `raw` its body is empty."""

    status: int
    """The HTTP status, or UNANSWERED."""
    data: object = None
    """What is sent as JSON, unless `raw` is given."""
    headers: dict[str, str] = field(default_factory=dict)
    """The headers that this answer adds to the usual ones."""
    raw: bytes | None = None
    """The body as it is."""
    content_type: str = "application/json; charset=utf-8"
    """The media type of the body."""
    foreign: bool = False
    """Whether it comes from a proxy or an error page, so that it lacks the headers of GitHub's API."""


class RefusalError(Exception):
    """A request that GitHub refuses; `answer` is what it says, with the status as a string in the body."""

    def __init__(
        self, status: int, message: str, *, docs: str = DOCS, headers: Mapping[str, str] | None = None, url: str = ""
    ) -> None:
        """Make the answer; `url` is the extra member that redirects carry."""
        super().__init__(message)
        body = {"message": message, "documentation_url": docs, "status": str(status)}
        if url:
            body = {"message": message, "url": url, "documentation_url": docs}
        self.answer = ApiAnswer(status, body, dict(headers or {}))


def whole(text: str, default: int) -> int:
    """Read a whole number above 0 from a path or a query; anything else is the default."""
    return int(text) if _WHOLE.fullmatch(text) else default


def parsed(body: bytes) -> dict[str, object]:
    """Read a body as a JSON object. Raise GitHub's 400 for anything else."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise RefusalError(400, "Problems parsing JSON")
    return data


def not_found() -> RefusalError:
    """Return the 404 that hides whatever a token may not see."""
    return RefusalError(404, "Not Found")


def invalid(message: str) -> RefusalError:
    """Return the 422 of a secret's PUT: a plain message without `errors`."""
    return RefusalError(422, message, docs=SECRETS_DOCS)
