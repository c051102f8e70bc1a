"""In which order changes are written: a repo loses no secret before it has what may replace it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import groupby

from flowforge.plan.action import Action
from flowforge.plan.address import Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.facts import Presence

Work = Mapping[Scope, tuple[Change, ...]]


def deletes(change: Change) -> bool:
    """Return whether a change takes a secret away."""
    return change.action is Action.DELETE


def stages(todo: Collection[Change]) -> tuple[Work, Work]:
    """Return the work in two stages, by scope. The second holds the deletes that wait for a write in another scope.

    todo: sorted by address.
    """
    # Scopes are written side by side, so between two of them only stages give an order. Within one, the writer itself
    # deletes last.
    written: defaultdict[str, set[Scope]] = defaultdict(set)
    for change in todo:
        if not deletes(change):
            for key in _replaced_by(change.address.scope.repo):
                written[key].add(change.address.scope)
    waits = [deletes(change) and _waits(change.address.scope, written) for change in todo]
    at_once = (change for change, wait in zip(todo, waits, strict=True) if not wait)
    return _by_scope(at_once), _by_scope(change for change, wait in zip(todo, waits, strict=True) if wait)


def without_kept(todo: Iterable[Change], changes: Iterable[Change]) -> list[Change]:
    """Return what is to do without the deletes whose replacement cannot be written now.

    Any other secret of the same repo or organization may be the replacement, in whatever store or environment. A
    workflow run sees the secrets of its organization too, so one of these may replace one of the repo, and the reverse.
    """
    wanted = (each for each in changes if each.wanted is not None and each.wanted.presence is Presence.PRESENT)
    lacking = {each.address.scope.repo for each in wanted if each.hindrance}
    keys = {key for repo in lacking for key in _replaced_by(repo)}
    return [change for change in todo if not deletes(change) or keys.isdisjoint(_may_lose(change.address.scope.repo))]


def without_lost(stage: Work, failed: Collection[Repo]) -> Work:
    """Return the work without the scopes that keep what they have, because a write of what may replace it failed."""
    keys = {key for repo in failed for key in _replaced_by(repo)}
    return {scope: changes for scope, changes in stage.items() if keys.isdisjoint(_may_lose(scope.repo))}


def _replaced_by(repo: Repo) -> tuple[str, str]:
    """Return the keys under which `_may_lose` finds what the secrets of a repo or an organization may replace.

    An organization's may replace those of all its repos, `acme/`; a repo's may replace those of its organization.
    """
    return repo.key, f"{repo.key}/" if repo.is_organization else repo.owner.lower()


def _may_lose(repo: Repo) -> tuple[str, ...]:
    return (repo.key,) if repo.is_organization else (repo.key, f"{repo.owner.lower()}/")


def _waits(scope: Scope, written: Mapping[str, set[Scope]]) -> bool:
    return any(written.get(key, set()) - {scope} for key in _may_lose(scope.repo))


def _by_scope(changes: Iterable[Change]) -> Work:
    # One secret of an organization reaches many repos, and where a key leaked each minute counts.
    changes = sorted(changes, key=lambda change: not change.address.scope.repo.is_organization)
    return {scope: tuple(group) for scope, group in groupby(changes, key=lambda change: change.address.scope)}
