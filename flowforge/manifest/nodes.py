"""What a parsed manifest is made of: plain data for the validator, with a position for each part of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from flowforge.data_class import dataclass
from flowforge.errors import Where


@dataclass(slots=True, eq=False)
class Node:
    """A value at a position. An alias is the same node once more, so a node may be in several places."""

    where: Where
    """The line and the column where it begins, for messages."""
    data: Any
    """Plain data, as a validator reads it."""
    size: int = 1
    """How many nodes this is, with keys and with what aliases repeat. A long text counts as several."""
    height: int = 1
    """How many levels deep it is nested."""
    bad: bool = False
    """It was reported already, so nothing looks at it again."""
    meant: frozenset[str] = frozenset()
    """The keys that misspelt ones of a mapping are meant to be."""

    @property
    def inner(self) -> Iterable["Node"]:
        """The nodes directly within it."""
        return ()

    @property
    def sound(self) -> bool:
        """Whether nothing in it was reported."""
        return not self.bad and all(node.sound for node in self.inner)

    def entries(self) -> Mapping[str, "Node"]:
        """Return the values of a mapping by key; nothing for any other node."""
        return {}

    def lacks(self, *keys: str) -> bool:
        """Return whether a mapping has none of these keys, nor a misspelt one: that is reported, and is the cause."""
        return not {*keys} & (self.entries().keys() | self.meant)

    def items(self) -> Sequence["Node"]:
        """Return the items of a list that are not bad; nothing for any other node."""
        return ()

    def key(self, key: str) -> Where:  # noqa: ARG002 -- a mapping looks it up
        """Return the position of a mapping's key. Without that key, and for any other node, return the node's own."""
        return self.where

    def part(self, key: str) -> "Node | None":
        """Return the value of a mapping's key, unless it is missing or bad."""
        node = self.entries().get(key)
        return None if node is None or node.bad else node

    def text(self, key: str) -> str:
        """Return the text of a mapping's key; empty if it is missing, bad or no text."""
        node = self.part(key)
        return node.data if node is not None and isinstance(node.data, str) else ""

    def at(self, path: Iterable[str | int]) -> "Node":
        """Return the node at a path of keys and indices, which must exist."""
        node = self
        for step in path:
            node = node.step(step)
        return node

    def step(self, step: Any) -> "Node":  # noqa: ANN401 -- a key or an index, as the node is a mapping or a list
        """Return the node at a key or index. Raise KeyError where there is none."""
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
        """Return the items that are not bad."""
        return () if self.bad else [node for node in self.parts if not node.bad]

    def step(self, step: int) -> Node:
        """Return the item at an index."""
        return self.parts[step]

    def add(self, node: Node) -> None:
        """Append an item."""
        self.parts.append(node)
        # Kept beside the nodes, so that the validator needs no copy of a large document.
        self.data.append(node.data)


@dataclass(slots=True, eq=False)
class MapNode(Node):
    """A mapping."""

    parts: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Where] = field(default_factory=dict)
    """The position of each key, of those too whose value is still to come."""

    @property
    def inner(self) -> Iterable[Node]:
        """The values, bad ones too."""
        return self.parts.values()

    def entries(self) -> Mapping[str, Node]:
        """Return the values by key, bad ones too; nothing if the mapping itself is bad."""
        return {} if self.bad else self.parts

    def key(self, key: str) -> Where:
        """Return the position of a key."""
        return self.keys.get(key, self.where)

    def step(self, step: str) -> Node:
        """Return the value of a key."""
        return self.parts[step]

    def add(self, key: str, node: Node) -> None:
        """Set the value of a key."""
        self.parts[key] = node
        self.data[key] = node.data
