"""What the selectors of a manifest found. Apart from how they ask, which a manifest without selectors never imports."""

from collections.abc import Mapping
from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.github.repos import RepoInfo
from flowforge.manifest.selector import SelectorResults
from flowforge.plan.address import Repo


@dataclass(frozen=True, slots=True)
class Selected:
    """What the selectors of a manifest found."""

    found: SelectorResults = field(default_factory=dict)
    """The repos of each selector, or why they are not known."""
    notes: tuple[str, ...] = ()
    """What a person should know, such as the archived repos that were left out."""
    repos: Mapping[Repo, RepoInfo] = field(default_factory=dict)
    """What the lists show of each repo, which need not be looked up before a plan."""
    shown: frozenset[int] = frozenset()
    """The ids of all repos in any of the lists."""
