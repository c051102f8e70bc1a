"""In which turn changes are written: a repo loses nothing before it has what may be to replace it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import groupby

from flowforge.plan.action import Action
from flowforge.plan.address import Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.facts import Presence

Work = Mapping[Scope, tuple[Change, ...]]


def deletes(change: Change) -> bool:
    """Whether it takes something away."""
    return change.action is Action.DELETE


def stages(todo: Collection[Change]) -> tuple[Work, Work]:
    """Give the work of each scope in two turns: deletes wait where what may replace it is written in another scope.

    Within one scope the writer itself deletes last. todo: sorted by address.
    """
    written: defaultdict[str, set[Scope]] = defaultdict(set)
    for change in todo:
        if not deletes(change):
            for key in _replaced_by(change.address.scope.repo):
                written[key].add(change.address.scope)
    waits = [deletes(change) and _waits(change.address.scope, written) for change in todo]
    at_once = (change for change, wait in zip(todo, waits, strict=True) if not wait)
    return _by_scope(at_once), _by_scope(change for change, wait in zip(todo, waits, strict=True) if wait)


def without_kept(todo: Iterable[Change], changes: Iterable[Change]) -> list[Change]:
    """Leave out the deletes of what may be replaced by a secret that cannot be written now.

    That is one of the same repo or organization, in whatever store or environment; or, as a run uses both, one of the
    organization or of one of its repos.
    """
    wanted = (each for each in changes if each.wanted is not None and each.wanted.presence is Presence.PRESENT)
    lacking = {each.address.scope.repo for each in wanted if each.action is Action.BLOCKED}
    keys = {key for repo in lacking for key in _replaced_by(repo)}
    return [change for change in todo if not deletes(change) or keys.isdisjoint(_may_lose(change.address.scope.repo))]


def without_lost(stage: Work, failed: Collection[Repo]) -> Work:
    """Leave out the scopes that keep what they have, as a write failed of what may replace it."""
    keys = {key for repo in failed for key in _replaced_by(repo)}
    return {scope: changes for scope, changes in stage.items() if keys.isdisjoint(_may_lose(scope.repo))}


def _replaced_by(repo: Repo) -> tuple[str, str]:
    """Give the keys of what its secrets may replace: an organization's those of all its repos, `acme/`; and back."""
    return repo.key, f"{repo.key}/" if repo.is_organization else repo.owner.lower()


def _may_lose(repo: Repo) -> tuple[str, ...]:
    return (repo.key,) if repo.is_organization else (repo.key, f"{repo.owner.lower()}/")


def _waits(scope: Scope, written: Mapping[str, set[Scope]]) -> bool:
    return any(written.get(key, set()) - {scope} for key in _may_lose(scope.repo))


def _by_scope(changes: Iterable[Change]) -> Work:
    return {scope: tuple(group) for scope, group in groupby(changes, key=lambda change: change.address.scope)}
