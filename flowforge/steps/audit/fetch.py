"""Fetch the workflow files of many repos, and then the local actions that these call."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from flowforge.concurrency import Progress, each, in_order
from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.github.problems import RepoError, StoppedError
from flowforge.github.workflow_files import MOST_REPOS, Fetched, WorkflowReader
from flowforge.github.workflow_query import WorkflowFiles
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable
from flowforge.workflows.local_calls import absent_actions
from flowforge.workflows.repository import RepositoryFiles, read_repository

# A query takes GitHub seconds of its processors, and it allows 60 of these a minute (docs.github.com, GraphQL limits).
_QUERIES: Final = 4
# Calls of local actions are followed as deep as the reader of workflows follows them.
_DEEP: Final = 3
_Paths = Mapping[Repo, Sequence[str]]
_Part = tuple[Repo, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask, and how."""

    clients: Clients
    jobs: int
    """How many requests may be under way at once, for each token."""
    stop: threading.Event
    progress: Progress


def fetch(asking: Asking, repos: Collection[Repo]) -> dict[Repo, WorkflowFiles | Unreadable]:
    """Return the workflow files of each repo with the local actions that they call, or why it cannot be read.

    Raises StoppedError, and GitHubError when the run is over.
    """
    fetcher = _Fetcher(asking)
    with asking.progress("Reading workflows", len(repos)) as advance:
        found = dict(fetcher.folders(repos, advance))
    asked: set[tuple[Repo, str]] = set()
    for _ in range(_DEEP):
        paths = {repo: new for repo, files in found.items() if (new := _called(repo, files, asked))}
        if not paths:
            break
        asked |= {(repo, path) for repo, wanted in paths.items() for path in wanted}
        for repo, answer in fetcher.paths(paths):
            _merge(found[repo], answer)
    return found


class _Fetcher:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._readers: dict[str, WorkflowReader] = {}
        self._lock = threading.Lock()

    def folders(
        self, repos: Iterable[Repo], advance: Callable[[], None]
    ) -> Iterator[tuple[Repo, WorkflowFiles | Unreadable]]:
        for part, answers in self._each(repos, lambda reader, part: reader.folders(part)):
            yield from answers.items()
            for _ in part:
                advance()

    def paths(self, paths: _Paths) -> Iterator[tuple[Repo, WorkflowFiles | Unreadable]]:
        for _, answers in self._each(paths, lambda reader, part: reader.paths({repo: paths[repo] for repo in part})):
            yield from answers.items()

    def _each(
        self, repos: Iterable[Repo], work: Callable[[WorkflowReader, _Part], Fetched]
    ) -> Iterator[tuple[_Part, Fetched]]:
        asking = self._asking
        lanes = asking.clients.by_lane(sorted(repos), lambda repo: repo.owner)
        parts = [
            tuple(lane[start : start + MOST_REPOS])
            for lane in lanes.values()
            for start in range(0, len(lane), MOST_REPOS)
        ]

        def ask(part: _Part) -> Fetched:
            try:
                reader = self._reader(part[0].owner)
            except RepoError as refusal:
                return dict.fromkeys(part, refusal.no.unreadable())
            return work(reader, part)

        done = 0
        stopped = asking.stop.is_set
        jobs = min(_QUERIES, asking.jobs)
        for part, answers in each(parts, ask, jobs=jobs, stopped=stopped, lane=self._lane):
            done += 1
            yield part, answers
        # What was not asked for must not pass for repos without workflows.
        if done < len(parts):
            raise StoppedError

    def _lane(self, part: _Part) -> str:
        return self._asking.clients.lane(part[0].owner)

    def _reader(self, owner: str) -> WorkflowReader:
        clients, asking = self._asking.clients, self._asking
        with self._lock:
            lane = clients.lane(owner)
            if lane not in self._readers:
                parallel = in_order(jobs=asking.jobs, stopped=asking.stop.is_set, cut=StoppedError)
                self._readers[lane] = WorkflowReader(clients.of(owner), parallel)
            return self._readers[lane]


def read(repo: Repo, files: WorkflowFiles) -> RepositoryFiles:
    """Return what was fetched of a repo, read as a checkout is."""
    found = read_repository(files.files, str(repo))
    found.too_large |= files.too_large
    found.unread += files.unread
    return found


def _called(repo: Repo, files: WorkflowFiles | Unreadable, asked: Collection[tuple[Repo, str]]) -> list[str]:
    """Return the paths of actions that are called and were not asked for yet."""
    if isinstance(files, Unreadable) or not _mentions_local(files):
        return []
    return [path for path in absent_actions(read(repo, files)) if (repo, path) not in asked]


def _mentions_local(files: WorkflowFiles) -> bool:
    # To read every file takes a millisecond, and hardly any repo has actions of its own: what calls one has this text.
    return any(("./" in text) if isinstance(text, str) else (b"./" in text) for text in files.files.values())


def _merge(into: WorkflowFiles | Unreadable, answer: WorkflowFiles | Unreadable) -> None:
    # A repo that went away meanwhile keeps what was read of it; its actions are then not in the checkout.
    if isinstance(into, WorkflowFiles) and isinstance(answer, WorkflowFiles):
        into.files |= answer.files
        into.unread += answer.unread
