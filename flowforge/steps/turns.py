"""In which turn changes are written: a repo loses nothing before it has what may be to replace it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import groupby

from flowforge.plan.action import Action
from flowforge.plan.address import Repo, Scope
from flowforge.plan.change import Change

Work = Mapping[Scope, tuple[Change, ...]]


def deletes(change: Change) -> bool:
    """Whether it takes something away."""
    return change.action is Action.DELETE


def turns(todo: Collection[Change]) -> tuple[Work, Work]:
    """Give the work of each scope in two turns: deletes wait where the repo is written in another scope.

    Within one scope the writer itself deletes last. todo: sorted by address.
    """
    written: defaultdict[Repo, set[Scope]] = defaultdict(set)
    for change in todo:
        if not deletes(change):
            written[change.address.scope.repo].add(change.address.scope)
    waits = [deletes(change) and bool(written[change.address.scope.repo] - {change.address.scope}) for change in todo]
    at_once = (change for change, wait in zip(todo, waits, strict=True) if not wait)
    return _by_scope(at_once), _by_scope(change for change, wait in zip(todo, waits, strict=True) if wait)


def _by_scope(changes: Iterable[Change]) -> Work:
    return {scope: tuple(group) for scope, group in groupby(changes, key=lambda change: change.address.scope)}
