"""The world behind the sandbox, and everything that can be done to it behind GitHub's API."""

import threading

from flowforge.sandbox.access import Token, TokenTable
from flowforge.sandbox.clock import Clock
from flowforge.sandbox.directory import Directory
from flowforge.sandbox.faults import Faults
from flowforge.sandbox.limits import Limits
from flowforge.sandbox.model import Settings, Stats
from flowforge.sandbox.scope import KeyRing, Lag, Scope, checked_name
from flowforge.sandbox.traffic import Logged, Traffic


class World:
    """Everything the sandbox knows. Every method is thread-safe; repositories are named `owner/name`, in any case.

    Methods raise KeyError for what is not there and ValueError for a name that cannot be had. What they do is not a
    request: nothing is counted, no limit spent, no permission asked. The parts (`limits`, `faults`, `settings`,
    `clock`) may be changed directly, at any time; `lock` guards `directory` and what is in it.
    """

    def __init__(self, *, time_scale: float = 1.0) -> None:
        """Begin empty, at the present time, with a clock that runs `time_scale` times as fast."""
        self.clock = Clock(time_scale)
        self.directory = Directory()
        self.tokens = TokenTable()
        self.limits = Limits()
        self.faults = Faults()
        self.traffic = Traffic()
        self.settings = Settings()
        self.stopping = threading.Event()
        self.lock = threading.RLock()
        self._ring = KeyRing()

    def pause(self, seconds: float) -> None:
        """Wait for real seconds, or until the sandbox stops."""
        if seconds > 0:
            self.stopping.wait(seconds)

    # Repositories

    def create_repo(self, full_name: str, *, private: bool = True, archived: bool = False, fork: bool = False) -> int:
        """Create a repository and give its id; a redirect from that name ends."""
        with self.lock:
            repo = self.directory.add(full_name, Scope(self._ring), int(self.clock.now()))
            repo.private, repo.archived, repo.fork = private, archived, fork
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
            self.directory.remove(full_name)

    def recreate_repo(self, full_name: str) -> int:
        """Replace a repository by another of the same name: a new id, another key, no secrets."""
        with self.lock:
            old = self.directory.remove(full_name)
            return self.create_repo(old.full_name, private=old.private, fork=old.fork)

    def rename_repo(self, full_name: str, new_name: str) -> None:
        """Rename or transfer to `owner/name`; the old name redirects until another repository takes it."""
        with self.lock:
            self.directory.rename(full_name, new_name)

    def archive_repo(self, full_name: str, *, archived: bool = True) -> None:
        """Archive a repository, or unarchive it."""
        with self.lock:
            self.directory[full_name].archived = archived

    def hide_repo(self, full_name: str, *, hidden: bool = True) -> None:
        """Make a repository invisible to every token, or visible again."""
        with self.lock:
            self.directory[full_name].hidden = hidden

    def create_user(self, login: str) -> None:
        """Let a login be a user's: repositories created there later are a person's, not an organization's."""
        with self.lock:
            self.directory.user(login)

    def require_sso(self, owner: str, *, required: bool = True) -> None:
        """Let an organization require single sign-on of classic tokens."""
        with self.lock:
            account = self.directory.owner(owner)
            if account is None:
                raise KeyError(owner)
            account.sso = required

    # Secrets

    def set_secret(self, full_name: str, name: str, value: str) -> None:
        """Write a secret behind everybody's back, at once and without lag."""
        with self.lock:
            scope = self.directory[full_name].actions
            scope.put(checked_name(name), value.encode(), at=int(self.clock.now()), lag=Lag())

    def delete_secret(self, full_name: str, name: str) -> None:
        """Delete a secret behind everybody's back."""
        with self.lock:
            del self.directory[full_name].actions.secrets[name.upper()]

    def reveal(self, full_name: str) -> dict[str, str]:
        """Give the decrypted values by name. GitHub never does this: it is what makes a rehearsal a proof."""
        with self.lock:
            secrets = self.directory[full_name].actions.secrets
            return {name: secret.value.decode(errors="replace") for name, secret in sorted(secrets.items())}

    def rotate_keys(self) -> None:
        """Give every scope a new key under a new id: boxes sealed before are refused."""
        with self.lock:
            self._ring.rotate()

    def replace_key(self, full_name: str) -> None:
        """Give one repository a new key under the same id."""
        with self.lock:
            self.directory[full_name].actions.replace_key()

    # Tokens and traffic

    def add_token(self, text: str, token: Token) -> None:
        """Let the sandbox know a token, or change what a known one may do."""
        self.tokens.tokens[text] = token

    def revoke_token(self, text: str) -> None:
        """Forget a token: it is answered 401 from now on."""
        self.tokens.tokens.pop(text, None)

    def stats(self) -> Stats:
        """Count what was asked since the last reset."""
        requests, statuses = self.traffic.counts()
        return Stats(requests, statuses, *self.limits.counts())

    def log(self) -> list[Logged]:
        """Give the latest requests, oldest first."""
        return self.traffic.log()

    def reset_stats(self) -> None:
        """Begin counting and logging anew; what an account has spent of its limits stays spent."""
        self.traffic.reset()
        self.limits.reset_counts()
