"""What a request is and what an answer is, and GitHub's refusals in GitHub's body shape."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

DOCS: Final = "https://docs.github.com/rest"
UNANSWERED: Final = 0  # the status of a request whose connection is reset or left hanging
SECRETS_DOCS: Final = f"{DOCS}/reference/actions#create-or-update-a-repository-secret"
_WHOLE = re.compile("[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request as it arrived. Header names are in lower case; `query` keeps the last of repeated keys.

    target: the path with its query, as it was sent. base: what URLs in answers begin with, like
    `http://127.0.0.1:8000` or the same with `/api/v3`.
    """

    method: str
    path: str
    target: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str


@dataclass(slots=True)
class ApiAnswer:
    """One answer. `data` is sent as JSON unless `raw` is given; neither means an empty body.

    foreign: it is not of GitHub's API (a proxy's, an error page), so it lacks the headers of one.
    """

    status: int
    data: object = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json; charset=utf-8"
    foreign: bool = False


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
    """Read a body as a JSON object; raises GitHub's 400 for anything else."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise RefusalError(400, "Problems parsing JSON")
    return data


def not_found() -> RefusalError:
    """Give the 404 that hides whatever a token may not see."""
    return RefusalError(404, "Not Found")


def invalid(message: str) -> RefusalError:
    """Give the 422 of a secret's PUT: a plain message, no `errors`."""
    return RefusalError(422, message, docs=SECRETS_DOCS)
