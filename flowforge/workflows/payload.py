"""What `github.*` is in each class of run, as far as it is known before the run."""

from collections.abc import Mapping
from typing import Final

from flowforge.workflows.runs import RunClass, Who
from flowforge.workflows.values import (
    FORK,
    FORK_OWNER,
    OUTSIDER,
    OWNER,
    PERSON,
    REPO,
    Abstract,
    Begins,
    KnownValue,
    Open,
)

MemberPath = tuple[str, ...]

# Which events carry which object. Of another event it is null.
_CARRIES: Final[Mapping[str, frozenset[str]]] = {
    "pull_request": frozenset(
        {"pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"}
    ),
    # A comment on a pull request is an `issue_comment`: it has an issue, and no pull request.
    "issue": frozenset({"issues", "issue_comment"}),
    "comment": frozenset({"issue_comment", "pull_request_review_comment", "commit_comment", "discussion_comment"}),
    "review": frozenset({"pull_request_review"}),
    "workflow_run": frozenset({"workflow_run"}),
    "client_payload": frozenset({"repository_dispatch"}),
    "discussion": frozenset({"discussion", "discussion_comment"}),
    "release": frozenset({"release"}),
    "schedule": frozenset({"schedule"}),
    "label": frozenset({"pull_request", "pull_request_target", "issues"}),
}
_NULL: Final = KnownValue(None)
_TRUE: Final = KnownValue(True)  # noqa: FBT003 -- the value itself
_FALSE: Final = KnownValue(False)  # noqa: FBT003 -- the value itself
_LOGINS: Final = frozenset(
    {
        ("actor",),
        ("triggering_actor",),
        ("event", "sender", "login"),
        ("event", "comment", "user", "login"),
        ("event", "review", "user", "login"),
    }
)
_AUTHORS: Final = frozenset({("event", "pull_request", "user", "login"), ("event", "issue", "user", "login")})


def github(path: MemberPath, run: RunClass) -> Abstract:  # noqa: PLR0911 -- one for each member
    """Return what a member of the `github` context is. path: its names behind `github`, in lower case."""
    if path == ("event_name",):
        return KnownValue(run.event)
    if path == ("repository",):
        return _this(run)
    if path == ("repository_owner",):
        return _this_owner(run)
    if path in {("head_ref",), ("event", "pull_request", "head", "ref")}:
        return _head_ref(run)
    if path in _LOGINS or path in _AUTHORS:
        return _login(path, run)
    if path[:1] == ("event",) and len(path) > 1:
        return _event(path[1:], run)
    return Open.FREE


def _head_ref(run: RunClass) -> Abstract:
    if run.event not in {"pull_request", "pull_request_target"}:
        # An event of a review has no `github.head_ref`, but a `pull_request.head.ref`; both names lead here.
        return Open.FREE if run.event in _CARRIES["pull_request"] else KnownValue("")
    return Begins("dependabot/") if run.who is Who.DEPENDABOT else Open.FREE


def _login(path: MemberPath, run: RunClass) -> Abstract:
    if path[0] == "event" and path[1] != "sender" and run.event not in _CARRIES[path[1]]:
        return _NULL
    if run.who is Who.DEPENDABOT or run.who is Who.BOT:
        opens = path not in _AUTHORS or run.event in {"pull_request", "pull_request_target", "issues"}
        return KnownValue(run.login) if opens else Open.FREE
    if path in _AUTHORS and run.event not in {"pull_request", "pull_request_target", "issues"}:
        return Open.FREE  # a person may comment on what a bot has opened
    return PERSON


def _event(path: MemberPath, run: RunClass) -> Abstract:  # noqa: PLR0911 -- one for each member
    carried = _CARRIES.get(path[0])
    if carried is not None and run.event not in carried:
        return _NULL
    if len(path) == 1:
        # The object itself: a condition asks whether the event has one, and an object is true.
        return _TRUE if carried is not None else Open.FREE
    if path[-2:] == ("user", "type") or path == ("sender", "type"):
        return _type(run)
    if path[-1] == "author_association":
        return OUTSIDER if run.who is Who.FORK else Open.FREE
    if path[0] == "pull_request" and path[1:2] == ("head",):
        return _head(path[2:], run)
    if path in {("pull_request", "base", "repo", "full_name"), ("repository", "full_name")}:
        return _this(run)
    if path == ("repository", "owner", "login"):
        return _this_owner(run)
    # This repository may be a fork of another one, whoever starts the run.
    if path == ("repository", "fork"):
        return Open.FREE
    return _workflow_run(path[1:], run) if path[0] == "workflow_run" else Open.FREE


def _type(run: RunClass) -> Abstract:
    return KnownValue("Bot" if run.who in {Who.DEPENDABOT, Who.BOT} else "User")


def _head(path: MemberPath, run: RunClass) -> Abstract:
    """Return a member of the pull request's head. Only where the run is one of the pull request is it known whose."""
    own = run.event in {"pull_request", "pull_request_target"}
    fork = run.who is Who.FORK
    if path == ("repo", "fork"):
        return (_TRUE if fork else _FALSE) if own else Open.FREE
    return _repository(path[1:], run) if own and path[:1] == ("repo",) else Open.FREE


def _workflow_run(path: MemberPath, run: RunClass) -> Abstract:
    fork = run.who is Who.FORK
    if path == ("event",):
        return KnownValue("pull_request") if fork else Open.FREE
    if path == ("head_repository", "fork"):
        return _TRUE if fork else Open.FREE
    if path[:1] == ("head_repository",):
        return _repository(path[1:], run)
    if path[:1] == ("pull_requests",) and fork:
        return KnownValue("")  # empty for a fork's run
    if path[-2:] == ("actor", "login") or path[-2:] == ("triggering_actor", "login"):
        return Open.FREE
    return Open.FREE


def _repository(path: MemberPath, run: RunClass) -> Abstract:
    fork = run.who is Who.FORK
    if path == ("full_name",):
        return FORK if fork else _this(run)
    if path == ("owner", "login"):
        return FORK_OWNER if fork else _this_owner(run)
    return Open.FREE


def _this(run: RunClass) -> Abstract:
    """Return this repository: by its name where that is known."""
    return KnownValue(run.repo) if run.repo else REPO


def _this_owner(run: RunClass) -> Abstract:
    return KnownValue(run.repo.partition("/")[0]) if run.repo else OWNER
