"""A manifest in the making: what was found at an owner, grouped by what repos have in common."""

from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.plan.address import Repo


@dataclass(frozen=True, slots=True, order=True)
class DraftCredential:
    """A credential whose value nobody knows here."""

    name: str
    """The name in the manifest."""
    type: str
    """The kind that workflows take it for, as a type of the manifest."""
    secret: str
    """The name on GitHub, in upper case."""
    oldest: str = ""
    """When the first of its secrets was set last; empty where nothing is set yet."""
    newest: str = ""
    """When the last of them was."""
    places: int = 0
    """In how many places it is set."""
    by_prompt: bool = False
    """Whether a person pastes it, instead of a blank that somebody fills in."""


@dataclass(frozen=True, slots=True, order=True)
class DraftGroup:
    """Repos that have the same."""

    name: str
    repos: tuple[Repo, ...]


@dataclass(frozen=True, slots=True, order=True)
class DraftTarget:
    """One target: of a group, or of an organization."""

    name: str
    """What it is called."""
    credential: str
    """The name of what it gets."""
    group: str = ""
    """The group that it is for; empty for an organization's."""
    stores: tuple[str, ...] = ()
    """Where the secret is put; empty for the manifest's usual store."""
    environment: str = ""
    """The environment that it is put into; empty for none."""
    org: str = ""
    """The organization; empty for a group's."""
    visible_to: str = ""
    """`all`, `private`, or empty for the repos below."""
    viewers: tuple[str, ...] = ()
    """The repos that see an organization's secret."""


@dataclass(frozen=True, slots=True)
class DraftManifest:
    """The whole manifest."""

    owner: str
    """The organization or user that was looked at."""
    credentials: tuple[DraftCredential, ...] = ()
    """What its secrets hold, a credential for each name."""
    groups: tuple[DraftGroup, ...] = ()
    """Repos that several targets name."""
    targets: tuple[DraftTarget, ...] = ()
    """Which repos get which credential."""
    unread: tuple[str, ...] = ()
    """What could not be read, a clause each."""
    unused: tuple[str, ...] = ()
    """What is set and no workflow reads, a clause each."""
    failing: tuple[str, ...] = ()
    """What an audit says will fail, a clause each."""
    identities: tuple[Repo, ...] = field(default=())
    """Repos whose workflows use a workload identity."""
