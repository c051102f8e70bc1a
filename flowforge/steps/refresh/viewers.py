"""The repos that are to see an organization's secrets, and their ids: GitHub takes a list of ids, not of names."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from flowforge.concurrency import each
from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.github.org_secrets import is_free
from flowforge.github.repos import Lookup, RepoInfo
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Listing, Seen, Unreadable, Wanted
from flowforge.steps.look_up import look_up_all


@dataclass(frozen=True, slots=True)
class IdentifiedViewers:
    """What is wanted, after the repos that are to see a secret got their ids."""

    wanted: Mapping[Address, Wanted]
    """What is wanted, with ids."""
    repos: Mapping[Repo, RepoInfo] = field(default_factory=dict)
    """The repos that were looked up for it."""


def identify_viewers(
    clients: Clients,
    wanted: Mapping[Address, Wanted],
    seen: Mapping[Scope, Seen],
    *,
    jobs: int,
    stop: threading.Event,
    known: Mapping[Repo, RepoInfo],
) -> IdentifiedViewers:
    """Return what is wanted, with the ids of the repos that are to see secrets.

    A secret is unread where one of its repos cannot be found, because its list is written as a whole. Only scopes that
    were seen count. Raises StoppedError, and GitHubError when the run is over.
    """
    mine = {
        address: want
        for address, want in wanted.items()
        if want.audience and isinstance(seen.get(address.scope), Listing)
    }
    # Selectors and GitHub's own lists of viewers have named most of the ids by now. Only the rest costs requests.
    ids = {repo.key: info.id for repo, info in known.items()}
    ids |= {viewer.repo.key: viewer.id for viewer in _listed(seen)}
    missing = {viewer.repo for want in mine.values() for viewer in _viewers(want) if not viewer.id} - {
        Repo.parse(key) for key in ids
    }
    found = look_up_all(clients, missing, jobs=jobs, stop=stop) if missing else {}
    filled = {address: _filled(want, ids, found) for address, want in mine.items()}
    return IdentifiedViewers(
        {**wanted, **filled}, {repo: info for repo, info in found.items() if isinstance(info, RepoInfo)}
    )


def free_organizations(clients: Clients, plan: Plan, *, jobs: int, stop: threading.Event) -> tuple[str, ...]:
    """Return a warning for each organization on the Free plan: its private repos see none of its secrets.

    It takes one request for each organization that the plan would write to.
    """
    changed: dict[Repo, set[str]] = {}
    for change in plan.changes:
        if change.writes and change.access is not None:
            changed.setdefault(change.address.scope.repo, set()).add(f"{change.address.scope.noun}s")
    answers = each(sorted(changed), lambda one: is_free(clients.of(one.owner), one), jobs=jobs, stopped=stop.is_set)
    return tuple(
        f"{free} is on GitHub's Free plan: its private repositories do not see organization "
        f"{' and '.join(sorted(changed[free]))}"
        for free in sorted(organization for organization, is_so in answers if is_so)
    )


def _listed(seen: Mapping[Scope, Seen]) -> Iterable[Viewer]:
    for listing in seen.values():
        for audience in listing.audiences.values() if isinstance(listing, Listing) else ():
            yield from audience.viewers


def _viewers(want: Wanted) -> Iterable[Viewer]:
    return want.audience.viewers if want.audience and want.unread is None else ()


def _filled(want: Wanted, ids: Mapping[str, int], found: Mapping[Repo, Lookup]) -> Wanted:
    if want.audience is None or want.audience.visibility is not Visibility.SELECTED:
        return want
    viewers: list[Viewer] = []
    for viewer in want.audience.viewers:
        info = found.get(viewer.repo)
        # Without its id the list would be written short of one repo, which would lose the secret.
        if isinstance(info, Unreadable):
            detail = f"{viewer.repo}, which is to see it: {info.sentence}"
            return replace(want, unread=want.unread or Unreadable(info.why, detail, info.fix))
        number = viewer.id or ids.get(viewer.repo.key, 0) or (info.id if info else 0)
        viewers.append(replace(viewer, id=number))
    return replace(want, audience=Audience.selected(viewers))
