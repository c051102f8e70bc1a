"""What a manifest comes to: the repos of its entries, and the places where its secrets are to be, or not to be."""

from collections.abc import Mapping
from dataclasses import replace

from flowforge.data_class import dataclass
from flowforge.errors import Where
from flowforge.manifest.model import AbsentEntry, Credential, Group, Target
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Address, Repo
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.facts import Presence, Public, Unreadable, Unresolved


@dataclass(frozen=True, slots=True)
class Holder:
    """A group, target or absent entry that has a selector, as `group services`."""

    name: str
    auto: bool = False
    """Whether repos that its selector finds for the first time are admitted without a flag."""


def holder_name(entry: Group | Target | AbsentEntry) -> str:
    """Return what the state and messages call an entry that has a selector: `group services`."""
    return f"{entry.noun} {entry.name}"


@dataclass(frozen=True, slots=True)
class Member:
    """A repo of an entry."""

    repo: Repo
    where: Where
    """The position that names it, or that of the selector that found it."""
    holders: tuple[Holder, ...] = ()
    """The entries whose selectors found it; none where it is named as well."""
    id: int = 0
    """GitHub's id of a repo that a selector found; else 0."""

    def and_by(self, other: "Member") -> "Member":
        """Join two ways to the same repo: a name counts for more than a selector."""
        # Who names a repo has decided on it, so nobody need be asked whether it is admitted.
        if not self.holders or not other.holders:
            return other if self.holders else self
        return replace(self, holders=tuple(dict.fromkeys((*self.holders, *other.holders))))


Repos = Mapping[str, Member]


@dataclass(frozen=True, slots=True)
class Place:
    """One secret or variable that the manifest names."""

    address: Address
    """Where it is on GitHub: the repo or organization, the list in it, and its name."""
    presence: Presence
    """Whether it must exist or must not."""
    credential: Credential | None
    """None where it must not exist."""
    target: str
    """The name of the target or absent entry."""
    entry: str
    """The same with its noun, as `target All`."""
    where: Where
    """The position of the target or absent entry."""
    on_drift: OnDrift
    """What is done if it was changed outside FlowForge."""
    chosen: Where
    """Where the repo is named or selected."""
    creates_environment: bool = False
    """Whether its environment is created if it is missing."""
    holders: tuple[Holder, ...] = ()
    """The entries whose selectors found the repo; none where it is named."""
    repo_id: int = 0
    """GitHub's id of a repo that a selector found; else 0."""
    unread: Unreadable | None = None
    """Why it is not known whether it is wanted here: a list of repos could not be read."""
    tags: frozenset[str] = frozenset()
    """The tags of every entry that wants the same here."""
    visibility: Visibility | None = None
    """Who is to see an organization's secret; None for a repo's."""
    viewers: tuple[Member, ...] = ()
    """The repos that are to see an organization's secret whose visibility is `selected`."""
    selects: bool = False
    """Whether a selector decides on any of the viewers."""
    value: Public | None = None
    """The value of a variable; None for a secret."""

    @property
    def audience(self) -> Audience | None:
        """Who is to see it, each repo with its id where a selector found it; None for a repo's secret."""
        if self.visibility is None:
            return None
        return Audience(self.visibility, tuple(sorted(Viewer(each.repo, each.id) for each in self.viewers)))


@dataclass(frozen=True, slots=True)
class Expanded:
    """What a manifest comes to, with what selectors found."""

    places: tuple[Place, ...]
    """Sorted by address, each address once."""
    unresolved: tuple[Unresolved, ...] = ()
    """The entries whose repos cannot be known."""
    warnings: tuple[str, ...] = ()
