"""What a manifest says, checked and typed; no value is in it, only where each comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Final

from flowforge.errors import Where
from flowforge.paths import ANYWHERE, Bounds
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.audience import Visibility
from flowforge.plan.facts import Unreadable
from flowforge.source_types import Names, SourceType, source_type

Option = str | tuple[str, ...]
NOT_PUBLIC: Final = ("internal", "private")


class Owned(StrEnum):
    """Whose repos a selector asks for; each is its key in the manifest."""

    ORG = "org"
    USER = "user"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Where a value comes from. name: of the source. folder: what relative paths begin at.

    options: as written, the source's own key among them: `{"command": ("vault", "read", "{repo}"), "timeout": "20s"}`.
    """

    name: str
    options: Mapping[str, Option]
    where: Where
    folder: Path
    passes: "tuple[Mention, ...]" = ()
    """The variables that its program gets besides those that every program gets."""

    @property
    def type(self) -> SourceType:
        """Its nature."""
        return source_type(self.name)

    @property
    def variables(self) -> frozenset[str]:
        """The variables that it names, each of which may hold placeholders."""
        return frozenset(self.texts) if self.type.names is Names.VARIABLE else frozenset()

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text of it, each of which may hold placeholders."""
        return tuple(
            text for option in self.options.values() for text in ((option,) if isinstance(option, str) else option)
        )


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential. type: a key of `credentials.types.TYPES`. secret: its name on GitHub, in upper case.

    per_repo: patterns, in lower case, of the repos found by `select` whose name may stand in the source.
    variables: of a workload identity, which has no value to be read: each variable's name with its public value.
    on_drift: None where it says nothing, and what the manifest says of all holds.
    """

    name: str
    type: str
    secret: str
    source: SourceSpec
    expires: date | None
    issued: date | None
    max_age: timedelta | None
    allow_nonstandard: bool
    where: Where
    per_repo: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    on_drift: OnDrift | None = None


@dataclass(frozen=True, slots=True)
class Selector:
    """Repos by what they are like. owner: in lower case, empty where `by` is an installation. where: not compared.

    names: globs, in lower case, of which one must fit; none: any name. topics: all of them. team: a slug or empty.
    properties: each name with the values of which one is enough. visibility: of which one must be the repo's.
    """

    by: Owned
    owner: str
    where: Where = field(compare=False)
    names: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    team: str = ""
    properties: tuple[tuple[str, tuple[str, ...]], ...] = ()
    visibility: tuple[str, ...] = NOT_PUBLIC
    archived: bool = False
    fork: bool = False


# What selectors found: each repo with its id, or why the list cannot be had whole. One that was not asked is not there.
SelectorResults = Mapping[Selector, Mapping[Repo, int] | Unreadable]


@dataclass(frozen=True, slots=True)
class Mention:
    """A name or pattern at a position: a group to take in, or what `exclude` leaves out."""

    text: str
    where: Where


@dataclass(frozen=True, slots=True)
class RepoSet:
    """Which repos are meant: those named, those of the groups and those selected, without the excluded.

    exclude: `owner/name`, a pattern or `@group`. sound: nothing of it was left out because it was wrong.
    written: where a named repo stands, by its key. allow_empty, auto_admit: of what `select` finds.
    """

    repos: tuple[Repo, ...]
    groups: tuple[Mention, ...]
    exclude: tuple[Mention, ...]
    sound: bool = True
    written: Mapping[str, Where] = field(default_factory=dict)
    select: Selector | None = None
    allow_empty: bool = False
    auto_admit: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Repos under a name."""

    noun: ClassVar[str] = "group"
    name: str
    choice: RepoSet
    where: Where


@dataclass(frozen=True, slots=True)
class Lists:
    """Which of a repo's lists are meant: of its stores, or of its environments, which have the first of them."""

    stores: tuple[Store, ...] = (Store.ACTIONS,)
    environments: tuple[str, ...] = ()

    def of(self, repo: Repo) -> tuple[Scope, ...]:
        """Give these lists of a repo."""
        if self.environments:
            return tuple(Scope.of_environment(repo, name, self.stores[0]) for name in self.environments)
        return tuple(Scope(repo, store) for store in self.stores)


@dataclass(frozen=True, slots=True)
class Target:
    """A credential for some repos. secret: its name on GitHub, in upper case, the credential's own or another.

    A workload identity has the names of its variables instead.

    create_environment: whether an environment that is not there is made. org: whose own secret it is, None for one of
    repos; visibility: who sees that, where it is `selected` those of `choice`. on_drift: None where it says nothing,
    and what its credential says holds.
    """

    noun: ClassVar[str] = "target"
    name: str
    choice: RepoSet
    credential: str
    secret: str
    where: Where
    lists: Lists = Lists()
    create_environment: bool = False
    tags: frozenset[str] = frozenset()
    org: Repo | None = None
    visibility: Visibility | None = None
    on_drift: OnDrift | None = None


@dataclass(frozen=True, slots=True)
class AbsentEntry:
    """A secret or a variable that some repos, or an organization, must not have. secret: its name, in upper case."""

    noun: ClassVar[str] = "absent entry"
    name: str
    choice: RepoSet
    secret: str
    where: Where
    lists: Lists = Lists()
    tags: frozenset[str] = frozenset()
    org: Repo | None = None


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """Which GitHub, and with which token. api_url: empty where the manifest does not say. token: no placeholders."""

    api_url: str
    token: SourceSpec | None
    where: Where


@dataclass(frozen=True, slots=True)
class BranchSettings:
    """A state on GitHub: a file on a branch, and the token for it where that is another one."""

    repo: Repo
    branch: str
    path: str
    token: SourceSpec | None
    where: Where


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Where the state is."""

    file: Path
    """Absolute. Where there is a branch, what runs offline looks for a copy of the state here."""
    branch: BranchSettings | None = None
    key: SourceSpec | None = None
    """Where its key comes from."""
    bounds: Bounds = ANYWHERE
    """Where the file may lie."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of a manifest, read as one. folder: of the first file. warnings: for people."""

    files: tuple[Path, ...]
    folder: Path
    github: GitHubSettings
    state: StateSettings
    on_drift: OnDrift
    credentials: Mapping[str, Credential]
    groups: Mapping[str, Group]
    targets: tuple[Target, ...]
    absent: tuple[AbsentEntry, ...]
    warnings: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[SourceSpec, ...]:
        """Every source that it names."""
        branch = self.state.branch
        others = (self.github.token, branch.token if branch else None, self.state.key)
        return (*(each.source for each in self.credentials.values()), *filter(None, others))
