"""What an audit takes and gives: plain data, which a fetcher or a checkout fills in and a format writes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowforge.audit.codes import Severity


@dataclass(frozen=True, slots=True)
class StoreNames:
    """The names that a repository's stores hold, in upper case."""

    actions: frozenset[str] = frozenset()
    dependabot: frozenset[str] = frozenset()
    environments: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By the environment's name in lower case."""
    organization: frozenset[str] = frozenset()
    """Secrets of the organization that this repository sees."""
    variables: frozenset[str] = frozenset()
    """Variables that its workflows see: its own and the organization's."""


@dataclass(frozen=True, slots=True)
class RepoFacts:
    """What GitHub and the manifest say of a repository. None is unknown."""

    name: str | None = None
    stores: StoreNames | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    """The type of credential that the manifest puts into a secret, by its name in upper case."""
    default_permission: str | None = None
    """What workflows without a permissions block may: `read` or `write`."""
    immutable_subject: bool | None = None
    """Whether its OIDC subject carries ids."""
    disabled: frozenset[str] = frozenset()
    """The paths of workflows that are disabled."""


@dataclass(frozen=True, slots=True)
class Via:
    """Where a joined step is written."""

    file: str
    line: int
    step: int | None


@dataclass(frozen=True, slots=True)
class StepNeed:
    """What a Claude step reads."""

    input: str | None
    """The input or the variable of the environment; None where nobody can tell."""
    kind: str
    name: str | None
    """Of a secret, a variable or an input. A literal has none: it may be a credential."""
    where: str
    stores: tuple[str, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class AuditStep:
    """A Claude step."""

    file: str
    line: int
    job: str | None
    step: int | None
    uses: str | None
    """None for a script."""
    via: Via | None
    needs: tuple[StepNeed, ...]


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A Claude credential that is handed on outside a Claude step."""

    file: str
    line: int
    job: str | None
    step: int | None
    name: str
    where: str
    stores: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is or will be wrong, or is worth knowing."""

    code: str
    level: Severity
    file: str | None
    """None where it is about no file."""
    line: int | None
    column: int | None
    job: str | None
    step: int | None
    what: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class RepoAudit:
    """What an audit says of one repository."""

    repo: str | None
    verdict: str
    complete: bool
    steps: tuple[AuditStep, ...]
    references: tuple[SecretReference, ...]
    findings: tuple[Finding, ...]
