"""Ask GitHub how the workflows that use each secret ended since it was written. Few requests: see `_MOST_*`."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

from flowforge.concurrency import Progress, each
from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.github.http import Client
from flowforge.github.problems import RepoError, StoppedError, TokenError
from flowforge.github.runs import annotations_of, ended_runs, file_at, jobs_of
from flowforge.life.judge import RunHistory, RunReader, SecretPlace, judge
from flowforge.life.model import Life, LifeVerdict
from flowforge.life.uses import WorkflowUses, local_files, mentions, uses_of
from flowforge.plan.address import Address, Repo
from flowforge.workflows.results import JobResult, WorkflowRun

# Of one repository: what decides is nearly always among the newest, and a fleet of thousands must stay affordable.
_MOST_RUNS: Final = 10
_MOST_FILES: Final = 30
# As GitHub answers who may not read them, beside what is not there.
_REFUSED: Final = frozenset({403, 404})
# As deep as called workflows and actions are joined.
_CALLS: Final = 3


def lives(
    clients: Clients,
    places: Mapping[Address, SecretPlace],
    *,
    jobs: int,
    stop: threading.Event,
    progress: Progress,
) -> Mapping[Address, LifeVerdict]:
    """Return what the runs say of each secret of a repository.

    A repository whose runs cannot be read says so of its own secrets, and costs no other anything. Raises StoppedError,
    and GitHubError when the run is over.
    """
    by_repo: dict[Repo, dict[Address, SecretPlace]] = {}
    for address, place in places.items():
        by_repo.setdefault(address.scope.repo, {})[address] = place
    found: dict[Address, LifeVerdict] = {}

    def ask(repo: Repo) -> Mapping[Address, LifeVerdict]:
        return _of_repo(clients, repo, by_repo[repo])

    with progress("Reading runs", len(by_repo)) as advance:
        for _, verdicts in each(
            sorted(by_repo), ask, jobs=jobs, stopped=stop.is_set, lane=lambda repo: clients.lane(repo.owner)
        ):
            found.update(verdicts)
            advance()
    if found.keys() != places.keys():
        raise StoppedError
    return found


def _of_repo(clients: Clients, repo: Repo, places: Mapping[Address, SecretPlace]) -> Mapping[Address, LifeVerdict]:
    since = min(place.written_at for place in places.values())
    try:
        client = clients.of(repo.owner)
        runs, is_whole = ended_runs(client, repo, since)
    except (RepoError, TokenError) as error:
        refused = isinstance(error, RepoError) and error.no.status in _REFUSED
        takes = ", which takes Actions: read" if refused else ""
        why = f"its runs cannot be read{takes} ({error.problems[0].what})"
        return dict.fromkeys(places, LifeVerdict(Life.UNKNOWN, why))
    asked = AskedRuns(client, repo, frozenset(place.name for place in places.values()))
    history, reader = RunHistory(runs, is_whole), asked.reader
    return {address: judge(place, history, reader, most=_MOST_RUNS) for address, place in places.items()}


@dataclass(slots=True)
class AskedRuns:
    """What was asked of one repository's runs; each thing once."""

    client: Client
    repo: Repo
    secrets: frozenset[str]
    _uses: dict[tuple[str, str], WorkflowUses | str] = field(default_factory=dict)
    _jobs: dict[int, tuple[JobResult, ...]] = field(default_factory=dict)
    _files: dict[tuple[str, str], bytes | str | None] = field(default_factory=dict)
    _said: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def reader(self) -> RunReader:
        """What the judge asks by."""
        return RunReader(self.uses, self.jobs, self.annotations, self.is_unchanged)

    def uses(self, run: WorkflowRun) -> WorkflowUses | str:
        """Return the uses in the workflow as a run had it, or why they are not known."""
        # What the default branch has now does not use them: then its other versions are not asked about.
        now = self._file(run.path, "")
        if isinstance(now, bytes) and not mentions(now, self.secrets):
            return WorkflowUses()
        key = (run.path, run.commit)
        if key not in self._uses:
            self._uses[key] = self._read(run)
        return self._uses[key]

    def _read(self, run: WorkflowRun) -> WorkflowUses | str:
        files = self.files(run.path, run.commit)
        return files if isinstance(files, str) else uses_of(files, run.path, str(self.repo))

    def files(self, path: str, commit: str) -> Mapping[str, bytes] | str:
        """Return the file of a workflow and all that it calls, by path, or why they are not known as a clause."""
        data = self._file(path, commit)
        if not isinstance(data, bytes):
            return data or "the workflow of a run is not there"
        files = {path: data}
        for _ in range(_CALLS):
            wanted = local_files(files, str(self.repo))
            more = {path: self._file(path, commit) for folder in sorted(wanted) for path in _names(folder)}
            if any(isinstance(found, str) for found in more.values()):
                return next(found for found in more.values() if isinstance(found, str))
            there = {path: found for path, found in more.items() if isinstance(found, bytes)}
            if not there:
                break
            files |= there
        return files

    def _file(self, path: str, commit: str) -> bytes | str | None:
        """Return a file; None where there is none, and why it cannot be looked at as a clause."""
        key = (path, commit)
        if key not in self._files:
            if len(self._files) >= _MOST_FILES:
                return "more of its workflows ran than are looked at"
            try:
                self._files[key] = file_at(self.client, self.repo, path, commit)
            except RepoError:
                self._files[key] = "the workflow of a run cannot be read, which takes Contents: read"
        return self._files[key]

    def jobs(self, run: WorkflowRun) -> Sequence[JobResult]:
        """Return the jobs of a run; none where nobody may read them."""
        if run.id not in self._jobs:
            try:
                self._jobs[run.id] = jobs_of(self.client, self.repo, run.id)
            except RepoError:
                self._jobs[run.id] = ()
        return self._jobs[run.id]

    def annotations(self, job: JobResult) -> Sequence[str]:
        """Return what the checks of a job say; none where the token may not read checks."""
        if job.id not in self._said:
            try:
                self._said[job.id] = annotations_of(self.client, self.repo, job.id)
            except RepoError:
                self._said[job.id] = ()
        return self._said[job.id]

    def is_unchanged(self, run: WorkflowRun) -> bool:
        """Return whether the default branch has the file of a run's workflow as the run had it."""
        now = self._file(run.path, "")
        return isinstance(now, bytes) and now == self._file(run.path, run.commit)


def _names(path: str) -> tuple[str, ...]:
    """Return the files that a call may mean: a workflow's own, or either name of an action's."""
    if path.endswith((".yml", ".yaml")):
        return (path,)
    folder = f"{path}/" if path else ""
    return (f"{folder}action.yml", f"{folder}action.yaml")
