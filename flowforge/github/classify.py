"""What an answer means: use it, try again, wait, or a refusal. Pure.

Sources: docs.github.com, "Troubleshooting the REST API" and "Rate limits for the REST API". A 403 means one of six
things. Only a rate limit is worth waiting for, and it may come without a `retry-after`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from flowforge.errors import printable, quote
from flowforge.github.answer import NOT_JSON, Answer, Broken
from flowforge.github.problems import Refusal
from flowforge.github.urls import ApiUrl, host_of
from flowforge.plan.action import Why
from flowforge.plan.address import Repo

# "You have exceeded a secondary rate limit"; an older wording is "abuse detection mechanism" (google/go-github).
_SECONDARY: Final = re.compile(r"secondary rate|abuse detection", re.IGNORECASE)
_SECONDARY_PAGE: Final = re.compile(r"secondary-rate-limits$|#abuse-rate-limits$")
# "Repository was archived so is read-only." (terraform-provider-github#1871)
_ARCHIVED: Final = re.compile(r"archived", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"IP allow list", re.IGNORECASE)
# Several bad logins lock a user out of all authentication for a while, with a 403 and not a 401
# (docs.github.com, "Authenticating to the REST API").
_LOCKED_OUT: Final = re.compile(r"login attempts", re.IGNORECASE)
# `X-GitHub-SSO: required; url=https://github.com/orgs/…/sso?authorization_request=…`, valid for an hour.
_SSO_URL: Final = re.compile(r"\burl=(\S+)")
_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_SERVER_ERROR: Final = 500
PERMIT: Final = (
    "give the token read and write permission for Secrets (classic: the scope repo), and its owner write access"
)
INTEGRATION: Final = "Resource not accessible by integration"


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


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """GitHub does not know the API version that we name."""


@dataclass(frozen=True, slots=True)
class BadToken:
    """GitHub does not accept the token for anything. what: GitHub's words, quoted."""

    what: str


@dataclass(frozen=True, slots=True)
class Strayed:
    """The answer points to another host."""


Classification = Fine | Again | Limited | OtherVersion | BadToken | Strayed | Refusal


def classify(answer: Answer | Broken, api: ApiUrl) -> Classification:
    """Return what an answer means. A 404 and a redirect are refusals here; the caller may know more."""
    if isinstance(answer, Broken):
        return Again(answer.what)
    if answer.status in {403, 429}:
        return _limited(answer) or _forbidden(answer, api)
    match answer.status // 100:
        # A proxy's login page comes as HTML with a status of 200.
        case 2 if answer.data is not NOT_JSON:
            return Fine(answer)
        case 3 if answer.status in _REDIRECTS:
            return _redirected(answer, api)
        case 4:
            return _refused(answer)
    return Again(f"it answered {_phrase(answer)}")


def lacks_scope(needed: str, has: str) -> Refusal:
    """Return the refusal of a classic token without a scope. needed, has: names of scopes, printable."""
    # GitHub hides what a token may not see: a missing scope is a 404, the status of what is not there.
    detail = f"no permission: the token lacks the scope {needed}; it has {has}"
    return Refusal("FF320", Why.NO_PERMISSION, detail, f"give the token the scope {needed}", HTTPStatus.NOT_FOUND.value)


def sees_repo_only(what: str, fix: str, no: Refusal) -> Refusal:
    """Return what a 404 means where the token sees the repo. what: what it does not see, like `its secrets`."""
    detail = f"no permission: the token sees the repo but not {what}"
    return replace(no, code="FF320", why=Why.NO_PERMISSION, detail=detail, fix=fix)


def archived(status: int = 0, message: str = "") -> Refusal:
    """Return the refusal of a write to an archived repo, or, without a status, of the plan to write there."""
    fix = "unarchive it, or take it out of the manifest"
    return Refusal("FF322", Why.ARCHIVED, "archived, so it is read-only", fix, status, message)


def renamed_to(repo: Repo) -> Refusal:
    """Return the refusal of a repo that has another name now."""
    return _renamed(f"renamed to {repo}", f"write {repo} in the manifest")


def _renamed(detail: str, fix: str, answer: Answer | None = None, location: str = "") -> Refusal:
    status, message = (answer.status, answer.message) if answer else (0, "")
    return Refusal("FF323", Why.RENAMED, detail, fix, status, message, location)


