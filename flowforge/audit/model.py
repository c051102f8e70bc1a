"""What an audit takes and gives: plain data, which a fetcher or a checkout fills in and a format writes out."""

from collections.abc import Mapping
from dataclasses import field

from flowforge.audit.codes import Severity
from flowforge.data_class import dataclass


@dataclass(frozen=True, slots=True)
class StoreNames:
    """The names that a repository's stores hold, in upper case."""

    actions: frozenset[str] = frozenset()
    """Secrets that its workflows see."""
    dependabot: frozenset[str] = frozenset()
    """Secrets that the workflows see which Dependabot starts."""
    environments: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By the environment's name in lower case."""
    organization: frozenset[str] = frozenset()
    """Secrets of the organization that this repository sees."""
    variables: frozenset[str] = frozenset()
    """Variables that its workflows see: its own and the organization's."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Why a list could not be had, by the name of its field here or `environment:NAME`. What it lacks is unknown."""


@dataclass(frozen=True, slots=True)
class RepoFacts:
    """What GitHub and the manifest say of a repository. None is unknown."""

    name: str | None = None
    """Owner and name; calls to workflows of this same repository are joined by it."""
    stores: StoreNames | None = None
    """None where no token was given, as with `--path`."""
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
    """A word of `Kind`: secret, variable, literal, input or unknown."""
    name: str | None
    """Of a secret, a variable or an input. A literal has none: it may be a credential."""
    where: str
    """`repo`, `environment:NAME`, or `caller` where whoever calls the workflow or the action gives it."""
    stores: tuple[str, ...]
    """The stores that runs read it from; none for what is in no store, or comes from a caller."""
    optional: bool
    """Whether the step does without it: another source stands in, or its presence is tested before."""


@dataclass(frozen=True, slots=True)
class AuditStep:
    """A Claude step."""

    file: str
    """The workflow that GitHub starts, or the file of an action that nobody calls here."""
    line: int
    """Of its `uses` or `run`; of a joined step, of what calls it."""
    job: str | None
    """The job's key; None in an action that nobody calls."""
    step: int | None
    """Its index in the job, from 0; None for a job that calls a workflow."""
    uses: str | None
    """None for a script."""
    via: Via | None
    """Where it is written, if in another file than the one named here."""
    needs: tuple[StepNeed, ...]
    """Each once; none where a cloud's models are used."""


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A Claude credential that is handed on outside a Claude step."""

    file: str
    """The workflow that GitHub starts, or the file of an action that nobody calls here."""
    line: int
    """Of the step's `uses` or `run`, or of the job that calls."""
    job: str | None
    """The job's key; None in an action that nobody calls."""
    step: int | None
    """Its index in the job, from 0; None for a job that calls a workflow."""
    name: str
    """Of the secret, in upper case."""
    where: str
    """`repo`, `environment:NAME` or `caller`."""
    stores: tuple[str, ...]
    """The stores that runs read it from; none where a caller gives it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is or will be wrong, or is worth knowing."""

    code: str
    """A key of the table of codes. It is public: scripts and code scanning filter by it."""
    level: Severity
    """The one of its row, unless the case is less certain than the row assumes."""
    file: str | None
    """None where it is about no file."""
    line: int | None
    """In the file, from 1; None where it is about no line."""
    column: int | None
    """In characters, from 1."""
    job: str | None
    """The key of the job; None outside of one."""
    step: int | None
    """The index of the step in its job, from 0; None where it is about no step."""
    what: str
    """The fault, as a clause."""
    why: str
    """Why it is a fault, as a clause: the rule of GitHub or of Claude behind it."""
    fix: str
    """What to do, as a clause."""


@dataclass(frozen=True, slots=True)
class RepoAudit:
    """What an audit says of one repository."""

    repo: str | None
    """Owner and name; None where a checkout has no remote that tells it."""
    verdict: str
    """One sentence for somebody who reads no further."""
    complete: bool
    """Whether every file could be read. Where not, a missing finding proves nothing."""
    steps: tuple[AuditStep, ...]
    """The steps that run Claude, in the order of the files."""
    references: tuple[SecretReference, ...]
    """Where Claude's credentials go besides."""
    findings: tuple[Finding, ...]
    """In the order of file and line, the gravest first within a step."""
