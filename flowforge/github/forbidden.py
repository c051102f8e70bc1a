"""What GitHub does not let this token do: the one table of its sentences, and the refusals made of them.

GitHub's own sentence is shown whole, as it says more than any word of ours. Only two of them say that the token lacks a
permission; advice to give it one is for those alone, whatever headers come with the others.
"""

import re
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import printable, quote_sentence
from flowforge.github.answer import Answer
from flowforge.github.problems import Refusal
from flowforge.github.urls import ApiUrl, host_of
from flowforge.plan.action import Why

INTEGRATION: Final = "Resource not accessible by integration"
_INACCESSIBLE: Final = (INTEGRATION, "Resource not accessible by personal access token")
PERMIT: Final = (
    "give the token read and write permission for Secrets (classic: the scope repo), and its owner write access"
)
_NOT_FOUND: Final = "Not Found"
# `X-GitHub-SSO: required; url=https://github.com/orgs/…/sso?authorization_request=…`, valid for an hour.
_SSO_URL: Final = re.compile(r"\burl=(\S+)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """What to make of a sentence of GitHub's."""

    says: str
    """A piece of it, in lower case."""
    fix: str
    """What to do, as an imperative sentence."""
    permission: bool = False
    """Whether it is about what the token, or the person whose it is, may do."""


# The texts are those of issues and recordings; GitHub documents none of them.
SENTENCES: Final = (
    Sentence(
        "must have admin rights",
        "give the user whose token it is write access to the repo, or for an organization the role of an owner",
        permission=True,
    ),
    Sentence(
        "must be an",  # an owner, an admin, an organization owner
        "give the user whose token it is that role",
        permission=True,
    ),
    Sentence(
        "installation access token",
        "use the token of a GitHub App's installation, or write `org:` or `user:`",
        permission=True,
    ),
    Sentence("ip allow list", "run it from an address on that list, or have this one added to it"),
    Sentence("forbids access via", "make the token as the organization asks, or use a GitHub App's token"),
    Sentence("suspended", "have the suspension lifted, or use a token of another account or App"),
    Sentence(
        "oauth app access restrictions", "have an owner of the organization approve the app, or use another token"
    ),
    Sentence("locked for migration", "wait until the migration is over; if it failed, unlock the repo"),
)
_ARCHIVED: Final = "archived"  # "Repository was archived so is read-only." (terraform-provider-github#1871)
_UNKNOWN: Final = Sentence("", "do what GitHub says, or ask an owner of the repo or organization")


def lacks_permission(message: str) -> bool:
    """Return whether GitHub says that the token itself lacks a permission."""
    return message.startswith(_INACCESSIBLE)


def forbidden(answer: Answer, api: ApiUrl) -> Refusal:
    """Return what a 403 means that is neither a rate limit nor about all that the token asks."""
    message = answer.message
    sso = answer.headers.get("x-github-sso", "")
    if sso.startswith("required"):
        fix = f"open {_sso_url(sso, api) or 'its settings'} and authorize the token for the organization"
        detail = with_sentence("the organization's single sign-on must authorize this token", message)
        return Refusal("FF321", Why.SSO, detail, fix, answer.status, message)
    if lacks_permission(message):
        return _not_permitted(answer)
    if _ARCHIVED in message.lower():
        return archived(answer.status, message)
    if not message:
        detail = f"GitHub refuses it with {answer.status}, and does not say why"
        return Refusal("FF350", Why.REFUSED, detail, "see what the token may do on GitHub", answer.status)
    known = next((each for each in SENTENCES if each.says in message.lower()), _UNKNOWN)
    if known.permission:
        detail = f"no permission: {quote_sentence(message)}"
        return Refusal("FF320", Why.NO_PERMISSION, detail, known.fix, answer.status, message)
    detail = f"GitHub refuses it: {quote_sentence(message)}"
    return Refusal("FF350", Why.REFUSED, detail, known.fix, answer.status, message)


def with_sentence(detail: str, message: str) -> str:
    """Return a clause of ours, followed by GitHub's own sentence where it says more than "Not Found"."""
    return detail if message in {"", _NOT_FOUND} else f"{detail}: {quote_sentence(message)}"


def lacks_scope(needed: str, has: str) -> Refusal:
    """Return the refusal of a classic token without a scope. needed, has: names of scopes, printable."""
    # GitHub hides what a token may not see: a missing scope is a 404, the status of what is not there.
    detail = f"no permission: the token lacks the scope {needed}; it has {has}"
    return Refusal("FF320", Why.NO_PERMISSION, detail, f"give the token the scope {needed}", HTTPStatus.NOT_FOUND.value)


def sees_only(whole: str, part: str, fix: str, no: Refusal) -> Refusal:
    """Return what a 404 means where the token sees the whole. part: what it does not, with the words between."""
    detail = with_sentence(f"no permission: the token sees {whole} but {part}", no.message)
    return replace(no, code="FF320", why=Why.NO_PERMISSION, detail=detail, fix=fix)


def archived(status: int = 0, message: str = "") -> Refusal:
    """Return the refusal of a write to an archived repo, or, without a status, of the plan to write there."""
    fix = "unarchive it, or take it out of the manifest"
    detail = with_sentence("archived, so it is read-only", message)
    return Refusal("FF322", Why.ARCHIVED, detail, fix, status, message)


def _not_permitted(answer: Answer) -> Refusal:
    # GitHub names the permission in this header, like `secrets=write`, for Apps and fine-grained tokens only.
    accepted = printable(answer.headers.get("x-accepted-github-permissions", ""))
    words = f"GitHub accepts {accepted}" if accepted else quote_sentence(answer.message)
    fix = "give the token that permission" if accepted else PERMIT
    if answer.message.startswith(INTEGRATION):
        fix += ", and install its GitHub App on this repo"
    return Refusal("FF320", Why.NO_PERMISSION, f"no permission: {words}", fix, answer.status, answer.message)


def _sso_url(header: str, api: ApiUrl) -> str | None:
    """Return the address where the token can be authorized, if it is GitHub's own."""
    # A person will open it: a link to another host would be shown in our name.
    match = _SSO_URL.search(header)
    url = match.group(1) if match else ""
    return printable(url) if url.startswith("https://") and host_of(url) == api.web_host else None
