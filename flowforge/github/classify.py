"""What an answer means: use it, try again, wait, or a refusal. Pure.

Sources: docs.github.com, "Troubleshooting the REST API" and "Rate limits for the REST API". A 403 means one of six
things. Only a rate limit is worth waiting for, and it may come without a `retry-after`.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from http import HTTPStatus
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import quote, quote_sentence
from flowforge.github.answer import NOT_JSON, PAGE, Answer, Broken
from flowforge.github.forbidden import forbidden, with_sentence
from flowforge.github.problems import Refusal
from flowforge.github.urls import ApiUrl
from flowforge.plan.action import Why
from flowforge.plan.address import Repo

# "You have exceeded a secondary rate limit"; an older wording is "abuse detection mechanism" (google/go-github).
_SECONDARY: Final = re.compile(r"secondary rate|abuse detection", re.IGNORECASE)
_SECONDARY_PAGE: Final = re.compile(r"secondary-rate-limits$|#abuse-rate-limits$")
# Several bad logins lock a user out of all authentication for a while, with a 403 and not a 401
# (docs.github.com, "Authenticating to the REST API").
_LOCKED_OUT: Final = re.compile(r"login attempts", re.IGNORECASE)
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Fine:
    """The answer can be used."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Again:
    """GitHub, or something between, failed. The same request may work in a moment. what: a clause."""

    what: str


@dataclass(frozen=True, slots=True)
class Limited:
    """A rate limit."""

    seconds: float | None
    """How long to wait; None if GitHub does not say."""
    secondary: bool
    """Whether the requests came too fast; if not, the budget of the hour is spent."""
    what: str = field(default="", compare=False)
    """GitHub's own sentence, quoted; empty without one."""


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """GitHub does not know the API version that we name."""

    what: str = field(default="", compare=False)
    """GitHub's own sentence, quoted."""


@dataclass(frozen=True, slots=True)
class BadToken:
    """GitHub does not accept the token for anything. what: GitHub's words, quoted."""

    what: str


@dataclass(frozen=True, slots=True)
class Strayed:
    """The answer points to another host."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something answered, and not GitHub's API. what: a clause."""

    what: str


Classification = Fine | Again | Limited | OtherVersion | BadToken | Strayed | Foreign | Refusal


