"""Comments, issues and the pull requests of a branch: what `post` finds, writes and edits.

A POST that got no answer is sent again, and may have been done twice. So whoever writes something new lists it
afterwards and sees to it that one of them stays.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlencode

from flowforge.data_class import dataclass
from flowforge.github.http import Client
from flowforge.github.paging import Item, pages
from flowforge.github.paths import repo_path
from flowforge.github.problems import RepoError, other_shape
from flowforge.github.urls import GRAPHQL
from flowforge.plan.address import Repo

# What GitHub takes of a comment or of an issue's text.
MOST_TEXT: Final = 65_536
# A page of longer ones would be more than the client takes of one answer.
_A_PAGE: Final = 15
_REFUSED: Final = frozenset({403, 404})
_UNPROCESSABLE: Final = 422


@dataclass(frozen=True, slots=True)
class CommentOrIssue:
    """A comment, or an issue, with its text."""

    number: int
    """The id of a comment, or the number of an issue."""
    author: str
    """The login of whoever wrote it; empty where that account is no more."""
    text: str


@dataclass(frozen=True, slots=True)
class PullHead:
    """The branch that an open pull request wants merged."""

    number: int
    """The number of the pull request."""
    repo: str
    """The repo that has the branch; empty where it was deleted."""
    branch: str
    commit: str


def own_login(client: Client) -> str:
    """Return the login under which this token writes; empty where GitHub does not say. Raises RepoError."""
    try:
        match client.get("/user").data:
            case {"login": str() as login}:
                return login
    except RepoError as refusal:
        # A workflow's token and an App's have no user.
        if refusal.no.status not in _REFUSED:
            raise
        return _own_bot(client)
    raise other_shape("a user without a login")


def _own_bot(client: Client) -> str:
    """Return the login of the bot that a token is of, such as `github-actions[bot]` or `APP[bot]`.

    GitHub documents no way to ask for it. GraphQL's `viewer` says it, of the tokens of installations too.
    """
    try:
        match client.post(GRAPHQL, {"query": "query { viewer { login } }"}).data:
            case {"data": {"viewer": {"login": str() as login}}}:
                return login
    except RepoError as refusal:
        if refusal.no.status not in _REFUSED:
            raise
    return ""


def comments(client: Client, repo: Repo, number: int) -> list[CommentOrIssue]:
    """Return the comments of an issue or a pull request, oldest first. Raises RepoError."""
    found = pages(client, f"{_issue(repo, number)}/comments", per_page=_A_PAGE)
    return [_written(item, "id") for _, items in found for item in items]


def add_comment(client: Client, repo: Repo, number: int, text: str) -> None:
    """Write a new comment. Raises RepoError."""
    client.post(f"{_issue(repo, number)}/comments", {"body": text})


def edit_comment(client: Client, repo: Repo, comment: int, text: str) -> None:
    """Replace the text of a comment. Raises RepoError."""
    client.patch(f"{repo_path(repo)}/issues/comments/{comment}", {"body": text})


def open_issues(client: Client, repo: Repo, author: str) -> list[CommentOrIssue]:
    """Return the open issues that a login may have opened, oldest first. Raises RepoError."""
    try:
        return list(_issues(client, repo, {"creator": author}))
    except RepoError as refusal:
        # GitHub does not take every login here.
        if refusal.no.status != _UNPROCESSABLE:
            raise
    return list(_issues(client, repo, {}))


def _issues(client: Client, repo: Repo, more: Mapping[str, str]) -> Iterator[CommentOrIssue]:
    query = urlencode({"state": "open", "sort": "created", "direction": "asc", **more})
    for _, items in pages(client, f"{repo_path(repo)}/issues?{query}", per_page=_A_PAGE):
        # GitHub lists pull requests among the issues.
        yield from (_written(item, "number") for item in items if "pull_request" not in item)


def create_issue(client: Client, repo: Repo, title: str, text: str) -> None:
    """Open an issue. Raises RepoError."""
    client.post(f"{repo_path(repo)}/issues", {"title": title, "body": text})


def edit_issue(client: Client, repo: Repo, number: int, text: str, *, close: str = "") -> None:
    """Replace the text of an issue. close: closes it, for a reason that GitHub knows. Raises RepoError."""
    closed = {"state": "closed", "state_reason": close} if close else {}
    client.patch(_issue(repo, number), {"body": text, **closed})


def pulls_of(client: Client, repo: Repo, owner: str, branch: str) -> list[PullHead]:
    """Return the open pull requests of a branch of that name at an owner. Raises RepoError."""
    query = urlencode({"state": "open", "head": f"{owner}:{branch}"})
    found = pages(client, f"{repo_path(repo)}/pulls?{query}", per_page=_A_PAGE)
    return [_pull(item) for _, items in found for item in items]


def _issue(repo: Repo, number: int) -> str:
    return f"{repo_path(repo)}/issues/{number}"


def _written(item: Item, key: str) -> CommentOrIssue:
    user, text, number = item.get("user"), item.get("body"), item.get(key)
    if type(number) is not int:
        what = f"a comment or an issue without its {key}"
        raise other_shape(what)
    login = user.get("login") if isinstance(user, Mapping) else ""
    return CommentOrIssue(number, login if isinstance(login, str) else "", text if isinstance(text, str) else "")


def _pull(item: Item) -> PullHead:
    match item:
        case {"number": int() as number, "head": {"ref": str() as ref, "sha": str() as sha, "repo": repo}}:
            name = repo.get("full_name") if isinstance(repo, Mapping) else ""
            return PullHead(number, name if isinstance(name, str) else "", ref, sha)
    raise other_shape("a pull request without its number or its head")
