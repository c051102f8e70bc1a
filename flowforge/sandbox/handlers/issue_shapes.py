"""GitHub's JSON shapes of issues, pull requests and comments, with every field that its description requires."""

from typing import Final

from flowforge.sandbox.handlers import shapes
from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.world.issue import Branch, Comment, Issue
from flowforge.sandbox.world.model import Repository

_BOT: Final = "[bot]"
_LINKS: Final = {
    "self": "/pulls/{0}",
    "issue": "/issues/{0}",
    "comments": "/issues/{0}/comments",
    "review_comments": "/pulls/{0}/comments",
    "review_comment": "/pulls/comments{{/number}}",
    "commits": "/pulls/{0}/commits",
    "statuses": "/statuses/{1}",
}


def issue(call: Call, repo: Repository, found: Issue) -> dict[str, object]:
    """Return an issue. That of a pull request has the member `pull_request`."""
    base, web = _bases(call, repo)
    url, kind = f"{base}/issues/{found.number}", "pull" if found.head else "issues"
    shape = {
        "url": url,
        "repository_url": base,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "comments": len(found.comments),
        **({} if found.closed is None else {"state_reason": "completed"}),
        "assignee": None,
        **_common(call, found, f"{web}/{kind}/{found.number}"),
    }
    return {**shape, "pull_request": _pull_urls(base, web, found.number)} if found.head else shape


def comment(call: Call, repo: Repository, about: Issue, found: Comment) -> dict[str, object]:
    """Return a comment."""
    base, web = _bases(call, repo)
    kind = "pull" if about.head else "issues"
    return {
        "id": found.id,
        "node_id": shapes.node_id("IssueComment", found.id),
        "url": f"{base}/issues/comments/{found.id}",
        "html_url": f"{web}/{kind}/{about.number}#issuecomment-{found.id}",
        "issue_url": f"{base}/issues/{about.number}",
        "body": found.body,
        "user": author(call, found.author),
        "created_at": timestamp(found.created),
        "updated_at": timestamp(found.updated),
        "author_association": "NONE",
    }


def pull(call: Call, repo: Repository, found: Issue) -> dict[str, object]:
    """Return a pull request as lists show it. Its head has no repository where that was deleted."""
    base, web = _bases(call, repo)
    head = found.head or Branch("", "", "")
    links = {name: base + path.format(found.number, head.sha) for name, path in _LINKS.items()}
    urls = {"issue": "issue_url", "comments": "comments_url", "commits": "commits_url", "statuses": "statuses_url"}
    pages = _pull_urls(base, web, found.number)
    return {
        **pages,
        "merged_at": None,
        "merge_commit_sha": None,
        **{member: links[name] for name, member in urls.items()},
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "head": _branch(call, head, call.world.directory.by_name(head.repo)),
        "base": _branch(call, Branch(repo.full_name, "main", head.sha), repo),
        "_links": {name: {"href": link} for name, link in {**links, "html": pages["html_url"]}.items()},
        "assignee": None,
        "auto_merge": None,
        "draft": False,
        **_common(call, found, str(pages["html_url"])),
        "node_id": shapes.node_id("PullRequest", found.id),
    }


def _common(call: Call, found: Issue, web: str) -> dict[str, object]:
    return {
        "id": found.id,
        "node_id": shapes.node_id("Issue", found.id),
        "number": found.number,
        "html_url": web,
        "title": found.title,
        "body": found.body or None,
        "user": author(call, found.author),
        "state": found.state,
        "locked": found.locked,
        "labels": [],
        "assignees": [],
        "milestone": None,
        "created_at": timestamp(found.created),
        "updated_at": timestamp(found.updated),
        "closed_at": None if found.closed is None else timestamp(found.closed),
        "author_association": "NONE",
    }


def _branch(call: Call, branch: Branch, repo: Repository | None) -> dict[str, object]:
    owner = branch.repo.partition("/")[0]
    return {
        "label": f"{owner}:{branch.name}",
        "ref": branch.name,
        "sha": branch.sha,
        "user": author(call, owner),
        "repo": shapes.repository(repo, call.token, call.request.base, call.version) if repo else None,
    }


def _pull_urls(base: str, web: str, number: int) -> dict[str, object]:
    page = f"{web}/pull/{number}"
    return {
        "url": f"{base}/pulls/{number}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "merged_at": None,
    }


def author(call: Call, login: str) -> dict[str, object]:
    """Return whoever wrote or caused something."""
    shape = shapes.owner(call.world.directory.user(login), call.request.base)
    # In an address the name of a bot is escaped, as GitHub has it.
    plain = {
        name: text.replace("[", "%5B").replace("]", "%5D") for name, text in shape.items() if isinstance(text, str)
    }
    return {**shape, **plain, "login": login, "type": "Bot"} if login.endswith(_BOT) else shape


def _bases(call: Call, repo: Repository) -> tuple[str, str]:
    return f"{call.request.base}/repos/{repo.full_name}", f"https://github.com/{repo.full_name}"