def _limited(answer: Answer) -> Limited | None:
    """Return the rate limit that a 403 or 429 means, if any: by `retry-after`, an empty budget, or the words."""
    secondary = bool(_SECONDARY.search(answer.message) or _SECONDARY_PAGE.search(answer.documentation))
    # A refusal for lack of permission may happen to be the last request of the hour. No wait helps that one.
    empty = answer.number("x-ratelimit-remaining") == 0 and (not answer.message or "rate limit" in answer.message)
    if "retry-after" in answer.headers:
        return Limited(answer.number("retry-after"), secondary or not empty)
    if empty and not secondary:
        return Limited(answer.until_reset, secondary=False)
    return Limited(None, secondary=True) if secondary or answer.status == HTTPStatus.TOO_MANY_REQUESTS else None


def _forbidden(answer: Answer, api: ApiUrl) -> BadToken | Refusal:
    """Return what a 403 means that is no rate limit."""
    message = answer.message
    if _LOCKED_OUT.search(message):
        return BadToken(f"it answered 403 {quote(message)}")
    sso = answer.headers.get("x-github-sso", "")
    if sso.startswith("required"):
        fix = f"open {_sso_url(sso, api) or 'the settings of the token'} and authorize it for the organization"
        return Refusal("FF321", Why.SSO, "the organization's single sign-on must authorize this token", fix, status=403)
    if _ARCHIVED.search(message):
        return archived(answer.status, message)
    if _ADDRESS.search(message):
        fix = "run it from an address on that list, or have this one added to it"
        detail = "no permission: the organization's IP allow list does not have this address"
        return Refusal("FF320", Why.NO_PERMISSION, detail, fix, answer.status, message)
    # GitHub names the permission in this header, like `secrets=write`, for Apps and fine-grained tokens only.
    accepted = printable(answer.headers.get("x-accepted-github-permissions", ""))
    words = f"GitHub accepts {accepted}" if accepted else quote(message) if message else f"it answered {answer.status}"
    fix = "give the token that permission" if accepted else PERMIT
    if message.startswith(INTEGRATION):
        fix += ", and install its GitHub App on this repo"
    return Refusal("FF320", Why.NO_PERMISSION, f"no permission: {words}", fix, answer.status, message)


def _sso_url(header: str, api: ApiUrl) -> str | None:
    """Return the address where the token can be authorized, if it is GitHub's own."""
    # A person will open it: a link to another host would be shown in our name.
    match = _SSO_URL.search(header)
    url = match.group(1) if match else ""
    return printable(url) if url.startswith("https://") and host_of(url) == api.web_host else None


def _redirected(answer: Answer, api: ApiUrl) -> Strayed | Refusal:
    """Refuse to follow a redirect: the name in the manifest must be the one that GitHub uses."""
    # Whoever renames a repo away and lets another take its name would otherwise get its secrets, or keep them.
    location = answer.headers.get("location", "")
    if not location and isinstance(answer.data, Mapping) and isinstance(answer.data.get("url"), str):
        location = answer.data["url"]
    if api.elsewhere(location):
        return Strayed()
    return _renamed("renamed or moved", "write its new name in the manifest", answer, location)


def _refused(answer: Answer) -> OtherVersion | BadToken | Refusal:
    """Return what another 4xx means. None of them is worth trying again."""
    status, message = answer.status, answer.message
    if status == HTTPStatus.BAD_REQUEST and "version" in message.lower():
        return OtherVersion()
    if status == HTTPStatus.UNAUTHORIZED:
        return BadToken(f"it answered 401 {quote(message)}")
    if status == HTTPStatus.NOT_FOUND:
        fix = "check its name, and that the token may see it"
        return Refusal(
            "FF324", Why.NOT_FOUND, "not found, or invisible to this token", fix, status=status, message=message
        )
    words = f": {quote(message)}" if message else ""
    # GitHub takes 48,000 bytes of ciphertext, and a sealed box has 48 more than its text: so 47,952, and not 48 KiB.
    named = status == HTTPStatus.UNPROCESSABLE_ENTITY
    fix = "check the secret's name, and that its value has at most 47,952 bytes" if named else "see what GitHub says"
    return Refusal("FF326", Why.FAILED, f"GitHub refused the request with {status}{words}", fix, status, message)


def _phrase(answer: Answer) -> str:
    """Return the name of an unusable answer: its status in HTTP's words, and whether its body is not JSON."""
    known = {status.value: f" {status.phrase}" for status in HTTPStatus}
    body = ", which is not JSON" if answer.data is NOT_JSON and answer.status < _SERVER_ERROR else ""
    return f"{answer.status}{known.get(answer.status, '')}{body}"
