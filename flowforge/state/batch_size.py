"""How often a state on a branch is pushed. Every push sends the whole file, so a large state waits longer for one."""

from collections.abc import Collection
from typing import Final

from flowforge.plan.address import Address
from flowforge.state.model import State

# Writes that are announced at once: 100, or a quarter of what is remembered if that is more. A push per write would
# send 10,000 secrets 10,000 times, and GitHub allows 80 content-creating requests a minute.
_BATCH: Final = 100
_SHARE: Final = 4
# Seconds that results wait for the next push: 30, or 0.06 for each secret that is remembered if that is more.
_PATIENCE: Final = 30.0
_PATIENCE_OF_EACH: Final = 0.06
# Bytes of a record beside its address, of the public key in it, and of a pending mark. All are rather too many: a state
# that turns out too large in the middle of a run would leave results that cannot be recorded.
_RECORD: Final = 600
_KEY: Final = 100
_PENDING: Final = 100


def batch_of(remembered: int) -> int:
    """Return how many writes are announced at once where the state remembers this many secrets."""
    return max(_BATCH, remembered // _SHARE)


def patience_of(remembered: int, most: float) -> float:
    """Return how many seconds results wait for the next push, `most` at most."""
    return max(_PATIENCE, min(most, _PATIENCE_OF_EACH * remembered))


def foreseen(size: int, state: State, coming: Collection[Address]) -> int:
    """Return how many bytes a state of `size` bytes grows to while `coming` is written. Audiences are not counted."""
    new = [address for address in coming if address not in state.records]
    keyless = sum(not state.records[address].public_key for address in coming if address in state.records)
    batch = min(len(coming), batch_of(len(state.records) + len(new)))
    return size + sum(_RECORD + len(str(address)) for address in new) + _KEY * keyless + _PENDING * batch
