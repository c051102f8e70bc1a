"""The run that a dispatch makes: it is queued, taken by a runner and ends, all by the sandbox's clock."""

from collections.abc import Mapping
from typing import Final

from flowforge.sandbox.world.base import Ground
from flowforge.sandbox.world.model import Repository
from flowforge.sandbox.world.workflow_run import NEVER, ActionsRun, DispatchPlan, RunJob, RunStep
from flowforge.sandbox.world.workflow_text import WrittenJob, jobs_of, title_of

# A runner takes it after so many seconds.
_QUEUED: Final = 5
_WELL: Final = ("success", "success")
_RED: Final = ("failure", "failure")
# How the step of Claude ends, then its job.
_CONCLUSIONS: Final = {"red": _RED, "refused": _RED, "skipped": ("skipped", "success")}
_REFUSED: Final = "Failed to authenticate. API Error: 401 Invalid bearer token"


def dispatched(
    world: Ground, repo: Repository, path: str, branch: str, *, actor: str, inputs: Mapping[str, object]
) -> ActionsRun:
    """Queue the run that somebody has dispatched. The lock is held."""
    now, plan = int(world.clock.now()), repo.dispatched.get(path, DispatchPlan())
    commit = repo.git.resolve(branch)
    text = repo.git.blobs[repo.git.entry(commit, path)[1]].decode("utf-8", "replace")
    jobs = [_job(world.directory.new_id(), job, plan) for job in jobs_of(text)]
    ended, conclusion = now + max(_QUEUED, int(plan.seconds)), "success"
    if any(job.conclusion == "failure" for job in jobs):
        conclusion = "failure"
    run = ActionsRun(world.directory.new_id(), path, "workflow_dispatch", actor, commit, branch, now, ended, conclusion)
    if plan.ends == NEVER:
        run.ended, run.conclusion = None, ""
    run.jobs, run.begun, run.title = jobs, now + _QUEUED, title_of(text, inputs)
    repo.runs.append(run)
    return run


def _job(number: int, job: WrittenJob, plan: DispatchPlan) -> RunJob:
    of_claude = any(step.runs_claude for step in job.steps)
    of_step, of_job = _CONCLUSIONS.get(plan.ends, _WELL) if of_claude else _WELL
    steps = [RunStep(step.name, of_step if step.runs_claude else "success") for step in job.steps]
    return RunJob(number, job.name, of_job, steps, [_REFUSED] if plan.ends == "refused" and of_claude else [])
