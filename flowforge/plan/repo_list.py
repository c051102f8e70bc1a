"""Who a plan is about: each repo of each target, and the line that chooses it."""

from dataclasses import dataclass

from flowforge.errors import Where
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unresolved


@dataclass(frozen=True, slots=True, order=True)
class ChosenRepo:
    """A repo that a target, or an absent entry, is about. where: what names or selects it.

    by: the groups or targets whose selectors found it, `group services`; none where it is named. new_to: see `Wanted`.
    """

    repo: Repo
    entry: str
    where: Where
    by: tuple[str, ...] = ()
    new_to: str = ""


@dataclass(frozen=True, slots=True)
class RepoList:
    """All of them, sorted, each once; the entries whose repos cannot be known; and warnings."""

    choices: tuple[ChosenRepo, ...]
    unresolved: tuple[Unresolved, ...] = ()
    warnings: tuple[str, ...] = ()
