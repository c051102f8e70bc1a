"""A canary that is a workflow: well only where its Claude step must have used the secret, and ended well."""

import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import field
from typing import Final, TypeVar

from flowforge.concurrency import each
from flowforge.data_class import dataclass
from flowforge.errors import Problem, quote
from flowforge.github.clients import Clients
from flowforge.github.dispatch import (
    Dispatched,
    SeenRun,
    dispatch,
    dispatched_since,
    run_of,
    workflow_state,
)
from flowforge.github.http import Client
from flowforge.github.permission_table import TO_DISPATCH, TO_WATCH
from flowforge.github.permissions import Needs
from flowforge.github.problems import RepoError, StoppedError, TokenError
from flowforge.life.canary import MARKER, objection, takes_marker
from flowforge.life.judge import RunHistory, SecretPlace, judge
from flowforge.life.model import Life
from flowforge.plan.address import Repo, Store
from flowforge.steps.life import AskedRuns
from flowforge.steps.rotate.verdicts import LASTING, Canary, CanaryError, CanaryVerdict
from flowforge.workflows.repository import FOLDER, is_workflow
from flowforge.workflows.results import SUCCESS

_SIDE_BY_SIDE: Final = 8
# Seconds between two looks at a run. Many runs are looked at less often, for at most 300 of the 900 points a minute.
_BETWEEN: Final = 10.0
_EACH: Final = 0.2
_ACTIVE: Final = "active"
_NAMED: Final = 3
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why a workflow is no canary in a repo, as a clause, and what to do."""

    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A dispatch whose run is awaited. marker: what its title may show. until: by the clock of the run."""

    sent: Dispatched
    marker: str
    until: float


def workflow_canary(
    clients: Clients,
    repos: Collection[Repo],
    workflow: str,
    *,
    secret: str,
    stop: threading.Event,
    timeout: float,
    notify: Callable[[str], None],
) -> Canary:
    """Return the canary. It is dispatched in no other repos than these.

    workflow: the name of its file, or the path. secret: the name under which the repos have the credential. timeout: of
    each run, in seconds of the run's clock.
    """
    path = workflow if "/" in workflow else f"{FOLDER}/{workflow}"
    return _WorkflowCanary(clients, frozenset(repos), path, secret.upper(), stop, timeout, notify)


