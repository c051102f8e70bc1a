"""When a credential expires. Of every other time only GitHub's word counts; these are days of a manifest."""

from datetime import date, timedelta
from typing import Final

from flowforge.data_class import dataclass

# Long enough to have a new key approved, and short enough that the warning is still read.
SOON: Final = timedelta(days=30)
"""What is left of a credential when people are to be told."""


@dataclass(frozen=True, slots=True, order=True)
class Expiry:
    """When a credential expires, counted from the day of the run."""

    name: str
    """The name of the credential."""
    expires_at: date
    """The day, in UTC, as the manifest declares it, or as it follows from the day of issue."""
    days_left: int
    """How many days are left. Nought or less: it has expired."""

    @property
    def expired(self) -> bool:
        """Whether it has expired."""
        return self.days_left <= 0
