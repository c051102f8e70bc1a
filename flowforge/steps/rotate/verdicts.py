"""Canaries: what must go well in the repos of a batch before a rotation goes on to the next."""

from collections.abc import Sequence
from typing import Final, Protocol

from flowforge.data_class import dataclass
from flowforge.errors import UsageError
from flowforge.plan.action import Why
from flowforge.plan.address import Repo

# Refusals of GitHub's that do not pass while a run goes on.
LASTING: Final = frozenset({Why.NO_PERMISSION, Why.NO_TOKEN, Why.SSO})


class CanaryError(UsageError):
    """A canary proves nothing, or cannot be started. It is raised before anything is written."""


@dataclass(frozen=True, slots=True)
class CanaryVerdict:
    """What a canary says of a repo."""

    repo: Repo
    well: bool
    said: str
    """A clause for people: how it ended, or why nobody knows."""
    url: str = ""
    """A page to look at; empty where there is none."""


class Canary(Protocol):
    """Something that goes well in a repo only where the new value is good there."""

    def check(self, repos: Sequence[Repo]) -> None:
        """Refuse a canary that would prove nothing. Raises CanaryError, with one problem for each trouble."""
        ...

    def run(self, repos: Sequence[Repo]) -> tuple[CanaryVerdict, ...]:
        """Return a verdict for each repo of a batch that was just written. Raises StoppedError."""
        ...
