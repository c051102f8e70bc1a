"""A GitHub App: it signs in with a key, finds its installation for an owner, and gets tokens that last an hour.

Source: docs.github.com, "About authentication with a GitHub App", and apps/create-installation-access-token.
"""

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote as encode

from flowforge.data_class import dataclass
from flowforge.errors import GitHubError, Problem, quote
from flowforge.github.app_key import JWT_LASTS, AppKey
from flowforge.github.auth import GitHubToken, digest_of
from flowforge.github.http import Client
from flowforge.github.permissions import METADATA, AccessLevel, Needs, granted, joined, lacking
from flowforge.github.problems import SUSPENDED, BadTokenError, RepoError, TokenError, other_shape, suspended
from flowforge.github.traces import Traces
from flowforge.plan.recordable import is_id
from flowforge.vault import SecretValue

_JWT_LEFT: Final = timedelta(minutes=1)
_TOKEN_LEFT: Final = timedelta(minutes=5)
# By how much our clock must be wrong for a refused JWT to be worth another try.
_SKEW: Final = timedelta(seconds=5)
_MOST_REPOS: Final = 500
_NOT_FOUND: Final = 404
_UNPROCESSABLE: Final = 422


class AppJwt:
    """The JWT of an App, as a `TokenSource`. It is made by GitHub's clock as soon as that is known to differ."""

    workflow = False
    # What GitHub says of one installation must not end what the App asks for the others.
    installation = False

    def __init__(self, client_id: str, key: AppKey) -> None:
        """Take the App's client id and key."""
        self.origin = key.origin
        self._id, self._key = client_id, key
        self._lock = threading.Lock()
        self._ahead = timedelta()
        self._now: tuple[GitHubToken, datetime] | None = None
        self._traces: list[Traces] = []

    def time(self) -> datetime:
        """Return GitHub's time, as far as it is known."""
        return datetime.now(UTC) + self._ahead

    def current(self) -> GitHubToken:
        """Return a JWT that is valid for a minute at least."""
        with self._lock:
            now = self.time()
            if self._now is None or self._now[1] - now < _JWT_LEFT:
                made = GitHubToken(self._key.sign(self._id, now), self.origin)
                for each in self._traces:
                    made.known_to(each)
                self._now = made, now + JWT_LASTS
            return self._now[0]

    def served(self, token: GitHubToken) -> None:
        """Do nothing: a JWT is made anew in time."""

    def renew(self, refused: GitHubToken, time: datetime | None) -> bool:
        """Return whether this machine's clock was wrong. From now on JWTs are made by GitHub's."""
        if time is None:
            return False
        with self._lock:
            # Those who met the wrong clock side by side: the first of them has set it.
            if self._now is None or refused is not self._now[0]:
                return True
            ahead = time - datetime.now(UTC)
            wrong = abs(ahead - self._ahead) > _SKEW
            self._ahead, self._now = ahead, None
            return wrong

    def need(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        """Do nothing: a JWT is for the App itself."""

    def lacks(self, needs: Needs) -> tuple[str, ...]:
        """Return nothing: a JWT is for the App itself."""
        del needs
        return ()

    def apart(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        """Return None: a JWT is for the App itself."""
        del needs, repos

    def digest(self, purpose: str) -> str:
        """Return a short hash of the App."""
        return digest_of(f"app {self._id}", purpose)

    def known_to(self, traces: Traces) -> None:
        """Let every JWT be recognised."""
        self._traces.append(traces)


@dataclass(frozen=True, slots=True)
class Installation:
    """What GitHub says of an App's installation for an owner."""

    id: int
    permissions: Mapping[str, str]
    """By GitHub's names, each with `read`, `write` or `admin`."""


class TooMuchError(TokenError):
    """An installation does not have what a token was asked for: a permission, or a repo."""


class App:
    """A GitHub App, signed in. client: one that sends the App's JWT."""

    def __init__(self, client: Client, jwt: AppJwt, origin: str) -> None:
        """Take the parts. origin: its place in the manifest."""
        self._client = client
        self.jwt = jwt
        self.origin = origin
        self._accepted = False

    def installation(self, owner: str) -> Installation:
        """Find the installation for an owner.

        Raises TokenError where there is none (FF363) or it is suspended (FF364), and GitHubError FF362 for a key or a
        client id that GitHub does not accept.
        """
        name = encode(owner, safe="")
        with self._asking(owner):
            found = self._find(f"/orgs/{name}/installation")
            found = self._find(f"/users/{name}/installation") if found is None else found
            if found is None:
                fix = f"install it for {owner}, for the repositories of the manifest, or name another token for it"
                what = f"the GitHub App is not installed for {owner}"
                raise TokenError(Problem("FF363", what, self.origin, fix=fix))
            match found:
                case {"id": int() as number, "permissions": dict() as permissions} if is_id(number):
                    if found.get("suspended_at"):
                        raise suspended(owner, self.origin)
                    return Installation(number, {str(name): str(level) for name, level in permissions.items()})
            raise other_shape("an installation without its id or permissions")

    def _find(self, path: str) -> Mapping[str, object] | None:
        try:
            data = self._client.get(path).data
        except RepoError as refusal:
            if refusal.no.status != _NOT_FOUND or _unknown(refusal):
                raise
            data = None
        self._accepted = True
        return data if data is None or isinstance(data, Mapping) else {}

    def mint(
        self, installation: Installation, owner: str, asked: Mapping[str, str], repos: Collection[int | str]
    ) -> tuple[SecretValue, datetime]:
        """Return a new token and when it ends. repos: what it is for; all of the installation's where empty.

        Raises TooMuchError where the installation does not have that, and otherwise as `installation` does.
        """
        body: dict[str, object] = {"permissions": dict(asked)} if asked else {}
        ids, names = [one for one in repos if isinstance(one, int)], [one for one in repos if isinstance(one, str)]
        only = {"repository_ids": sorted(ids)} if ids else {"repositories": sorted(names)} if names else {}
        with self._asking(owner):
            path = f"/app/installations/{installation.id}/access_tokens"
            match self._client.post(path, {**body, **only}).data:
                case {"token": str() as token, "expires_at": str() as ends}:
                    try:
                        return SecretValue(token), datetime.fromisoformat(ends)
                    except ValueError:
                        pass
            raise other_shape("a token of an installation without its text or its end")

    @contextmanager
    def _asking(self, owner: str) -> Iterator[None]:
        """Turn what GitHub refuses an App into what blocks one owner; a key that it does not know ends the run."""
        try:
            yield
        except BadTokenError as error:
            raise self._not_accepted(error) from None
        except RepoError as refusal:
            if _unknown(refusal):
                raise self._not_accepted(refusal) from None
            if SUSPENDED in refusal.no.message:
                raise suspended(owner, self.origin) from None
            kind = TooMuchError if refusal.no.status == _UNPROCESSABLE else TokenError
            raise kind(*refusal.problems) from None

    def _not_accepted(self, error: GitHubError) -> GitHubError:
        """Return the error of a key that GitHub does not accept. One that it has accepted in this run ends no run."""
        first = error.problems[0]
        said = error.no.message if isinstance(error, RepoError) else ""
        why = f"it answered {quote(said)}" if said else first.why or first.what
        fix = "check that the client ID and the private key are of one App, and that the App is one of this GitHub"
        problem = Problem("FF362", "GitHub does not accept the key of the GitHub App", self.origin, why, fix)
        return TokenError(problem) if self._accepted else GitHubError(problem)


class InstallationTokens:
    """The tokens of an App's installation, as a `TokenSource`. Each is made when it is needed, and before an hour ends.

    It asks for the permissions that `need` has named, and never for more than the installation has.
    """

    workflow = False
    installation = True

    def __init__(self, app: App, owner: str) -> None:
        """Take the App and the owner. Nothing is asked for yet."""
        self.origin = app.origin
        self._app, self._owner = app, owner
        self._lock = threading.Lock()
        self._needs: Needs = {}
        self._repos: Collection[int | str] = ()
        self._found: Installation | None = None
        self._now: tuple[GitHubToken, datetime] | None = None
        self._has_served = False
        self._traces: list[Traces] = []

    def need(self, needs: Needs, repos: Collection[int | str] = ()) -> None:
        """Name what the next token is for. More than 500 repos cannot be named: then it is for all."""
        with self._lock:
            only = frozenset(repos) if len(repos) <= _MOST_REPOS else frozenset()
            if (needs, only) != (self._needs, self._repos):
                self._needs, self._repos, self._now = needs, only, None

    def lacks(self, needs: Needs) -> tuple[str, ...]:
        """Return what the installation lacks. Raises TokenError and GitHubError as `App.installation` does."""
        with self._lock:
            return lacking(needs, self._installation().permissions)

    def apart(self, needs: Needs, repos: Collection[int | str] = ()) -> "InstallationTokens":
        """Return a source of other tokens of this installation, for what a run does beside its own work."""
        other = InstallationTokens(self._app, self._owner)
        with self._lock:
            other._found = self._found
        other.need(joined(needs, {METADATA: AccessLevel.READ}), repos)  # for nothing, GitHub gives all that there is
        return other

    def current(self) -> GitHubToken:
        """Return a token that is valid for five minutes at least."""
        with self._lock:
            if self._now is None or self._now[1] - self._app.jwt.time() < _TOKEN_LEFT:
                self._mint()
            if self._now is None:
                raise AssertionError
            return self._now[0]

    def served(self, token: GitHubToken) -> None:
        """Note that this token, or one before it, is accepted."""
        if not self._has_served and self._now is not None and token is self._now[0]:
            self._has_served = True

    def renew(self, refused: GitHubToken, time: datetime | None) -> bool:
        """Return whether there is another token. One that GitHub has refused from the first is not replaced."""
        with self._lock:
            if self._now is None or refused is not self._now[0]:
                return True
            # By GitHub's clock: a run may wait for an hour between two requests.
            expired = time is not None and time >= self._now[1]
            if not (self._has_served or expired):
                return False
            self._mint()
            return True

    def digest(self, purpose: str) -> str:
        """Return a short hash that names the installation, whose limits all of its tokens share."""
        return digest_of(f"{self._app.jwt.digest('installation')} {self._owner.lower()}", purpose)

    def known_to(self, traces: Traces) -> None:
        """Let every token be recognised."""
        self._traces.append(traces)

    def _installation(self) -> Installation:
        if self._found is None:
            self._found = self._app.installation(self._owner)
        return self._found

    def _mint(self) -> None:
        try:
            value, ends = self._minted(self._repos)
        except TooMuchError:
            # It has lost something since it was asked for, or was never given one of these repos. What was lost is
            # refused by itself later on, and the rest must not wait for that.
            self._found = None
            value, ends = self._minted(())
        made = GitHubToken(value, self.origin)
        for each in self._traces:
            made.known_to(each)
        self._now, self._has_served = (made, ends), False

    def _minted(self, repos: Collection[int | str]) -> tuple[SecretValue, datetime]:
        found = self._installation()
        return self._app.mint(found, self._owner, granted(self._needs, found.permissions), repos)


def _unknown(refusal: RepoError) -> bool:
    """Return whether GitHub knows no App of that id: `Integration not found`."""
    return refusal.no.status == _NOT_FOUND and "integration" in refusal.no.message.lower()
