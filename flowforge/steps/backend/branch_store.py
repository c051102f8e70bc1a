"""The state's file on a branch, as the state needs it: GitHub's refusals become the state's own."""

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
from flowforge.state.store import Version

# Of a file that is not there, the hash that a write names, so to say.
_NO_BRANCH = ""
_BEFORE_GIT = "1970-01-01T00:00:00Z"
# How far GitHub's clock may be from where it should be by now. A machine may sleep over a weekend.
_FAR: Final = timedelta(days=7)


class BranchStore:
    """A `state.remote.Remote` on GitHub, at `place`.

    What goes wrong is a StateError, or a StoppedError when the run is to stop.
    """

    def __init__(self, client: Client, repo: Repo, branch: str, path: str) -> None:
        """Name the file; asks for nothing yet."""
        self._client = client
        self.place = BranchFile(repo, branch, path)
        self._private = False
        # GitHub's time when it was told last, and this run's own clock then.
        self._told: tuple[datetime, float] | None = None
        # Whether the branch was not there when it was read last.
        self.begins = False

    @property
    def where(self) -> str:
        """Name it for people."""
        return str(self.place)

    def read(self) -> Version:
        """Return what stands there; a public repo is refused before anything else."""
        with _as_the_state():
            if not self._private:
                require_private(self._client, self.place)
                self._private = True
            found = read(self._client, self.place)
            self.begins = isinstance(found, FileAbsent) and not found.branch_exists
            if isinstance(found, FileAbsent):
                # An empty repo has no answer of its own, hence no time; nor can it be written to.
                return Version(None, None if found.branch_exists else _NO_BRANCH, found.date or _BEFORE_GIT)
            return Version(found.data, found.sha, self._dated(found.date))

    def require_room(self, size: int) -> None:
        """Raise StateError FF427 for more bytes than GitHub takes."""
        refuse_large(self.place, size, MOST_WRITTEN)

    def write(self, data: bytes, before: Version, message: str) -> Version:
        """Put `data` in the place of exactly that version; raises LostRaceError when another one stands there."""
        with _as_the_state():
            if before.sha == _NO_BRANCH:
                done = create_branch(self._client, self.place, data, message)
            else:
                done = write(self._client, self.place, data, before.sha, message)
            return Version(data, done.sha, self._dated(done.date))

    def _dated(self, date: str) -> str:
        """Return it; raises RepoError for none, or one that cannot be, as nobody can tell then who holds a lock."""
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
    """Make a GitHubError one of the state's: it says nothing of the secret that is about to be written."""
    try:
        yield
    except StoppedError as stopped:
        stopped.certain = True
        raise
    except GitHubError as error:
        raise StateError(*error.problems) from error
