"""Durations as people write them, everywhere alike: `90s`, `10m`, `2h`, `30d`, `12w`; a bare number is seconds."""

import re
from typing import Final

# No months and no years: they are not always of the same length.
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
# What a message says of one.
WRITTEN: Final = "as 90s, 10m, 2h or 30d; a bare number is seconds"


def seconds(text: str) -> float | None:
    """Return a duration in seconds. Return None for a text that is none."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhdw]?)", text)
    return float(found[1]) * _UNITS[found[2]] if found else None
