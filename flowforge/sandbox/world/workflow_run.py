"""Runs of workflows: their jobs, the steps of these, what their checks say, and how dispatched ones are to end."""

from dataclasses import field
from typing import Final

from flowforge.data_class import dataclass

CANCELLED: Final = "cancelled"
NEVER: Final = "never"
# How a dispatched run can end.
ENDS: Final = ("well", "red", "refused", "skipped", NEVER)


@dataclass(slots=True)
class RunStep:
    """A step of a job."""

    name: str
    conclusion: str


@dataclass(slots=True)
class RunJob:
    """A job of a run."""

    id: int
    name: str
    conclusion: str
    steps: list[RunStep]
    """In the order in which they ran."""
    annotations: list[str] = field(default_factory=list)
    """The messages of its check run."""

    def cancel(self) -> None:
        """End it, and all of its steps, as a cancelled run's."""
        self.conclusion, self.annotations = CANCELLED, []
        for step in self.steps:
            step.conclusion = CANCELLED


@dataclass(frozen=True, slots=True)
class DispatchPlan:
    """How the dispatched runs of a workflow end."""

    ends: str = "well"
    """well, red, refused (by Anthropic, which the check says), skipped (the step of Claude), or never."""
    seconds: float = 60.0
    """After how long."""


@dataclass(slots=True)
class ActionsRun:
    """A run of a workflow."""

    id: int
    """Its id, which nothing else of the world has."""
    path: str
    """The file of its workflow."""
    event: str
    """What started it."""
    actor: str
    """The login of whoever caused it."""
    commit: str
    """The commit that it ran at."""
    branch: str
    """The branch that it ran for."""
    created: int
    """When it was queued, in seconds since 1970."""
    ended: int | None
    """When it ended, or will; None where it does not end."""
    conclusion: str
    """How it ends; empty where it does not."""
    fork: bool = False
    """Whether its commit is of a fork, which is gone."""
    jobs: list[RunJob] = field(default_factory=list)
    """Its jobs."""
    begun: int | None = None
    """When a runner took it, or will; None where none does."""
    title: str = ""
    """What its list calls it; the name of its file unless given."""

    def is_over(self, now: float) -> bool:
        """Return whether it has ended."""
        return self.ended is not None and self.ended <= now

    def status(self, now: float) -> str:
        """Return GitHub's word for where it is: queued, in_progress or completed."""
        if self.is_over(now):
            return "completed"
        return "in_progress" if self.begun is not None and self.begun <= now else "queued"

    def cancel(self, now: int) -> None:
        """End it now, as cancelled."""
        self.ended, self.conclusion = now, CANCELLED
        for job in self.jobs:
            job.cancel()
