"""Lists and mappings while they are being parsed: they take their parts one by one, and merge at their end."""

from dataclasses import dataclass, field

from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.nodes import ListNode, MapNode, Node
from flowforge.manifest.syntax import unsupported


@dataclass(slots=True)
class OpenList:
    """A list that has begun."""

    node: ListNode
    anchor: str | None

    def take(self, node: Node, _: Where, __: Findings) -> None:
        """Take an item."""
        self.node.add(node)

    def close(self) -> None:
        """Take the measures of what stands within."""
        self.node.size += sum(node.size for node in self.node.parts)
        self.node.height += max((node.height for node in self.node.parts), default=0)


@dataclass(slots=True)
class OpenMap:
    """A mapping that has begun. key: the one whose value comes next, None when that is to be merged or dropped."""

    node: MapNode
    anchor: str | None
    key: str | None = None
    merges: bool = False
    merged_at: Where | None = None
    wants_key: bool = True
    inner: list[Node] = field(default_factory=list)
    merged: list[MapNode] = field(default_factory=list)

    def take(self, node: Node, where: Where, findings: Findings) -> None:
        """Take a key or a key's value."""
        self.inner.append(node)
        if self.wants_key:
            self.name(node.data if isinstance(node.data, str) else None, where, findings)
            return
        self.wants_key = True
        if self.merges:
            self._merge(node, where, findings)
        elif self.key is not None:
            self.node.add(self.key, node)

    def name(self, key: str | None, where: Where, findings: Findings) -> None:
        """Take a key. One that is a duplicate, or no string, is reported."""
        self.wants_key, self.key = False, None
        if key is None:
            findings.keep(where, unsupported("a key must be a string", "put it in quotes"))
        elif key in self.node.keys:
            what = f"the key {quote(key)} stands twice in this mapping, first in line {self.node.keys[key].line}"
            findings.add(where, "FF108", what, fix="remove one of the two")
        else:
            self.key = key
            self.node.keys[key] = where

    def begin_merge(self, where: Where, findings: Findings) -> None:
        """Take a << that is not in quotes, once."""
        self.wants_key, self.key, self.merges = False, None, True
        if self.merged_at:
            what = f"<< stands twice in this mapping, first in line {self.merged_at.line}"
            findings.add(where, "FF108", what, fix="write it once, with a list: <<: [*a, *b]")
        self.merged_at = self.merged_at or where

    def _merge(self, node: Node, where: Where, findings: Findings) -> None:
        """Keep what << merges until the mapping ends, since its own keys go first."""
        self.merges = False
        for each in node.parts if isinstance(node, ListNode) else (node,):
            if isinstance(each, MapNode):
                self.merged.append(each)
            elif not each.bad:
                findings.keep(where, unsupported("<< merges mappings, and this is none", "write <<: *name"))

    def close(self) -> None:
        """Merge, and take the measures of what stands within."""
        for merged in self.merged:
            for key, node in merged.parts.items():
                if key not in self.node.keys:
                    self.node.keys[key] = merged.keys[key]
                    self.node.add(key, node)
        self.node.size += sum(node.size for node in self.inner)
        self.node.height += max((node.height for node in self.inner), default=0)
