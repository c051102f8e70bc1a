"""The runs that were queued before a rotation's last write: they have the value of before until they end."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import field
from typing import Final

from flowforge.concurrency import each
from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.github.dispatch import SeenRun, cancel, queued_before
from flowforge.github.http import Client
from flowforge.github.permission_table import TO_CANCEL, TO_LOOK
from flowforge.github.problems import RepoError, StoppedError, TokenError
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo
from flowforge.state.model import State
from flowforge.steps.rotate.consent import Consent
from flowforge.steps.rotate.verdicts import LASTING

_SIDE_BY_SIDE: Final = 8
_BEFORE: Final = "this run ended before it could look"
# Seconds that what is under way has to end after a signal: a run that GitHub was asked to cancel is told.
_GRACE: Final = 10.0
# After so many that failed, nobody waits for another one.
_LOOKS: Final = 10
# Seconds between two looks.
_BETWEEN: Final = 60.0


@dataclass(frozen=True, slots=True)
class OldRuns:
    """What is known of the runs that may have the value of before."""

    alive: tuple[tuple[Repo, SeenRun], ...] = ()
    """Those that have not ended, by repo, oldest first."""
    cancelled: tuple[tuple[Repo, SeenRun], ...] = ()
    """Those that GitHub was asked to cancel, and took it."""
    unknown: Mapping[Repo, str] = field(default_factory=dict)
    """Where nobody could look, each with why, as a clause."""
    going_on: Mapping[Repo, str] = field(default_factory=dict)
    """Where GitHub refused to cancel what is alive, each with why, as a clause."""
    barred: frozenset[Repo] = frozenset()
    """Those of `unknown` where a permission is missing, so that another look would show no more."""
    interrupted: bool = False
    """Whether a signal ended the look."""

    @property
    def in_doubt(self) -> frozenset[Repo]:
        """Where nobody could look, and another look may show more."""
        return frozenset(self.unknown) - self.barred


@dataclass(slots=True)
class _Known:
    """What is known so far. A repo that is looked at again has its last answer."""

    alive: dict[Repo, list[SeenRun]] = field(default_factory=dict)
    cancelled: dict[tuple[Repo, int], SeenRun] = field(default_factory=dict)
    unknown: dict[Repo, str] = field(default_factory=dict)
    going_on: dict[Repo, str] = field(default_factory=dict)
    barred: set[Repo] = field(default_factory=set)
    lasting: set[Repo] = field(default_factory=set)
    """Where another look would show no more, whyever."""
    failed: dict[Repo, int] = field(default_factory=dict)
    """How many looks have failed, one after the other."""

    def take(self, repo: Repo, seen: "_Seen") -> None:
        """Take what a look has shown."""
        if seen.alive is not None:
            self.failed.pop(repo, None)
        self.alive.pop(repo, None)
        self.unknown.pop(repo, None)
        self.cancelled |= {(repo, run.run.id): run for run in seen.cancelled}
        if seen.alive is None:
            self.unknown[repo] = seen.why
            self.barred |= {repo} if seen.barred else set()
            self.failed[repo] = self.failed.get(repo, 0) + 1
            self.lasting |= {repo} if seen.barred or seen.lasting or self.failed[repo] >= _LOOKS else set()
        elif seen.alive:
            self.alive[repo] = seen.alive
            self.going_on |= {repo: seen.why} if seen.why else {}

    @property
    def waiting(self) -> set[Repo]:
        """The repos that another look may tell more of."""
        return {*self.alive, *(self.unknown.keys() - self.lasting)}

    def told(self, *, interrupted: bool) -> OldRuns:
        """Return it for people."""
        alive = [(repo, seen) for repo in sorted(self.alive) for seen in sorted(self.alive[repo], key=_number)]
        cancelled = [(repo, seen) for (repo, _), seen in self.cancelled.items()]
        barred = frozenset(self.barred & self.unknown.keys())
        return OldRuns(tuple(alive), tuple(cancelled), self.unknown, self.going_on, barred, interrupted)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look at a repo has shown. alive: None where nobody could look. why: that, or why none was cancelled."""

    alive: list[SeenRun] | None
    cancelled: tuple[SeenRun, ...] = ()
    why: str = ""
    barred: bool = False
    """Whether a permission is missing."""
    lasting: bool = False
    """Whether another look would show no more."""


