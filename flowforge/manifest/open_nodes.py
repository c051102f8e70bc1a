"""Lists and mappings while they are parsed: they take their parts one by one, and merge at the end."""

from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.nodes import ListNode, MapNode, Node
from flowforge.manifest.syntax import KEY_OF_OTHER_TYPE, MERGE_OF_OTHER_TYPE


@dataclass(slots=True)
class OpenList:
    """A list that has begun."""

    node: ListNode
    anchor: str | None
    """The name by which aliases repeat it."""

    def take(self, node: Node, _: Where, __: Findings) -> None:
        """Append an item."""
        self.node.add(node)

    def close(self) -> None:
        """End the list: add up the sizes of its items."""
        self.node.size += sum(node.size for node in self.node.parts)
        self.node.height += max((node.height for node in self.node.parts), default=0)


@dataclass(slots=True)
class OpenMap:
    """A mapping that has begun."""

    node: MapNode
    """The keys and values so far."""
    anchor: str | None
    """The name by which aliases repeat it."""
    key: str | None = None
    """The key whose value comes next; None if that value is to be merged, or dropped with a bad key."""
    merges: bool = False
    """Whether the value that comes next is that of a `<<`."""
    merged_at: Where | None = None
    """Where its first `<<` is."""
    wants_key: bool = True
    """Whether a key comes next, and not a value."""
    inner: list[Node] = field(default_factory=list)
    """Every key and value, to be measured at the end, dropped ones too: an alias may be what makes them large."""
    merged: list[MapNode] = field(default_factory=list)
    """The mappings that `<<` merges, in their order."""

    def take(self, node: Node, where: Where, findings: Findings) -> None:
        """Take a key, or the value of the last key."""
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
        """Take a key. Report one that is no string (FF106) or stands twice (FF108): its value is dropped."""
        self.wants_key, self.key = False, None
        if key is None:
            findings.keep(where, KEY_OF_OTHER_TYPE)
        elif key in self.node.keys:
            what = f"the key {quote(key)} stands twice in this mapping, first in line {self.node.keys[key].line}"
            findings.add(where, "FF108", what, fix="remove one of the two")
        else:
            self.key = key
            self.node.keys[key] = where

    def begin_merge(self, where: Where, findings: Findings) -> None:
        """Take a `<<` that is not in quotes. Report (FF108) a second one."""
        self.wants_key, self.key, self.merges = False, None, True
        if self.merged_at:
            what = f"<< stands twice in this mapping, first in line {self.merged_at.line}"
            findings.add(where, "FF108", what, fix="write it once, with a list: <<: [*a, *b]")
        self.merged_at = self.merged_at or where

    def _merge(self, node: Node, where: Where, findings: Findings) -> None:
        """Keep what `<<` merges until the mapping ends, because the mapping's own keys win wherever they stand."""
        self.merges = False
        for each in node.parts if isinstance(node, ListNode) else (node,):
            if isinstance(each, MapNode):
                self.merged.append(each)
            elif not each.bad:
                findings.keep(where, MERGE_OF_OTHER_TYPE)

    def close(self) -> None:
        """End the mapping: merge, and add up the sizes of its keys and values."""
        for merged in self.merged:
            for key, node in merged.parts.items():
                # As YAML has it: an own key wins, then that of the mapping that is merged first.
                if key not in self.node.keys:
                    self.node.keys[key] = merged.keys[key]
                    self.node.add(key, node)
        self.node.size += sum(node.size for node in self.inner)
        self.node.height += max((node.height for node in self.inner), default=0)
