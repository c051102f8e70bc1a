"""Who is who: repositories by id and by name, the names they once had, and their owners."""

import re
from collections.abc import Iterator

from flowforge.sandbox.model import Owner, Repository
from flowforge.sandbox.scope import Scope

_FULL_NAME = re.compile(r"([A-Za-z0-9](?:-?[A-Za-z0-9])*)/([A-Za-z0-9._-]+)")


class Directory:
    """Names are `owner/name`, in any case. Raises KeyError for what is not there, ValueError for a name not to be had.

    Not thread-safe: the world's lock guards it.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._by_id: dict[int, Repository] = {}
        self._by_name: dict[str, Repository] = {}
        self._moved: dict[str, Repository] = {}
        self._owners: dict[str, Owner] = {}
        self._next_id = 1_000_001

    def __iter__(self) -> Iterator[Repository]:
        """Give all repositories, oldest first."""
        return iter(self._by_id.values())

    def __getitem__(self, full_name: str) -> Repository:
        """Give the repository that has this name now."""
        return self._by_name[full_name.lower()]

    def by_id(self, number: int) -> Repository | None:
        """Give the repository of an id, whatever its name."""
        return self._by_id.get(number)

    def by_name(self, full_name: str) -> Repository | None:
        """Give the repository that has this name now."""
        return self._by_name.get(full_name.lower())

    def moved(self, full_name: str) -> Repository | None:
        """Give the repository that once had this name, when no other has taken it."""
        return self._moved.get(full_name.lower())

    def owner(self, login: str) -> Owner | None:
        """Give an owner that has or had a repository, or a user who asked."""
        return self._owners.get(login.lower())

    def user(self, login: str) -> Owner:
        """Give an owner, who comes into being as a user."""
        return self._owners.setdefault(login.lower(), Owner(self._new_id(), login, "User"))

    def add(self, full_name: str, actions: Scope, created: int) -> Repository:
        """Add a repository; a redirect from its name ends."""
        login, name = self._free(full_name)
        repo = Repository(self._new_id(), self._organization(login), name, created, actions)
        self._by_id[repo.id] = self._by_name[full_name.lower()] = repo
        self._moved.pop(full_name.lower(), None)
        return repo

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
        repo.owner, repo.name = self._organization(login), name

    def _free(self, full_name: str) -> tuple[str, str]:
        match = _FULL_NAME.fullmatch(full_name)
        if match is None:
            raise ValueError("a repository is named owner/name")
        if full_name.lower() in self._by_name:
            raise ValueError("a repository has that name already")
        return match[1], match[2]

    def _organization(self, login: str) -> Owner:
        return self._owners.setdefault(login.lower(), Owner(self._new_id(), login))

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id
