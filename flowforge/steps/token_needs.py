"""What the token of each owner must be able to do: all that a plan reads, and of an apply no more than its lines."""

from collections.abc import Iterable, Iterator, Mapping

from flowforge.github.clients import Clients
from flowforge.github.permissions import (
    ADMINISTRATION,
    MEMBERS,
    PROPERTIES,
    AccessLevel,
    Needs,
    certain_of,
    joined,
    needs_of,
)
from flowforge.github.problems import TokenError
from flowforge.github.repos import RepoInfo
from flowforge.manifest.model import Manifest
from flowforge.manifest.selector import Selector
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.facts import Unreadable

_ANY = Repo.parse("any/any")


def to_read(manifest: Manifest, selectors: Iterable[Selector], remembered: Iterable[Address]) -> Needs:
    """Return what it takes to plan: to list what the manifest and the state name, and to ask the selectors."""
    scopes = {*_scopes(manifest), *(address.scope for address in remembered)}
    asked: dict[str, Needs] = {}
    for selector in selectors:
        if selector.team:
            asked["team"] = {MEMBERS: AccessLevel.READ}
        if selector.properties:
            asked["properties"] = {PROPERTIES: AccessLevel.READ}
    return joined(needs_of(scopes, AccessLevel.READ), *asked.values())


def narrow(clients: Clients, changes: Iterable[Change], repos: Mapping[Repo, RepoInfo]) -> None:
    """Let each owner's next token write what its lines need, in their repos, and nothing else."""
    for lines in clients.by_lane(changes, lambda change: change.address.scope.repo.owner).values():
        scopes = {change.address.scope for change in lines}
        needs = needs_of(scopes, AccessLevel.WRITE)
        if any(change.makes_environment for change in lines):
            needs = joined(needs, {ADMINISTRATION: AccessLevel.WRITE})
        named = {scope.repo for scope in scopes}
        # Who sees an organization's secret may be any repo of it, so its token is for all.
        ids = [repos[repo].id for repo in named if repo in repos]
        clients.of(lines[0].address.scope.repo.owner).token.need(needs, ids if len(ids) == len(named) else ())


def unpermitted(clients: Clients, changes: Iterable[Change]) -> Mapping[Scope, Unreadable]:
    """Return the scopes that would be written and that the owner's App surely may not write, each with the reason."""
    needs: dict[Scope, Needs] = {}
    for change in changes:
        scope = change.address.scope
        if change.writes:
            # Those alone whose names GitHub documents: a line must not be blocked on a guess.
            certain = (*certain_of(scope), *([ADMINISTRATION] if change.makes_environment else []))
            needs[scope] = joined(needs.get(scope, {}), dict.fromkeys(certain, AccessLevel.WRITE))
    found = ((scope, _lacking(clients, scope.repo.owner, needs[scope])) for scope in sorted(needs))
    return {scope: why for scope, why in found if why is not None}


def _lacking(clients: Clients, owner: str, needs: Needs) -> Unreadable | None:
    try:
        lacks = clients.of(owner).token.lacks(needs)
    except TokenError as error:
        return error.of_owner(owner).no.unreadable()
    if not lacks:
        return None
    detail = f"no permission: the installation of the GitHub App for {owner} lacks {' and '.join(lacks)}"
    fix = "give the App that permission in its settings, and accept it for the installation"
    return Unreadable(Why.NO_PERMISSION, detail, fix)


def _scopes(manifest: Manifest) -> Iterator[Scope]:
    """Yield the kinds of lists that the manifest names. Which repos selectors will find is not known yet."""
    for entry in manifest.entries:
        if entry.org is None:
            yield from entry.lists.of(_ANY)
        else:
            yield from (Scope(entry.org, store) for store in entry.lists.stores)
