"""Handlers of a repository's Actions: its workflows, their state and dispatch, permissions, OIDC subject."""

import json
from collections.abc import Mapping

from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.handlers.scope_paths import refuse_archived
from flowforge.sandbox.handlers.shapes import node_id
from flowforge.sandbox.rules.access import Level, Need
from flowforge.sandbox.rules.answers import DOCS, ApiAnswer, RefusalError, not_found, parsed
from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.world.dispatching import dispatched
from flowforge.sandbox.world.git import MAIN
from flowforge.sandbox.world.model import Repository
from flowforge.sandbox.world.workflow_text import is_dispatchable, unexpected_inputs

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


def workflow(call: Call) -> ApiAnswer:
    """Answer GET …/actions/workflows/{workflow}, by its id or the name of its file."""
    repo = call.repository()
    if repo.private:
        call.token.demand(repo, Need("actions", Level.READ, "read"))
    number, path = workflow_named(call, repo)
    return ApiAnswer(200, _workflow(call, repo, number, path))


def dispatch(call: Call) -> ApiAnswer:
    """Answer POST …/actions/workflows/{workflow}/dispatches.

    200 with the run's id in the newer version of the API, and in the older one where it is asked for; else 204.
    """
    repo = call.repository()
    call.token.demand(repo, Need("actions", Level.WRITE))
    refuse_archived(repo)
    _, path = workflow_named(call, repo)
    data = parsed(call.request.body)
    ref, inputs = data.get("ref"), data.get("inputs", {})
    if not isinstance(ref, str) or not isinstance(inputs, dict):
        raise _unprocessable('Invalid request.\n\n"ref" wasn\'t supplied.')
    _refuse_dispatch(repo, path, ref, inputs)
    run = dispatched(call.world, repo, path, ref.removeprefix("refs/heads/"), actor=call.token.author, inputs=inputs)
    if call.version == "2022-11-28" and data.get("return_run_details") is not True:
        return ApiAnswer(204)
    own, web = f"{call.request.base}/repos/{repo.full_name}", f"https://github.com/{repo.full_name}"
    where = f"actions/runs/{run.id}"
    body = {"workflow_run_id": run.id, "run_url": f"{own}/{where}", "html_url": f"{web}/{where}"}
    return ApiAnswer(200, body)


def workflow_named(call: Call, repo: Repository) -> tuple[int, str]:
    """Return number and path of the workflow that the path of a request names. Raise 404."""
    named = call.params["workflow"]
    for number, path in enumerate(_files(repo), 1):
        if named in {path.rpartition("/")[2], str(repo.id * 1000 + number)}:
            return number, path
    raise not_found()


def _refuse_dispatch(repo: Repository, path: str, ref: str, inputs: Mapping[str, object]) -> None:
    """Raise GitHub's 422 of a workflow that cannot be dispatched, there or with these inputs."""
    commit = repo.git.resolve(ref)
    if not commit:
        message = f"No ref found for: {ref}"
        raise _unprocessable(message)
    sha = repo.git.entry(commit, path)[1]
    text = repo.git.blobs[sha].decode("utf-8", "replace") if sha else ""
    if not is_dispatchable(text):
        raise _unprocessable("Workflow does not have 'workflow_dispatch' trigger")
    if repo.workflow_states.get(path, "active") != "active":
        raise _unprocessable("Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    if unknown := unexpected_inputs(text, inputs):
        message = f"Unexpected inputs provided: {json.dumps(unknown)}"
        raise _unprocessable(message)


def _unprocessable(message: str) -> RefusalError:
    return RefusalError(422, message, docs=f"{DOCS}/actions/workflows#create-a-workflow-dispatch-event")


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
