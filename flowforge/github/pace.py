"""How much GitHub is spared: what `--pace` chooses."""

from enum import StrEnum


class Pace(StrEnum):
    """A pace."""

    GENTLE = "gentle"
    """The limits of content from the start: no write is refused to find out whether they are in force."""
    LIMITS = "limits"
    """What GitHub documents, and the limits of content once a write was refused."""
    FREE = "free"
    """No limit until a request is refused: for a GitHub Enterprise Server, which may have none."""
