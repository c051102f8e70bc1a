"""What a probe found out about a GitHub. Nothing here names anybody: no repo, owner, host, token, value or id."""

from enum import StrEnum

from flowforge.data_class import dataclass
from flowforge.errors import ExitCode, Problem
from flowforge.plan.address import Address, Repo, Scope

# What a killed probe leaves behind is found by it, and no secret that somebody uses begins with it.
PREFIX = "FLOWFORGE_PROBE_"


class Host(StrEnum):
    """What kind of GitHub answered."""

    GITHUB = "github.com"
    GHEC = "ghec"
    GHES = "ghes"
    SANDBOX = "sandbox"


class TokenType(StrEnum):
    """What kind of token was used."""

    APP = "app"
    CLASSIC = "classic"
    FINE_GRAINED = "fine_grained"


class ProbeStep(StrEnum):
    """What was done at a place, in this order."""

    LIST = "list"
    LIST_AGAIN = "list_again"
    """The list with the ETag in `If-None-Match` that was computed of the first one."""
    PUBLIC_KEY = "public_key"
    CREATE = "create"
    ROTATE = "rotate"
    """Another value is written."""
    PUBLIC_KEY_AGAIN = "public_key_again"
    REWRITE = "rewrite"
    """The same value is written once more; a secret is sealed anew for that, with the key of `public_key_again`."""
    DELETE = "delete"


class Etag(StrEnum):
    """What the `ETag` of an answer looked like."""

    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class LimitHeaders:
    """What the headers about the primary rate limit said."""

    resource: str | None
    """Which limit it is, in lower case: `core`."""
    limit: int | None
    used: int | None
    remaining: int | None
    resets_in: int | None
    """The seconds from the answer to the reset."""


@dataclass(frozen=True, slots=True)
class ProbeExchange:
    """One request, sent once, and what came of it."""

    method: str
    """As it was sent: `GET`, `PUT`, `DELETE`."""
    status: int | None = None
    """None where no answer came."""
    headers: tuple[str, ...] = ()
    """The names of its headers, sorted: those that GitHub, or any server, is known to send."""
    other_headers: int = 0
    """How many more there were. Their names may be somebody's, such as a proxy's."""
    api_version: str | None = None
    """Which version of the API GitHub says it answered by."""
    points: LimitHeaders | None = None
    """None where no header was about them."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """When a list showed what was written."""

    reads: int
    """How many lists it took; the last one showed it, unless `lag` is None."""
    lag: int | None = None
    """The seconds from the `Date` of the write to that of the list that showed it; None if none did."""
    offset: int | None = None
    """`updated_at` less the `Date` of the write, in seconds; None of what was deleted."""
    changed: bool | None = None
    """Whether `updated_at` is another one than before the write; None of what was not there before, or is deleted."""


@dataclass(frozen=True, slots=True)
class Tag:
    """What is known of a list's ETag."""

    kind: Etag
    computed: bool
    """Whether it is the one that can be computed of the token and the body."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a public key."""

    id_kind: str
    """What its `key_id` is made of: `digits`, `hexadecimal` or `other`."""
    id_length: int
    id_number: int
    """The same number means the same `key_id`: they are numbered as they are met."""
    key_number: int
    """The same number means the same key."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One step at a place."""

    step: ProbeStep
    exchange: ProbeExchange
    tag: Tag | None = None
    key: Key | None = None
    shown: Appearance | None = None


@dataclass(frozen=True, slots=True)
class PlaceProbe:
    """What was done at one place, as far as the token and GitHub let it be done."""

    place: str
    """A store, `environment` or `environment_variables`."""
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Scratch:
    """A repo that may be probed, and what reading it has shown. Nothing was written yet."""

    repo: Repo
    """The repo that the person named. A report never says its name."""
    host: Host
    """What kind of GitHub its API is."""
    token: TokenType
    """What kind of token read it, and will write to it."""
    visibility: str
    """`public`, `private`, `internal` or `unknown`."""
    organization: bool | None
    """Whether its owner is an organization; None if GitHub does not say."""
    environments: ProbeExchange
    """The answer to the question which environments it has."""
    read: dict[Scope, list[Operation]]
    """The steps so far, at each place."""
    usable: tuple[Scope, ...]
    """The places whose list could be read. In these secrets are created."""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a probe found out, and what it could not tidy up."""

    scratch: Scratch
    places: tuple[PlaceProbe, ...]
    left: tuple[Address, ...] = ()
    """What it created, or may have, and could not delete."""
    problems: tuple[Problem, ...] = ()
    """What ended it early, and what is left."""
    interrupted: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """The exit code: what is left behind counts most."""
        if self.left:
            return ExitCode.PARTIAL
        if self.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.ERROR if self.problems else ExitCode.DONE

    @property
    def complete(self) -> bool:
        """Whether every step was taken that the token and GitHub let be taken."""
        return not (self.problems or self.interrupted)


def place_of(scope: Scope) -> str:
    """Return what a place is called where nothing may name anybody."""
    if not scope.environment:
        return scope.store.value
    return "environment_variables" if scope.is_readable else "environment"
