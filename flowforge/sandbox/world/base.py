"""The parts of a world, which every verb on it uses, and the lock that guards them."""

import threading

from flowforge.sandbox.rules.access import TokenTable
from flowforge.sandbox.rules.anthropic_keys import SandboxKey
from flowforge.sandbox.rules.apps import Apps
from flowforge.sandbox.rules.clock import SandboxClock
from flowforge.sandbox.rules.faults import Faults
from flowforge.sandbox.rules.limits import AccountLimits
from flowforge.sandbox.rules.traffic import Traffic
from flowforge.sandbox.world.directory import Directory
from flowforge.sandbox.world.model import Owner, SecretHolder, Settings
from flowforge.sandbox.world.stores import Rings


class Ground:
    """The parts of a world. `lock` guards `directory`, `apps`, `anthropic_keys` and what is in them."""

    def __init__(self, *, time_scale: float = 1.0) -> None:
        """Start empty, at the present time, with a clock that runs `time_scale` times as fast."""
        self.clock = SandboxClock(time_scale)
        self.rings = Rings()
        self.directory = Directory(self.rings)
        self.tokens = TokenTable()
        self.apps = Apps()
        self.anthropic_keys: dict[str, SandboxKey] = {}
        self.limits = AccountLimits()
        self.faults = Faults()
        self.traffic = Traffic()
        self.settings = Settings()
        self.stopping = threading.Event()
        self.lock = threading.RLock()

    def pause(self, seconds: float) -> None:
        """Wait for real seconds, or until the sandbox stops."""
        if seconds > 0:
            self.stopping.wait(seconds)

    def _account(self, login: str) -> Owner:
        """Return an owner. Raise KeyError if there is none."""
        found = self.directory.owner(login)
        if found is None:
            raise KeyError(login)
        return found

    def _organization(self, login: str) -> Owner:
        """Return an organization. Raise KeyError if there is none, or if it is a user."""
        found = self._account(login)
        if not found.is_organization:
            raise KeyError(login)
        return found

    def _place(self, full_name: str, environment: str) -> SecretHolder:
        """Return a repository, or its environment unless `environment` is empty. Raise KeyError if there is none."""
        repo = self.directory[full_name]
        if not environment:
            return repo
        if environment.lower() not in repo.environments:
            message = f"environment {environment}"
            raise KeyError(message)
        return repo.environments[environment.lower()]

    def _ids_of(self, organization: Owner, repos: list[str] | None) -> frozenset[int]:
        """Return the ids of repositories, named `owner/name` or by name alone. Raise KeyError if one is missing."""
        return frozenset(
            self.directory[name if "/" in name else f"{organization.login}/{name}"].id for name in repos or ()
        )

    def _names_of(self, numbers: frozenset[int]) -> list[str]:
        """Return the full names of the repositories that still exist."""
        return sorted(repo.full_name for repo in self.directory if repo.id in numbers)
