"""Handlers of the runs of workflows, of their jobs, and of what check runs say."""

from collections.abc import Iterable

from flowforge.sandbox.handlers import shapes
from flowforge.sandbox.handlers.actions import workflow_named
from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.handlers.issue_shapes import author
from flowforge.sandbox.rules.access import Level, Need
from flowforge.sandbox.rules.answers import ApiAnswer, RefusalError, not_found, whole
from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.world.model import Repository
from flowforge.sandbox.world.workflow_run import ActionsRun, RunJob


def list_runs(call: Call) -> ApiAnswer:
    """Answer GET …/actions/runs: newest first, by `status`, `event`, `branch`, `actor` and `created`."""
    repo = _reading(call, "actions")
    return _page(call, repo, repo.runs)


def list_of_workflow(call: Call) -> ApiAnswer:
    """Answer GET …/actions/workflows/{workflow}/runs, as `list_runs` does."""
    repo = _reading(call, "actions")
    _, path = workflow_named(call, repo)
    return _page(call, repo, [run for run in repo.runs if run.path == path])


def get_run(call: Call) -> ApiAnswer:
    """Answer GET …/actions/runs/{run}."""
    repo = _reading(call, "actions")
    return ApiAnswer(200, _run(call, repo, _named(call, repo)))


def cancel(call: Call) -> ApiAnswer:
    """Answer POST …/actions/runs/{run}/cancel: 202, or 409 for one that has ended."""
    repo = call.repository()
    call.token.demand(repo, Need("actions", Level.WRITE))
    run = _named(call, repo)
    if run.is_over(call.now):
        raise RefusalError(409, "Cannot cancel a workflow run that is completed.")
    run.cancel(call.now)
    return ApiAnswer(202, {})


def _page(call: Call, repo: Repository, runs: Iterable[ActionsRun]) -> ApiAnswer:
    query = call.request.query
    begins, ends = _span(query.get("created", ""))
    found = [
        run
        for run in sorted(runs, key=lambda run: (run.created, run.id), reverse=True)
        if query.get("status", run.status(call.now)) in {run.status(call.now), run.is_over(call.now) and run.conclusion}
        and begins <= timestamp(run.created) <= ends
        and query.get("event", run.event) == run.event
        and query.get("branch", run.branch) == run.branch
        and query.get("actor", run.actor) == run.actor
    ]
    part, headers = page_of(call, found)
    return ApiAnswer(
        200, {"total_count": len(found), "workflow_runs": [_run(call, repo, each) for each in part]}, headers
    )


def _span(created: str) -> tuple[str, str]:
    """Return the first and the last time of a range in the form of GitHub's search: `>=A`, `<=B` or `A..B`."""
    first, dots, last = created.partition("..")
    if dots:
        return first, last
    if created.startswith("<="):
        return "", created.removeprefix("<=")
    return created.removeprefix(">="), "9999"


def _named(call: Call, repo: Repository) -> ActionsRun:
    run = next((each for each in repo.runs if each.id == whole(call.params["run"], 0)), None)
    if run is None:
        raise not_found()
    return run


def list_jobs(call: Call) -> ApiAnswer:
    """Answer GET …/actions/runs/{run}/jobs."""
    repo = _reading(call, "actions")
    run = _named(call, repo)
    part, headers = page_of(call, run.jobs)
    return ApiAnswer(
        200, {"total_count": len(run.jobs), "jobs": [_job(call, repo, run, each) for each in part]}, headers
    )


def list_annotations(call: Call) -> ApiAnswer:
    """Answer GET …/check-runs/{check}/annotations. The check run of a job has its id."""
    repo = _reading(call, "checks")
    number = whole(call.params["check"], 0)
    job = next((job for run in repo.runs if run.is_over(call.now) for job in run.jobs if job.id == number), None)
    if job is None:
        raise not_found()
    part, headers = page_of(call, job.annotations)
    return ApiAnswer(200, [_annotation(call, repo, each) for each in part], headers)


