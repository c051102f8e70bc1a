"""The format `text`: the lines that people are shown."""

from collections.abc import Mapping, Sequence
from typing import Any


def write(document: Mapping[str, Any], lines: Sequence[str]) -> str:
    """Return the lines as they were shown."""
    del document
    return "\n".join(lines)