@dataclass(slots=True)
class _WorkflowCanary:
    clients: Clients
    repos: frozenset[Repo]
    path: str
    secret: str
    stop: threading.Event
    timeout: float
    notify: Callable[[str], None]
    marked: set[Repo] = field(default_factory=set)
    """The repos whose workflow takes a marker."""

    @property
    def file(self) -> str:
        return self.path.rpartition("/")[2]

    def check(self, repos: Sequence[Repo]) -> None:
        if not is_workflow(self.path):
            what = f"{quote(self.path)} cannot be a canary: it is no file of a workflow"
            raise CanaryError(Problem("FF060", what, fix="name a file of .github/workflows, such as canary.yml"))
        troubles: dict[_Trouble, list[Repo]] = {}
        with self._apart(repos, TO_WATCH) as watching:
            for repo, trouble in self._over(repos, lambda repo: self._trouble(watching, repo)).items():
                if trouble is not None:
                    troubles.setdefault(trouble, []).append(repo)
        if troubles:
            raise CanaryError(*(self._problem(each, of) for each, of in troubles.items()))

    def run(self, repos: Sequence[Repo]) -> tuple[CanaryVerdict, ...]:
        with self._apart(repos, TO_DISPATCH) as dispatching:
            sent = self._over(repos, lambda repo: self._dispatch(dispatching, repo))
        verdicts = {repo: each for repo, each in sent.items() if isinstance(each, CanaryVerdict)}
        waiting = {repo: each for repo, each in sent.items() if isinstance(each, _Awaited)}
        if waiting:
            many = "its run" if len(waiting) == 1 else f"the runs of {len(waiting)} repos"
            self.notify(f"dispatched {self.file}; waiting for {many}, {_spell(self.timeout)} at most")
            with self._apart(sorted(waiting), TO_WATCH) as watching:
                verdicts |= self._awaited(watching, waiting)
        return tuple(verdicts[repo] for repo in repos)

    @contextmanager
    def _apart(self, repos: Sequence[Repo], needs: Needs) -> Iterator[Mapping[Repo, Client]]:
        """Yield the client of each repo, whose token is for this alone where an App makes it."""
        if not self.repos.issuperset(repos):
            raise ValueError("a canary is for the repos of its rotation")
        with ExitStack() as held:
            found: dict[Repo, Client] = {}
            for part in self.clients.by_lane(repos, lambda repo: repo.owner).values():
                names = [repo.short for repo in part]
                client = held.enter_context(self.clients.apart(part[0].owner, needs, names))
                found.update(dict.fromkeys(part, client))
            yield found

    def _over(self, repos: Collection[Repo], work: Callable[[Repo], _Result]) -> dict[Repo, _Result]:
        """Return what some work gives for each repo. Raises StoppedError, and GitHubError when the run is over."""
        found = dict(
            each(
                sorted(set(repos)),
                work,
                jobs=_SIDE_BY_SIDE,
                stopped=self.stop.is_set,
                lane=lambda repo: self.clients.lane(repo.owner),
            )
        )
        if len(found) < len(set(repos)):
            raise StoppedError
        return found

    def _trouble(self, clients: Mapping[Repo, Client], repo: Repo) -> _Trouble | None:
        """Return why the workflow is no canary in a repo."""
        if repo.is_organization:
            return _Trouble("an organization has no workflows", "rotate with a command as canary, or without one")
        client = clients[repo]
        try:
            lacks = self.clients.of(repo.owner).token.lacks(TO_DISPATCH)
            if lacks:
                named = " and ".join(lacks)
                return _Trouble(f"the GitHub App for {repo.owner} lacks {named}", "give the App that permission")
            state = workflow_state(client, repo, self.file)
        except (RepoError, TokenError) as error:
            return _Trouble(f"it cannot be looked at: {error.problems[0].what}", error.problems[0].fix)
        if state != _ACTIVE:
            return _Trouble("it does not exist", "commit it") if state is None else _disabled(state)
        files = AskedRuns(client, repo, frozenset({self.secret})).files(self.path, "")
        if isinstance(files, str):
            return _Trouble(f"it cannot be looked at: {files}", "give the token Contents: read")
        why, fix = objection(files, self.path, str(repo), self.secret)
        if not why and takes_marker(files, self.path, str(repo)):
            self.marked.add(repo)
        return _Trouble(why, fix) if why else None

    def _problem(self, trouble: _Trouble, repos: Sequence[Repo]) -> Problem:
        named = ", ".join(map(str, repos[:_NAMED]))
        where = f"{named} and {len(repos) - _NAMED:,} more" if len(repos) > _NAMED else named
        return Problem("FF060", f"{quote(self.file)} cannot be a canary: {trouble.why}", where, fix=trouble.fix)

    def _dispatch(self, clients: Mapping[Repo, Client], repo: Repo) -> _Awaited | CanaryVerdict:
        client, marker = clients[repo], uuid.uuid4().hex
        inputs = {MARKER: marker} if repo in self.marked else {}
        try:
            sent = dispatch(client, repo, self.file, inputs)
        except (RepoError, TokenError) as error:
            said = f"the workflow could not be dispatched: {error.problems[0].what}"
            return CanaryVerdict(repo, well=False, said=said)
        return _Awaited(sent, marker, client.pacer.clock.now() + self.timeout)

    def _awaited(self, clients: Mapping[Repo, Client], waiting: Mapping[Repo, _Awaited]) -> dict[Repo, CanaryVerdict]:
        """Return the verdicts once all runs have ended, or their time is over."""
        verdicts: dict[Repo, CanaryVerdict] = {}
        clock = next(iter(clients.values())).pacer.clock
        while left := waiting.keys() - verdicts.keys():
            looked = self._over(left, lambda repo: self._look(clients[repo], repo, waiting[repo]))
            verdicts |= {repo: verdict for repo, verdict in looked.items() if verdict is not None}
            left = waiting.keys() - verdicts.keys()
            if left and clock.wait(max(_BETWEEN, _EACH * len(left)), self.stop):
                raise StoppedError
        return verdicts

    def _look(self, client: Client, repo: Repo, awaited: _Awaited) -> CanaryVerdict | None:
        """Return the verdict of a repo; None while its run goes on."""
        url, missing = "", f"no run of {self.file} was seen"
        try:
            runs = self._runs(client, repo, awaited)
        except (RepoError, TokenError) as error:
            # GitHub's list may be behind, and a moment's trouble is no red canary; a permission does not come back.
            runs, missing = [], f"its run cannot be looked at: {error.problems[0].what}"
            if isinstance(error, TokenError) or error.no.why in LASTING:
                return CanaryVerdict(repo, well=False, said=missing)
        if len(runs) > 1:
            return CanaryVerdict(repo, well=False, said="somebody else dispatched it too: which run is ours is unknown")
        for seen in runs:
            url, missing = seen.run.url, f"its run did not end in {_spell(self.timeout)}"
            if seen.is_over:
                return self._judged(client, repo, seen)
        if client.pacer.clock.now() < awaited.until:
            return None
        return CanaryVerdict(repo, well=False, said=missing, url=url)

    def _runs(self, client: Client, repo: Repo, awaited: _Awaited) -> list[SeenRun]:
        """Return the run of a dispatch; none while there is none, and several where nobody can tell."""
        sent = awaited.sent
        if sent.run is not None:
            return [run_of(client, repo, sent.run)]
        found = [seen for seen in dispatched_since(client, repo, self.file, sent) if seen.run.id not in sent.before]
        return [seen for seen in found if awaited.marker in seen.title] or found

    def _judged(self, client: Client, repo: Repo, seen: SeenRun) -> CanaryVerdict:
        # It was dispatched after the write was answered, in the same second perhaps: whatever it used is the new value.
        place = SecretPlace(self.secret, str(Store.ACTIONS), environment="", written_at="")
        asked = AskedRuns(client, repo, frozenset({self.secret}))
        verdict = judge(place, RunHistory((seen.run,), whole=True), asked.reader, most=1)
        url = verdict.evidence.url if verdict.evidence else seen.run.url
        if verdict.life is Life.ALIVE:
            return CanaryVerdict(repo, well=True, said=verdict.why, url=url)
        conclusion = seen.run.conclusion
        ended = f"its run ended as {conclusion}: " if conclusion != SUCCESS and verdict.life is Life.UNKNOWN else ""
        return CanaryVerdict(repo, well=False, said=f"{ended}{verdict.why}", url=url)


def _disabled(state: str) -> _Trouble:
    return _Trouble(f"it is disabled ({quote(state)})", "enable it on the Actions page of the repository")


def _spell(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:g} min"  # noqa: PLR2004 -- two minutes
