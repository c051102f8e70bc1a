"""What can be done to a repository's files and branches behind GitHub's API."""

from flowforge.sandbox.world.base import Ground
from flowforge.sandbox.world.git import MAIN, Git

_GUARDS = {"", "protection", "rules"}
_HAND = "somebody"


class FileVerbs(Ground):
    """Verbs on files and branches; `branch` is a short name such as `main`. Thread-safe."""

    def read_file(self, full_name: str, path: str, *, branch: str = MAIN) -> str:
        """Return a file's text. Raise KeyError if the branch or the file is missing."""
        with self.lock:
            git = self.directory[full_name].git
            sha = git.entry(_head(git, branch), path)[1]
            if sha not in git.blobs:
                message = f"file {path}"
                raise KeyError(message)
            return git.blobs[sha].decode()

    def history(self, full_name: str, *, branch: str = MAIN) -> list[str]:
        """Return the messages of a branch's commits, oldest first."""
        with self.lock:
            git = self.directory[full_name].git
            return [git.commits[sha].message for sha in git.history(_head(git, branch))][::-1]

    def branches(self, full_name: str) -> list[str]:
        """Return the names of the branches."""
        with self.lock:
            return sorted(ref.removeprefix("refs/heads/") for ref in self.directory[full_name].git.refs)

    def edit_file(
        self, full_name: str, path: str, text: str, *, branch: str = MAIN, message: str = "edited by hand"
    ) -> None:
        """Commit a file's new text. A missing branch is created as an orphan."""
        with self.lock:
            git, now = self.directory[full_name].git, int(self.clock.now())
            git.commit_file(f"refs/heads/{branch}", path, text.encode(), message, author=_HAND, at=now)

    def delete_file(self, full_name: str, path: str, *, branch: str = MAIN, message: str = "deleted by hand") -> None:
        """Commit the deletion of a file. Raise KeyError if its branch is missing."""
        with self.lock:
            git, now = self.directory[full_name].git, int(self.clock.now())
            _head(git, branch)
            git.commit_file(f"refs/heads/{branch}", path, None, message, author=_HAND, at=now)

    def delete_branch(self, full_name: str, branch: str) -> None:
        """Delete a branch. Raise KeyError if it is missing."""
        with self.lock:
            git = self.directory[full_name].git
            _head(git, branch)
            del git.refs[f"refs/heads/{branch}"]

    def protect_branch(self, full_name: str, branch: str, *, by: str = "protection") -> None:
        """Let a branch, which need not exist, refuse pushes, by `protection` or `rules`. An empty text ends that."""
        if by not in _GUARDS:
            raise ValueError("a branch is guarded by protection, by rules, or by nothing")
        with self.lock:
            self.directory[full_name].git.guards[f"refs/heads/{branch}"] = by


def _head(git: Git, branch: str) -> str:
    if f"refs/heads/{branch}" not in git.refs:
        message = f"branch {branch}"
        raise KeyError(message)
    return git.refs[f"refs/heads/{branch}"]
