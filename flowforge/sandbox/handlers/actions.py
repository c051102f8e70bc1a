"""Handlers of what GitHub says of a repository's Actions: its workflows and their state, permissions, OIDC subject."""

from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.handlers.shapes import node_id
from flowforge.sandbox.rules.access import Level, Need
from flowforge.sandbox.rules.answers import ApiAnswer
from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.world.git import MAIN
from flowforge.sandbox.world.model import Repository

_FOLDER = ".github/workflows"


def workflows(call: Call) -> ApiAnswer:
    """Answer GET …/actions/workflows: the files of the default branch, each with its state."""
    repo = call.repository()
    if repo.private:
        call.token.demand(repo, Need("actions", Level.READ, "read"))
    files = _files(repo)
    page, headers = page_of(call, [*enumerate(files, 1)])
    shown = [_workflow(call, repo, number, path) for number, path in page]
    return ApiAnswer(200, {"total_count": len(files), "workflows": shown}, headers)


def permissions(call: Call) -> ApiAnswer:
    """Answer GET …/actions/permissions/workflow: what a workflow without a permissions block may."""
    repo = call.repository()
    call.token.demand(repo, Need("administration", Level.READ, "admin"))
    return ApiAnswer(
        200,
        {
            "default_workflow_permissions": repo.default_permissions,
            "can_approve_pull_request_reviews": False,
        },
    )


def subject(call: Call) -> ApiAnswer:
    """Answer GET …/actions/oidc/customization/sub."""
    repo = call.repository()
    call.token.demand(repo, Need("actions", Level.READ, "read"))
    keys = list(repo.subject_keys)
    body: dict[str, object] = {"use_default": not keys, "use_immutable_subject": repo.immutable_subject}
    return ApiAnswer(
        200, {**body, "sub_claim_prefix": repo.subject_prefix, **({"include_claim_keys": keys} if keys else {})}
    )


def _files(repo: Repository) -> list[str]:
    git = repo.git
    head = git.refs.get(f"refs/heads/{MAIN}", "")
    sha = git.entry(head, _FOLDER)[1] if head else ""
    names = git.trees[sha].entries if sha in git.trees else {}
    return [f"{_FOLDER}/{name}" for name in sorted(names) if name.endswith((".yml", ".yaml"))]


def _workflow(call: Call, repo: Repository, number: int, path: str) -> dict[str, object]:
    url, web = f"{call.request.base}/repos/{repo.full_name}", f"https://github.com/{repo.full_name}"
    then = timestamp(repo.created)
    return {
        "id": repo.id * 1000 + number,
        "node_id": node_id("Workflow", number),
        "name": path,
        "path": path,
        "state": repo.workflow_states.get(path, "active"),
        "created_at": then,
        "updated_at": then,
        "url": f"{url}/actions/workflows/{number}",
        "html_url": f"{web}/blob/{MAIN}/{path}",
        "badge_url": f"{web}/workflows/{number}/badge.svg",
    }