def _reading(call: Call, permission: str) -> Repository:
    repo = call.repository()
    if repo.private:
        call.token.demand(repo, Need(permission, Level.READ, "read"))
    return repo


def _run(call: Call, repo: Repository, run: ActionsRun) -> dict[str, object]:
    base, web = _bases(call, repo)
    url, over = f"{base}/actions/runs/{run.id}", run.is_over(call.now)
    touched = run.ended if over and run.ended is not None else run.created
    shape = shapes.repository(repo, call.token, call.request.base, call.version)
    return {
        "id": run.id,
        "node_id": shapes.node_id("WorkflowRun", run.id),
        "name": run.path.rpartition("/")[2],
        "head_branch": run.branch,
        "head_sha": run.commit,
        "run_number": repo.runs.index(run) + 1,
        "run_attempt": 1,
        "display_title": run.title or run.path.rpartition("/")[2],
        "event": run.event,
        "status": run.status(call.now),
        "conclusion": (over and run.conclusion) or None,
        "path": run.path,
        "workflow_id": repo.id,
        "url": url,
        "html_url": f"{web}/actions/runs/{run.id}",
        "created_at": timestamp(run.created),
        "run_started_at": timestamp(run.created),
        "updated_at": timestamp(touched),
        "actor": author(call, run.actor),
        "triggering_actor": author(call, run.actor),
        "head_commit": None,
        "head_repository": {**shape, "id": repo.id + 1_000_000} if run.fork else shape,
        "repository": shape,
        "pull_requests": [],
        "check_suite_url": f"{base}/check-suites/{run.id}",
        "workflow_url": f"{base}/actions/workflows/{repo.id}",
        **{f"{name}_url": f"{url}/{name}" for name in ("jobs", "logs", "cancel", "rerun", "artifacts")},
    }


def _job(call: Call, repo: Repository, run: ActionsRun, job: RunJob) -> dict[str, object]:
    base, web = _bases(call, repo)
    over, begun = run.is_over(call.now), timestamp(run.created if run.begun is None else run.begun)
    ended = timestamp(run.ended) if over and run.ended is not None else None
    status = run.status(call.now)
    steps = [
        {
            "name": step.name,
            "status": status,
            "conclusion": (over and step.conclusion) or None,
            "number": number,
            "started_at": begun,
            "completed_at": ended,
        }
        for number, step in enumerate(job.steps, 1)
    ]
    return {
        "id": job.id,
        "node_id": shapes.node_id("CheckRun", job.id),
        "run_id": run.id,
        "run_url": f"{base}/actions/runs/{run.id}",
        "head_sha": run.commit,
        "head_branch": run.branch,
        "workflow_name": run.path.rpartition("/")[2],
        "name": job.name,
        "status": status,
        "conclusion": (over and job.conclusion) or None,
        "created_at": timestamp(run.created),
        "started_at": begun,
        "completed_at": ended,
        "url": f"{base}/actions/jobs/{job.id}",
        "html_url": f"{web}/actions/runs/{run.id}/job/{job.id}",
        "check_run_url": f"{base}/check-runs/{job.id}",
        "labels": ["ubuntu-latest"],
        **dict.fromkeys(("runner_id", "runner_name", "runner_group_id", "runner_group_name")),
        "steps": steps,
    }


def _annotation(call: Call, repo: Repository, message: str) -> dict[str, object]:
    base, _ = _bases(call, repo)
    return {
        "path": ".github",
        "blob_href": f"{base}/contents/.github",
        "start_line": 1,
        "end_line": 1,
        "start_column": None,
        "end_column": None,
        "annotation_level": "failure",
        "title": "",
        "message": message,
        "raw_details": "",
    }


def _bases(call: Call, repo: Repository) -> tuple[str, str]:
    return f"{call.request.base}/repos/{repo.full_name}", f"https://github.com/{repo.full_name}"
