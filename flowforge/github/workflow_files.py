"""Read the workflow files of many repos: a hundred by one GraphQL query, and what does not fit into it by REST."""

import threading
from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Final

from flowforge.github.api_request import RETRIES, GitHubRequest
from flowforge.github.body import OBJECT, RAW
from flowforge.github.explain import renamed
from flowforge.github.http import Client
from flowforge.github.paths import contents_path, git_path, repo_path
from flowforge.github.problems import RepoError, other_shape
from flowforge.github.repos import Each
from flowforge.github.urls import GRAPHQL
from flowforge.github.workflow_query import AskedFiles, UnansweredError, WorkflowFiles, query_of, read_answer
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable
from flowforge.plan.recordable import is_id
from flowforge.workflows.repository import FOLDER, Unread, is_workflow

MOST_REPOS: Final = 100
"""How many repos one query is about. GitHub gives a query ten seconds."""
# docs.github.com, "Get repository content": "an upper limit of 1,000 files for a directory". Nothing says that it cut.
_MOST_LISTED: Final = 1_000
Fetched = Mapping[Repo, WorkflowFiles | Unreadable]


class WorkflowReader:
    """Reads files of default branches with one token. Thread-safe.

    A git object is asked for once, however many repos have it. each: calls a function for items, perhaps in parallel.
    Its methods raise StoppedError, and GitHubError when the run is over; what concerns one repo is that repo's result.
    """

    def __init__(self, client: Client, each: Each = map) -> None:
        """Take the client."""
        self._client = client
        self._each = each
        self._refused = False
        self._most = MOST_REPOS
        self._known: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def folders(self, repos: Collection[Repo]) -> Fetched:
        """Return the workflow files of repos."""
        return self.paths(dict.fromkeys(repos, (FOLDER,)))

    def paths(self, asked: AskedFiles) -> Fetched:
        """Return the files at these paths, and those in the folder of workflows where it is among them."""
        found: dict[Repo, WorkflowFiles | Unreadable] = {}
        waiting = [*asked.items()]
        while waiting:
            # What fits is learnt: after a query that took too long all later ones are smaller.
            part, waiting = dict(waiting[: self._most]), waiting[self._most :]
            found |= self._queried(part)
        unfit = {repo: files for repo, files in found.items() if isinstance(files, WorkflowFiles) and files.left}
        for _ in self._each(lambda repo: self._complete(repo, unfit[repo]), unfit):
            pass
        return found

    def _queried(self, asked: AskedFiles) -> dict[Repo, WorkflowFiles | Unreadable]:
        if self._refused:
            return self._by_rest(asked)
        # The first failure of a large query is answered by smaller ones, which is sooner than to wait and ask again.
        retries = RETRIES if len(asked) == 1 else 0
        request = GitHubRequest("POST", GRAPHQL, {"query": query_of(asked)}, retries=retries)
        try:
            answers = dict(read_answer(asked, self._client.send(request).data))
        except UnansweredError as error:
            return self._otherwise(asked, refused=error.refused)
        except RepoError as refusal:
            return self._otherwise(asked, refused=refusal.no.why is not Why.FAILED)
        unknown = {repo: asked[repo] for repo, found in answers.items() if found is None}
        return {repo: found for repo, found in answers.items() if found is not None} | self._by_rest(unknown)

    def _otherwise(self, asked: AskedFiles, *, refused: bool) -> dict[Repo, WorkflowFiles | Unreadable]:
        """Return what a query did not: by halves of it, or by REST where no query will do."""
        if refused or len(asked) == 1:
            self._refused = self._refused or refused
            return self._by_rest(asked)
        items = [*asked.items()]
        half = (len(items) + 1) // 2
        self._most = min(self._most, half)
        return self._queried(dict(items[:half])) | self._queried(dict(items[half:]))

    def _by_rest(self, asked: AskedFiles) -> dict[Repo, WorkflowFiles | Unreadable]:
        return dict(zip(asked, self._each(lambda repo: self._asked(repo, asked[repo]), asked), strict=True))

    def _asked(self, repo: Repo, paths: Iterable[str]) -> WorkflowFiles | Unreadable:
        try:
            # First the repo itself: a 404 of a folder tells nothing of the repo, and a redirect is no answer.
            found = self._described(self._client.get(repo_path(repo)).data)
            for path in paths if not (found.archived or found.disabled) else ():
                self._list(repo, path, found)
        except RepoError as refusal:
            no = refusal.no
            return (renamed(self._client, no, repo) if no.why is Why.RENAMED else no).unreadable()
        return found

    def _described(self, data: object) -> WorkflowFiles:
        match data:
            case {"id": int() as number, "archived": bool() as archived, "private": bool() as private, **rest} if is_id(
                number
            ):
                return WorkflowFiles(number, archived, rest.get("disabled") is True, private)
        raise other_shape("a repo without its id, archived or private")

    def _list(self, repo: Repo, path: str, found: WorkflowFiles) -> None:
        """Note what is at a path, a file or the files of a folder, as still to be read."""
        try:
            data = self._client.get(contents_path(repo, path), accept=OBJECT).data
        except ValueError:
            found.unread.append(Unread(path, "it leads out of the repository"))
            return
        except RepoError as refusal:
            # No folder, no file, or not even a commit: the repo itself is there and may be read.
            if refusal.no.status == HTTPStatus.NOT_FOUND:
                return
            raise
        match data:
            case {"entries": list() as entries}:
                for entry in entries:
                    _note(found, entry, folder=True)
                if len(entries) >= _MOST_LISTED:
                    found.unread.append(Unread(path, f"GitHub lists no more than {_MOST_LISTED:,} files of a folder"))
            case _:
                _note(found, data, folder=False)

    def _complete(self, repo: Repo, found: WorkflowFiles) -> None:
        """Read what the answer did not hold whole."""
        for path, oid in found.left.items():
            try:
                found.files[path] = self._blob(repo, oid)
            except RepoError as refusal:
                # The others of the repo are read all the same; that this one is not makes the audit incomplete.
                found.unread.append(Unread(path, refusal.no.detail))
        found.left.clear()

    def _blob(self, repo: Repo, oid: str) -> bytes:
        with self._lock:
            known = self._known.get(oid)
        if known is None:
            data = self._client.get(f"{git_path(repo)}/blobs/{oid}", accept=RAW).data
            if not isinstance(data, bytes):
                raise other_shape("a file that is not its own bytes")
            with self._lock:
                known = self._known.setdefault(oid, data)
        return known


def _note(found: WorkflowFiles, entry: object, *, folder: bool) -> None:
    match entry:
        case {"type": "file", "path": str() as path, "size": int() as size, "sha": str() as oid}:
            if not folder or is_workflow(path):
                found.add(path, size, oid)
        case {"type": str()}:
            return
        case _:
            raise other_shape("a file in a folder without its path, size or sha")
