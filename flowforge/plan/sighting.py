"""Whether the time that GitHub lists is that of a write of which only the `Date` of the answer is known. Pure."""

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

# GitHub's `updated_at` was seen a second after its own `Date` of the PUT; both are whole seconds of two machines.
_BEFORE: Final = timedelta(seconds=2)
_AFTER: Final = timedelta(seconds=3)


class Sighting(Enum):
    """What a listed time says of a write. Only GitHub's own times are compared."""

    BEHIND = auto()
    """It is from before the write: the list does not show it yet."""
    OURS = auto()
    """It is that of the write, or of another one within the same seconds, which nobody can tell from it."""
    LATER = auto()
    """Somebody has written since."""


def sighting(listed: str, date: str) -> Sighting:
    """Compare a listed `updated_at` with the `Date` of a write; neither may be empty."""
    # NOTE: a difference of two times always exists; a time and three seconds may lie beyond the year 9999.
    late = datetime.fromisoformat(listed) - datetime.fromisoformat(date)
    if late < -_BEFORE:
        return Sighting.BEHIND
    return Sighting.LATER if late > _AFTER else Sighting.OURS
