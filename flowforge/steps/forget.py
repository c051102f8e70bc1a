"""Drop what the state remembers of a secret or of a whole repo; nothing on GitHub changes."""

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from flowforge.errors import Problem, UsageError, quote
from flowforge.plan.address import Address
from flowforge.state.memory import Memory


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


def forget(memory: Memory, addresses: Collection[Address]) -> None:
    """Drop records and open writes. A repo of which nothing is left is not admitted by any selector any more."""
    before = memory.state.records
    for address in addresses:
        memory.forget(address)
    left = {record.repo_id for record in memory.state.records.values()}
    gone = {before[address].repo_id for address in addresses if address in before} - left
    for holder, repos in memory.state.admitted.items():
        memory.admit(holder, repos - gone)


def _unknown(text: str, known: Collection[str]) -> Problem:
    near = get_close_matches(text.lower(), known, n=1)
    fix = (
        f"did you mean {quote(near[0])}?"
        if near
        else "name a repo as owner/name, or a secret as plan --format json does"
    )
    return Problem("FF014", f"the state remembers nothing of {quote(text)}", fix=fix)
