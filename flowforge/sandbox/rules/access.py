"""Tokens and what they may see and do: the kinds GitHub has, and the way each is refused."""

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from flowforge.data_class import dataclass
from flowforge.sandbox.rules.answers import RefusalError, not_found
from flowforge.sandbox.rules.clock import timestamp


class TokenKind(StrEnum):
    """The kinds of token, which differ in what they are refused and in whose name."""

    CLASSIC = "classic"
    FINE_GRAINED = "fine-grained"
    APP = "app"
    WORKFLOW = "workflow"


class Level(IntEnum):
    """How far a permission goes. Of those here a workflow's own token can have `contents` alone."""

    NONE = 0
    READ = 1
    WRITE = 2

    @classmethod
    def named(cls, permission: str, level: str) -> "Level":
        """Return the level of a permission by its name in lower case. Raise ValueError."""
        if level not in {each.word for each in cls}:
            message = f"{permission} is none, read or write"
            raise ValueError(message)
        return cls[level.upper()]

    @property
    def word(self) -> str:
        """Return its name as GitHub writes it."""
        return self.name.lower()


CONTENTS: Final = "contents"
_ROLES = ("read", "write", "admin")
_ACTOR = {
    TokenKind.CLASSIC: "personal access token",
    TokenKind.FINE_GRAINED: "personal access token",
    TokenKind.APP: "integration",
    TokenKind.WORKFLOW: "integration",
}


