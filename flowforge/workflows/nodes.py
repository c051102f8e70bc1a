"""What a workflow file is made of: texts, lists and mappings with their positions. An alias is the same node again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from flowforge.data_class import dataclass


@dataclass(slots=True, eq=False)
class YamlNode:
    """A value at a position; lines and columns count from 1."""

    line: int
    column: int

    @property
    def text(self) -> str:
        """The text of a scalar; empty for anything else."""
        return ""

    def get(self, key: str) -> "YamlNode | None":  # noqa: ARG002 -- a mapping looks it up
        """Return the value of a mapping's key; None without that key, and for any other node."""
        return None

    def entries(self) -> "Iterator[tuple[str, YamlNode]]":
        """Yield the keys and values of a mapping; nothing for any other node."""
        return iter(())

    def items(self) -> "Sequence[YamlNode]":
        """Return the items of a list; nothing for any other node."""
        return ()

    def key_line(self, key: str) -> int:  # noqa: ARG002 -- a mapping looks it up
        """Return the line of a mapping's key; the node's own without it."""
        return self.line

    def texts(self) -> Sequence[str]:
        """Return the texts of a list, or the one text of a scalar that is not empty."""
        return [self.text] if self.text else []


@dataclass(slots=True, eq=False)
class Scalar(YamlNode):
    """A text. GitHub makes numbers, booleans and null of plain ones; every reader here needs the text alone."""

    value: str
    plain: bool = True
    """Whether it stands without quotes and is no block."""

    @property
    def text(self) -> str:
        """The text; empty for a plain null."""
        # The spellings of null in YAML's core schema, to which the runner keeps.
        return "" if self.plain and self.value in {"~", "null", "Null", "NULL"} else self.value

    @property
    def is_null(self) -> bool:
        """Whether it is nothing at all, as after a key without a value."""
        return self.plain and self.value in {"", "~", "null", "Null", "NULL"}


@dataclass(slots=True, eq=False)
class YamlList(YamlNode):
    """A list."""

    parts: list[YamlNode] = field(default_factory=list)

    def items(self) -> Sequence[YamlNode]:
        """Return the items."""
        return self.parts

    def texts(self) -> Sequence[str]:
        """Return the texts among the items."""
        return [each.text for each in self.parts if each.text]


@dataclass(slots=True, eq=False)
class YamlMapping(YamlNode):
    """A mapping; its keys are strings, `on` and `true` too."""

    parts: dict[str, YamlNode] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    """The line of each key."""

    def get(self, key: str) -> YamlNode | None:
        """Return the value of a key."""
        return self.parts.get(key)

    def entries(self) -> Iterator[tuple[str, YamlNode]]:
        """Yield the keys and values."""
        return iter(self.parts.items())

    def key_line(self, key: str) -> int:
        """Return the line of a key; the mapping's own without it."""
        return self.lines.get(key, self.line)


# Lines count from 1: a report of line 0 would show that it names the place of nothing.
NOTHING = Scalar(0, 0, "")
"""Stands in for what is not there."""


def lowered(node: YamlNode | None) -> Mapping[str, tuple[str, YamlNode]]:
    """Return the entries of a mapping by their keys in lower case, with the keys as written: inputs have no case."""
    return {} if node is None else {key.lower(): (key, value) for key, value in node.entries()}


def walk(node: YamlNode) -> Iterator[Scalar]:
    """Yield every text below a node, each once however many aliases repeat it."""
    stack: list[YamlNode] = [node]
    seen: set[int] = set()
    while stack:
        each = stack.pop()
        # By identity: nodes do not compare, and what an alias repeats is the same object.
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, Scalar):
            yield each
        elif isinstance(each, YamlList):
            stack.extend(reversed(each.parts))
        elif isinstance(each, YamlMapping):
            stack.extend(reversed(each.parts.values()))
