"""Tokens and what they may see and do: the kinds GitHub has, and the way each is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

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


CONTENTS: Final = "contents"
_ROLES = ("read", "write", "admin")
_ACTOR = {
    TokenKind.FINE_GRAINED: "personal access token",
    TokenKind.APP: "integration",
    TokenKind.WORKFLOW: "integration",
}


@dataclass(frozen=True, slots=True)
class Need:
    """What a request needs: a permission by GitHub's name, how far, and the least role of a person."""

    permission: str
    level: Level
    role: str = "write"

    def refusal(self, token: "Token") -> RefusalError:
        """Return the 403 for a token of any kind but classic. A header names the missing permission."""
        return RefusalError(
            403,
            f"Resource not accessible by {_ACTOR[token.kind]}",
            headers={"x-accepted-github-permissions": f"{self.permission}={self.level.name.lower()}"},
        )


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

    @property
    def is_person(self) -> bool:
        """Return whether a person's role counts: installations and workflows have permissions only."""
        return self.kind in {TokenKind.CLASSIC, TokenKind.FINE_GRAINED}

    @property
    def account(self) -> str:
        """Return the name of the account whose limits it uses."""
        return f"user ID {self.login}" if self.is_person else f"installation ID {self.login}-{self.kind}"

    def reaches(self, full_name: str, *, private: bool) -> bool:
        """Return whether a repository exists as far as this token can tell. full_name: in lower case."""
        if not private:
            return True
        if self.kind is TokenKind.CLASSIC and "repo" not in self.scopes:
            return False
        return self.has(full_name)

    def has(self, full_name: str) -> bool:
        """Return whether the token was given a repository, by its name in lower case or with all of its owner's."""
        return self.repos is None or not self.repos.isdisjoint((full_name, f"{full_name.partition('/')[0]}/*"))

    def headers(self) -> dict[str, str]:
        """Return the headers that say something about the token: scopes of a classic one, when it expires."""
        said = {"x-oauth-scopes": ", ".join(self.scopes)} if self.kind is TokenKind.CLASSIC else {}
        if self.expires is not None:
            said["github-authentication-token-expiration"] = (
                timestamp(self.expires).replace("T", " ").replace("Z", " UTC")
            )
        return said

    def demand(self, full_name: str, need: Need) -> None:
        """Refuse, in GitHub's words for this kind of token, unless it has what a request needs of a repository."""
        if self.kind is TokenKind.CLASSIC:
            # Without the scope, GitHub hides that the repository exists.
            if "repo" not in self.scopes:
                raise not_found()
            if not self._plays(need.role):
                raise RefusalError(403, "Must have admin rights to Repository.")
            return
        if not self.has(full_name) or not self._grants(need):
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
        return self.repos is None or any(name.startswith(f"{login}/") for name in self.repos)

    def _grants(self, need: Need) -> bool:
        level = self.permissions.get(need.permission, self._usual(need.permission))
        return level >= need.level and (not self.is_person or self._plays(need.role))

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

    def authenticate(self, authorization: str, now: float) -> Token:
        """Return the token of an Authorization header (`Bearer X` or `token X`). Raise GitHub's 401."""
        if not authorization:
            raise RefusalError(401, "Requires authentication")
        scheme, _, text = authorization.partition(" ")
        token = self.tokens.get(text.strip()) if scheme.lower() in {"bearer", "token"} else None
        if token is None or (token.expires is not None and now >= token.expires):
            raise RefusalError(401, "Bad credentials")
        return token
