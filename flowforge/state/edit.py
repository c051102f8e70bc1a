"""Edit what the state remembers: forget a secret or a repository, or follow a rename. GitHub is not asked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeVar

from flowforge.errors import Problem, StateError, UsageError, quote
from flowforge.plan.address import Address, Repo
from flowforge.state.model import State


def find(remembered: Iterable[Address], named: Sequence[str]) -> tuple[Address, ...]:
    """Return the remembered secrets that are named, sorted: one by its address, or all of a repo by `owner/name`.

    Raises UsageError FF014 for what the state does not remember.
    """
    known: dict[str, set[Address]] = {}
    for address in remembered:
        known.setdefault(str(address).lower(), set()).add(address)
        known.setdefault(address.scope.repo.key, set()).add(address)
    # All unknown names are reported at once, and nothing is forgotten if there is any.
    lost = [text for text in named if text.lower() not in known]
    if lost:
        raise UsageError(*(_unknown(text, known) for text in lost))
    return tuple(sorted({address for text in named for address in known[text.lower()]}))


def without(state: State, addresses: Collection[Address]) -> State:
    """Return the state without the records and open writes of these addresses."""
    records = {each: record for each, record in state.records.items() if each not in addresses}
    # A selector asks again for a repo that comes back: what it admitted ends with the last record of the repo.
    left = {record.repo_id for record in records.values()}
    gone = {state.records[each].repo_id for each in state.records.keys() - records.keys()} - left
    return replace(
        state,
        records=records,
        pending={each: one for each, one in state.pending.items() if each not in addresses},
        admitted={holder: repos - gone for holder, repos in state.admitted.items()},
        rotations={
            name: replace(each, reached={one: batch for one, batch in each.reached.items() if one not in addresses})
            for name, each in state.rotations.items()
        },
    )


def _unknown(text: str, known: Collection[str]) -> Problem:
    near = get_close_matches(text.lower(), known, n=1)
    fix = (
        f"did you mean {quote(near[0])}?"
        if near
        else "name a repo as owner/name, or a secret as `flowforge plan --format json` does"
    )
    return Problem("FF014", f"the state remembers nothing of {quote(text)}", fix=fix)


_Cell = TypeVar("_Cell")


def parse_repo(text: str) -> Repo:
    """Read `owner/name`; raises UsageError FF460."""
    try:
        return Repo.parse(text)
    except ValueError as error:
        fix = "write a repo as owner/name, as GitHub shows it"
        raise UsageError(Problem("FF460", f"{quote(text)} names no repo", why=str(error), fix=fix)) from error


def move(state: State, old: Repo, new: Repo) -> State:
    """Return the state in which everything that is remembered of `old`, its id included, belongs to `new`.

    Raises UsageError FF460 where both are one, in whatever case; StateError FF451 where `new` is remembered already.
    """
    if old == new:
        what, why = f"{quote(str(old))} and {quote(str(new))} are one repo", "names are compared without case"
        raise UsageError(Problem("FF460", what, why=why, fix="there is nothing to move: plan finds it by either name"))
    # Two records of one secret cannot be merged: only one of their fingerprints can be what GitHub has.
    if any(address.scope.repo == new for address in state.remembered):
        why = f"what is remembered of {quote(str(old))} would be lost, or take its place"
        fix = f"if it is wrong, drop it first: `flowforge state forget {new}`"
        raise StateError(Problem("FF451", f"the state remembers {quote(str(new))} already", why=why, fix=fix))
    return replace(
        state,
        records=_moved(state.records, old, new),
        pending=_moved(state.pending, old, new),
        rotations={
            name: replace(each, reached=_moved(each.reached, old, new)) for name, each in state.rotations.items()
        },
    )


def _moved(cells: Mapping[Address, _Cell], old: Repo, new: Repo) -> dict[Address, _Cell]:
    return {
        replace(each, scope=replace(each.scope, repo=new)) if each.scope.repo == old else each: cell
        for each, cell in cells.items()
    }
