"""What a manifest says, checked and typed. It holds no value, only where each one comes from."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar, Final

from flowforge.credentials.types import CredentialType
from flowforge.data_class import dataclass
from flowforge.errors import Where
from flowforge.manifest.github_settings import BranchSettings, GitHubSettings
from flowforge.manifest.selector import Selector
from flowforge.manifest.source_spec import Mention, SourceSpec
from flowforge.paths import ANYWHERE, Bounds
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.audience import Visibility

# Stands for the owner in the place of a state.
OWNER: Final = "{owner}"


@dataclass(frozen=True, slots=True)
class Credential:
    """An entry of `credentials`: a secret that is read from a source, or a workload identity, which is public."""

    name: str
    """Its key under `credentials`."""
    type: str
    """The word of the manifest: a type of FlowForge's or of the team's own, or one that becomes variables."""
    secret: str
    """The secret's name on GitHub, in upper case; empty for a workload identity."""
    source: SourceSpec
    """Where the value comes from. A workload identity has an empty one."""
    expires: date | None
    """The day on which it stops being valid."""
    issued: date | None
    """The day on which it was made."""
    max_age: timedelta | None
    """How old it may grow."""
    allow_nonstandard: bool
    """Whether a value that does not look like this type is accepted."""
    where: Where
    """The position of its key."""
    per_repo: tuple[str, ...] = ()
    """Patterns, in lower case, of the selected repos whose name may stand in the source."""
    variables: tuple[tuple[str, str], ...] = ()
    """The variables of a workload identity, each with its public value; none for a secret."""
    on_drift: OnDrift | None = None
    """None where the credential does not say: then the manifest's default holds."""
    only: "Only | None" = None
    """Where it may go; None where it may go anywhere."""
    owner: str = ""
    """The person or team that looks after it; empty where the credential does not say."""
    shared: bool = False
    """Whether one person's token is meant for many repos, so that nobody is warned of it."""
    note: str = ""
    """What the manifest says of it for people; nothing acts on it."""
    kind: CredentialType | None = None
    """What its values are like; None for what becomes variables."""
    verify: "Verify | None" = None
    """What Anthropic is asked about its value before a write; None where nobody is asked."""


@dataclass(frozen=True, slots=True)
class Verify:
    """What the key that a credential gives must be, beside alive."""

    workspace: str = ""
    """The id of its workspace; empty where any will do."""
    organization: str = ""
    """The id of its organization, in lower case; empty where any will do."""


@dataclass(frozen=True, slots=True)
class Only:
    """The repos that alone may get a credential."""

    patterns: tuple[str, ...]
    """In lower case. One without an owner means that name under any owner."""
    groups: "tuple[Mention, ...]"
    """Groups, none of which depends on a selector."""
    where: Where
    """The position of the key."""


@dataclass(frozen=True, slots=True)
class RepoSet:
    """Which repos are meant: the named ones, those of the groups and the selected ones, minus the excluded."""

    repos: tuple[Repo, ...]
    """The repos that are named here, as written."""
    groups: tuple[Mention, ...]
    """The groups to include."""
    exclude: tuple[Mention, ...]
    """What is left out at the end: `owner/name`, a pattern or `@group`."""
    sound: bool = True
    """False where a part was wrong and is missing here. Then nothing is concluded from what is left."""
    written: Mapping[str, Where] = field(default_factory=dict)
    """The position of each named repo, by its key."""
    select: Selector | None = None
    """The selector whose repos are added to them."""
    allow_empty: bool = False
    """Whether `select` may find nothing."""
    auto_admit: bool = False
    """Whether a repo that `select` finds for the first time gets its secrets without a flag."""


@dataclass(frozen=True, slots=True)
class Group:
    """A set of repos with a name."""

    noun: ClassVar[str] = "group"
    name: str
    choice: RepoSet
    where: Where


@dataclass(frozen=True, slots=True)
class Lists:
    """Which of a repo's lists are meant: those of its stores, or those of its environments."""

    stores: tuple[Store, ...] = (Store.ACTIONS,)
    """For environments only the first counts: they have secrets and variables of Actions alone."""
    environments: tuple[str, ...] = ()

    def of(self, repo: Repo) -> tuple[Scope, ...]:
        """Return these lists of a repo."""
        if self.environments:
            return tuple(Scope.of_environment(repo, name, self.stores[0]) for name in self.environments)
        return tuple(Scope(repo, store) for store in self.stores)


