"""Which repos a manifest is about: each repo of each target, and the line that chooses it."""

from flowforge.data_class import dataclass
from flowforge.errors import Where
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unresolved


@dataclass(frozen=True, slots=True, order=True)
class ChosenRepo:
    """A repo that a target or an absent entry is about."""

    repo: Repo
    """The repo."""
    entry: str
    """The target or absent entry."""
    where: Where
    """The line that names or selects the repo."""
    by: tuple[str, ...] = ()
    """The groups or targets whose selectors found it, `group services`; none where it is named."""
    new_to: str = ""
    """The group that has not admitted it, as in `Wanted.new_to`."""


@dataclass(frozen=True, slots=True)
class OwnerList:
    """The owners that a manifest is about."""

    owners: tuple[tuple[str, int], ...]
    """Each in lower case with the number of its repos, sorted: 0 where only an organization's secrets are named."""
    unresolved: tuple[Unresolved, ...] = ()
    """The entries whose repos, and so perhaps whose owners, cannot be known."""
    warnings: tuple[str, ...] = ()
    """What a person should know of the manifest."""


@dataclass(frozen=True, slots=True)
class RepoList:
    """The repos that a manifest is about."""

    choices: tuple[ChosenRepo, ...]
    """The repos, sorted, each once for every entry."""
    unresolved: tuple[Unresolved, ...] = ()
    """The entries whose repos cannot be known."""
    warnings: tuple[str, ...] = ()
    """What a person should know of the manifest."""
    host: str = ""
    """The host that has them."""
