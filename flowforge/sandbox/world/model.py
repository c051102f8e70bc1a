"""What the sandbox's world is made of: owners, their teams and properties, repositories, environments."""

from dataclasses import field
from typing import Protocol

from flowforge.data_class import dataclass
from flowforge.sandbox.world.git import Git
from flowforge.sandbox.world.issue import Tracker
from flowforge.sandbox.world.scope import Lag, SecretScope
from flowforge.sandbox.world.stores import Stores
from flowforge.sandbox.world.variable import Variables
from flowforge.sandbox.world.viewers import SharedWith
from flowforge.sandbox.world.workflow_run import ActionsRun, DispatchPlan

PropertyValue = str | list[str] | None


class SecretHolder(Protocol):
    """A repository, environment or organization: each has secrets and variables."""

    @property
    def stores(self) -> Stores:
        """Return its secrets by store. An environment has those of `actions` only."""

    @property
    def variables(self) -> Variables:
        """Return its variables."""


@dataclass(slots=True)
class Team:
    """A team of an organization."""

    id: int
    name: str
    slug: str
    repos: set[int]
    """The ids of its repositories."""


@dataclass(frozen=True, slots=True)
class Property:
    """A custom property that an organization defines."""

    name: str
    value_type: str = "string"
    allowed: tuple[str, ...] = ()
    default: str | None = None
    """The value of every repository that has none of its own."""


@dataclass(slots=True)
class Owner:
    """An organization or a user."""

    id: int
    """The id, which never changes."""
    login: str
    """The name, as it was spelled."""
    stores: Stores
    """An organization's own secrets."""
    variables: Variables
    """An organization's own variables."""
    type: str = "Organization"
    """`Organization` or `User`."""
    sso: bool = False
    """Whether it requires single sign-on of classic tokens."""
    plan: str = "team"
    """free, pro, team or enterprise. Private repos of a free one have no environments, and see none of its secrets."""
    teams: dict[str, Team] = field(default_factory=dict)
    """An organization's teams, by slug."""
    properties: dict[str, Property] = field(default_factory=dict)
    """The custom properties that an organization defines, by name."""

    @property
    def is_organization(self) -> bool:
        """Return whether it has teams, properties, secrets and variables."""
        return self.type == "Organization"


@dataclass(slots=True)
class Environment:
    """An environment of a repository."""

    id: int
    """The id, which never changes."""
    name: str
    """The name, as it was spelled."""
    created: int
    """When it was created, in seconds since the epoch."""
    updated: int
    """When it was changed last, in seconds since the epoch."""
    stores: Stores
    """Its secrets: an environment has those of Actions only."""
    variables: Variables
    """Its variables."""
    wait_timer: int = 0
    """Its only protection rule here: minutes to wait, 0 for none."""


@dataclass(slots=True)
class Repository:
    """A repository."""

    id: int
    """The id, which never changes."""
    owner: Owner
    """The owner, which a transfer changes."""
    name: str
    """The name, which may change."""
    created: int
    """When it was created, in seconds since the epoch."""
    stores: Stores
    """Its secrets, by store."""
    variables: Variables
    """Its Actions variables."""
    visibility: str = "private"
    """private, internal or public."""
    archived: bool = False
    """Whether it is read-only."""
    fork: bool = False
    """Whether it is a fork."""
    hidden: bool = False
    """Whether nobody is told that it exists."""
    topics: tuple[str, ...] = ()
    """Its topics."""
    properties: dict[str, PropertyValue] = field(default_factory=dict)
    """Its own values of custom properties, by name."""
    environments: dict[str, Environment] = field(default_factory=dict)
    """By name in lower case, because GitHub compares them without case."""
    git: Git = field(default_factory=Git)
    """Its branches and files."""
    tracker: Tracker = field(default_factory=Tracker)
    """Its issues and pull requests."""
    runs: list[ActionsRun] = field(default_factory=list)
    """The runs of its workflows, in the order in which they were queued."""
    dispatched: dict[str, DispatchPlan] = field(default_factory=dict)
    """How runs that are dispatched end, by their workflows' files."""
    disabled: bool = False
    """Whether GitHub's staff has disabled it."""
    workflow_states: dict[str, str] = field(default_factory=dict)
    """The states of workflows that are not active, by their files' paths."""
    default_permissions: str = "read"
    """What its workflows may that have no permissions block: read or write."""
    immutable_subject: bool = False
    """Whether the subject of its OIDC tokens carries ids."""
    subject_keys: tuple[str, ...] = ()
    """The claims that a template of its own makes the subject of; none for GitHub's own form."""

    @property
    def full_name(self) -> str:
        """Return `owner/name` as it was spelled."""
        return f"{self.owner.login}/{self.name}"

    @property
    def private(self) -> bool:
        """Return whether it is private or internal."""
        return self.visibility != "public"

    @property
    def subject_prefix(self) -> str:
        """Return what the subject of its OIDC tokens begins with: names, and since July 2026 their ids too."""
        if self.immutable_subject:
            return f"repo:{self.owner.login}@{self.owner.id}/{self.name}@{self.id}"
        return f"repo:{self.full_name}"

    @property
    def actions(self) -> SecretScope:
        """Return its Actions secrets."""
        return self.stores["actions"]

    @property
    def is_short_of_plan(self) -> bool:
        """Return whether its owner's plan denies it environments and the organization's secrets."""
        return self.owner.plan == "free" and self.private

    def property_values(self) -> dict[str, PropertyValue]:
        """Return the values of all properties that the organization defines; None for one that has none."""
        return {
            name: self.properties.get(name, definition.default)
            for name, definition in sorted(self.owner.properties.items())
        }

    def sees(self, audience: SharedWith | None) -> bool:
        """Return whether it sees what its organization has for this audience."""
        return audience is not None and not self.is_short_of_plan and audience.admits(self.id, public=not self.private)


@dataclass(slots=True)
class Settings:
    """How the world behaves."""

    lag: Lag = field(default_factory=Lag)
    """How long reads are behind a write."""
    latency: float = 0.0
    """How many real seconds every request takes."""
    late_stamp: int = 0
    """How many seconds updated_at is ahead of the Date of the PUT's answer. 1 was recorded at GitHub."""
    per_page: int = 100
    """How many items a page of a list has at most, whatever is asked for."""
    token_life: int = 3600
    """How many seconds the token of an installation lives. GitHub's live an hour."""
    computed_etags: bool = True
    """Whether ETags are made by the formula that clients know. GitHub does not document it, and may change it."""
    unchanged_links: bool = True
    """Whether a 304 says where its list goes on, and what single sign-on hides of it, as the whole answer does."""
    graphql: bool = True
    """Whether there is a GraphQL API for these tokens."""
    graphql_bytes: int = 8_000_000
    """How many bytes of files one GraphQL query may show before the ten seconds are over that GitHub gives it."""
    usage_lag: float = 0.0
    """How many seconds Anthropic's report of usage is behind."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What was asked of the sandbox since the last reset."""

    requests: dict[str, int]
    """How many, by `METHOD template`."""
    statuses: dict[int, int]
    """How many, by status. 0 stands for a connection that was dropped on purpose."""
    points: int
    """The points of all accounts."""
    refusals: dict[str, int]
    """How many, by the limit that refused: `primary`, `points` or `in_flight`."""
    max_in_flight: int
    """The most requests of one account at once."""
