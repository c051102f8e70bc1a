"""Where the Claude steps of a workflow use a secret: in which job and step of a run, and what their ends prove."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flowforge.audit.claude_steps import ClaudeStep, Given, claude_step, named
from flowforge.life.proof import another_way, unproven
from flowforge.workflows.joins import occurrences
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.pins import NEWEST
from flowforge.workflows.repository import RepositoryFiles, read_repository
from flowforge.workflows.sources import CALLER, REPO, SourceKind, ValueSource
from flowforge.workflows.workflow import Job, WorkflowStep

_TEMPLATE: Final = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
# GitHub shows the values of a matrix behind the name of its job.
_MATRIX: Final = r"(?: \(.*\))?"


@dataclass(frozen=True, slots=True)
class SecretUse:
    """A Claude step that is given a secret."""

    secret: str
    """Its name, in upper case."""
    environment: str | None
    """The environment of its job, in lower case; empty without one, None where nobody can tell."""
    job: re.Pattern[str]
    """What the name of its job in a run looks like."""
    step: re.Pattern[str]
    """What its own name in a run looks like."""
    is_only_way: bool
    """Whether Claude can have used nothing else there, so that what was refused is this one."""
    unproven: str
    """Why its good end proves nothing, as a clause; empty where it does."""
    moving: bool
    """Whether its action is named by a reference that moves, so that a run got what was the newest then."""
    validated: bool
    """Whether its action first compares the workflow with that of the default branch, and ends well where they differ.

    It does so where it makes the token of its own App: src/github/token.ts.
    """


def uses_of(files: Mapping[str, bytes], path: str, repo: str) -> tuple[SecretUse, ...]:
    """Return the uses of secrets in the workflow of a path, local actions and called workflows joined.

    files: by path, all of one commit. repo: owner and name.
    """
    return tuple(_uses(read_repository(files, repo), path))


def local_files(files: Mapping[str, bytes], repo: str) -> frozenset[str]:
    """Return the paths that these files call in their own repository, and that are not among them.

    A folder of an action stands for either name that its file may have.
    """
    read = read_repository(files, repo)
    wanted: set[str] = set()
    for workflow in read.workflows.values():
        for job in workflow.jobs.values():
            if called := read.local(job.uses):
                wanted.add(called)
            wanted.update(_actions(job.steps))
    for action in read.actions.values():
        wanted.update(_actions(action.steps))
    there = {*files, *(path.rpartition("/")[0] for path in files)}
    return frozenset(wanted - there)


def _actions(steps: Sequence[WorkflowStep]) -> set[str]:
    return {step.uses.removeprefix("./").strip("/") for step in steps if step.uses.startswith("./")}


def _uses(repository: RepositoryFiles, path: str) -> Iterator[SecretUse]:
    for occurrence in occurrences(repository):
        if occurrence.at.file != path:
            continue
        step = claude_step(occurrence)
        names = _names_in_a_run(occurrence) if step is not None else None
        if step is None or names is None or step.cloud:
            continue
        for given in step.static:
            for source in named(given.sources, SourceKind.SECRET):
                # What a caller hands on is a secret of its own only there, and is seen from there.
                if source.where != CALLER:
                    yield _use(step, given, source, *names)


def _use(step: ClaudeStep, given: Given, source: ValueSource, job: re.Pattern[str], name: re.Pattern[str]) -> SecretUse:
    known = source.where_known
    environment = "" if source.where == REPO else source.where.removeprefix("environment:").lower()
    return SecretUse(
        secret=source.name,
        environment=environment if known else None,
        job=job,
        step=name,
        is_only_way=not another_way(step, given),
        unproven=unproven(step, given),
        moving=step.version == NEWEST,
        validated=step.action is not None and step.action.needs_token and not step.has_input("github_token"),
    )


def _names_in_a_run(occurrence: Occurrence) -> tuple[re.Pattern[str], re.Pattern[str]] | None:
    """Return what its job and its step are called in a run; None where no run of this workflow has them."""
    workflow, at = occurrence.workflow, occurrence.at
    caller = workflow.jobs.get(at.job or "") if workflow else None
    if caller is None or occurrence.step is None:
        return None
    job = _job_name(caller)
    if caller.uses:
        # The job of the called workflow stands behind that of its caller.
        if occurrence.job is None:
            return None
        return re.compile(f"{job} / {_job_name(occurrence.job)}"), re.compile(_step_name(occurrence.step))
    own = caller.steps[at.step] if at.step is not None and at.step < len(caller.steps) else None
    return (re.compile(job), re.compile(_step_name(own))) if own else None


def _job_name(job: Job) -> str:
    name = job.node.get("name")
    return _as_pattern(name.text if name and name.text else job.key) + _MATRIX


def _step_name(step: WorkflowStep) -> str:
    """Return the name that the runner gives a step: actions/runner, ActionRunner.cs."""
    name = step.node.get("name")
    if name is not None and name.text:
        return _as_pattern(name.text)
    script = step.run.strip().splitlines()
    return _as_pattern(f"Run {step.uses or (script[0] if script else '')}")


def _as_pattern(template: str) -> str:
    return ".*".join(re.escape(part) for part in _TEMPLATE.split(template))
