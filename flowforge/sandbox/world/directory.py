"""The directory: repositories by id and by name, the names that they once had, their owners, and every id."""

import re
from collections.abc import Iterator
from typing import Final

from flowforge.sandbox.world.model import Environment, Owner, Repository
from flowforge.sandbox.world.stores import Rings, Stores
from flowforge.sandbox.world.variable import Variables

LOGIN: Final = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9])*")
_FULL_NAME: Final = re.compile(rf"({LOGIN.pattern})/([A-Za-z0-9._-]+)")


class Directory:
    """Repositories by `owner/name`, in any case. Raise KeyError for one that is missing, ValueError for a bad name.

    Not thread-safe: the world's lock guards it.
    """

    def __init__(self, rings: Rings) -> None:
        """Start empty. Everything with secrets takes its keys from `rings`."""
        self._rings = rings
        self._by_id: dict[int, Repository] = {}
        self._by_name: dict[str, Repository] = {}
        self._moved: dict[str, Repository] = {}
        self._owners: dict[str, Owner] = {}
        self._next_id = 1_000_001

    def __iter__(self) -> Iterator[Repository]:
        """Return all repositories, oldest first."""
        return iter(self._by_id.values())

    def __getitem__(self, full_name: str) -> Repository:
        """Return the repository that has this name now."""
        return self._by_name[full_name.lower()]

    def by_id(self, number: int) -> Repository | None:
        """Return the repository of an id."""
        return self._by_id.get(number)

    def by_name(self, full_name: str) -> Repository | None:
        """Return the repository that has this name now."""
        return self._by_name.get(full_name.lower())

    def moved(self, full_name: str) -> Repository | None:
        """Return the repository that once had this name, if no other has taken it."""
        return self._moved.get(full_name.lower())

    def owner(self, login: str) -> Owner | None:
        """Return an owner that has or had a repository, or a user who asked."""
        return self._owners.get(login.lower())

    def user(self, login: str) -> Owner:
        """Return an owner, created as a user if it is missing."""
        return self._owner(login, "User")

    def organization(self, login: str) -> Owner:
        """Return an owner, created as an organization if it is missing."""
        return self._owner(login, "Organization")

    def add(self, full_name: str, created: int) -> Repository:
        """Add a repository; a redirect from its name ends."""
        login, name = self._free(full_name)
        stores, variables = Stores(self._rings, 100, "repository"), Variables(500, "repository")
        repo = Repository(self.new_id(), self.organization(login), name, created, stores, variables)
        repo.git.begin(name, created)
        self._by_id[repo.id] = self._by_name[full_name.lower()] = repo
        self._moved.pop(full_name.lower(), None)
        return repo

    def add_environment(self, repo: Repository, name: str, created: int) -> Environment:
        """Return the environment of this name in any case, and create it if it is missing."""
        if name.lower() not in repo.environments:
            stores, variables = Stores(self._rings, 100, "environment"), Variables(100, "environment")
            made = Environment(self.new_id(), name, created, created, stores, variables)
            repo.environments[name.lower()] = made
        return repo.environments[name.lower()]

    def remove(self, full_name: str) -> Repository:
        """Remove a repository, and the redirects to it."""
        repo = self._by_name.pop(full_name.lower())
        del self._by_id[repo.id]
        self._moved = {name: other for name, other in self._moved.items() if other is not repo}
        return repo

    def rename(self, full_name: str, new_name: str) -> None:
        """Rename or transfer a repository; its old name redirects."""
        repo = self[full_name]
        login, name = self._free(new_name)
        del self._by_name[full_name.lower()]
        self._moved.pop(new_name.lower(), None)
        self._by_name[new_name.lower()] = self._moved[full_name.lower()] = repo
        repo.owner, repo.name = self.organization(login), name

    def new_id(self) -> int:
        """Return a number that nothing else has or had."""
        self._next_id += 1
        return self._next_id

    def _free(self, full_name: str) -> tuple[str, str]:
        match = _FULL_NAME.fullmatch(full_name)
        if match is None:
            raise ValueError("a repository is named owner/name")
        if full_name.lower() in self._by_name:
            raise ValueError("a repository has that name already")
        return match[1], match[2]

    def _owner(self, login: str, kind: str) -> Owner:
        if login.lower() not in self._owners:
            stores, variables = Stores(self._rings, 1000, "organization"), Variables(1000, "organization")
            self._owners[login.lower()] = Owner(self.new_id(), login, stores, variables, kind)
        return self._owners[login.lower()]
