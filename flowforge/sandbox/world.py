"""The world behind the sandbox: repositories, their secrets, their names, and everything that is done to them."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flowforge.sandbox.access import Token, TokenTable
from flowforge.sandbox.clock import Clock
from flowforge.sandbox.faults import Faults
from flowforge.sandbox.limits import Limits
from flowforge.sandbox.scope import KeyRing, Lag, Scope, checked_name
from flowforge.sandbox.traffic import Traffic


@dataclass(slots=True)
class Owner:
    """An organization, or the user whose tokens these are."""

    id: int
    login: str
    type: str = "Organization"
    sso: bool = False


@dataclass(slots=True)
class Repository:
    """One repository. The id is for life; the names may change. hidden: nobody is told that it exists."""

    id: int
    owner: Owner
    name: str
    created: int
    actions: Scope
    private: bool = True
    archived: bool = False
    fork: bool = False
    hidden: bool = False

    @property
    def full_name(self) -> str:
        """Give `owner/name` as it was spelled."""
        return f"{self.owner.login}/{self.name}"


@dataclass(slots=True)
class Settings:
    """How the world behaves. lag: of reads after a write. latency: real seconds that every request takes.

    late_stamp: seconds by which updated_at is ahead of the Date of the PUT's answer (1 was seen at GitHub).
    """

    lag: Lag = field(default_factory=Lag)
    latency: float = 0.0
    late_stamp: int = 0


class World:
    """Everything the sandbox knows. Every method is thread-safe and raises KeyError for a repository that is not there.

    Repositories are named `owner/name`, in any case. What these methods do happens behind GitHub's API: no request is
    counted, no limit spent, no permission asked.
    """

    def __init__(self, *, time_scale: float = 1.0) -> None:
        """Begin empty, at the present time, with a clock that runs `time_scale` times as fast."""
        self.clock = Clock(time_scale)
        self.tokens = TokenTable()
        self.limits = Limits()
        self.faults = Faults()
        self.traffic = Traffic()
        self.settings = Settings()
        self.stopping = threading.Event()
        self.lock = threading.RLock()
        self.by_id: dict[int, Repository] = {}
        self.owners: dict[str, Owner] = {}
        self._ring = KeyRing()
        self._ids: dict[str, int] = {}
        self._moved: dict[str, int] = {}
        self._next_id = 1_000_001

    # Looking

    def find(self, full_name: str) -> Repository | None:
        """Give the repository that has this name now."""
        return self.by_id.get(self._ids.get(full_name.lower(), 0))

    def moved(self, full_name: str) -> Repository | None:
        """Give the repository that once had this name, when no other has it now."""
        return self.by_id.get(self._moved.get(full_name.lower(), 0))

    def repositories(self, owner: str = "") -> Iterator[Repository]:
        """Give the repositories of an owner, or all, in the order of their ids. Hold the lock while using it."""
        login = owner.lower()
        return (repo for repo in self.by_id.values() if not login or repo.owner.login.lower() == login)

    def reveal(self, full_name: str) -> dict[str, str]:
        """Give the decrypted values by name. GitHub never does this: it is what makes a rehearsal a proof."""
        with self.lock:
            secrets = self._get(full_name).actions.secrets
            return {name: secret.value.decode(errors="replace") for name, secret in sorted(secrets.items())}

    def user(self, login: str) -> Owner:
        """Give the user who has this login, who comes into being when first asked for."""
        with self.lock:
            return self.owners.setdefault(login.lower(), Owner(self._new_id(), login, "User"))

    def pause(self, seconds: float) -> None:
        """Wait for real seconds, or until the sandbox stops."""
        if seconds > 0:
            self.stopping.wait(seconds)

    # Repositories

    def create_repo(self, full_name: str, *, private: bool = True, archived: bool = False, fork: bool = False) -> int:
        """Create a repository and give its id; a redirect from that name ends. Raises ValueError when it exists."""
        login, _, name = full_name.partition("/")
        if not login or not name or "/" in name:
            raise ValueError("a repository is named owner/name")
        with self.lock:
            key = full_name.lower()
            if key in self._ids:
                raise ValueError("the repository exists")
            owner = self.owners.setdefault(login.lower(), Owner(self._new_id(), login))
            repo = Repository(self._new_id(), owner, name, int(self.clock.now()), Scope(self._ring))
            repo.private, repo.archived, repo.fork = private, archived, fork
            self.by_id[repo.id] = repo
            self._ids[key] = repo.id
            self._moved.pop(key, None)
            return repo.id

    def create_repos(self, owner: str, count: int) -> list[str]:
        """Create `owner/repo-001` and so on, and give their names."""
        names = [f"{owner}/repo-{number:03}" for number in range(1, count + 1)]
        for name in names:
            self.create_repo(name)
        return names

    def delete_repo(self, full_name: str) -> None:
        """Delete a repository with its secrets."""
        with self.lock:
            repo = self._get(full_name)
            del self._ids[full_name.lower()], self.by_id[repo.id]

    def recreate_repo(self, full_name: str) -> int:
        """Replace a repository by another of the same name: a new id, another key, no secrets."""
        with self.lock:
            old = self._get(full_name)
            self.delete_repo(full_name)
            return self.create_repo(old.full_name, private=old.private, fork=old.fork)

    def rename_repo(self, full_name: str, new_name: str) -> None:
        """Rename or transfer to `owner/name`; the old name redirects until another repository takes it."""
        with self.lock:
            repo = self._get(full_name)
            login, _, name = new_name.partition("/")
            if not name or new_name.lower() in self._ids:
                raise ValueError("a repository is named owner/name, and no other may have the name")
            del self._ids[full_name.lower()]
            self._moved[full_name.lower()] = self._ids[new_name.lower()] = repo.id
            self._moved.pop(new_name.lower(), None)
            repo.name = name
            repo.owner = self.owners.setdefault(login.lower(), Owner(self._new_id(), login))

    def archive_repo(self, full_name: str, *, archived: bool = True) -> None:
        """Archive a repository, or unarchive it."""
        with self.lock:
            self._get(full_name).archived = archived

    def hide_repo(self, full_name: str, *, hidden: bool = True) -> None:
        """Make a repository invisible to every token, or visible again."""
        with self.lock:
            self._get(full_name).hidden = hidden

    def require_sso(self, owner: str, *, required: bool = True) -> None:
        """Let an organization require single sign-on of classic tokens."""
        with self.lock:
            self.owners[owner.lower()].sso = required

    # Secrets

    def set_secret(self, full_name: str, name: str, value: str) -> None:
        """Write a secret behind everybody's back, at once and without lag."""
        with self.lock:
            scope = self._get(full_name).actions
            scope.put(name, value.encode(), at=int(self.clock.now()), lag=Lag())

    def delete_secret(self, full_name: str, name: str) -> None:
        """Delete a secret behind everybody's back; raises KeyError when it is not there."""
        with self.lock:
            del self._get(full_name).actions.secrets[checked_name(name)]

    def rotate_keys(self) -> None:
        """Give every scope a new key under a new id: boxes sealed before are refused."""
        with self.lock:
            self._ring.rotate()

    def replace_key(self, full_name: str) -> None:
        """Give one repository a new key under the same id."""
        with self.lock:
            self._get(full_name).actions.replace_key()

    # Tokens

    def add_token(self, text: str, token: Token) -> None:
        """Let the sandbox know a token, or change what a known one may do."""
        with self.lock:
            self.tokens.tokens[text] = token

    def revoke_token(self, text: str) -> None:
        """Forget a token: it is answered 401 from now on."""
        with self.lock:
            del self.tokens.tokens[text]

    # What was asked

    def stats(self) -> Mapping[str, object]:
        """Give what was asked since the last reset: counts by method and route, by status, points, refusals."""
        return {
            "requests": dict(self.traffic.requests),
            "statuses": {str(status): count for status, count in self.traffic.statuses.items()},
            "points": self.limits.points_spent,
            "refusals": dict(self.limits.refusals),
            "max_in_flight": self.limits.max_in_flight,
        }

    def reset_stats(self) -> None:
        """Begin counting anew; what an account has spent of its limits stays spent."""
        self.traffic.reset()
        self.limits.reset_counts()

    def _get(self, full_name: str) -> Repository:
        repo = self.find(full_name)
        if repo is None:
            raise KeyError(full_name)
        return repo

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id
