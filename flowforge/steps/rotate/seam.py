"""What a rotation asks between its batches and at its end. Who answers is handed in."""

from collections.abc import Sequence
from typing import Protocol

from flowforge.plan.address import Repo


class Verdict(Protocol):
    """What a canary says of one repo."""

    @property
    def repo(self) -> Repo:
        """The repo."""
        ...

    @property
    def well(self) -> bool:
        """Whether the new value works there."""
        ...

    @property
    def said(self) -> str:
        """What a person is told: one clause."""
        ...

    @property
    def url(self) -> str:
        """Where it can be looked at; empty where nowhere."""
        ...


class Canary(Protocol):
    """Finds out in a few repos whether a value works, before more of them get it."""

    def check(self, repos: Sequence[Repo]) -> None:
        """Raise where it proves nothing or cannot be started. Called before anything is written."""
        ...

    def run(self, repos: Sequence[Repo]) -> Sequence[Verdict]:
        """Return a verdict for each repo. Called after these were written."""
        ...
