"""Issues, pull requests and their comments: a pull request is an issue that has branches."""

from dataclasses import field

from flowforge.data_class import dataclass


@dataclass(slots=True)
class Comment:
    """A comment of an issue or a pull request."""

    id: int
    author: str
    """The login of whoever wrote it."""
    body: str
    created: int
    updated: int


@dataclass(slots=True)
class Branch:
    """What a pull request wants merged."""

    repo: str
    """The repository that has the branch, as `owner/name`: a fork's is another than the pull request's."""
    name: str
    sha: str


@dataclass(slots=True)
class Issue:
    """An issue, or a pull request."""

    id: int
    """Its id, which nothing else of the world has; addresses name it by `number`."""
    number: int
    """Its number in the repository."""
    author: str
    """The login of whoever opened it."""
    title: str
    """The line that lists show."""
    body: str
    """Its text, in markdown."""
    created: int
    """When it was opened, in seconds since 1970."""
    updated: int
    """When its title, its text or its state last changed."""
    closed: int | None = None
    """When it was closed; None while it is open."""
    locked: bool = False
    """Whether only those may comment who can write to the repository."""
    head: Branch | None = None
    """The branch of a pull request; None of an issue."""
    comments: list[Comment] = field(default_factory=list)
    """Oldest first, as GitHub lists them."""

    @property
    def state(self) -> str:
        """Return `open` or `closed`."""
        return "open" if self.closed is None else "closed"


@dataclass(slots=True)
class Tracker:
    """The issues and pull requests of a repository."""

    enabled: bool = True
    """Whether there are issues. Pull requests are there in any case."""
    issues: dict[int, Issue] = field(default_factory=dict)
    """By number."""

    def add(self, identity: int, author: str, title: str, body: str, now: int) -> Issue:
        """Add an issue under the next number."""
        number = len(self.issues) + 1
        issue = self.issues[number] = Issue(identity, number, author, title, body, now, now)
        return issue
