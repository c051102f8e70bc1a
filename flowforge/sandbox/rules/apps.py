"""GitHub Apps: what an App and its installations are, their tokens, and the JWT with which an App says who it is."""

import base64
import json
from collections.abc import Mapping
from dataclasses import field
from typing import Final

from flowforge.data_class import dataclass
from flowforge.sandbox.rules.access import KnownRepo, Level, Token, TokenKind
from flowforge.sandbox.rules.answers import RefusalError
from flowforge.sandbox.rules.keys import RsaPublicKey

_LONGEST_JWT: Final = 600  # seconds
_FREE_REPOS: Final = 20  # over which GitHub adds to an installation's hourly limit
_NOT_DECODED: Final = "A JSON web token could not be decoded"
_BAD_EXPIRY: Final = (
    "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion "
    "expires"
)
_TOO_FAR: Final = "'Expiration time' claim ('exp') is too far in the future"
_BAD_ISSUE: Final = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
SUSPENDED: Final = "This installation has been suspended"


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """A registered App."""

    id: int
    """Its number, which its JWT may name as the issuer."""
    client_id: str
    """The other name by which its JWT may name it as the issuer."""
    slug: str
    """Its name in addresses, and that of its bot: `slug[bot]`."""
    owner: str
    """The login of who registered it."""
    key: RsaPublicKey
    """The public half of the key that it signs its JWTs with."""
    permissions: Mapping[str, Level]
    """What it asks for where it is installed."""
    created: int
    """When it was registered, in seconds since 1970."""


