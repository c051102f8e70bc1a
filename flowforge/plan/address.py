"""Where a secret or a variable lives: a repo, a scope of it, and one name there; an organization has them too."""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum

# GitHub allows letters, digits, `-`, `_` and `.` in a repo's name and letters, digits and `-` in an owner's
# (Enterprise Managed Users add `_`). `.` and `..` are not names.
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/(?!\.{1,2}$)[A-Za-z0-9._-]+")


class Store(StrEnum):
    """What a list holds: the secrets of one product, which no other product's run reads, or Actions variables."""

    ACTIONS = "actions"
    AGENTS = "agents"
    CODESPACES = "codespaces"
    DEPENDABOT = "dependabot"
    VARIABLES = "variables"


_ORGANIZATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, order=True)
class Repo:
    """A repo, equal to itself in whatever case it is written. `name` keeps the writing, `owner/name`.

    An organization, which has secrets of its own as a repo has, is one without the slash and the name.
    """

    key: str
    name: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> "Repo":
        """Read `owner/name`; raises ValueError, whose message holds no part of the text."""
        if not _REPO.fullmatch(text):
            message = "not of the form owner/name"
            raise ValueError(message)
        return cls(text.lower(), text)

    @classmethod
    def organization(cls, text: str) -> "Repo":
        """Read an organization's name; raises ValueError as `parse` does."""
        if not _ORGANIZATION.fullmatch(text):
            message = "not the name of an organization"
            raise ValueError(message)
        return cls(text.lower(), text)

    @property
    def is_organization(self) -> bool:
        """Whether it is an organization as a whole."""
        return "/" not in self.key

    @property
    def owner(self) -> str:
        """The owner, as written."""
        return self.name.partition("/")[0]

    @property
    def short(self) -> str:
        """The name without its owner, as written; empty for an organization."""
        return self.name.partition("/")[2]

    def __str__(self) -> str:
        """Give `owner/name`, or an organization's name, as written."""
        return self.name


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One list of a repo or an organization: a store, or what an environment of a repo has of Actions.

    A list of secrets has one public key; variables are sealed by none, as everybody who sees the repo may read them.

    environment: empty for the repo itself; the same in whatever case it is written, as GitHub takes it.
    """

    repo: Repo
    store: Store = Store.ACTIONS
    environment_key: str = ""
    environment: str = field(default="", compare=False)

    @classmethod
    def of_environment(cls, repo: Repo, environment: str, store: Store = Store.ACTIONS) -> "Scope":
        """Give the scope of an environment, whose name may hold any character; it has secrets, and variables."""
        return cls(repo, store, environment.lower(), environment)

    @property
    def is_readable(self) -> bool:
        """Whether GitHub gives the values back."""
        return self.store is Store.VARIABLES

    @property
    def noun(self) -> str:
        """What one of its items is called."""
        return "variable" if self.is_readable else "secret"

    @property
    def place(self) -> str:
        """Which of a repo's lists it is, in some words: `actions`, `variables`, `environment production`."""
        if self.repo.is_organization:
            return "organization" if self.store is Store.ACTIONS else f"organization {self.store}"
        if not self.environment:
            return str(self.store)
        return f"{'variables of ' if self.is_readable else ''}environment {self.environment}"

    def __str__(self) -> str:
        """Give `owner/name/store`, `owner/name/environments/environment`, or `orgs/organization/store`.

        An environment's variables are `owner/name/variables/environments/environment`: were they named last, an
        environment's name that holds a slash could look like another list.
        """
        if self.repo.is_organization:
            return f"orgs/{self.repo}/{self.store}"
        if not self.environment:
            return f"{self.repo}/{self.store}"
        return f"{self.repo}/{'variables/' if self.is_readable else ''}environments/{self.environment}"


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One secret or variable: a name, in upper case as GitHub stores it, in one scope.

    access: it is not the secret's value that is meant, but who sees it: a line of its own for an organization's.
    """

    scope: Scope
    secret: str
    access: bool = False

    @property
    def of_value(self) -> "Address":
        """The secret itself, which is what the state remembers."""
        return replace(self, access=False) if self.access else self

    @property
    def of_access(self) -> "Address":
        """The line that says who sees it."""
        return replace(self, access=True)

    def __str__(self) -> str:
        """Give `owner/name/store/NAME`, `owner/name/environments/environment/NAME`, or `orgs/…/NAME/access`."""
        return f"{self.scope}/{self.secret}/access" if self.access else f"{self.scope}/{self.secret}"
