"""Whether an API key works: one list of models, which costs no tokens (docs: api/models/list).

trufflehog asks the same: 200 is a live key, 401 and 404 a dead one ("404 is returned if api key is disabled or not
found"), and anything else tells nothing of the key. A gateway that does not know the path, or wants a password of its
own, answers with these too, so they count in Anthropic's own form alone.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from flowforge.anthropic.answer import KeyAnswer, NoAnswer
from flowforge.anthropic.exchange import AnthropicWire
from flowforge.anthropic.keys import MODELS, ApiKey
from flowforge.data_class import dataclass

_LIVE: Final = 200
_DEAD: Final = frozenset({401, 404})
_REDIRECT: Final = range(300, 400)
# 529 is Anthropic's own for `overloaded_error`.
_AGAIN: Final = range(500, 600)
PAUSES: Final = (1.0, 2.0)
"""Seconds before the second and the third try."""

# Waits for so many seconds; returns whether the run is to end.
Pause = Callable[[float], bool]


class KeyLife(StrEnum):
    """What is known of a key."""

    LIVE = "live"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verification:
    """What Anthropic said of a key."""

    life: KeyLife
    """Whether it works."""
    why: str = ""
    """What was answered, as a clause."""
    organization: str = ""
    """The id of the organization that it belongs to; empty where it is not said."""
    workspace: str = ""
    """The id of its workspace, likewise."""
    reached: bool = True
    """Whether anybody answered."""


def verify(wire: AnthropicWire, key: ApiKey, pause: Pause) -> Verification:
    """Ask whether a key works; twice more where Anthropic is in trouble. Never raises for what is answered."""
    for seconds in (*PAUSES, None):
        found = wire.get(key, MODELS)
        troubled = isinstance(found, KeyAnswer) and found.status in _AGAIN
        if not troubled or seconds is None or pause(seconds):
            break
    return _judged(found)


def _judged(found: KeyAnswer | NoAnswer) -> Verification:
    if isinstance(found, NoAnswer):
        return Verification(KeyLife.UNKNOWN, found.why, reached=False)
    unknown = _unusable(found)
    if unknown:
        return Verification(KeyLife.UNKNOWN, unknown)
    if found.status == _LIVE:
        return Verification(KeyLife.LIVE, found.said, found.organization, found.workspace)
    return Verification(KeyLife.DEAD if found.status in _DEAD else KeyLife.UNKNOWN, found.said)


def _unusable(found: KeyAnswer) -> str:
    """Return why an answer tells nothing of the key, whatever its status is; empty where it may."""
    if found.page:
        return found.trouble
    if found.status in _REDIRECT:
        return f"{found.status}, a redirect, which is not followed with a key"
    if found.status == _LIVE and not isinstance(found.data.get("data"), list):
        return "200 without a list of models"
    if found.status in _DEAD and not found.is_refusal:
        return f"{found.said} in another form than Anthropic's"
    return ""