def classify(answer: Answer | Broken, api: ApiUrl) -> Classification:
    """Return what an answer means. A 404 and a redirect are refusals here; the caller may know more."""
    if isinstance(answer, Broken):
        return Again(answer.what)
    if found := limit_of(answer) or _foreign(answer):
        return found
    if answer.unchanged or (answer.status // 100 == 2 and answer.data is not NOT_JSON):  # noqa: PLR2004 -- 2xx
        return Fine(answer)
    match answer.status // 100:
        case 3 if answer.status != HTTPStatus.NOT_MODIFIED:
            return _redirected(answer, api)
        case 4:
            return _refused(answer, api)
    cut = ", which is not JSON" if answer.data is NOT_JSON and answer.status < _SERVER_ERROR else ""
    return Again(f"it answered {_phrase(answer.status)}{cut}")


def _foreign(answer: Answer) -> Foreign | None:
    """Return what GitHub's API never answers; None where it may. An error of the server tells nothing."""
    # By the body alone: a network's sign-in page comes with any status, and web servers name any content type.
    group = answer.status // 100
    said = isinstance(answer.data, Mapping) and isinstance(answer.data.get("message"), str)
    # Nothing at all, and what was cut short, says nothing of who answered.
    other = group == 4 and answer.data and answer.data is not NOT_JSON and not said  # noqa: PLR2004 -- 4xx
    strange = "which is not JSON" if answer.data is PAGE else "whose JSON is not GitHub's"
    if (group in {2, 4} and answer.data is PAGE) or other:
        return Foreign(f"it answered {_phrase(answer.status)}, {strange}")
    return None


def renamed_to(repo: Repo, before: str) -> Refusal:
    """Return the refusal of a repo that has another name now. before: its old name."""
    # The state is told first: otherwise it has never heard of the new name, and would write what is there once more.
    fix = f"run `flowforge state move {before} {repo}` if it was ever applied, then write {repo} in the manifest"
    return _renamed(f"renamed to {repo}", fix)


def _renamed(detail: str, fix: str, answer: Answer | None = None, location: str = "") -> Refusal:
    status, message = (answer.status, answer.message) if answer else (0, "")
    return Refusal("FF323", Why.RENAMED, detail, fix, status, message, location)


def limit_of(answer: Answer) -> Limited | None:
    """Return the rate limit that a 403 or 429 means, if any: by `retry-after`, an empty budget, or the words."""
    if answer.status not in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
        return None
    secondary = bool(_SECONDARY.search(answer.message) or _SECONDARY_PAGE.search(answer.documentation))
    # A refusal for lack of permission may happen to be the last request of the hour. No wait helps that one.
    empty = answer.number("x-ratelimit-remaining") == 0 and (not answer.message or "rate limit" in answer.message)
    said = quote_sentence(answer.message) if answer.message else ""
    if "retry-after" in answer.headers:
        return Limited(answer.number("retry-after"), secondary or not empty, said)
    if empty and not secondary:
        return Limited(answer.until_reset, secondary=False, what=said)
    fast = answer.status == HTTPStatus.TOO_MANY_REQUESTS and answer.data is not PAGE
    return Limited(None, secondary=True, what=said) if secondary or fast else None


def _redirected(answer: Answer, api: ApiUrl) -> Strayed | Foreign | Refusal:
    """Refuse to follow a redirect: the name in the manifest must be the one that GitHub uses."""
    # Whoever renames a repo away and lets another take its name would otherwise get its secrets, or keep them.
    location = answer.headers.get("location", "")
    if not location and isinstance(answer.data, Mapping) and isinstance(answer.data.get("url"), str):
        location = answer.data["url"]
    if api.elsewhere(location):
        return Strayed()
    if api.repository_at(location) is None:
        # Without the query, which may hold all that was asked.
        to = f"to {quote(location.partition('?')[0])}" if location else "that names no place"
        return Foreign(f"it answered {_phrase(answer.status)}, a redirect {to}")
    return _renamed("renamed or moved", "write its new name in the manifest", answer, location)


def _refused(answer: Answer, api: ApiUrl) -> OtherVersion | BadToken | Refusal:
    """Return what a 4xx means that is no rate limit. None of them is worth trying again."""
    status, message = answer.status, answer.message
    if status == HTTPStatus.BAD_REQUEST and "version" in message.lower():
        return OtherVersion(quote_sentence(message))
    if status == HTTPStatus.UNAUTHORIZED or (status == HTTPStatus.FORBIDDEN and _LOCKED_OUT.search(message)):
        return BadToken(f"it answered {status} {quote_sentence(message)}")
    if status == HTTPStatus.FORBIDDEN:
        return forbidden(answer, api)
    if status == HTTPStatus.NOT_FOUND:
        fix = "check its name, and that the token may see it"
        detail = with_sentence("not found, or invisible to this token", message)
        return Refusal("FF324", Why.NOT_FOUND, detail, fix, status, message)
    # GitHub takes 48,000 bytes of ciphertext, and a sealed box has 48 more than its text: so 47,952, and not 48 KiB.
    named = status == HTTPStatus.UNPROCESSABLE_ENTITY
    fix = "check the secret's name, and that its value has at most 47,952 bytes" if named else "see what GitHub says"
    detail = with_sentence(f"GitHub refused the request with {status}", message)
    return Refusal("FF326", Why.REFUSED, detail, fix, status, message)


def _phrase(status: int) -> str:
    """Return a status in HTTP's words."""
    known = {each.value: f" {each.phrase}" for each in HTTPStatus}
    return f"{status}{known.get(status, '')}"
