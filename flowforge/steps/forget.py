"""Drop what the state remembers of a secret or of a whole repo; nothing on GitHub changes."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from flowforge.errors import Problem, UsageError, quote
from flowforge.plan.address import Address
from flowforge.state.model import State


def find(remembered: Iterable[Address], named: Sequence[str]) -> tuple[Address, ...]:
    """Give the remembered secrets that are named, each by its address or all of a repo by `owner/name`, sorted.

    Raises UsageError FF014 for what the state does not remember.
    """
    known: dict[str, set[Address]] = {}
    for address in remembered:
        known.setdefault(str(address).lower(), set()).add(address)
        known.setdefault(address.scope.repo.key, set()).add(address)
    lost = [text for text in named if text.lower() not in known]
    if lost:
        raise UsageError(*(_unknown(text, known) for text in lost))
    return tuple(sorted({address for text in named for address in known[text.lower()]}))


def without(state: State, addresses: Collection[Address]) -> State:
    """Give a state that has no record or open write of them; no selector admits a repo of which nothing is left."""
    records = {each: record for each, record in state.records.items() if each not in addresses}
    left = {record.repo_id for record in records.values()}
    gone = {state.records[each].repo_id for each in state.records.keys() - records.keys()} - left
    return replace(
        state,
        records=records,
        pending={each: one for each, one in state.pending.items() if each not in addresses},
        admitted={holder: repos - gone for holder, repos in state.admitted.items()},
    )


def _unknown(text: str, known: Collection[str]) -> Problem:
    near = get_close_matches(text.lower(), known, n=1)
    fix = (
        f"did you mean {quote(near[0])}?"
        if near
        else "name a repo as owner/name, or a secret as plan --format json does"
    )
    return Problem("FF014", f"the state remembers nothing of {quote(text)}", fix=fix)
