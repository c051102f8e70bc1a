"""Let the state follow a repo that got another name on GitHub."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from flowforge.errors import Problem, StateError, UsageError, quote
from flowforge.plan.address import Address, Repo
from flowforge.state.model import State

_Cell = TypeVar("_Cell")


def parse_repo(text: str) -> Repo:
    """Read `owner/name`; raises UsageError FF460."""
    try:
        return Repo.parse(text)
    except ValueError as error:
        fix = "write a repo as owner/name, as GitHub shows it"
        raise UsageError(Problem("FF460", f"{quote(text)} names no repo", why=str(error), fix=fix)) from error


def move(state: State, old: Repo, new: Repo) -> State:
    """Give the state in which all that is remembered of `old`, its id included, is of `new`.

    Raises UsageError FF460 where both are one, in whatever case; StateError FF451 where `new` is remembered already.
    """
    if old == new:
        what, why = f"{quote(str(old))} and {quote(str(new))} are one repo", "names are compared without case"
        raise UsageError(Problem("FF460", what, why=why, fix="nothing is to be moved: plan knows it by either name"))
    if any(address.scope.repo == new for address in state.remembered):
        why = f"what is remembered of {quote(str(old))} would be lost, or take its place"
        fix = f"if it is wrong, drop it first: flowforge state forget {new}"
        raise StateError(Problem("FF451", f"the state remembers {quote(str(new))} already", why=why, fix=fix))
    return replace(state, records=_moved(state.records, old, new), pending=_moved(state.pending, old, new))


def _moved(cells: Mapping[Address, _Cell], old: Repo, new: Repo) -> dict[Address, _Cell]:
    return {
        replace(each, scope=replace(each.scope, repo=new)) if each.scope.repo == old else each: cell
        for each, cell in cells.items()
    }
