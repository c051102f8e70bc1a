"""The flow of `post`: one comment on a pull request, or one issue, kept up to date."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Final, Literal

from flowforge.ci_event import FORKABLE, Event, HeadOfRun
from flowforge.data_class import dataclass
from flowforge.errors import PostError, Problem, quote
from flowforge.github import conversations as talk
from flowforge.github.clock import Clock, ClockOf
from flowforge.github.conversations import CommentOrIssue
from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.plan.address import Repo
from flowforge.steps.session import client_of_named_token

# In the order in which they are looked for: the workflow's own token is enough, and is meant for this.
TOKENS: Final = ("GITHUB_TOKEN", "GH_TOKEN", "FLOWFORGE_GITHUB_TOKEN")
# GitHub says 410 where the issues of a repo are switched off.
_NOT_PERMITTED: Final = frozenset({403, 410})
_ELSEWHERE: Final = "This report is kept in another comment of this pull request."
_TWICE: Final = "This report is kept in another issue."

PostKind = Literal["pr", "issue"]


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted."""

    marker: str
    """What it begins with, which nobody sees, and by which it is found again."""
    text: str
    """All of it, with the marker."""
    title: str = ""
    """Of an issue."""
    well: bool = False
    """Whether all is well, so that an issue is closed and none is opened."""


@dataclass(frozen=True, slots=True)
class PostPlace:
    """Where it is posted."""

    kind: PostKind
    repo: Repo
    number: int = 0
    """The pull request."""

    def __str__(self) -> str:
        """Return it for people."""
        return f"{self.repo}#{self.number}" if self.number else str(self.repo)


@dataclass(frozen=True, slots=True)
class PostRequest:
    """What the command line asks for."""

    kind: PostKind
    """A comment on a pull request, or an issue of its own."""
    repo: str
    """The repo; empty for that of GITHUB_REPOSITORY."""
    number: int
    """The pull request; 0 for that of the event."""
    commit: str
    """The commit that the report names; empty where it names none."""
    # Not in the repr: the token comes from it.
    environ: Mapping[str, str] = field(repr=False)
    """The environment, which has the token and may have the repo."""
    event: Event = field(repr=False)
    """What began this run of a workflow; empty outside of one."""
    token_env: str = ""
    """The variable that has the token; empty for the usual ones."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when somebody wants it to end, so that no wait goes on."""
    notify: Callable[[str], None] = lambda _: None
    """Told of each long wait for GitHub, in a sentence."""
    clock: ClockOf = Clock.of
    """How to make the clock that waits are measured by."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of it."""

    place: PostPlace
    did: Literal["created", "updated", "closed", "nothing", "refused"]
    problem: Problem | None = None
    """Why it was refused."""


def post(request: PostRequest, message: Message) -> Posted:
    """Post a message where the request says. What GitHub does not permit is no error: it is `refused`.

    Raises PostError where nobody knows where to post, and GitHubError.
    """
    repo, head = _repo(request), _head(request)
    _require_place(request, head)
    with client_of_named_token(
        request.environ,
        (request.token_env,) if request.token_env else TOKENS,
        request.stop,
        request.notify,
        request.clock,
    ) as client:
        place = PostPlace(request.kind, repo)
        try:
            if request.kind == "pr":
                place = PostPlace(request.kind, repo, _number(client, request, repo, head))
            me = talk.own_login(client)
            if not me:
                return Posted(place, "refused", _unknown_author(place))
            keep = _keep_issue if request.kind == "issue" else _keep_comment
            return Posted(place, keep(client, place, message, me))
        except RepoError as refusal:
            if refusal.no.status not in _NOT_PERMITTED:
                raise refusal.at(str(place)) from None
            return Posted(place, "refused", refusal.problems[0])


def _unknown_author(place: PostPlace) -> Problem:
    # Whoever does not know its own name would write a new comment each time, or edit somebody else's.
    what = "GitHub does not say as whom this token writes"
    why = "a report is kept by whoever wrote it, and by nobody else"
    return Problem("FF822", what, str(place), why, "give the workflow's own token: GITHUB_TOKEN")


def _repo(request: PostRequest) -> Repo:
    text = request.repo or request.environ.get("GITHUB_REPOSITORY", "")
    try:
        return Repo.parse(text)
    except ValueError:
        what = f"{quote(text)} names no repository to post to" if text else "there is no repository to post to"
        raise PostError(
            Problem("FF804", what, fix="name it with --repo OWNER/NAME, or set GITHUB_REPOSITORY")
        ) from None


