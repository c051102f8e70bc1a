"""What the sandbox's world is made of: owners, their teams and properties, repositories, environments."""

from dataclasses import dataclass, field
from typing import Protocol

from flowforge.sandbox.world.git import Git
from flowforge.sandbox.world.scope import Lag, SecretScope
from flowforge.sandbox.world.stores import Stores
from flowforge.sandbox.world.variable import Variables
from flowforge.sandbox.world.viewers import SharedWith

PropertyValue = str | list[str] | None


class SecretHolder(Protocol):
    """What has secrets and variables: a repository, an environment, an organization."""

    @property
    def stores(self) -> Stores:
        """Give its secrets by store; an environment has those of `actions` only."""

    @property
    def variables(self) -> Variables:
        """Give its variables."""


@dataclass(slots=True)
class Team:
    """A team of an organization. repos: the ids of its repositories."""

    id: int
    name: str
    slug: str
    repos: set[int]


@dataclass(frozen=True, slots=True)
class Property:
    """A custom property that an organization defines. default: of every repository that has no value of its own."""

    name: str
    value_type: str = "string"
    allowed: tuple[str, ...] = ()
    default: str | None = None


@dataclass(slots=True)
class Owner:
    """An organization, or a user. sso: whether it requires single sign-on of classic tokens.

    plan: free, pro, team or enterprise; private repositories of a free one have no environments and do not see the
    organization's secrets and variables.
    """

    id: int
    login: str
    stores: Stores
    variables: Variables
    type: str = "Organization"
    sso: bool = False
    plan: str = "team"
    teams: dict[str, Team] = field(default_factory=dict)
    properties: dict[str, Property] = field(default_factory=dict)

    @property
    def is_organization(self) -> bool:
        """Say whether it has teams, properties, secrets and variables."""
        return self.type == "Organization"


@dataclass(slots=True)
class Environment:
    """An environment of a repository. wait_timer: minutes, its one protection rule here; 0 for none."""

    id: int
    name: str
    created: int
    updated: int
    stores: Stores
    variables: Variables
    wait_timer: int = 0


@dataclass(slots=True)
class Repository:
    """One repository. The id is for life; the names may change. hidden: nobody is told that it exists.

    environments: by name in lower case, for names compare without case.
    """

    id: int
    owner: Owner
    name: str
    created: int
    stores: Stores
    variables: Variables
    visibility: str = "private"
    archived: bool = False
    fork: bool = False
    hidden: bool = False
    topics: tuple[str, ...] = ()
    properties: dict[str, PropertyValue] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    git: Git = field(default_factory=Git)

    @property
    def full_name(self) -> str:
        """Give `owner/name` as it was spelled."""
        return f"{self.owner.login}/{self.name}"

    @property
    def private(self) -> bool:
        """Say whether it is private or internal."""
        return self.visibility != "public"

    @property
    def actions(self) -> SecretScope:
        """Give its Actions secrets."""
        return self.stores["actions"]

    @property
    def is_short_of_plan(self) -> bool:
        """Say whether its owner's plan gives it neither environments nor the organization's secrets."""
        return self.owner.plan == "free" and self.private

    def property_values(self) -> dict[str, PropertyValue]:
        """Give the values of all properties that the organization defines; None for one that has none."""
        return {
            name: self.properties.get(name, definition.default)
            for name, definition in sorted(self.owner.properties.items())
        }

    def sees(self, audience: SharedWith | None) -> bool:
        """Say whether it sees what its organization has for this audience."""
        return audience is not None and not self.is_short_of_plan and audience.admits(self.id, public=not self.private)


@dataclass(slots=True)
class Settings:
    """How the world behaves. lag: of reads after a write. latency: real seconds that every request takes.

    late_stamp: seconds by which updated_at is ahead of the Date of the PUT's answer (1 was recorded at GitHub).
    per_page: how many a page of a list has at most, whatever is asked for.
    """

    lag: Lag = field(default_factory=Lag)
    latency: float = 0.0
    late_stamp: int = 0
    per_page: int = 100


@dataclass(frozen=True, slots=True)
class Stats:
    """What was asked since the last reset.

    requests: by `METHOD template`. statuses: 0 stands for a connection that was dropped on purpose. points: spent on
    the limit of points a minute. refusals: by the limit that refused, `primary`, `points` or `in_flight`.
    max_in_flight: of one account.
    """

    requests: dict[str, int]
    statuses: dict[int, int]
    points: int
    refusals: dict[str, int]
    max_in_flight: int
