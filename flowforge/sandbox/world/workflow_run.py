"""Runs of workflows that have ended: their jobs, the steps of these, and what their checks say."""

from dataclasses import dataclass, field


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


@dataclass(slots=True)
class Run:
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
    """When it ended; None while it is queued or runs."""
    conclusion: str
    """How it ended; empty while it has not."""
    fork: bool = False
    """Whether its commit is of a fork, which is gone."""
    jobs: list[RunJob] = field(default_factory=list)
    """Its jobs."""

    @property
    def status(self) -> str:
        """Return `completed`, or `queued`."""
        return "queued" if self.ended is None else "completed"