@dataclass(frozen=True, slots=True)
class Target:
    """An entry of `targets`: a credential for some repos, or for an organization."""

    noun: ClassVar[str] = "target"
    """What messages call such an entry."""
    name: str
    """What people call it; plans and messages show it."""
    choice: RepoSet
    """The repos that get it. For an organization's secret whose visibility is `selected`: the repos that see it."""
    credential: str
    """The key of a credential that is sound."""
    secret: str
    """The secret's name on GitHub, in upper case; empty for a workload identity, whose variables have fixed names."""
    where: Where
    """The position of the entry."""
    lists: Lists = Lists()
    """The stores or environments that are meant, in each repo."""
    create_environment: bool = False
    """Whether a missing environment is created."""
    tags: frozenset[str] = frozenset()
    """The words by which --tags finds its lines."""
    org: Repo | None = None
    """The organization whose own secret it is; None for secrets of repos."""
    visibility: Visibility | None = None
    """Who sees an organization's secret; None for secrets of repos."""
    on_drift: OnDrift | None = None
    """None where the target does not say: then what its credential says holds."""


@dataclass(frozen=True, slots=True)
class AbsentEntry:
    """An entry of `absent`: a secret or a variable that some repos, or an organization, must not have."""

    noun: ClassVar[str] = "absent entry"
    """What messages call such an entry."""
    name: str
    """What people call it; plans and messages show it."""
    choice: RepoSet
    """The repos that must not have it; empty for an organization's."""
    secret: str
    """The name of the secret or variable, in upper case."""
    where: Where
    """The position of the entry."""
    lists: Lists = Lists()
    """The stores or environments that are meant, in each repo."""
    tags: frozenset[str] = frozenset()
    """The words by which --tags finds its lines."""
    org: Repo | None = None
    """The organization that must not have it; None for repos."""


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Where the state is kept."""

    file: Path
    """Absolute. If the state is on a branch, offline commands look for a copy of it here."""
    branch: BranchSettings | None = None
    """The branch that it is kept on; None for a file."""
    key: SourceSpec | None = None
    """Where the state's key comes from."""
    bounds: Bounds = ANYWHERE
    """The folder that the file must not leave, links resolved."""
    usual: Path | None = None
    """Where it is kept if the manifest does not say, where it says another place; else None."""

    per_owner: bool = False
    """Whether each owner has a state of its own: then `{owner}` stands in the path."""

    def of_owner(self, owner: str) -> "StateSettings":
        """Return the place of one owner's state. owner: in lower case."""
        if not self.per_owner:
            return self
        branch = self.branch and replace(self.branch, path=self.branch.path.replace(OWNER, owner))
        return replace(self, file=Path(str(self.file).replace(OWNER, owner)), branch=branch)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of a manifest, read as one."""

    files: tuple[Path, ...]
    """In the order in which they were read."""
    folder: Path
    """The folder of the first file."""
    github: GitHubSettings
    """Which GitHub its repos are on."""
    state: StateSettings
    """Where what FlowForge wrote is remembered."""
    on_drift: OnDrift
    """What holds where neither a target nor its credential says otherwise."""
    credentials: Mapping[str, Credential]
    """Those that are sound, by their keys."""
    groups: Mapping[str, Group]
    """Those that are sound, by their keys."""
    targets: tuple[Target, ...]
    """What is wanted, in the order of the files."""
    absent: tuple[AbsentEntry, ...]
    """What must not exist, in the order of the files."""
    audit: bool = False
    """Whether a plan reads the workflows of the repos that it would write."""
    warnings: tuple[str, ...] = ()
    """One sentence each, with its position."""

    @property
    def entries(self) -> "tuple[Target | AbsentEntry, ...]":
        """What is wanted and what must not exist."""
        return *self.targets, *self.absent

    @property
    def sources(self) -> tuple[SourceSpec, ...]:
        """Every source that it names: of credentials, tokens and the state's key."""
        branch = self.state.branch
        signed = (*self.github.sources, *(branch.auth.sources if branch else ()))
        keyed = (self.state.key,) if self.state.key else ()
        return (*(each.source for each in self.credentials.values()), *signed, *keyed)
