"""Which GitHub a manifest is about, and how to sign in to it."""

from collections.abc import Iterator, Mapping
from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.errors import Where
from flowforge.manifest.source_spec import SourceSpec
from flowforge.plan.address import Repo


@dataclass(frozen=True, slots=True)
class AppSettings:
    """A GitHub App. Its installation is found for each owner."""

    client_id: str
    """As the App's settings show it: `Iv23li…`, or the number of an older App."""
    private_key: SourceSpec
    """The PEM file that GitHub gave for the App. Without placeholders."""


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """How to sign in: with a token, as an App, or with the token that is found in the environment."""

    token: SourceSpec | None = None
    """Where the token comes from. Without placeholders."""
    app: AppSettings | None = None
    """The App; never beside a token."""
    key: str = "github.auth"
    """Its place in the manifest, for messages."""
    where: Where | None = None
    """The position of its key under `owners`; None where it is not there."""

    @property
    def says(self) -> bool:
        """Whether it says anything."""
        return bool(self.token or self.app)

    @property
    def sources(self) -> Iterator[SourceSpec]:
        """The sources that it names."""
        if self.token:
            yield self.token
        if self.app:
            yield self.app.private_key


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """Which GitHub to use, and with which tokens."""

    api_url: str
    """Empty where the manifest does not say."""
    where: Where
    auth: AuthSettings = AuthSettings()
    """For every owner that `owners` does not name."""
    owners: Mapping[str, AuthSettings] = field(default_factory=dict)
    """For single owners, by their names in lower case."""

    @property
    def divided(self) -> bool:
        """Whether owners have tokens of their own."""
        return bool(self.owners or self.auth.app)

    @property
    def sources(self) -> tuple[SourceSpec, ...]:
        """The sources of all tokens."""
        return tuple(source for auth in (self.auth, *self.owners.values()) for source in auth.sources)


@dataclass(frozen=True, slots=True)
class BranchSettings:
    """A state that is kept on GitHub, in a file on a branch."""

    repo: Repo
    branch: str
    path: str
    auth: AuthSettings
    """How to sign in for the state, where it is not done as for the secrets of the repo's owner."""
    where: Where
