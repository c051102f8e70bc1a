"""How runs of workflows ended, as GitHub tells it: plain data, which a client fills in.

docs.github.com, "REST API endpoints for workflow runs" and "for workflow jobs". Times are GitHub's own, in ISO 8601.
"""

from typing import Final

from flowforge.data_class import dataclass

SUCCESS: Final = "success"
# `timed_out` is said of a job and of a step that took too long.
FAILED: Final = frozenset({"failure", "timed_out"})


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended."""

    name: str
    """As the run shows it: its `name`, or what it runs."""
    conclusion: str
    """`success`, `failure`, `skipped`, `cancelled`; empty while it has none."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended."""

    id: int
    """GitHub's id of it, which is that of its check run too."""
    name: str
    """As the run shows it, with the values of its matrix."""
    conclusion: str
    """As that of a step; empty while it has none."""
    concluded_at: str
    """Empty while it runs."""
    url: str
    """Its page."""
    steps: tuple[StepResult, ...]
    """In the order in which they ran."""


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A run of a workflow, without its jobs."""

    id: int
    """GitHub's id of it, which stays when it is run again."""
    path: str
    """The file of the workflow."""
    event: str
    """What started it."""
    actor: str
    """The login of whoever caused it, in lower case."""
    commit: str
    """The commit whose workflow file it ran."""
    created_at: str
    """When it was queued. GitHub reads secrets then: docs.github.com, "Using secrets in GitHub Actions"."""
    conclusion: str
    """How it ended as a whole; empty while it has not."""
    url: str
    """Its page."""
    foreign: bool = False
    """Whether its commit is of another repository, as that of a fork's pull request."""
