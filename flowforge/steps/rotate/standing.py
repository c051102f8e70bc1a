"""Where a rotation stands, by what is kept of it: the one answer to whether it is over, and to what is exposed."""

from collections.abc import Collection

from flowforge.data_class import dataclass
from flowforge.plan.address import Address
from flowforge.plan.facts import UNKNOWN
from flowforge.plan.rotation import Rotation
from flowforge.state.model import State
from flowforge.steps.rotate.walk import Walk


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rotation stands."""

    left: tuple[Address, ...] = ()
    """What keeps it open, sorted: places of the credential that may hold another value than they are to."""
    same: tuple[Address, ...] = ()
    """Places of other credentials that hold the old value, sorted."""
    unproven: bool = False
    """Whether a batch was written and not found well."""
    unresolved: bool = False
    """Whether places may be missing, because a selector could not be listed."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it."""
        return not (self.left or self.unproven or self.unresolved)

    @property
    def exposed(self) -> tuple[Address, ...]:
        """What may hold another value than it is to, sorted."""
        return tuple(sorted({*self.left, *self.same}))


def onward_standing(
    walk: Walk,
    rotation: Rotation | None,
    state: State,
    credential: str,
    *,
    proves: bool = True,
    changed: Collection[Address] = (),
    unresolved: bool = False,
) -> Standing:
    """Return where the way on stands. Also what this run does not see counts, as far as the state remembers it.

    proves: whether its batches are to be proven. changed: what GitHub shows otherwise than it was written.
    """
    own = {address for address, record in state.records.items() if record.credential == credential}
    others = {address for address in own if state.records[address].fingerprint != walk.fingerprint}
    old = {state.records[address].fingerprint for address in others} - {UNKNOWN}
    old |= {*rotation.before} - {walk.fingerprint} if rotation else set()
    same = {address for address, record in state.records.items() if record.fingerprint in old}
    reached = {*rotation.reached} if rotation else set()
    torn = {address for address in {*walk.lines, *own, *reached} if address in state.pending}
    left = {*others, *torn, *walk.to_go(state), *changed}
    unproven = proves and rotation is not None and any(True for _ in written_unproven(rotation, state))
    return Standing(tuple(sorted(left)), tuple(sorted(same - left)), unproven, unresolved)


def backward_standing(walk: Walk, rotation: Rotation, state: State) -> Standing:
    """Return where the way back stands: what the walk wrote must hold the old value, whether this run sees it or not.

    walk: that of the way back, whose lines are those that the rotation reached.
    """
    refused = {rotation.fingerprint, UNKNOWN}
    still = {
        address
        for address in rotation.reached
        if address in state.pending or (address in state.records and state.records[address].fingerprint in refused)
    }
    return Standing(tuple(sorted({*still, *walk.to_go(state)})))


def written_unproven(rotation: Rotation, state: State) -> set[Address]:
    """Return what holds the new value, or may, from a batch that was not found well."""
    return {
        address
        for address, number in rotation.reached.items()
        if number > rotation.proven and (address in state.pending or _holds(rotation, state, address))
    }


def _holds(rotation: Rotation, state: State, address: Address) -> bool:
    record = state.records.get(address)
    return record is not None and record.fingerprint in {rotation.fingerprint, UNKNOWN}
