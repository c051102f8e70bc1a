"""The runs that were queued before a rotation's last write: they have the value of before until they end."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from flowforge.concurrency import each
from flowforge.github.clients import Clients
from flowforge.github.dispatch import SeenRun, cancel, queued_before
from flowforge.github.http import Client
from flowforge.github.permission_table import TO_CANCEL, TO_LOOK
from flowforge.github.problems import RepoError, StoppedError, TokenError
from flowforge.plan.address import Address, Repo
from flowforge.state.model import State

_SIDE_BY_SIDE: Final = 8
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


@dataclass(frozen=True, slots=True)
class RunWatch:
    """Looks at the runs of repos, and cancels them where that is asked."""

    clients: Clients
    stop: threading.Event
    notify: Callable[[str], None]
    cancels: bool = False
    """Whether what is alive is cancelled."""

    def until_over(self, written: Mapping[Repo, str], longest: float) -> OldRuns:
        """Look until no run is alive that was queued before its repo's write, for so many seconds of the run's clock.

        written: GitHub's time of the last write of each repo. Raises StoppedError.
        """
        found = self._look(written)
        cancelled, unknown, going_on, told = found.cancelled, dict(found.unknown), dict(found.going_on), False
        while found.alive and longest > 0:
            waiting = {repo: written[repo] for repo, _ in found.alive}
            clock = self.clients.of(next(iter(waiting)).owner).pacer.clock
            if not told:
                many = len(found.alive)
                runs = f"{many:,} run{'s' if many > 1 else ''} that {'were' if many > 1 else 'was'} queued before it"
                self.notify(f"all is written; waiting for {runs}, {longest / 3600:g} h at most")
                told = True
            if clock.wait(min(_BETWEEN, longest), self.stop):
                raise StoppedError
            longest -= _BETWEEN
            found = self._look(waiting)
            cancelled, unknown = (*cancelled, *found.cancelled), {**unknown, **found.unknown}
            going_on = {**going_on, **found.going_on}
        ended = {(repo, seen.run.id): (repo, seen) for repo, seen in cancelled}
        return OldRuns(found.alive, tuple(ended.values()), unknown, going_on)

    def _look(self, written: Mapping[Repo, str]) -> OldRuns:
        alive: list[tuple[Repo, SeenRun]] = []
        cancelled: list[tuple[Repo, SeenRun]] = []
        unknown: dict[Repo, str] = {}
        going_on: dict[Repo, str] = {}
        with self._apart(written) as (clients, refused):
            unknown |= refused
            done = each(
                sorted(clients),
                lambda repo: self._of(clients[repo], repo, written[repo]),
                jobs=_SIDE_BY_SIDE,
                stopped=self.stop.is_set,
                lane=lambda repo: self.clients.lane(repo.owner),
            )
            for repo, (living, ended, why) in done:
                alive += ((repo, seen) for seen in living)
                cancelled += ((repo, seen) for seen in ended)
                (going_on if living else unknown).update({repo: why} if why else {})
        if self.stop.is_set():
            raise StoppedError
        order = sorted(alive, key=lambda one: (one[0], one[1].run.id))
        return OldRuns(tuple(order), tuple(cancelled), unknown, going_on)

    def _of(self, client: Client, repo: Repo, written_at: str) -> tuple[list[SeenRun], list[SeenRun], str]:
        """Return what is alive in a repo, what was cancelled, and why nobody knows, or could cancel what is alive."""
        try:
            alive = list(queued_before(client, repo, written_at, stopped=self.stop.is_set))
        except (RepoError, TokenError) as error:
            return [], [], error.problems[0].what
        if not self.cancels:
            return alive, [], ""
        cancelled: list[SeenRun] = []
        for seen in alive:
            try:
                cancelled += [seen] if cancel(client, repo, seen.run.id) else []
            except (RepoError, TokenError) as error:
                return alive, cancelled, error.problems[0].what
        # It takes a while until what is cancelled has ended, so that another look tells it.
        return alive, cancelled, ""

    @contextmanager
    def _apart(self, repos: Mapping[Repo, str]) -> Iterator[tuple[dict[Repo, Client], dict[Repo, str]]]:
        """Yield the client of each repo, whose token is for this alone, and why some repos have none."""
        needs = TO_CANCEL if self.cancels else TO_LOOK
        with ExitStack() as held:
            found: dict[Repo, Client] = {}
            refused: dict[Repo, str] = {}
            for part in self.clients.by_lane(sorted(repos), lambda repo: repo.owner).values():
                try:
                    if lacks := self.clients.of(part[0].owner).token.lacks(TO_LOOK):
                        why = f"the GitHub App for {part[0].owner} lacks {' and '.join(lacks)}"
                        refused |= dict.fromkeys(part, why)
                        continue
                    names = [repo.short for repo in part]
                    client = held.enter_context(self.clients.apart(part[0].owner, needs, names))
                except (RepoError, TokenError) as error:
                    refused |= dict.fromkeys(part, error.problems[0].what)
                    continue
                found |= dict.fromkeys(part, client)
            yield found, refused


def last_writes(state: State, addresses: tuple[Address, ...]) -> dict[Repo, str]:
    """Return GitHub's time of the last write of each repo among some secrets. An organization runs nothing itself."""
    found: dict[Repo, str] = {}
    for address in addresses:
        repo, record = address.scope.repo, state.records.get(address)
        if record is not None and record.written_at and not repo.is_organization:
            found[repo] = max(found.get(repo, ""), record.written_at)
    return found