@dataclass(frozen=True, slots=True)
class RunWatch:
    """Looks at the runs of repos, and cancels them where that is asked."""

    clients: Clients
    stop: threading.Event
    notify: Callable[[str], None]
    cancels: Consent | None = None
    """The consent to cancel what is alive; None where nothing is cancelled."""

    def until_over(self, written: Mapping[Repo, str], longest: float) -> OldRuns:
        """Look until no run is alive that was queued before its repo's write, for so many seconds of the run's clock.

        written: GitHub's time of the last write of each repo. Where nobody could look, it is tried again, unless a
        permission is missing. A signal ends it with what is known by then.
        """
        # Until it was looked at, nobody knows.
        known = _Known(unknown=dict.fromkeys(written, _BEFORE))
        self._look(written, known)
        told = False
        while known.waiting and longest > 0 and not self.stop.is_set():
            clock = self.clients.of(min(known.waiting).owner).pacer.clock
            if not told:
                self.notify(f"all is written; waiting for {_waited_for(known)}, {longest / 3600:g} h at most")
                told = True
            if clock.wait(min(_BETWEEN, longest), self.stop):
                break
            longest -= _BETWEEN
            self._look({repo: written[repo] for repo in known.waiting}, known)
        return known.told(interrupted=self.stop.is_set())

    def _look(self, written: Mapping[Repo, str], known: _Known) -> None:
        with suppress(StoppedError), self._apart(written) as (clients, refused):
            for repo, seen in refused.items():
                known.take(repo, seen)
            done = each(
                sorted(clients),
                lambda repo: self._of(clients[repo], repo, written[repo]),
                jobs=_SIDE_BY_SIDE,
                stopped=self.stop.is_set,
                grace=_GRACE,
                lane=lambda repo: self.clients.lane(repo.owner),
            )
            for repo, seen in done:
                known.take(repo, seen)

    def _of(self, client: Client, repo: Repo, written_at: str) -> _Seen:
        """Return what is alive in a repo, what was cancelled, and why nobody knows, or could cancel what is alive."""
        try:
            alive = list(queued_before(client, repo, written_at, stopped=self.stop.is_set))
        except (RepoError, TokenError) as error:
            return _unseen(error)
        except StoppedError:
            return _Seen(None, why=_BEFORE)
        cancelled: list[SeenRun] = []
        for seen in alive if self.cancels else ():
            try:
                cancelled += [seen] if cancel(client, repo, seen.run.id) else []
            except (RepoError, TokenError) as error:
                return _Seen(alive, tuple(cancelled), error.problems[0].what)
            except StoppedError:
                break
        # It takes a while until what is cancelled has ended, so that another look tells it.
        return _Seen(alive, tuple(cancelled))

    @contextmanager
    def _apart(self, repos: Mapping[Repo, str]) -> Iterator[tuple[dict[Repo, Client], dict[Repo, _Seen]]]:
        """Yield the client of each repo, whose token is for this alone, and why some repos have none."""
        needs = TO_CANCEL if self.cancels else TO_LOOK
        with ExitStack() as held:
            found: dict[Repo, Client] = {}
            refused: dict[Repo, _Seen] = {}
            for part in self.clients.by_lane(sorted(repos), lambda repo: repo.owner).values():
                try:
                    if lacks := self.clients.of(part[0].owner).token.lacks(TO_LOOK):
                        why = f"the GitHub App for {part[0].owner} lacks {' and '.join(lacks)}"
                        refused |= dict.fromkeys(part, _Seen(None, why=why, barred=True))
                        continue
                    names = [repo.short for repo in part]
                    client = held.enter_context(self.clients.apart(part[0].owner, needs, names))
                except (RepoError, TokenError) as error:
                    refused |= dict.fromkeys(part, _unseen(error))
                    continue
                found |= dict.fromkeys(part, client)
            yield found, refused


def _unseen(error: RepoError | TokenError) -> _Seen:
    # A permission does not come back while a run goes on.
    barred = isinstance(error, RepoError) and error.no.why in LASTING
    lasting = isinstance(error, TokenError) or error.no.why is Why.NOT_FOUND
    return _Seen(None, why=error.problems[0].what, barred=barred, lasting=lasting)


def _number(seen: SeenRun) -> int:
    return seen.run.id


def _waited_for(known: _Known) -> str:
    many = sum(map(len, known.alive.values()))
    unseen = len(known.waiting) - len(known.alive)
    runs = f"{many:,} run{'s' if many > 1 else ''} that {'were' if many > 1 else 'was'} queued before it"
    repos = f"a look at {unseen:,} repo{'s' if unseen > 1 else ''}"
    return " and ".join(each for each, there in ((runs, many), (repos, unseen)) if there)


def last_writes(state: State, addresses: tuple[Address, ...]) -> dict[Repo, str]:
    """Return GitHub's time of the last write of each repo among some secrets. An organization runs nothing itself."""
    found: dict[Repo, str] = {}
    for address in addresses:
        repo, record = address.scope.repo, state.records.get(address)
        if record is not None and record.written_at and not repo.is_organization:
            found[repo] = max(found.get(repo, ""), record.written_at)
    return found
