"""What a parsed manifest is made of: plain data for the validator, with a position for each part of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowforge.errors import Where


@dataclass(slots=True, eq=False)
class Node:
    """A value at a position. An alias is the node itself once more, so nodes may be shared.

    data: plain, as a validator takes it. size: how many nodes this is, keys and what aliases repeat counted, and a long
    text as many. height: how deep it goes.
    bad: it was reported, and is not to be looked at again.
    """

    where: Where
    data: Any
    size: int = 1
    height: int = 1
    bad: bool = False

    @property
    def inner(self) -> Iterable["Node"]:
        """What stands within."""
        return ()

    @property
    def sound(self) -> bool:
        """Whether nothing in here was reported."""
        return not self.bad and all(node.sound for node in self.inner)

    def entries(self) -> Mapping[str, "Node"]:
        """Give the values of a mapping by key; none of anything else."""
        return {}

    def items(self) -> Sequence["Node"]:
        """Give the items of a list that are not bad; none of anything else."""
        return ()

    def key(self, key: str) -> Where:  # noqa: ARG002 -- a mapping looks it up
        """Give the position of a mapping's key; of anything else, and of a key that is not there, its own."""
        return self.where

    def part(self, key: str) -> "Node | None":
        """Give the value of a mapping's key, unless it is bad."""
        node = self.entries().get(key)
        return None if node is None or node.bad else node

    def text(self, key: str) -> str:
        """Give the text of a mapping's key; empty where there is none, or it is bad."""
        node = self.part(key)
        return node.data if node is not None and isinstance(node.data, str) else ""

    def at(self, path: Iterable[str | int]) -> "Node":
        """Give the node at a path of keys and indices that is there."""
        node = self
        for step in path:
            node = node.step(step)
        return node

    def step(self, step: Any) -> "Node":  # noqa: ANN401 -- a key or an index, as the node is a mapping or a list
        """Give what stands at a key or index that is there; KeyError of what has none."""
        raise KeyError(step)


@dataclass(slots=True, eq=False)
class ListNode(Node):
    """A list."""

    parts: list[Node] = field(default_factory=list)

    @property
    def inner(self) -> Iterable[Node]:
        """The items, bad ones too."""
        return self.parts

    def items(self) -> Sequence[Node]:
        """Give the items that are not bad."""
        return () if self.bad else [node for node in self.parts if not node.bad]

    def step(self, step: int) -> Node:
        """Give the item at an index."""
        return self.parts[step]

    def add(self, node: Node) -> None:
        """Append an item."""
        self.parts.append(node)
        self.data.append(node.data)


@dataclass(slots=True, eq=False)
class MapNode(Node):
    """A mapping. keys: where its keys stand."""

    parts: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Where] = field(default_factory=dict)

    @property
    def inner(self) -> Iterable[Node]:
        """The values, bad ones too."""
        return self.parts.values()

    def entries(self) -> Mapping[str, Node]:
        """Give the values by key, bad ones too; none when the mapping itself is bad."""
        return {} if self.bad else self.parts

    def key(self, key: str) -> Where:
        """Give the position of a key."""
        return self.keys.get(key, self.where)

    def step(self, step: str) -> Node:
        """Give the value of a key."""
        return self.parts[step]

    def add(self, key: str, node: Node) -> None:
        """Set the value of a key."""
        self.parts[key] = node
        self.data[key] = node.data
