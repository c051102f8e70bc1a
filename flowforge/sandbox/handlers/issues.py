"""Handlers of issues, pull requests and their comments."""

from typing import Final

from flowforge.sandbox.handlers import issue_shapes as shapes
from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.handlers.scope_paths import refuse_archived
from flowforge.sandbox.rules.access import Level, Need
from flowforge.sandbox.rules.answers import DOCS, ApiAnswer, RefusalError, not_found, parsed, whole
from flowforge.sandbox.world.issue import Branch, Comment, Issue
from flowforge.sandbox.world.model import Repository

_MOST: Final = 65_536
_DISABLED: Final = "Issues has been disabled in this repository."
_STATES: Final = ("open", "closed")


def list_issues(call: Call) -> ApiAnswer:
    """Answer GET …/issues: pull requests too, as GitHub does; newest first; open ones unless `state` says otherwise."""
    repo = _place(call, Level.READ, "issues")
    if not repo.tracker.enabled:
        raise RefusalError(410, _DISABLED)
    query = call.request.query
    creator = query.get("creator", "").lower()
    found = [
        issue
        for issue in repo.tracker.issues.values()
        if query.get("state", "open") in {issue.state, "all"} and creator in {"", issue.author.lower()}
    ]
    part, headers = page_of(call, _ordered(call, found))
    return ApiAnswer(200, [shapes.issue(call, repo, each) for each in part], headers)


def create_issue(call: Call) -> ApiAnswer:
    """Answer POST …/issues."""
    repo = _place(call, Level.WRITE, "issues")
    if not repo.tracker.enabled:
        raise RefusalError(410, _DISABLED)
    data = parsed(call.request.body)
    title, body = _text(data, "title", "Issue"), _text(data, "body", "Issue", "")
    issue = repo.tracker.add(call.world.directory.new_id(), call.token.author, title, body, call.now)
    return ApiAnswer(201, shapes.issue(call, repo, issue))


def get_issue(call: Call) -> ApiAnswer:
    """Answer GET …/issues/{number}."""
    repo, issue = _found(call, Level.READ)
    return ApiAnswer(200, shapes.issue(call, repo, issue))


def update_issue(call: Call) -> ApiAnswer:
    """Answer PATCH …/issues/{number}: title, body, state."""
    repo, issue = _found(call, Level.WRITE)
    data = parsed(call.request.body)
    title, body = _text(data, "title", "Issue", issue.title), _text(data, "body", "Issue", issue.body)
    state = data.get("state", issue.state)
    if state not in _STATES:
        raise _invalid("Issue", "state", "it is neither open nor closed")
    issue.title, issue.body, issue.updated = title, body, call.now
    if state != issue.state:
        issue.closed = call.now if state == "closed" else None
    return ApiAnswer(200, shapes.issue(call, repo, issue))


def list_comments(call: Call) -> ApiAnswer:
    """Answer GET …/issues/{number}/comments, oldest first."""
    repo, issue = _found(call, Level.READ)
    part, headers = page_of(call, issue.comments)
    return ApiAnswer(200, [shapes.comment(call, repo, issue, each) for each in part], headers)


def create_comment(call: Call) -> ApiAnswer:
    """Answer POST …/issues/{number}/comments."""
    repo, issue = _found(call, Level.WRITE)
    if issue.locked and not (call.token.is_person and call.token.role != "read"):
        raise RefusalError(403, "Unable to create comment because issue is locked.")
    body = _text(parsed(call.request.body), "body", "IssueComment")
    made = Comment(call.world.directory.new_id(), call.token.author, body, call.now, call.now)
    issue.comments.append(made)
    return ApiAnswer(201, shapes.comment(call, repo, issue, made))


def get_comment(call: Call) -> ApiAnswer:
    """Answer GET …/issues/comments/{comment}."""
    return ApiAnswer(200, shapes.comment(call, *_commented(call, Level.READ)))


def update_comment(call: Call) -> ApiAnswer:
    """Answer PATCH …/issues/comments/{comment}."""
    repo, issue, comment = _commented(call, Level.WRITE)
    comment.body, comment.updated = _text(parsed(call.request.body), "body", "IssueComment"), call.now
    return ApiAnswer(200, shapes.comment(call, repo, issue, comment))


def list_pulls(call: Call) -> ApiAnswer:
    """Answer GET …/pulls, by `state` and `head`, which is `owner:branch`; newest first."""
    repo = _place(call, Level.READ, "pull_requests")
    query = call.request.query
    head = query.get("head", "")
    found = [
        issue
        for issue in repo.tracker.issues.values()
        if issue.head is not None
        and query.get("state", "open") in {issue.state, "all"}
        and (":" not in head or _is_head(head, issue.head))
    ]
    part, headers = page_of(call, _ordered(call, found))
    return ApiAnswer(200, [shapes.pull(call, repo, each) for each in part], headers)


def _is_head(asked: str, head: Branch) -> bool:
    owner, _, branch = asked.partition(":")
    return owner.lower() == head.repo.partition("/")[0].lower() and branch == head.name


def _place(call: Call, level: Level, *permissions: str) -> Repository:
    """Return the repository that the path names, if the token has one of these permissions. Raise 404 and 403."""
    repo = call.repository()
    if level is Level.WRITE or repo.private:
        *others, last = permissions
        if not any(call.token.level(each) >= level for each in others):
            call.token.demand(repo, Need(last, level, "read"))
    if level is Level.WRITE:
        refuse_archived(repo)
    return repo


def _found(call: Call, level: Level) -> tuple[Repository, Issue]:
    """Return the issue that the path names. For a pull request either of two permissions will do. Raise 404, 410."""
    repo = call.repository()
    issue = repo.tracker.issues.get(whole(call.params["number"], 0))
    _place(call, level, *(("pull_requests", "issues") if issue is not None and issue.head else ("issues",)))
    if issue is None:
        raise not_found()
    if issue.head is None and not repo.tracker.enabled:
        raise RefusalError(410, _DISABLED)
    return repo, issue


def _commented(call: Call, level: Level) -> tuple[Repository, Issue, Comment]:
    repo = _place(call, level, "pull_requests", "issues")
    number = whole(call.params["comment"], 0)
    for issue in repo.tracker.issues.values():
        for comment in issue.comments:
            if comment.id == number:
                return repo, issue, comment
    raise not_found()


def _ordered(call: Call, issues: list[Issue]) -> list[Issue]:
    return issues if call.request.query.get("direction", "desc") == "asc" else issues[::-1]


def _text(data: dict[str, object], member: str, resource: str, usual: str | None = None) -> str:
    """Return a text of the body. Raise GitHub's 422 for one that is missing, is no text, or is too long."""
    found = data.get(member, usual)
    if not isinstance(found, str) or (usual is None and not found.strip()):
        raise _invalid(resource, member, f"{member} can't be blank")
    if len(found) > _MOST:
        raise _invalid(resource, member, f"{member} is too long (maximum is {_MOST} characters)")
    return found


def _invalid(resource: str, member: str, message: str) -> RefusalError:
    refusal = RefusalError(422, "Validation Failed", docs=f"{DOCS}/issues")
    error = {"resource": resource, "code": "unprocessable", "field": member, "message": message}
    refusal.answer.data = {**dict(refusal.answer.data), "errors": [error]}  # type: ignore[call-overload]  # -- a mapping
    return refusal
