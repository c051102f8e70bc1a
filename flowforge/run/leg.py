"""The part of a rotation that a plan is made for."""

from collections.abc import Collection, Mapping

from flowforge.data_class import dataclass
from flowforge.plan.address import Address
from flowforge.plan.rotation import Rotation
from flowforge.run.refreshing import Select
from flowforge.steps.values.resolver import Resolver


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of a rotation that is planned by itself. Its lines wait for no rotation of their credential."""

    credential: str
    """The credential."""
    addresses: Collection[Address]
    """Its lines in this part."""
    resolver: Resolver
    """Has read its value, which stays the same for the whole walk."""

    def narrows(self, select: Select) -> Select:
        """Return the function that chooses the lines, among those that another one chooses."""
        return lambda address: address in self.addresses and select(address)

    def others(self, rotations: Mapping[str, Rotation]) -> Mapping[str, Rotation]:
        """Return the rotations that its lines wait for."""
        return {name: each for name, each in rotations.items() if name != self.credential}
