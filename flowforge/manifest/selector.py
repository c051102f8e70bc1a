"""A selector: repos by what they are like, which only GitHub can list."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Where
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable

# What `select` finds where it does not say `visibility`. A credential never reaches a public repo by a default: anyone
# may open a pull request there.
NOT_PUBLIC: Final = ("internal", "private")


class Owned(StrEnum):
    """Whose repos a selector asks for. Each value is the key in the manifest."""

    ORG = "org"
    USER = "user"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True)
class Selector:
    """A `select`: the repos of an owner that meet every condition. Two that ask the same are equal and asked once."""

    by: Owned
    """Whose repos are asked for: those of an organization, of a user or of an installation."""
    owner: str
    """The owner in lower case; empty for an installation."""
    where: Where = field(compare=False)
    """The position of its key, which does not make it another selector."""
    names: tuple[str, ...] = ()
    """Patterns in lower case. One of them must fit; none means any name."""
    topics: tuple[str, ...] = ()
    """The repo must have all of them."""
    team: str = ""
    """The slug of a team that has the repo; empty for no condition."""
    properties: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Custom properties. The repo must have one of the values of each."""
    visibility: tuple[str, ...] = NOT_PUBLIC
    """The repo's visibility must be one of them."""
    archived: bool = False
    """Whether archived repos are included."""
    fork: bool = False
    """Whether forks are included."""


# What selectors found: each repo with its id, or why the whole list cannot be read. A selector that was not asked has
# no entry.
SelectorResults = Mapping[Selector, Mapping[Repo, int] | Unreadable]
