"""The state's file on a branch of GitHub, in the words of the state: a refusal of GitHub's is an error of the state."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from flowforge.errors import GitHubError, StateError
from flowforge.github.branch_file import MOST_WRITTEN, FileAbsent, create_branch, read, require_private, write
from flowforge.github.branch_problems import BranchFile, refuse_large
from flowforge.github.http import Client
from flowforge.github.problems import StoppedError, other_shape
from flowforge.plan.address import Repo
from flowforge.state.store import StateVersion

# The hash of the version before the first one, where not even the branch exists.
_NO_BRANCH = ""
_BEFORE_GIT = "1970-01-01T00:00:00Z"
# How far GitHub's clock may be from where it should be by now. A machine may sleep over a weekend.
_FAR: Final = timedelta(days=7)


class BranchStore:
    """A `state.remote.Remote` on GitHub. It raises StateError, and StoppedError where the run is to stop."""

    def __init__(self, client: Client, repo: Repo, branch: str, path: str) -> None:
        """Take the place of the file. Nothing is asked for yet."""
        self._client = client
        self.repo = repo
        self.place = BranchFile(repo, branch, path)
        self._private = False
        # The last time that GitHub gave, and this run's own clock at that moment.
        self._told: tuple[datetime, float] | None = None
        # Whether the branch was missing when it was last read.
        self.begins = False

    @property
    def where(self) -> str:
        """The place, in words."""
        return str(self.place)

    def read(self) -> StateVersion:
        """Return the version that is there. A public repo is refused before anything else."""
        with _as_the_state():
            if not self._private:
                require_private(self._client, self.place)
                self._private = True
            found = read(self._client, self.place)
            self.begins = isinstance(found, FileAbsent) and not found.branch_exists
            if isinstance(found, FileAbsent):
                # For an empty repo GitHub has no answer with a time, and it cannot be written to either.
                return StateVersion(None, None if found.branch_exists else _NO_BRANCH, found.date or _BEFORE_GIT)
            return StateVersion(found.data, found.sha, self._dated(found.date))

    def require_room(self, size: int) -> None:
        """Raise StateError FF427 for more bytes than GitHub takes."""
        refuse_large(self.place, size, MOST_WRITTEN)

    def write(self, data: bytes, before: StateVersion, message: str) -> StateVersion:
        """Replace exactly that version by `data`. Raises LostRaceError where another version is there."""
        with _as_the_state():
            if before.sha == _NO_BRANCH:
                done = create_branch(self._client, self.place, data, message)
            else:
                done = write(self._client, self.place, data, before.sha, message)
            return StateVersion(data, done.sha, self._dated(done.date))

    def _dated(self, date: str) -> str:
        """Return the time of an answer. Raises RepoError where it is missing or impossible."""
        # A lock ends by GitHub's time. With a wrong one, two runs could both believe that they hold it.
        if not date:
            raise other_shape("an answer without its time, the header Date").at(self.where)
        time, now = datetime.fromisoformat(date), self._client.pacer.clock.now()
        if self._told is not None:
            expected = self._told[0] + timedelta(seconds=now - self._told[1])
            if abs(time - expected) > _FAR:
                raise other_shape("an answer whose time, the header Date, is days away from the one before").at(
                    self.where
                )
        self._told = time, now
        return date


@contextmanager
def _as_the_state() -> Iterator[None]:
    """Turn a GitHubError into a StateError."""
    # A caller that writes a secret must not take a failure of the state's file for a failure of that write.
    try:
        yield
    except StoppedError as stopped:
        stopped.certain = True
        raise
    except GitHubError as error:
        raise StateError(*error.problems) from error
