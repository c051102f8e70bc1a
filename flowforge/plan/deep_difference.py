"""All that differs between two deep mappings, such as two saved plans: the only file that uses deepdiff."""

from collections.abc import Iterator, Mapping
from typing import Any

from flowforge.data_class import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """One thing that differs between two plain mappings."""

    path: tuple[str, ...]
    """The keys that lead to it."""
    before: Any
    """The first side; None where it has nothing there."""
    after: Any
    """The second side; None where it has nothing there."""


def leaves(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Leaf, ...]:
    """Return all that differs, sorted by path."""
    found = (Leaf(tuple(map(str, path)), was, now) for path, was, now in _deep(*_apart(before, after)))
    return tuple(sorted(found, key=lambda leaf: leaf.path))


def _apart(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both sides without what is the same: DeepDiff would walk all of it, for 20 s where 10,000 lines differ."""
    was, now = dict(before), dict(after)
    for key in before.keys() & after.keys():
        if before[key] == after[key]:
            del was[key], now[key]
        elif isinstance(before[key], Mapping) and isinstance(after[key], Mapping):
            was[key], now[key] = _apart(before[key], after[key])
    return was, now


def _deep(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[tuple[list[Any], Any, Any]]:
    """Yield what differs, as the fields of `Leaf`."""
    if before == after:
        return
    from deepdiff import DeepDiff  # noqa: PLC0415 -- a tenth of a second that a plan without changes need not wait

    # By default DeepDiff reports two sides with little in common as one whole that was replaced.
    for kind, items in DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0).items():
        for item in items:
            was = None if kind.endswith("added") else item.t1
            yield item.path(output_format="list"), was, None if kind.endswith("removed") else item.t2
