"""How large a state on a branch is and gets. Every push sends all of it, so that says how much waits for one."""

from collections.abc import Collection
from typing import Final

from flowforge.plan.address import Address
from flowforge.state.model import State

# Writes that are announced at once: so many, or that part of what is remembered.
_BATCH: Final = 100
_SHARE: Final = 4
# Seconds that results wait for the next push: so many, or so many for each secret that is remembered.
_PATIENCE: Final = 30.0
_PATIENCE_OF_EACH: Final = 0.06
# Bytes, rather too many, of a secret's record beside its address, and of its being pending.
_RECORD: Final = 400
_PENDING: Final = 100


def batch_of(remembered: int) -> int:
    """Return how many writes are announced at once, of a state that remembers so many secrets."""
    return max(_BATCH, remembered // _SHARE)


def patience_of(remembered: int, most: float) -> float:
    """Return how many seconds results wait, at most so many."""
    return max(_PATIENCE, min(most, _PATIENCE_OF_EACH * remembered))


def foreseen(size: int, state: State, coming: Collection[Address]) -> int:
    """Return how many bytes a state of that size comes to while these are written. Who sees what is not counted."""
    new = [address for address in coming if address not in state.records]
    batch = min(len(coming), batch_of(len(state.records) + len(new)))
    return size + sum(_RECORD + len(str(address)) for address in new) + _PENDING * batch
