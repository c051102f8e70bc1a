"""Ask GitHub what is there: every scope's list, then the repos that are about to be written."""

import threading
from collections.abc import Collection, Iterable, Mapping

from flowforge.github.http import Client
from flowforge.github.org_secrets import list_org_secrets
from flowforge.github.repos import RepoInfo, look_up
from flowforge.github.secrets import list_secrets
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Listing, Seen, Unreadable
from flowforge.steps.pool import each, in_order
from flowforge.steps.progress import Progress


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
    """List the secrets of every scope: one request each, in parallel.

    creatable: the environments that apply makes where they are missing; such a one has no secrets yet. audiences: the
    secrets of organizations of which it is asked who sees them.
    """
    seen: dict[Scope, Seen] = {}
    names: dict[Scope, set[str]] = {}
    for address in audiences:
        names.setdefault(address.scope, set()).add(address.secret)

    def ask(scope: Scope) -> Seen:
        return list_org_secrets(client, scope, names[scope]) if scope in names else list_secrets(client, scope)

    with progress("Reading", len(scopes)) as advance:
        for scope, found in each(sorted(scopes), ask, jobs=jobs, stopped=stop.is_set):
            missing = isinstance(found, Unreadable) and found.why is Why.NO_ENVIRONMENT
            seen[scope] = Listing({}, made=False) if missing and scope in creatable else found
            advance()
    return seen


def identify(
    client: Client, plan: Plan, *, jobs: int, stop: threading.Event, known: Mapping[Repo, RepoInfo] | None = None
) -> Mapping[Repo, RepoInfo | Unreadable]:
    """Look up the repos about to be written, and only those: lists say nothing of archived, renamed or the id.

    known: what this run's lists of repos said a moment ago; those are not asked for again.
    A repo whose id is not the one the state recorded, or that this token may not write, comes back unreadable.
    """
    written = (change.address.scope.repo for change in plan.changes if change.writes)
    recorded: dict[Repo, set[int]] = {repo: set() for repo in written if not repo.is_organization}
    for change in plan.changes:
        # Any record of the repo tells its id, also one of a line that is not written.
        if change.record is not None and change.record.repo_id and change.address.scope.repo in recorded:
            recorded[change.address.scope.repo].add(change.record.repo_id)
    listed = {repo: info for repo, info in (known or {}).items() if repo in recorded}
    asked = [repo for repo in recorded if repo not in listed]
    found = {**listed, **look_up(client, asked, each=in_order(jobs=jobs, stopped=stop.is_set))}
    return {repo: _admit(info, recorded[repo]) for repo, info in found.items()}


def refused(scopes: Iterable[Scope], repos: Mapping[Repo, RepoInfo | Unreadable]) -> Mapping[Scope, Unreadable]:
    """Give the scopes whose repo must not be written, and why."""
    verdicts = ((scope, repos.get(scope.repo)) for scope in scopes)
    return {scope: verdict for scope, verdict in verdicts if isinstance(verdict, Unreadable)}


def _admit(info: RepoInfo | Unreadable, recorded: Collection[int]) -> RepoInfo | Unreadable:
    if isinstance(info, Unreadable):
        return info
    if recorded and info.id not in recorded:
        return Unreadable(
            Why.RECREATED,
            f"another repo now has this name: its id is {info.id}, the state recorded "
            f"{', '.join(map(str, sorted(recorded)))}",
            "if the new repo may have this secret, take it out of the manifest, apply, and put it back",
        )
    if info.can_write is False:
        return Unreadable(
            Why.NO_PERMISSION,
            "no permission: this token may read the repo and not write to it",
            "use a token whose owner has write access to the repo and that has Secrets: write",
        )
    return info
