"""GitHub's JSON shapes of owners, users and repositories, with every field that its OpenAPI description requires."""

import base64

from flowforge.sandbox.rules.access import Token
from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.world.model import Owner, Repository

_OWNER_URLS = {
    "events_url": "/events{/privacy}",
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "organizations_url": "/orgs",
    "received_events_url": "/received_events",
    "repos_url": "/repos",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
}
_REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_CONSTANT: dict[str, object] = {
    "description": None,
    "homepage": None,
    "language": None,
    "license": None,
    "mirror_url": None,
    "default_branch": "main",
    "is_template": False,
    "has_issues": True,
    "has_projects": False,
    "has_wiki": False,
    "has_pages": False,
    "has_discussions": False,
    "has_downloads": False,
    "allow_forking": True,
    "web_commit_signoff_required": False,
    "size": 0,
    **dict.fromkeys(("forks", "forks_count", "open_issues", "open_issues_count"), 0),
    **dict.fromkeys(("stargazers_count", "watchers", "watchers_count"), 0),
}
_USER = {
    **dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name")),
    **dict.fromkeys(("followers", "following", "public_gists", "public_repos", "private_gists", "disk_usage"), 0),
    **dict.fromkeys(("owned_private_repos", "total_private_repos", "collaborators"), 0),
    "two_factor_authentication": True,
    "blog": "",
}


def owner(account: Owner, base: str) -> dict[str, object]:
    """Return a simple-user."""
    url = f"{base}/users/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("User", account.id),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{account.id}",
        "gravatar_id": "",
        "html_url": f"https://github.com/{account.login}",
        "type": account.type,
        "site_admin": False,
        "url": url,
        **{field: url + suffix for field, suffix in _OWNER_URLS.items()},
    }


def user(account: Owner, base: str) -> dict[str, object]:
    """Return a private-user: what GET /user answers."""
    then = timestamp(0)
    return {**owner(account, base), **_USER, "user_view_type": "private", "created_at": then, "updated_at": then}


def repository(repo: Repository, token: Token, base: str, version: str, *, full: bool = False) -> dict[str, object]:
    """Return a repository as lists show it, or as a full-repository.

    `permissions` is the role of the person whose token it is; an installation has none, so it is left out there.
    """
    url, web = f"{base}/repos/{repo.full_name}", f"github.com/{repo.full_name}"
    then = timestamp(repo.created)
    shape: dict[str, object] = {
        "id": repo.id,
        "node_id": node_id("Repository", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "owner": owner(repo.owner, base),
        "private": repo.private,
        "visibility": repo.visibility,
        "fork": repo.fork,
        "archived": repo.archived,
        "disabled": repo.disabled,
        "html_url": f"https://{web}",
        "clone_url": f"https://{web}.git",
        "svn_url": f"https://{web}",
        "git_url": f"git://{web}.git",
        "ssh_url": f"git@github.com:{repo.full_name}.git",
        "url": url,
        **{field: url + suffix for field, suffix in _REPOSITORY_URLS.items()},
        **_CONSTANT,
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), then),
        "topics": list(repo.topics),
    }
    if repo.owner.is_organization:
        given = repo.property_values().items()
        shape["custom_properties"] = {name: value for name, value in given if value is not None}
    if version != "2022-11-28":
        del shape["has_downloads"]
    if token.is_person:
        shape["permissions"] = _permissions(token.role)
    return {**shape, "network_count": 0, "subscribers_count": 0} if full else shape


def _permissions(role: str) -> dict[str, bool]:
    admin, push = role == "admin", role in {"admin", "write"}
    return {"admin": admin, "maintain": admin, "push": push, "triage": push, "pull": True}


def node_id(kind: str, number: int) -> str:
    """Return an id in the form of GraphQL."""
    return base64.b64encode(f"{len(kind):03}:{kind}{number}".encode()).decode()
