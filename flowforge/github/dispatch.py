"""Runs that somebody dispatches: whether a workflow can be, the dispatch itself, its run, and runs that wait.

docs.github.com, "REST API endpoints for workflows" and "for workflow runs" (actions: read; to dispatch and to cancel:
write), "REST API endpoints for repositories" (metadata: read).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import quote as encode
from urllib.parse import urlencode

from flowforge.data_class import dataclass
from flowforge.github.api_request import GitHubRequest
from flowforge.github.http import Client
from flowforge.github.paging import Item, on_one_page, whole
from flowforge.github.paths import repo_path
from flowforge.github.problems import RepoError, StoppedError, other_shape
from flowforge.github.runs import read_run
from flowforge.plan.address import Repo
from flowforge.workflows.results import WorkflowRun

COMPLETED: Final = "completed"
EVENT: Final = "workflow_dispatch"
# All that a run can be before it has ended, in the order in which it goes on: what moves meanwhile is met again.
_ALIVE: Final = ("requested", "pending", "waiting", "queued", "in_progress")
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
# GitHub ends a run after 35 days, whatever it waits for (docs.github.com, "Actions limits"). It can be run again for 30
# days ("Re-running workflows and jobs") and stays as old as it was. The rest is for a clock that is not GitHub's.
_LONGEST: Final = timedelta(days=35 + 30 + 5)


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A run as it was when somebody looked."""

    run: WorkflowRun
    """The run; without a conclusion while it has not ended."""
    status: str
    """GitHub's word for where it is."""
    title: str
    """What its list calls it, by the `run-name` of its workflow."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status == COMPLETED


@dataclass(frozen=True, slots=True)
class Dispatched:
    """A dispatch that was sent."""

    run: int | None
    """The id of its run; None where GitHub did not tell it."""
    branch: str
    """The branch that it was for."""
    since: str
    """GitHub's time before it."""
    before: frozenset[int] = frozenset()
    """The ids of runs of that time that were there already, which are others'."""


def workflow_state(client: Client, repo: Repo, file: str) -> str | None:
    """Return whether a workflow is `active`, in GitHub's words; None where there is none. Raises RepoError.

    file: the name of its file.
    """
    try:
        data = client.get(_workflow_path(repo, file)).data
    except RepoError as refusal:
        if refusal.no.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    match data:
        case {"state": str() as state}:
            return state
    raise other_shape("a workflow without its state")


def dispatch(client: Client, repo: Repo, file: str, inputs: Mapping[str, str]) -> Dispatched:
    """Dispatch a workflow on the default branch. Raises RepoError where GitHub has refused it.

    It is sent once: a second one would be a second run. Where no answer came its run may be there all the same.
    """
    answer = client.get(repo_path(repo))
    match answer.data:
        case {"default_branch": str() as branch}:
            pass
        case _:
            raise other_shape("a repo without its default_branch")
    since = (answer.time or datetime.now(UTC)).astimezone(UTC).strftime(_TIME)
    before = frozenset(seen.run.id for seen in dispatched_since(client, repo, file, Dispatched(None, branch, since)))
    # Without `return_run_details`: the newer version of the API always tells the run, and an older server might refuse
    # a body with a member that it does not know.
    body = {"ref": branch, **({"inputs": dict(inputs)} if inputs else {})}
    try:
        told = client.send(GitHubRequest("POST", f"{_workflow_path(repo, file)}/dispatches", body, retries=0)).data
    except RepoError as error:
        if error.certain:
            raise
        told = None
    run = told.get("workflow_run_id") if isinstance(told, Mapping) else None
    return Dispatched(run if isinstance(run, int) else None, branch, since, before)


def run_of(client: Client, repo: Repo, number: int) -> SeenRun:
    """Return a run as it is now. Raises RepoError, with the status 404 where it is not there."""
    data = client.get(f"{_runs_path(repo)}/{number}").data
    if not isinstance(data, Mapping):
        raise other_shape("a run that is no object")
    return _seen(data)


def dispatched_since(client: Client, repo: Repo, file: str, sent: Dispatched) -> list[SeenRun]:
    """Return the runs of a workflow, newest first, that were dispatched on that branch since then. Raises RepoError."""
    query = urlencode({"event": EVENT, "branch": sent.branch, "created": f">={sent.since}"})
    path = f"{_workflow_path(repo, file)}/runs?{query}"
    found = whole(client, path, "workflow_runs", read=_seen, identity=_id)
    return sorted(found, key=lambda seen: seen.run.id, reverse=True)


def queued_before(
    client: Client, repo: Repo, written_at: str, *, stopped: Callable[[], bool] = lambda: False
) -> tuple[SeenRun, ...]:
    """Return the runs of a repository that have not ended and were queued before a write, oldest first.

    They have the value of before: GitHub reads a repository's and an organization's secrets when a run is queued, and
    its times are whole seconds, so a run of the same second counts too. written_at: GitHub's time of the write. One
    request where the repository had no more than a page of runs in the time that a run may last, and some for each
    status where it had more. Raises RepoError.
    """
    found: dict[int, SeenRun] = {}
    for each in _recent(client, repo, written_at, stopped):
        # Between two of the lists it may have been taken by a runner, or have ended.
        if each.run.created_at <= written_at and not each.is_over:
            found[each.run.id] = each
    return tuple(sorted(found.values(), key=lambda each: (each.run.created_at, each.run.id)))


def _recent(client: Client, repo: Repo, written_at: str, stopped: Callable[[], bool]) -> Iterable[SeenRun]:
    """Return the runs of before a write that may not have ended, and perhaps others."""
    if stopped():
        raise StoppedError
    oldest = (datetime.fromisoformat(written_at).astimezone(UTC) - _LONGEST).strftime(_TIME)
    path = f"{_runs_path(repo)}?{urlencode({'created': f'{oldest}..{written_at}'})}"
    # Of more runs than a page has, GitHub lists a thousand at most: which of them are alive is asked by itself then.
    found = on_one_page(client, path, "workflow_runs", read=_seen, identity=_id)
    return _alive(client, repo, written_at, stopped) if found is None else found


def _alive(client: Client, repo: Repo, written_at: str, stopped: Callable[[], bool]) -> Iterator[SeenRun]:
    for status in _ALIVE:
        query = urlencode({"status": status, "created": f"<={written_at}"})
        path = f"{_runs_path(repo)}?{query}"
        yield from whole(client, path, "workflow_runs", read=_seen, identity=_id, stopped=stopped)


def cancel(client: Client, repo: Repo, run: int) -> bool:
    """Have a run cancelled, which takes a while. Return False where it had ended already. Raises RepoError."""
    try:
        client.post(f"{_runs_path(repo)}/{run}/cancel", {})
    except RepoError as refusal:
        if refusal.no.status == HTTPStatus.CONFLICT:
            return False
        raise
    return True


def _workflow_path(repo: Repo, file: str) -> str:
    return f"{repo_path(repo)}/actions/workflows/{encode(file, safe='')}"


def _runs_path(repo: Repo) -> str:
    return f"{repo_path(repo)}/actions/runs"


def _seen(item: Item) -> SeenRun:
    status, title = item.get("status"), item.get("display_title")
    if not isinstance(status, str):
        # Null, by GitHub's description: no word of an end, so it has not ended.
        status = ""
    return SeenRun(read_run(item), status, title if isinstance(title, str) else "")


def _id(seen: SeenRun) -> int:
    return seen.run.id
