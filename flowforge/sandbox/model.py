"""What the sandbox's world is made of: owners, repositories, and how the world behaves."""

from dataclasses import dataclass, field

from flowforge.sandbox.scope import Lag, Scope


@dataclass(slots=True)
class Owner:
    """An organization, or a user. sso: whether it requires single sign-on of classic tokens."""

    id: int
    login: str
    type: str = "Organization"
    sso: bool = False


@dataclass(slots=True)
class Repository:
    """One repository. The id is for life; the names may change. hidden: nobody is told that it exists."""

    id: int
    owner: Owner
    name: str
    created: int
    actions: Scope
    private: bool = True
    archived: bool = False
    fork: bool = False
    hidden: bool = False

    @property
    def full_name(self) -> str:
        """Give `owner/name` as it was spelled."""
        return f"{self.owner.login}/{self.name}"


@dataclass(slots=True)
class Settings:
    """How the world behaves. lag: of reads after a write. latency: real seconds that every request takes.

    late_stamp: seconds by which updated_at is ahead of the Date of the PUT's answer (1 was recorded at GitHub).
    """

    lag: Lag = field(default_factory=Lag)
    latency: float = 0.0
    late_stamp: int = 0


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
