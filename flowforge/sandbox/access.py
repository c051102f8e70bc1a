"""Tokens and what they may see and do: the kinds GitHub has, and the way each is refused."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from flowforge.sandbox.answers import RefusalError, not_found
from flowforge.sandbox.clock import timestamp


class TokenKind(StrEnum):
    """The kinds of token, which differ in what they are refused and in whose name."""

    CLASSIC = "classic"
    FINE_GRAINED = "fine-grained"
    APP = "app"
    WORKFLOW = "workflow"


class Level(IntEnum):
    """How far the permission `secrets` goes. A workflow's own token never has any."""

    NONE = 0
    READ = 1
    WRITE = 2


_ACTOR = {
    TokenKind.FINE_GRAINED: "personal access token",
    TokenKind.APP: "integration",
    TokenKind.WORKFLOW: "integration",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One token of the table.

    login: whose it is; limits are counted per login for people's tokens, per login and kind for installations.
    secrets: the permission of every kind but classic. scopes: of a classic token. repos: `owner/name` in lower case
    that it reaches, None for all. role: admin, write or read, the person's role on those repos (installations have
    none). expires: seconds since the epoch on the sandbox's clock. sso: whether it was authorized for organizations
    that require single sign-on (only classic tokens need it).
    """

    kind: TokenKind = TokenKind.FINE_GRAINED
    login: str = "rehearsal"
    secrets: Level = Level.WRITE
    scopes: tuple[str, ...] = ("repo",)
    repos: frozenset[str] | None = None
    role: str = "admin"
    expires: int | None = None
    sso: bool = False

    @property
    def is_person(self) -> bool:
        """Say whether a person's role counts: installations and workflows have permissions only."""
        return self.kind in {TokenKind.CLASSIC, TokenKind.FINE_GRAINED}

    @property
    def account(self) -> str:
        """Give whose limits it spends."""
        return f"user ID {self.login}" if self.is_person else f"installation ID {self.login}-{self.kind}"

    def reaches(self, full_name: str, *, private: bool) -> bool:
        """Say whether a repository exists as far as this token can tell. full_name: in lower case."""
        if not private:
            return True
        if self.kind is TokenKind.CLASSIC and "repo" not in self.scopes:
            return False
        return self.repos is None or full_name in self.repos

    def headers(self) -> dict[str, str]:
        """Give the headers that say something about the token: scopes of a classic one, when it expires."""
        said = {"x-oauth-scopes": ", ".join(self.scopes)} if self.kind is TokenKind.CLASSIC else {}
        if self.expires is not None:
            said["github-authentication-token-expiration"] = (
                timestamp(self.expires).replace("T", " ").replace("Z", " UTC")
            )
        return said

    def demand(self, full_name: str, need: Level) -> None:
        """Refuse, in GitHub's words for this kind, unless the token has `need` on the repository's secrets."""
        if self.kind is TokenKind.CLASSIC:
            if "repo" not in self.scopes:
                raise not_found()
            if self.role == "read":
                raise RefusalError(403, "Must have admin rights to Repository.")
            return
        level = Level.NONE if self.kind is TokenKind.WORKFLOW else self.secrets
        outside = self.repos is not None and full_name not in self.repos
        if level < need or outside or (self.is_person and self.role == "read"):
            raise RefusalError(
                403,
                f"Resource not accessible by {_ACTOR[self.kind]}",
                headers={"x-accepted-github-permissions": f"secrets={need.name.lower()}"},
            )


@dataclass(slots=True)
class TokenTable:
    """The tokens that the sandbox knows, by their text."""

    tokens: dict[str, Token] = field(default_factory=dict)

    def authenticate(self, authorization: str, now: float) -> Token:
        """Give the token of an Authorization header (`Bearer X` or `token X`); raises GitHub's 401."""
        if not authorization:
            raise RefusalError(401, "Requires authentication")
        scheme, _, text = authorization.partition(" ")
        token = self.tokens.get(text.strip()) if scheme.lower() in {"bearer", "token"} else None
        if token is None or (token.expires is not None and now >= token.expires):
            raise RefusalError(401, "Bad credentials")
        return token
