"""What is said of the life of a secret, and the run that it rests on."""

from enum import StrEnum

from flowforge.data_class import dataclass


class Life(StrEnum):
    """What the runs since the last write say of a secret. The words are public."""

    ALIVE = "alive"
    """A step that must have used it ended well."""
    FAILING = "failing"
    """A step that uses it failed, for whatever reason."""
    DEAD = "dead"
    """Such a step failed, and GitHub shows that the credential was refused."""
    NOT_RUN = "not_run"
    """No run used it since it was written."""
    UNKNOWN = "unknown"
    """Nothing decides, or nobody could look."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The run that a verdict rests on."""

    workflow: str
    """The file of the workflow."""
    run: int
    """GitHub's id of the run."""
    url: str
    """The page of the job that decided."""
    concluded_at: str
    """GitHub's time of that job's end."""
    conclusion: str
    """How the step ended."""


@dataclass(frozen=True, slots=True)
class LifeVerdict:
    """What is said of a secret, and why."""

    life: Life
    """The word for it."""
    why: str = ""
    """A clause: what was seen, or why nothing can be said."""
    evidence: Evidence | None = None
    """The run that decided; None where none did."""
    last_good: Evidence | None = None
    """The newest run since the write that proves life, also where a later one failed; None where none was found."""
