"""What must be in place before a secret goes: whatever takes its place, and somebody who takes that. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from flowforge.data_class import dataclass
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address
from flowforge.plan.change import Change

_LEFT_OUT: Final = "is left out of this run"


@dataclass(frozen=True, slots=True)
class Successor:
    """What takes the place of a secret that is to go."""

    parts: tuple[Address, ...]
    """The variables that it is made of, all of which must be there first."""
    hindrance: str = ""
    """Why those who read the secret do not do without it yet, as a clause; empty where they do."""
    fix: str = ""
    """What a person can do about that."""


def until_replaced(
    lines: Collection[Change], left_out: Iterable[Change], successors: Mapping[Address, Successor]
) -> Iterable[Change]:
    """Block each delete of a secret whose successor is not in place once the writes are done, or is not taken.

    lines: all lines of one apply. left_out: what else was decided, and is not done now.
    """
    # An apply deletes after it has written, and nothing beside a write that failed. So of what this apply writes it is
    # enough that it could be written.
    lacking: dict[Address, str] = {}
    known: set[Address] = set()
    for line in lines:
        known.add(line.address.of_value)
        if not (_is_there(line) or (line.writes and line.applicable)):
            lacking.setdefault(line.address.of_value, f"is not as wanted: {line.sentence}")
    for line in left_out:
        known.add(line.address.of_value)
        if not _is_there(line):
            lacking.setdefault(line.address.of_value, _LEFT_OUT)
    for line in lines:
        successor = successors.get(line.address)
        yield line if successor is None or line.action is not Action.DELETE else _after(line, successor, lacking, known)


def _after(line: Change, successor: Successor, lacking: Mapping[Address, str], known: Collection[Address]) -> Change:
    for part in successor.parts:
        why = lacking.get(part, "" if part in known else _LEFT_OUT)
        if why:
            detail = f"what takes its place is not there, as {part.secret} {why}"
            return replace(line, action=Action.BLOCKED, reason=Reason.STILL_NEEDED, detail=detail)
    if not successor.hindrance:
        return line
    return replace(
        line, action=Action.BLOCKED, reason=Reason.STILL_NEEDED, detail=successor.hindrance, fix=successor.fix
    )


def _is_there(line: Change) -> bool:
    """Return whether a line says that the variable is there and as wanted, and wants nothing done."""
    # A line about who sees it stands only where somebody does not see it yet, or may not.
    return line.reason is Reason.IN_SYNC