class KnownRepo(Protocol):
    """What a token has to know of a repository."""

    @property
    def id(self) -> int:
        """Return its id, which never changes."""

    @property
    def full_name(self) -> str:
        """Return `owner/name` as it was spelled."""

    @property
    def private(self) -> bool:
        """Return whether it is private or internal."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a request needs: a permission by GitHub's name, how far, and the least role of a person."""

    permission: str
    level: Level
    role: str = "write"

    def refusal(self, token: "Token") -> RefusalError:
        """Return the 403 for a token of any kind but classic. A header names the missing permission."""
        return token.refused({"x-accepted-github-permissions": f"{self.permission}={self.level.word}"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token and what it may do, such as `Token(permissions={"dependabot_secrets": Level.NONE})`."""

    kind: TokenKind = TokenKind.FINE_GRAINED
    """What kind of token it is."""
    login: str = "rehearsal"
    """Whose it is. Limits are counted per login for people's tokens, per login and kind for installations."""
    secrets: Level = Level.WRITE
    """How far every permission goes that `permissions` does not name, for every kind but classic."""
    scopes: tuple[str, ...] = ("repo",)
    """The scopes of a classic token."""
    repos: frozenset[str] | None = None
    """The repos that it reaches, as `owner/name` in lower case or `owner/*`, and their organizations. None: all."""
    role: str = "admin"
    """The person's role on those repos and in their organizations: admin, write or read. Installations have none."""
    expires: int | None = None
    """When it expires, in seconds since the epoch on the sandbox's clock."""
    sso: bool = False
    """Whether it was authorized for organizations that require single sign-on. Only classic tokens need it."""
    permissions: Mapping[str, Level] = field(default_factory=dict)
    """How far permissions go, by GitHub's names for them."""
    name: str = ""
    """What the log of requests calls it; its login unless given."""
    owner: str = ""
    """The one owner that it is for, in lower case, as GitHub's fine-grained tokens have one. Empty: every owner."""

    @property
    def is_person(self) -> bool:
        """Return whether a person's role counts: installations and workflows have permissions only."""
        return self.kind in {TokenKind.CLASSIC, TokenKind.FINE_GRAINED}

    @property
    def account(self) -> str:
        """Return the name of the account whose limits it uses."""
        return f"user ID {self.login}" if self.is_person else f"installation ID {self.login}-{self.kind}"

    @property
    def who(self) -> str:
        """Return what the log of requests calls it."""
        return self.name or self.login

    @property
    def author(self) -> str:
        """Return the login under which it comments: a bot's, for a workflow and for an App."""
        if self.is_person:
            return self.login
        return f"{'github-actions' if self.kind is TokenKind.WORKFLOW else self.login}[bot]"

    @property
    def mint(self) -> int:
        """Return the number of an installation's token among those that were minted; 0 for any other."""
        return 0

    @property
    def bonus(self) -> int:
        """Return for how many repositories GitHub adds to the hourly limit: those of an installation over 20."""
        return 0

    @property
    def selection(self) -> str:
        """Return what GitHub says of the repositories that were given: `all` or `selected`."""
        return "all" if self.repos is None or any(name.endswith("/*") for name in self.repos) else "selected"

    def admit(self, now: float) -> None:
        """Raise GitHub's 401 if it has expired."""
        if self.expires is not None and now >= self.expires:
            raise RefusalError(401, "Bad credentials")

    def reaches(self, repo: KnownRepo) -> bool:
        """Return whether a repository exists as far as this token can tell."""
        if not repo.private:
            return True
        if self.kind is TokenKind.CLASSIC and "repo" not in self.scopes:
            return False
        return self.has(repo)

    def has(self, repo: KnownRepo) -> bool:
        """Return whether the token was given a repository, by its name or with all of its owner's."""
        name = repo.full_name.lower()
        login = name.partition("/")[0]
        if self.owner not in {"", login}:
            return False
        return self.repos is None or not self.repos.isdisjoint((name, f"{login}/*"))

    def level(self, permission: str) -> Level:
        """Return how far a permission goes, by GitHub's name for it."""
        return self.permissions.get(permission, self._usual(permission))

    def refused(self, headers: Mapping[str, str] | None = None) -> RefusalError:
        """Return the 403 for a token of this kind."""
        return RefusalError(403, f"Resource not accessible by {_ACTOR[self.kind]}", headers=headers)

    def headers(self) -> dict[str, str]:
        """Return the headers that say something about the token: scopes of a classic one, when a person's expires."""
        said = {"x-oauth-scopes": ", ".join(self.scopes)} if self.kind is TokenKind.CLASSIC else {}
        if self.expires is not None and self.is_person:
            said["github-authentication-token-expiration"] = (
                timestamp(self.expires).replace("T", " ").replace("Z", " UTC")
            )
        return said

    def demand(self, repo: KnownRepo, need: Need) -> None:
        """Refuse, in GitHub's words for this kind of token, unless it has what a request needs of a repository."""
        if self.kind is TokenKind.CLASSIC:
            # Without the scope, GitHub hides that the repository exists.
            if "repo" not in self.scopes:
                raise not_found()
            if not self._plays(need.role):
                raise RefusalError(403, "Must have admin rights to Repository.")
            return
        if not self.has(repo) or not self._grants(need):
            raise need.refusal(self)

    def demand_of_organization(self, login: str, need: Need, scope: str) -> None:
        """Refuse unless the token has what is needed of an organization. scope: what a classic one needs.

        login: in lower case. The scope `admin:org` includes `read:org`.
        """
        if self.kind is TokenKind.CLASSIC:
            if not {scope, "admin:org"} & {*self.scopes} or not self._plays(need.role):
                raise RefusalError(
                    403, "Must have admin rights to Repository.", headers={"x-accepted-oauth-scopes": scope}
                )
            return
        if not self.reaches_organization(login) or not self._grants(need):
            raise need.refusal(self)

    def reaches_organization(self, login: str) -> bool:
        """Return whether the token is for an organization (its login in lower case), or one of its repositories."""
        if self.owner not in {"", login}:
            return False
        return self.repos is None or any(name.startswith(f"{login}/") for name in self.repos)

    def _grants(self, need: Need) -> bool:
        return self.level(need.permission) >= need.level and (not self.is_person or self._plays(need.role))

    def _usual(self, permission: str) -> Level:
        """Return how far a permission goes that is not named. GitHub lets a workflow read its repository."""
        if self.kind is TokenKind.WORKFLOW:
            return Level.READ if permission == CONTENTS else Level.NONE
        return self.secrets

    def _plays(self, role: str) -> bool:
        return _ROLES.index(self.role) >= _ROLES.index(role)


@dataclass(slots=True)
class TokenTable:
    """The tokens that the sandbox knows, by their text."""

    tokens: dict[str, Token] = field(default_factory=dict)

    def known(self, authorization: str) -> Token:
        """Return the token of an Authorization header (`Bearer X` or `token X`), also of an expired one.

        Raise GitHub's 401 if there is none.
        """
        if not authorization:
            raise RefusalError(401, "Requires authentication")
        token = self.tokens.get(_presented(authorization))
        if token is None:
            raise RefusalError(401, "Bad credentials")
        return token


def levels(permissions: Mapping[str, str]) -> dict[str, Level]:
    """Return the levels of permissions that are named as GitHub names them. Raise ValueError."""
    return {name: Level.named(name, level) for name, level in permissions.items()}


def words(permissions: Mapping[str, Level]) -> dict[str, str]:
    """Return permissions as GitHub writes them, without those that are not granted."""
    return {name: level.word for name, level in sorted(permissions.items()) if level}


def _presented(authorization: str) -> str:
    """Return the credential of an Authorization header; an empty text if it has none of GitHub's two schemes."""
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() in {"bearer", "token"} else ""
