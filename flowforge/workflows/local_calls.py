"""Which files of a repository its workflows call that are not among those that were read."""

from collections.abc import Iterator
from itertools import chain
from posixpath import normpath

from flowforge.workflows.repository import ACTION_NAMES, RepositoryFiles
from flowforge.workflows.workflow import WorkflowStep


def absent_actions(repository: RepositoryFiles) -> tuple[str, ...]:
    """Return the paths at which the local actions may be that a step uses and nobody has read, sorted.

    A fetcher asks for these: all actions of a repository may be many, and their folders hold whole programs.
    """
    folders = {normpath(step.uses) for step in _steps(repository) if _is_absent(repository, step.uses)}
    # What leads out of the repository is no action of it.
    inside = sorted(folder for folder in folders if not folder.startswith(("..", "/")))
    return tuple(normpath(f"{folder}/{name}") for folder in inside for name in ACTION_NAMES)


def _is_absent(repository: RepositoryFiles, uses: str) -> bool:
    local = uses.startswith("./") or uses == "."
    return local and "${{" not in uses and repository.action(uses) is None


def _steps(repository: RepositoryFiles) -> Iterator[WorkflowStep]:
    for workflow in repository.workflows.values():
        yield from chain.from_iterable(job.steps for job in workflow.jobs.values())
    for action in repository.actions.values():
        yield from action.steps
