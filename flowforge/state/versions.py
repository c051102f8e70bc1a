"""The versions of the state's format: today's is written, and an older one is read as what it would be today."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flowforge.errors import Problem, StateError
from flowforge.state.shape import MalformedError

Data = dict[str, Any]

# Of the state and of its journal, whose lines hold the same records.
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Upgrade:
    """From one version to the next. body: of a state, all but its checksum and signature. line: of a journal's changes.

    What they are given is as its checksum, and with a key its signature, says; for what FlowForge cannot have written
    they raise MalformedError. What every version has is not theirs to change: a body's `version`, `lineage` and
    `key_id`, and the first line of a journal.
    """

    body: Callable[[Data], Data]
    line: Callable[[Data], Data]


# By the version that each is from. There was none before the first.
UPGRADES: Final[dict[int, Upgrade]] = {}


def require_known(parsed: object, where: str) -> None:
    """Refuse what a later FlowForge wrote, before anything else in it is looked at: StateError FF406."""
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
