"""What keeps a key where it is: the workload identity that takes its place is not there yet, or is not taken yet.

So a repo never has neither: its variables come first, then its workflows, which people change, and the key goes last.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from flowforge.audit.needs import STATIC_NAMES
from flowforge.credentials.types import TYPES
from flowforge.github.clients import Clients
from flowforge.manifest.model import Credential
from flowforge.plan.action import Action
from flowforge.plan.address import Address, Repo, Store
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan, Situation
from flowforge.plan.succession import Successor
from flowforge.run.planned_audit import coming_to_organizations, lists_after
from flowforge.run.task import Task
from flowforge.run.types_of import TypesOf
from flowforge.steps.audit.fetch import Asking
from flowforge.steps.audit.fleet import AuditedRepo, KnownRepos, audit_fleet
from flowforge.steps.refresh.identities import Identities

# The stores that a run of a workflow reads. What stands in the others no workload identity takes the place of.
_READ: Final = frozenset({Store.ACTIONS, Store.DEPENDABOT})
_CHANGE_IT: Final = "give each Claude step the ids of the identity in the place of the key, merge that, and apply again"
_READ_IT: Final = "let the token read the repository's contents, or delete it by hand once no workflow reads it"
_NAME_THEM: Final = "name the repositories under visible_to, or delete it by hand once no workflow there reads it"


def successors(task: Task, clients: Clients, plan: Plan, situation: Situation) -> Mapping[Address, Successor]:
    """Return what takes the place of each secret that a plan deletes beside a workload identity.

    Raises StoppedError, and GitHubError when the run is over.
    """
    identities = Identities.of(situation.wanted)
    going = {line.address: found for line in plan.changes if (found := _beside(line, identities))}
    names: dict[Repo, set[str]] = {}
    for address, holders in going.items():
        for repo in (user for holder in holders for user in identities.users_of(holder) or ()):
            names.setdefault(repo, set()).add(address.secret)
    request = task.request
    asking = Asking(clients, request.jobs, request.stop, request.progress)
    claudes = _claudes(task.manifest.credentials.values())
    types = TypesOf(task.places)
    known = KnownRepos(
        lambda repo: {**claudes, **types.of(repo)},
        lists_after(situation),
        coming=coming_to_organizations(situation),
        leaving=names,
    )
    audits = {each.repo: each for each in audit_fleet(asking, names, known)} if names else {}
    usual = STATIC_NAMES | claudes.keys()
    return {
        address: _successor(address, holders, identities, audits, is_claudes=address.secret in usual)
        for address, holders in going.items()
    }


def _claudes(credentials: Iterable[Credential]) -> Mapping[str, str]:
    """Return the names of secrets that hold a key or token of Claude's by the manifest, each with its type."""
    known = (each for each in credentials if each.type in TYPES and TYPES[each.type].claude)
    return {each.secret: each.type for each in known}


def _beside(line: Change, identities: Identities) -> tuple[Repo, ...]:
    """Return the repos, or the organization, whose identity takes the place of what a line deletes."""
    if line.action is not Action.DELETE or line.address.scope.store not in _READ:
        return ()
    return tuple(identities.hidden_by(line.address.scope, None))


def _successor(
    address: Address,
    holders: Collection[Repo],
    identities: Identities,
    audits: Mapping[Repo, AuditedRepo],
    *,
    is_claudes: bool,
) -> Successor:
    mine = holders if is_claudes else ()
    parts = tuple(dict.fromkeys(part for holder in mine for part in identities.parts_for(holder)))
    for holder in holders:
        users = identities.users_of(holder)
        if users is None and is_claudes:
            return Successor(
                parts, f"which repositories of {holder} have its identity is not known by name", _NAME_THEM
            )
        for user in users or ():
            why, fix = _why_not(audits[user], address.secret)
            if why:
                return Successor(parts, why if user == address.scope.repo else f"{user}: {why}", fix)
    return Successor(parts)


def _why_not(audited: AuditedRepo, name: str) -> tuple[str, str]:
    if audited.unreadable is not None:
        return f"its workflows could not be read: {audited.unreadable.sentence}", _READ_IT
    return audited.needed.get(name, ""), _CHANGE_IT
