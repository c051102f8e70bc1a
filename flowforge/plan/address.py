"""Where a secret or a variable lives: a repo, a scope of it, and one name there; an organization has them too."""

import re
from dataclasses import field, replace
from enum import StrEnum

from flowforge.data_class import dataclass

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


# As an owner above. Whether an owner is an organization or a user, a name does not tell.
_ORGANIZATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, order=True)
class Repo:
    """A repo, equal to itself in whatever case it is written. `name` keeps the writing, `owner/name`.

    An organization, which has secrets of its own as a repo has, is one without the slash and the name.
    """

    key: str
    name: str = field(compare=False)

    def __hash__(self) -> int:
        return hash(self.key)

    @classmethod
    def parse(cls, text: str) -> "Repo":
        """Return the repo that `owner/name` names. Raises ValueError, whose message quotes nothing of the text."""
        if not _REPO.fullmatch(text):
            message = "not of the form owner/name"
            raise ValueError(message)
        return cls(text.lower(), text)

    @classmethod
    def organization(cls, text: str) -> "Repo":
        """Return an organization by its name. Raises ValueError as `parse` does."""
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
        """Return `owner/name`, or an organization's name, as written."""
        return self.name


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One list of secrets or variables: a store of a repo or an organization, or an environment of a repo.

    It is the unit of reading and writing, because GitHub has one list and one public key for each.
    """

    repo: Repo
    """The repo or organization."""
    store: Store = Store.ACTIONS
    """The store. An environment has only Actions secrets, and variables."""
    environment_key: str = ""
    """The environment's name in lower case, as GitHub compares it; empty for the repo itself."""
    environment: str = field(default="", compare=False)
    """The environment's name as written."""

    # Written out, as an address's is: a run looks a place up some fifty times, and one hash in another takes long.
    def __hash__(self) -> int:
        return hash((self.repo.key, self.store, self.environment_key))

    @classmethod
    def of_environment(cls, repo: Repo, environment: str, store: Store = Store.ACTIONS) -> "Scope":
        """Return the scope of an environment, whose name may hold any character, a slash among them."""
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
        """Which of a repo's lists it is, in words: `actions`, `variables`, `environment production`."""
        if self.repo.is_organization:
            return "organization" if self.store is Store.ACTIONS else f"organization {self.store}"
        if not self.environment:
            return str(self.store)
        return f"{'variables of ' if self.is_readable else ''}environment {self.environment}"

    def __str__(self) -> str:
        """Return `owner/name/store`, `owner/name/environments/environment`, or `orgs/organization/store`."""
        if self.repo.is_organization:
            return f"orgs/{self.repo}/{self.store}"
        if not self.environment:
            return f"{self.repo}/{self.store}"
        # The word `variables` stands before the environment, whose name may hold a slash and end in that very word.
        return f"{self.repo}/{'variables/' if self.is_readable else ''}environments/{self.environment}"


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One secret or variable of a scope, and what a line of a plan is called by."""

    scope: Scope
    """The list that holds it."""
    secret: str
    """Its name, in upper case as GitHub stores it."""
    access: bool = False
    """Whether it names the line about who sees an organization's secret, which a plan has beside that of the value."""

    def __hash__(self) -> int:
        return hash((self.scope.repo.key, self.scope.environment_key, self.secret))

    @property
    def of_value(self) -> "Address":
        """The secret itself. The state remembers no line about access by itself."""
        return replace(self, access=False) if self.access else self

    @property
    def of_access(self) -> "Address":
        """The line about who sees it."""
        return replace(self, access=True)

    def __str__(self) -> str:
        """Return `owner/name/store/NAME`, `owner/name/environments/environment/NAME`, or `orgs/…/NAME/access`."""
        return f"{self.scope}/{self.secret}/access" if self.access else f"{self.scope}/{self.secret}"