def _head(request: PostRequest) -> HeadOfRun | None:
    """Return what the followed run worked on, of a run that follows another one. Raises PostError."""
    if request.event.name != FORKABLE:
        return None
    head = request.event.head_of_run
    if head is None:
        why = "GITHUB_EVENT_PATH does not say which commit of which repository the followed run worked on"
        raise PostError(Problem("FF805", "it is not known what to post to", why=why, fix="run it in the job itself"))
    return head


def _require_place(request: PostRequest, head: HeadOfRun | None) -> None:
    """Refuse, before anything is asked, what cannot be posted. Raises PostError."""
    known = head.commit if head else request.event.commit
    if request.kind == "pr" and known and request.commit and request.commit != known:
        what = "the report is of another commit than the pull request"
        fix = "post the report of the run that began this one"
        raise PostError(Problem("FF806", what, why=f"it names {quote(request.commit)}, not {known}", fix=fix))
    if head and (request.kind == "issue" or request.number or request.repo):
        what = "in workflow_run a report is posted to its own pull request alone"
        why = "the run before may have been a fork's, and a report of it says what its author likes"
        raise PostError(Problem("FF807", what, why=why, fix="say --to pr, without --repo and --number"))
    if request.kind == "pr" and not (head or request.number or request.event.pull):
        name = request.event.name
        why = f"the event {quote(name)} is about none" if name else "GITHUB_EVENT_PATH names none"
        fix = "name it with --number, or run it on pull_request"
        raise PostError(Problem("FF808", "there is no pull request to post to", why=why, fix=fix))


def _number(client: Client, request: PostRequest, repo: Repo, head: HeadOfRun | None) -> int:
    """Return the pull request. GitHub names none for a run of a fork's, so it is found by the branch and its commit."""
    if head is None:
        return request.number or request.event.pull or 0
    owner = head.repo.partition("/")[0]
    # GitHub's filter knows the owner and the branch alone, and one owner may have several forks.
    found = [
        pull.number
        for pull in talk.pulls_of(client, repo, owner, head.branch)
        if (pull.repo.lower(), pull.branch, pull.commit) == (head.repo.lower(), head.branch, head.commit)
    ]
    if len(found) == 1:
        return found[0]
    count = f"{len(found)} open pull requests have" if found else "no open pull request has"
    what = f"{count} the commit that the run worked on"
    why = f"its branch is {quote(f'{head.repo}:{head.branch}')}, its commit {quote(head.commit)}"
    fix = "nothing: a newer run posts for a newer commit" if not found else "close all of them but one"
    raise PostError(Problem("FF809", what, str(repo), why, fix))


def _keep_comment(client: Client, place: PostPlace, message: Message, me: str) -> Literal["created", "updated"]:
    """See to it that the pull request has this comment of mine once. What others wrote is never touched."""

    def ours() -> list[CommentOrIssue]:
        return _ours(talk.comments(client, place.repo, place.number), me, message.marker)

    found, did = ours(), "updated"
    if not found:
        talk.add_comment(client, place.repo, place.number, message.text)
        # Another run may have written one meanwhile, and so may this one, where an answer was lost.
        found, did = ours(), "created"
    for number, each in enumerate(found):
        # The oldest one stays, so that two runs at once choose the same.
        text = _ELSEWHERE if number else message.text
        if not _same(each.text, text):
            talk.edit_comment(client, place.repo, each.number, text)
    return "created" if did == "created" else "updated"


def _keep_issue(
    client: Client, place: PostPlace, message: Message, me: str
) -> Literal["created", "updated", "closed", "nothing"]:
    """See to it that there is one open issue of mine, or none where all is well."""
    repo = place.repo

    def ours() -> list[CommentOrIssue]:
        return _ours(talk.open_issues(client, repo, me), me, message.marker)

    found = ours()
    if message.well:
        for each in found:
            talk.edit_issue(client, repo, each.number, message.text, close="completed")
        return "closed" if found else "nothing"
    created = not found
    if created:
        # It may be sent twice, as a comment may, so what is there is looked up again.
        talk.create_issue(client, repo, message.title, message.text)
        found = ours()
    for number, each in enumerate(found):
        if number:
            talk.edit_issue(client, repo, each.number, _TWICE, close="not_planned")
        elif not _same(each.text, message.text):
            talk.edit_issue(client, repo, each.number, message.text)
    return "created" if created else "updated"


def _ours(written: Sequence[CommentOrIssue], me: str, marker: str) -> list[CommentOrIssue]:
    """Return what this token wrote with this marker, oldest first: anybody may copy a marker."""
    mine = (each for each in written if each.author.lower() == me.lower() and each.text.startswith(marker))
    return sorted(mine, key=lambda each: each.number)


def _same(there: str, wanted: str) -> bool:
    # GitHub may keep other ends of lines than it was sent.
    return there.replace("\r\n", "\n").strip() == wanted.strip()
