"""Ended runs of workflows, their jobs and what their checks say, and files as they were at a commit.

docs.github.com, "REST API endpoints for GitHub Actions" (actions: read), "check runs" (checks: read), "repository
contents" (contents: read). Nothing here is written.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from flowforge.github.body import RAW
from flowforge.github.http import Client
from flowforge.github.paging import PER_PAGE, Item, pages
from flowforge.github.paths import contents_path, repo_path
from flowforge.github.problems import RepoError, other_shape
from flowforge.plan.address import Repo
from flowforge.workflows.results import JobResult, StepResult, WorkflowRun

_NOT_FOUND: Final = 404
_GONE: Final = 410
# GitHub shows at most fifty annotations of a job.
_MOST_ANNOTATIONS: Final = 50


def ended_runs(client: Client, repo: Repo, since: str) -> tuple[tuple[WorkflowRun, ...], bool]:
    """Return the newest ended runs since a time of GitHub's, newest first, and whether these are all. Raises RepoError.

    One page of them: what decides is nearly always among the newest.
    """
    query = urlencode({"status": "completed", "created": f">={since}"})
    for answer, items in pages(client, f"{repo_path(repo)}/actions/runs?{query}", "workflow_runs"):
        runs = sorted(map(read_run, items), key=lambda run: (run.created_at, run.id), reverse=True)
        return tuple(runs), answer.link("next") is None and len(items) < PER_PAGE
    return (), True


def jobs_of(client: Client, repo: Repo, run: int) -> tuple[JobResult, ...]:
    """Return the jobs of a run's latest attempt; none where it was deleted meanwhile. Raises RepoError."""
    try:
        found = pages(client, f"{repo_path(repo)}/actions/runs/{run}/jobs?filter=latest", "jobs")
        return tuple(_job(item) for _, items in found for item in items)
    except RepoError as refusal:
        if refusal.no.status in {_NOT_FOUND, _GONE}:
            return ()
        raise


def annotations_of(client: Client, repo: Repo, job: int) -> tuple[str, ...]:
    """Return what the check run of a job says, title and message as one text each. Raises RepoError."""
    path = f"{repo_path(repo)}/check-runs/{job}/annotations"
    for _, items in pages(client, path, per_page=_MOST_ANNOTATIONS):
        return tuple(f"{_text(item, 'title')} {_text(item, 'message')}" for item in items)
    return ()


def file_at(client: Client, repo: Repo, path: str, commit: str = "") -> bytes | None:
    """Return a file as it is at a commit, or on the default branch; None where there is none. Raises RepoError."""
    query = f"?{urlencode({'ref': commit})}" if commit else ""
    try:
        data = client.get(f"{contents_path(repo, path)}{query}", RAW).data
    except RepoError as refusal:
        if refusal.no.status == _NOT_FOUND:
            return None
        raise
    # A folder is listed as JSON, whatever was asked for.
    return data if isinstance(data, bytes) else None


def read_run(item: Item) -> WorkflowRun:
    """Return a run as GitHub tells of it. Raises RepoError FF327 for another shape."""
    match item:
        case {
            "id": int() as number,
            "path": str() as path,
            "event": str() as event,
            "head_sha": str() as commit,
            "created_at": str() as created_at,
            "html_url": str() as url,
        }:
            # Not who ran it again: what Dependabot's run may, it may whoever does that.
            actor = item.get("actor")
            login = actor.get("login") if isinstance(actor, Mapping) else ""
            # GitHub puts the branch behind the path of some: `x.yml@main`.
            return WorkflowRun(
                id=number,
                path=path.partition("@")[0],
                event=event,
                actor=login.lower() if isinstance(login, str) else "",
                commit=commit,
                created_at=created_at,
                conclusion=_text(item, "conclusion"),
                url=url,
                foreign=_is_foreign(item),
            )
    raise other_shape("a run without its id, path, event, commit, time or page")


def _is_foreign(item: Item) -> bool:
    head, own = item.get("head_repository"), item.get("repository")
    # The fork may be gone, and is then null.
    ids = [each.get("id") if isinstance(each, Mapping) else None for each in (head, own)]
    return ids[0] != ids[1]


def _job(item: Item) -> JobResult:
    match item:
        case {"id": int() as number, "name": str() as name}:
            steps = item.get("steps")
            found = [each for each in steps if isinstance(each, Mapping)] if isinstance(steps, list) else []
            return JobResult(
                id=number,
                name=name,
                conclusion=_text(item, "conclusion"),
                concluded_at=_text(item, "completed_at"),
                url=_text(item, "html_url"),
                steps=tuple(StepResult(_text(each, "name"), _text(each, "conclusion")) for each in found),
            )
    raise other_shape("a job without its id or its name")


def _text(item: Item, key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""
