"""What a parsed manifest is made of: plain data for the validator, with a position for each part of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flowforge.errors import Where

Data = str | int | bool | None | list["Data"] | dict[str, "Data"]


@dataclass(slots=True, eq=False)
class Node:
    """A value at a position. An alias is the node itself once more, so nodes may be shared.

    data: plain. parts: of a mapping by key, of a list by index. keys: where a mapping's keys stand. size: how many
    nodes this is, aliases followed. height: how deep it goes. bad: reported already, not to be looked at again.
    """

    where: Where
    data: Data
    parts: dict[str, "Node"] | list["Node"] | None = None
    keys: dict[str, Where] = field(default_factory=dict)
    size: int = 1
    height: int = 1
    bad: bool = False

    def close(self, inner: Sequence["Node"]) -> None:
        """Take the measures of what stands within."""
        self.size += sum(node.size for node in inner)
        self.height += max((node.height for node in inner), default=0)

    def mapping(self) -> Mapping[str, "Node"]:
        """Give the parts of a mapping by key; none of anything else."""
        return self.parts if isinstance(self.parts, dict) and not self.bad else {}

    def items(self) -> Sequence["Node"]:
        """Give the sound items of a list; none of anything else."""
        return [node for node in self.parts if not node.bad] if isinstance(self.parts, list) and not self.bad else []

    def part(self, key: str) -> "Node | None":
        """Give a sound part of a mapping by key, or None."""
        node = self.mapping().get(key)
        return None if node is None or node.bad else node

    def text(self, key: str) -> str | None:
        """Give a sound string of a mapping by key, or None."""
        node = self.part(key)
        return node.data if node is not None and isinstance(node.data, str) else None

    def at(self, path: Sequence[str | int]) -> "Node":
        """Give the node at a path of keys and indices."""
        node = self
        for step in path:
            node = node.parts[step]  # type: ignore[index, call-overload] -- a path of this very tree
        return node

    @property
    def sound(self) -> bool:
        """Whether nothing in here was reported."""
        inner = self.parts.values() if isinstance(self.parts, dict) else self.parts or ()
        return not self.bad and all(node.sound for node in inner)
