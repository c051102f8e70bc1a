"""What can be done to repositories and their environments behind GitHub's API."""

from flowforge.sandbox.world.base import Ground
from flowforge.sandbox.world.git import Git
from flowforge.sandbox.world.model import PropertyValue

_VISIBILITIES = {"public", "private", "internal"}


class RepositoryVerbs(Ground):
    """Verbs on repositories, which are named `owner/name`, in any case. Thread-safe."""

    def create_repo(
        self,
        full_name: str,
        *,
        private: bool = True,
        archived: bool = False,
        fork: bool = False,
        internal: bool = False,
        topics: list[str] | None = None,
        empty: bool = False,
    ) -> int:
        """Create a repository and return its id. A redirect from that name ends. empty: without a first commit."""
        with self.lock:
            repo = self.directory.add(full_name, int(self.clock.now()))
            repo.visibility = "internal" if internal else "private" if private else "public"
            repo.archived, repo.fork = archived, fork
            repo.topics = tuple(topic.lower() for topic in topics or ())
            repo.git = Git() if empty else repo.git
            return repo.id

    def create_repos(self, owner: str, count: int) -> list[str]:
        """Create `owner/repo-001` and so on, and return their names."""
        names = [f"{owner}/repo-{number:03}" for number in range(1, count + 1)]
        for name in names:
            self.create_repo(name)
        return names

    def delete_repo(self, full_name: str) -> None:
        """Delete a repository with its secrets."""
        with self.lock:
            self.directory.remove(full_name)

    def recreate_repo(self, full_name: str) -> int:
        """Replace a repository by another of the same name: a new id, another key, no secrets, no environments."""
        with self.lock:
            old = self.directory.remove(full_name)
            number = self.create_repo(old.full_name, fork=old.fork, topics=list(old.topics))
            made = self.directory[full_name]
            made.visibility, made.immutable_subject = old.visibility, True
            return number

    def rename_repo(self, full_name: str, new_name: str) -> None:
        """Rename or transfer to `owner/name`; the old name redirects until another repository takes it.

        As since July 2026, the subject of its OIDC tokens carries ids from then on.
        """
        with self.lock:
            self.directory.rename(full_name, new_name)
            self.directory[new_name].immutable_subject = True

    def archive_repo(self, full_name: str, *, archived: bool = True) -> None:
        """Archive a repository, or unarchive it."""
        with self.lock:
            self.directory[full_name].archived = archived

    def hide_repo(self, full_name: str, *, hidden: bool = True) -> None:
        """Make a repository invisible to every token, or visible again."""
        with self.lock:
            self.directory[full_name].hidden = hidden

    def set_visibility(self, full_name: str, visibility: str) -> None:
        """Make a repository public, private or internal."""
        if visibility not in _VISIBILITIES:
            raise ValueError("visibility is public, private or internal")
        with self.lock:
            self.directory[full_name].visibility = visibility

    def set_topics(self, full_name: str, topics: list[str]) -> None:
        """Replace the topics of a repository; GitHub has them in lower case."""
        with self.lock:
            self.directory[full_name].topics = tuple(topic.lower() for topic in topics)

    def set_property(self, full_name: str, name: str, value: str | list[str] | None) -> None:
        """Set a repository's value of a property that its organization defines. None removes it."""
        with self.lock:
            repo = self.directory[full_name]
            if name not in repo.owner.properties:
                message = f"property {name}"
                raise KeyError(message)
            repo.properties[name] = value
            if value is None:
                del repo.properties[name]

    def properties(self, full_name: str) -> dict[str, PropertyValue]:
        """Return the values of all properties that the organization defines."""
        with self.lock:
            return self.directory[full_name].property_values()

    def create_environment(self, full_name: str, name: str, *, wait_timer: int = 0) -> None:
        """Create an environment with this protection, or change the protection of an existing one."""
        with self.lock:
            made = self.directory.add_environment(self.directory[full_name], name, int(self.clock.now()))
            made.wait_timer = wait_timer

    def delete_environment(self, full_name: str, name: str) -> None:
        """Delete an environment with its secrets and variables."""
        with self.lock:
            self._place(full_name, name)
            del self.directory[full_name].environments[name.lower()]

    def environments(self, full_name: str) -> dict[str, int]:
        """Return the wait timer of each environment by the environment's name."""
        with self.lock:
            return {one.name: one.wait_timer for one in self.directory[full_name].environments.values()}
