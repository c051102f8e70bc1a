"""Ask GitHub what is there: every scope's list, then the repos that are about to be written."""

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from flowforge.concurrency import Progress, each, in_order
from flowforge.github.http import Client
from flowforge.github.org_secrets import list_org_secrets
from flowforge.github.repos import RepoInfo, look_up
from flowforge.github.scopes import list_scope
from flowforge.manifest.places import Place
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Listing, Record, Seen, Unreadable


@dataclass(frozen=True, slots=True)
class Ids:
    """What repo a name stood for: in every record that the state has of it, and where a selector found it."""

    recorded: Mapping[Repo, Collection[int]] = field(default_factory=dict)
    found: Mapping[Repo, int] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Mapping[Address, Record], places: Iterable[Place]) -> "Ids":
        """Take them from all records and places: a line that is not planned tells of its repo as well."""
        recorded: dict[Repo, set[int]] = {}
        for address, record in records.items():
            if record.repo_id:
                recorded.setdefault(address.scope.repo, set()).add(record.repo_id)
        return cls(recorded, {place.address.scope.repo: place.repo_id for place in places if place.repo_id})

    def admit(self, repo: Repo, info: RepoInfo | Unreadable) -> RepoInfo | Unreadable:
        """Return what was looked up, or why it must not be written: it is another repo, or read-only to this token."""
        if isinstance(info, Unreadable):
            return info
        recorded, found = self.recorded.get(repo, ()), self.found.get(repo, info.id)
        if recorded and info.id not in recorded:
            before = f"the state recorded {', '.join(map(str, sorted(recorded)))}"
            fix = f"if the new repo may have this secret: flowforge state forget {repo}, then apply"
            return _another(info, before, fix)
        if info.id != found:
            return _another(info, f"the selector found {found} a moment ago", "run it again, and read the new plan")
        return info if info.can_write is not False else _READ_ONLY


def observe(
    client: Client,
    scopes: Collection[Scope],
    *,
    creatable: Collection[Scope],
    audiences: Collection[Address],
    jobs: int,
    stop: threading.Event,
    progress: Progress,
) -> Mapping[Scope, Seen]:
    """List every scope, in parallel: one request each, and of a list of several pages two for each page.

    creatable: the environments that apply makes where they are missing; such a one has no secrets yet. audiences: the
    secrets of organizations of which it is asked who sees them.
    """
    seen: dict[Scope, Seen] = {}
    names: dict[Scope, set[str]] = {}
    for address in audiences:
        names.setdefault(address.scope, set()).add(address.secret)

    def ask(scope: Scope) -> Seen:
        return list_org_secrets(client, scope, names[scope]) if scope in names else list_scope(client, scope)

    with progress("Reading", len(scopes)) as advance:
        for scope, found in each(sorted(scopes), ask, jobs=jobs, stopped=stop.is_set):
            missing = isinstance(found, Unreadable) and found.why is Why.NO_ENVIRONMENT
            seen[scope] = Listing({}, made=False) if missing and scope in creatable else found
            advance()
    return seen


def identify(
    client: Client,
    plan: Plan,
    ids: Ids,
    *,
    jobs: int,
    stop: threading.Event,
    known: Mapping[Repo, RepoInfo] | None = None,
) -> Mapping[Repo, RepoInfo | Unreadable]:
    """Look up the repos about to be written, and only those: lists say nothing of archived, renamed or the id.

    known: what this run's lists of repos said a moment ago; those are not asked for again.
    A repo whose id is not the one it had before, or that this token may not write, comes back unreadable.
    """
    written = {change.address.scope.repo for change in plan.changes if change.writes}
    repos = {repo for repo in written if not repo.is_organization}
    listed = {repo: info for repo, info in (known or {}).items() if repo in repos}
    asked = repos - listed.keys()
    found = {**listed, **look_up(client, asked, each=in_order(jobs=jobs, stopped=stop.is_set))}
    return {repo: ids.admit(repo, info) for repo, info in found.items()}


def refused(scopes: Iterable[Scope], repos: Mapping[Repo, RepoInfo | Unreadable]) -> Mapping[Scope, Unreadable]:
    """Return the scopes whose repo must not be written, and why."""
    verdicts = ((scope, repos.get(scope.repo)) for scope in scopes)
    return {scope: verdict for scope, verdict in verdicts if isinstance(verdict, Unreadable)}


_READ_ONLY: Final = Unreadable(
    Why.NO_PERMISSION,
    "no permission: this token may read the repo and not write to it",
    "use a token whose owner has write access to the repo and that has Secrets: write",
)


def _another(info: RepoInfo, before: str, fix: str) -> Unreadable:
    return Unreadable(Why.RECREATED, f"another repo now has this name: its id is {info.id}, {before}", fix)