@dataclass(slots=True)
class InstalledApp:
    """An App at an owner. What it has may change; its tokens never have more."""

    id: int
    """The number by which the routes of an App name it."""
    app: RegisteredApp
    """Whose key signs for it."""
    owner: str
    """The login of the owner, in lower case."""
    permissions: Mapping[str, Level]
    """What the owner granted; it may be less than the App asks for."""
    repos: frozenset[int] | None
    """The ids of the repositories that it was given; None for all of the owner's."""
    created: int
    """When it was installed, in seconds since 1970."""
    updated: int
    """When what it has was last changed."""
    suspended: int | None = None
    """When it was suspended; None while it is not."""

    def covers(self, repo: KnownRepo) -> bool:
        """Return whether it was given a repository."""
        owned = repo.full_name.lower().startswith(f"{self.owner}/")
        return owned and (self.repos is None or repo.id in self.repos)

    def refuse_suspended(self) -> None:
        """Raise GitHub's 403 while it is suspended."""
        if self.suspended is not None:
            raise RefusalError(403, SUSPENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationToken(Token):
    """A token that an App had minted for an installation. Its `permissions` are those that it was minted with."""

    installation: InstalledApp
    number: int
    """The how manyth it is of all that were minted."""
    given: frozenset[int] | None
    """The ids of the repositories that it was narrowed to; None for those of its installation."""
    size: int
    """How many repositories its installation had."""
    kind: TokenKind = TokenKind.APP

    @property
    def account(self) -> str:
        """Return the name of the installation: its tokens share one limit."""
        return f"installation ID {self.installation.id}"

    @property
    def who(self) -> str:
        """Return `app@owner`."""
        return f"{self.installation.app.slug}@{self.installation.owner}"

    @property
    def author(self) -> str:
        """Return the login of the App's bot."""
        return f"{self.installation.app.slug}[bot]"

    @property
    def mint(self) -> int:
        """Return its number."""
        return self.number

    @property
    def bonus(self) -> int:
        """Return how many repositories over twenty its installation had."""
        return max(0, self.size - _FREE_REPOS)

    @property
    def selection(self) -> str:
        """Return `selected` if the installation or this token was given some repositories only."""
        return "all" if self.given is None and self.installation.repos is None else "selected"

    def admit(self, now: float) -> None:
        """Raise GitHub's 401 if it has expired, and the 403 of a suspended installation."""
        Token.admit(self, now)
        self.installation.refuse_suspended()

    def has(self, repo: KnownRepo) -> bool:
        """Return whether the token was given a repository that its installation still has."""
        return self.installation.covers(repo) and (self.given is None or repo.id in self.given)

    def level(self, permission: str) -> Level:
        """Return how far a permission goes: never farther than the installation's does now."""
        here, there = self.permissions, self.installation.permissions
        return min(here.get(permission, Level.NONE), there.get(permission, Level.NONE))

    def reaches_organization(self, login: str) -> bool:
        """Return whether it is the organization of the installation."""
        return login == self.installation.owner


@dataclass(frozen=True, slots=True, kw_only=True)
class AppToken(Token):
    """An App itself, by a JWT. It can do nothing but what the routes of Apps do."""

    app: RegisteredApp
    kind: TokenKind = TokenKind.APP

    @property
    def account(self) -> str:
        """Return the name of the App: its own limit is none of its installations'."""
        return f"app ID {self.app.id}"

    @property
    def who(self) -> str:
        """Return its name."""
        return self.app.slug

    def has(self, repo: KnownRepo) -> bool:  # noqa: ARG002 -- the handler asks the installations
        """Return True: which repositories it reaches is a matter of its installations."""
        return True


@dataclass(slots=True)
class Apps:
    """The Apps, their installations, and every token that was minted. The world's lock guards it."""

    apps: dict[int, RegisteredApp] = field(default_factory=dict)
    installations: dict[int, InstalledApp] = field(default_factory=dict)
    minted: list[InstallationToken] = field(default_factory=list)

    def app(self, slug: str) -> RegisteredApp:
        """Return an App. Raise KeyError if there is none."""
        for app in self.apps.values():
            if app.slug == slug:
                return app
        message = f"App {slug}"
        raise KeyError(message)

    def at(self, app: RegisteredApp, owner: str) -> InstalledApp | None:
        """Return the installation of an App at an owner, by login in any case."""
        found = (each for each in self.installations.values() if each.app is app and each.owner == owner.lower())
        return next(found, None)

    def asserted(self, authorization: str, now: float) -> AppToken:
        """Return the App of an Authorization header with its JWT. Raise GitHub's refusal of one that is none."""
        claims, signed, signature = _parts(authorization)
        app = self._issuer(claims.get("iss"))
        if not app.key.verifies(signed, signature):
            raise RefusalError(401, _NOT_DECODED)
        _refuse_times(claims, now)
        return AppToken(app=app)

    def _issuer(self, issuer: object) -> RegisteredApp:
        """Return the App of the claim `iss`: its id, as a number or as text, or its client id."""
        if issuer is None or issuer == "":
            raise RefusalError(401, "Missing 'issuer' claim ('iss') in assertion")
        for app in tuple(self.apps.values()):
            if str(issuer) in {str(app.id), app.client_id}:
                return app
        if str(issuer).isdecimal():
            raise RefusalError(404, "Integration not found")
        raise RefusalError(401, "'Issuer' claim ('iss') must be an Integer")


def _refuse_times(claims: Mapping[str, object], now: float) -> None:
    """Raise GitHub's 401 unless a JWT was issued before now and expires within ten minutes from now."""
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or issued > now:
        raise RefusalError(401, _BAD_ISSUE)
    if type(expires) is not int or expires <= now:
        raise RefusalError(401, _BAD_EXPIRY)
    if expires > now + _LONGEST_JWT:
        raise RefusalError(401, _TOO_FAR)


def _parts(authorization: str) -> tuple[dict[str, object], bytes, bytes]:
    """Return the claims of a header's JWT, what is signed of it, and its signature. A JWT has to be a `Bearer`."""
    scheme, _, text = authorization.partition(" ")
    signed, _, signature = text.strip().rpartition(".")
    try:
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        decoded = _decoded(signature)
    except (ValueError, RecursionError):
        raise RefusalError(401, _NOT_DECODED) from None
    dicts = isinstance(header, dict) and isinstance(claims, dict)
    if scheme.lower() != "bearer" or not dicts or header.get("alg") != "RS256":
        raise RefusalError(401, _NOT_DECODED)
    return claims, signed.encode(), decoded


def _decoded(part: str) -> bytes:
    """Return the bytes of a part of a JWT. Raise ValueError."""
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
