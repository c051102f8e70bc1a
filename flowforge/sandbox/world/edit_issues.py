"""What can be done to issues, pull requests and comments behind GitHub's API."""

import secrets
from dataclasses import asdict

from flowforge.sandbox.world.base import Ground
from flowforge.sandbox.world.issue import Branch, Comment, Issue


class IssueVerbs(Ground):
    """Verbs on the issues and pull requests of a repository, by their numbers. Thread-safe."""

    def open_issue(self, full_name: str, title: str, *, body: str = "", author: str = "somebody") -> int:
        """Open an issue and return its number."""
        with self.lock:
            issue = self.directory[full_name].tracker.add(
                self.directory.new_id(), author, title, body, int(self.clock.now())
            )
            return issue.number

    def open_pull(
        self,
        full_name: str,
        branch: str = "topic",
        *,
        head: str = "",
        sha: str = "",
        title: str = "",
        author: str = "somebody",
    ) -> int:
        """Open a pull request and return its number. head: the repository that has the branch, unless it is this one.

        sha: its newest commit, made up unless given.
        """
        with self.lock:
            source = self.directory[head or full_name].full_name
            number = self.open_issue(full_name, title or f"Merge {branch}", author=author)
            self._issue(full_name, number).head = Branch(source, branch, sha or secrets.token_hex(20))
            return number

    def push_pull(self, full_name: str, number: int, sha: str) -> None:
        """Let the branch of a pull request have a new commit."""
        with self.lock:
            head = self._issue(full_name, number).head
            if head is None:
                raise ValueError("it is no pull request")
            head.sha = sha

    def close_issue(self, full_name: str, number: int, *, closed: bool = True) -> None:
        """Close an issue or a pull request, or open it again."""
        with self.lock:
            self._issue(full_name, number).closed = int(self.clock.now()) if closed else None

    def lock_issue(self, full_name: str, number: int, *, locked: bool = True) -> None:
        """Lock a conversation, or unlock it."""
        with self.lock:
            self._issue(full_name, number).locked = locked

    def enable_issues(self, full_name: str, *, enabled: bool = True) -> None:
        """Switch the issues of a repository on or off. Pull requests stay."""
        with self.lock:
            self.directory[full_name].tracker.enabled = enabled

    def add_comment(self, full_name: str, number: int, body: str, *, author: str = "somebody") -> int:
        """Comment on an issue or a pull request, and return the id of the comment."""
        with self.lock:
            now = int(self.clock.now())
            comment = Comment(self.directory.new_id(), author, body, now, now)
            self._issue(full_name, number).comments.append(comment)
            return comment.id

    def comments(self, full_name: str, number: int) -> list[dict[str, object]]:
        """Return the comments of an issue or a pull request, oldest first: id, author, body, created, updated."""
        with self.lock:
            return [asdict(each) for each in self._issue(full_name, number).comments]

    def read_comment(self, full_name: str, number: int) -> str:
        """Return the text of the newest comment of an issue or a pull request."""
        with self.lock:
            found = self._issue(full_name, number).comments
            if not found:
                message = f"a comment of issue {number}"
                raise KeyError(message)
            return found[-1].body

    def issues(self, full_name: str) -> list[dict[str, object]]:
        """Return the issues of a repository, without its pull requests: number, author, title, body, state."""
        with self.lock:
            found = [each for each in self.directory[full_name].tracker.issues.values() if each.head is None]
            names = ("number", "author", "title", "body", "state")
            return [{name: getattr(each, name) for name in names} for each in found]

    def _issue(self, full_name: str, number: int) -> Issue:
        found = self.directory[full_name].tracker.issues.get(number)
        if found is None:
            message = f"issue {number}"
            raise KeyError(message)
        return found
