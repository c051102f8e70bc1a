"""The versions of the state's format. Only the newest is written; an older one is upgraded when it is read."""

from collections.abc import Callable
from typing import Any, Final

from flowforge.data_class import dataclass
from flowforge.errors import Problem, StateError
from flowforge.state.shape import MalformedError

Data = dict[str, Any]

# One number for the state and its journal, because a line of the journal holds the same records.
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The step from one version to the next.

    Its functions raise MalformedError for what FlowForge cannot have written. They do not change what every version
    has: `version`, `lineage` and `key_id` of a body, and the first line of a journal.
    """

    # Both run after the checksum and the signature were checked, so they need not distrust what they get.
    body: Callable[[Data], Data]
    """Upgrades the body of a state: all of it but its checksum and signature."""
    line: Callable[[Data], Data]
    """Upgrades one entry of a journal."""


# By the version that each begins from. Version 1 is the first, so there is nothing to upgrade yet.
UPGRADES: Final[dict[int, Upgrade]] = {}


def require_known(parsed: object, where: str) -> None:
    """Refuse what a newer FlowForge wrote: StateError FF406."""
    # Before any other check: its unknown members would be reported as damage, and the fix would be the wrong one.
    version = parsed.get("version") if isinstance(parsed, dict) else None
    if type(version) is int and version > VERSION:
        why = f"it has version {version}; this FlowForge reads up to {VERSION}"
        raise StateError(
            Problem("FF406", "the state was written by a newer FlowForge", where, why, "upgrade FlowForge")
        )


def body_of_today(body: Data) -> Data:
    """Return the body of a state as today's FlowForge would have written it."""
    while upgrade := UPGRADES.get(body["version"]):
        body = {**upgrade.body(body), "version": body["version"] + 1}
    return body


def line_of_today(line: object, version: int) -> object:
    """Return a change in a journal of `version` as today's FlowForge would have written it."""
    while upgrade := UPGRADES.get(version):
        if not isinstance(line, dict):
            what = "it is not an object"
            raise MalformedError(what)
        line, version = upgrade.line(line), version + 1
    return line
