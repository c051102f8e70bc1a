"""Lines that differ in nothing but the repo are told as one: a fleet of 300 must not hide the one that differs."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final, TypeVar

from flowforge.errors import printable

# So many alike lines are still read one by one.
MOST_ALONE: Final = 10
_NAMED: Final = 3
_Item = TypeVar("_Item")


def gathered(
    items: Iterable[_Item], key: Callable[[_Item], Hashable], *, verbose: bool
) -> tuple[list[_Item], list[list[_Item]]]:
    """Return the items that are told each for itself, and the groups of more than ten with an equal key.

    Both are in the order of the items. verbose: whether each is told for itself whatever its key.
    """
    groups: dict[Hashable, list[_Item]] = {}
    alone: list[_Item] = []
    kept = list(items)
    if verbose or len(kept) <= MOST_ALONE:
        return kept, []
    for item in kept:
        groups.setdefault(key(item), []).append(item)
    many = {id(item) for group in groups.values() if len(group) > MOST_ALONE for item in group}
    alone = [item for item in kept if id(item) not in many]
    return alone, [group for group in groups.values() if len(group) > MOST_ALONE]


def some(names: Sequence[str], *, verbose: bool = False) -> str:
    """Return the first three of many names, and how many more there are; all of them where they are few."""
    if verbose or len(names) <= MOST_ALONE:
        return printable(", ".join(names))
    return f"{printable(', '.join(names[:_NAMED]))} and {len(names) - _NAMED:,} more"
