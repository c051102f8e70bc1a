"""Ask GitHub for the list of every scope, and later for the repos that are about to be written."""

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from functools import partial
from types import MappingProxyType
from typing import Final

from flowforge.concurrency import Progress, each
from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.github.confirm import until_shown
from flowforge.github.http import Client
from flowforge.github.org_secrets import list_org_secrets
from flowforge.github.paths import secrets_path
from flowforge.github.repos import RepoInfo
from flowforge.github.scopes import list_scope
from flowforge.manifest.places import Place
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Listing, Record, Seen, Unreadable
from flowforge.steps.look_up import look_up_all


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids that a repo's name has had. A name may be given to another repo; an id never is."""

    recorded: Mapping[Repo, Collection[int]] = field(default_factory=dict)
    """The ids in the records of the state."""
    found: Mapping[Repo, int] = field(default_factory=dict)
    """The id that a selector found in this run."""

    @classmethod
    def of(cls, records: Mapping[Address, Record], places: Iterable[Place]) -> "Ids":
        """Return the ids of all records and places, also of those that --limit leaves out of the plan."""
        recorded: dict[Repo, set[int]] = {}
        for address, record in records.items():
            if record.repo_id:
                recorded.setdefault(address.scope.repo, set()).add(record.repo_id)
        return cls(recorded, {place.address.scope.repo: place.repo_id for place in places if place.repo_id})

    def admit(self, repo: Repo, info: RepoInfo | Unreadable) -> RepoInfo | Unreadable:
        """Return what was looked up, or why it must not be written: it is another repo, or read-only for this token."""
        if isinstance(info, Unreadable):
            return info
        recorded, found = self.recorded.get(repo, ()), self.found.get(repo, info.id)
        if recorded and info.id not in recorded:
            before = f"the state recorded {', '.join(map(str, sorted(recorded)))}"
            fix = f"if the new repo should have this secret: `flowforge state forget {repo}`, then apply"
            return _another(info, before, fix)
        if info.id != found:
            return _another(info, f"the selector found {found} a moment ago", "run it again, and read the new plan")
        return info if info.can_write is not False else _READ_ONLY


def observe(
    clients: Clients,
    scopes: Collection[Scope],
    *,
    creatable: Collection[Scope],
    audiences: Collection[Address],
    records: Mapping[Address, Record] = MappingProxyType({}),
    jobs: int,
    stop: threading.Event,
    progress: Progress,
    fresh: Collection[Scope] = (),
) -> Mapping[Scope, Seen]:
    """Return the list of every scope. They are asked for in parallel.

    creatable: the environments that apply creates where they are missing. audiences: the secrets of organizations for
    which it is also asked who sees them. records: what the state remembers; a list that lags behind it is asked again.
    fresh: those to ask for without what an earlier run was told.
    """
    seen: dict[Scope, Seen] = {}
    names: dict[Scope, set[str]] = {}
    for address in audiences:
        names.setdefault(address.scope, set()).add(address.secret)

    sent: dict[Scope, dict[str, Record]] = {}
    for address, record in records.items():
        if record.unconfirmed:
            sent.setdefault(address.scope, {})[address.secret] = record

    def listed(client: Client, scope: Scope) -> Seen:
        anew = scope in fresh
        if scope in names:
            return list_org_secrets(client, scope, names[scope], fresh=anew)
        return list_scope(client, scope, fresh=anew)

    def ask(scope: Scope) -> Seen:
        client = clients.of(scope.repo.owner)
        return until_shown(client, partial(listed, client, scope), sent.get(scope, {}))

    with progress("Reading", len(scopes)) as advance:
        for scope, found in each(
            sorted(scopes), ask, jobs=jobs, stopped=stop.is_set, lane=lambda scope: clients.lane(scope.repo.owner)
        ):
            # A missing environment that apply creates has no secrets yet. Any other one is unreadable, never empty.
            missing = isinstance(found, Unreadable) and found.why is Why.NO_ENVIRONMENT
            seen[scope] = Listing({}, made=False) if missing and scope in creatable else found
            advance()
    return seen


def unchanged(clients: Clients, scope: Scope) -> bool:
    """Return whether GitHub called the list of a scope unchanged, and did not send it."""
    return not scope.is_readable and clients.lists.was_unchanged(clients.api.url_of(secrets_path(scope)))


def identify(
    clients: Clients,
    plan: Plan,
    ids: Ids,
    *,
    jobs: int,
    stop: threading.Event,
    known: Mapping[Repo, RepoInfo] | None = None,
) -> Mapping[Repo, RepoInfo | Unreadable]:
    """Return the repos that the plan would write. One whose id has changed, or that is read-only, is unreadable.

    known: the repos that this run has seen in a list, which are not asked for again.
    """
    # Only these: a list of secrets shows neither the id of its repo, nor whether it was renamed or archived, and to ask
    # for every repo of a fleet would double the requests of a plan.
    written = {change.address.scope.repo for change in plan.changes if change.writes}
    repos = {repo for repo in written if not repo.is_organization}
    listed = {repo: info for repo, info in (known or {}).items() if repo in repos}
    asked = repos - listed.keys()
    found = {**listed, **look_up_all(clients, asked, jobs=jobs, stop=stop)}
    return {repo: ids.admit(repo, info) for repo, info in found.items()}


def refused(scopes: Iterable[Scope], repos: Mapping[Repo, RepoInfo | Unreadable]) -> Mapping[Scope, Unreadable]:
    """Return the scopes whose repo must not be written, each with the reason."""
    verdicts = ((scope, repos.get(scope.repo)) for scope in scopes)
    return {scope: verdict for scope, verdict in verdicts if isinstance(verdict, Unreadable)}


_READ_ONLY: Final = Unreadable(
    Why.NO_PERMISSION,
    "no permission: this token may read the repo, but not write to it",
    "use a token whose owner has write access to the repo and that has Secrets: write",
)


def _another(info: RepoInfo, before: str, fix: str) -> Unreadable:
    return Unreadable(Why.RECREATED, f"another repo now has this name: its id is {info.id}, {before}", fix)
