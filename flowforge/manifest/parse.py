"""Parse YAML in one pass over its events, with positions, limits and our own sentences for what is wrong.

libyaml's composer recurses, and 100,000 brackets crash it; its event stream does not. So nodes are made here, without
recursion, and whatever a hostile file could make large is counted while it grows.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml

from flowforge.errors import ManifestError, Problem, Where
from flowforge.manifest.files import HALF_CHARACTER
from flowforge.manifest.findings import Findings
from flowforge.manifest.limits import too_much
from flowforge.manifest.messages import CREDENTIAL_FOUND
from flowforge.manifest.nodes import ListNode, MapNode, Node
from flowforge.manifest.open_nodes import OpenList, OpenMap
from flowforge.manifest.syntax import ALIAS_OF_ITSELF, ALIAS_OF_NOTHING, SECOND_DOCUMENT, TAG, explain, position
from flowforge.tokens import literal

MAX_DEPTH: Final = 50
MAX_NODES: Final = 500_000
# So many characters of a text count as one more node.
_TEXT: Final = 100
# The C parser is much faster, but some builds of PyYAML come without it.
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML 1.2's core schema without octal, hexadecimal and fractions, which stay the text that was written, as 0123 does.
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
# Unlike YAML 1.1: `no`, `on` and `off` are texts here, so that a repository may have such a name.
_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Half of a UTF-16 pair. Python holds it in a str and cannot encode it, so it would fail where it is written.
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def parse(text: str, file: str, findings: Findings, *, loader: type = LOADER, most: int = MAX_NODES) -> Node:
    """Parse one document and return its root, a mapping. most: how many values it may come to.

    A problem that leaves the rest readable goes to `findings`. Raise ManifestError for one that does not: a limit
    (FF103), a syntax error (FF105), no mapping at all (FF107).
    """
    composer = _Composer(file, findings, most)
    try:
        for event in yaml.parse(text, Loader=loader):
            composer.take(event)
            # What follows the first document is reported and not read: it would hide what is wrong in the first.
            if composer.ended:
                break
    except yaml.YAMLError as error:
        raise ManifestError(explain(error, text, file)) from None
    root = composer.root
    if isinstance(root, MapNode):
        return root
    if root is None or root.data is None:
        what, where, fix = (
            "the manifest is empty",
            file,
            "begin it with `version: 1`; or remove it, and run `flowforge init`",
        )
    else:
        what, where, fix = (
            "a manifest is a mapping of keys, and this is not one",
            str(root.where),
            "begin it with `version: 1`",
        )
    raise ManifestError(Problem("FF107", what, where, fix=fix))


class _Composer:
    """Builds nodes from events, with a stack of the lists and mappings that are still open."""

    def __init__(self, file: str, findings: Findings, most: int) -> None:
        self._most = most
        self.root: Node | None = None
        self.ended = False
        self._file = file
        self._findings = findings
        self._stack: list[OpenList | OpenMap] = []
        self._anchors: dict[str, Node] = {}
        self._size = 0
        self._takers: Mapping[type[yaml.Event], Callable[[Any, Where], None]] = {
            yaml.DocumentStartEvent: self._document,
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.SequenceStartEvent: self._list,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceEndEvent: self._end,
            yaml.MappingEndEvent: self._end,
        }

    def take(self, event: yaml.Event) -> None:
        """Take the next event. Those that carry nothing, such as the start of the stream, are skipped."""
        taker = self._takers.get(type(event))
        if taker:
            taker(event, position(event.start_mark, self._file))

    def _document(self, _: yaml.DocumentStartEvent, where: Where) -> None:
        if self.root is not None:
            self.ended = True
            self._findings.keep(where, SECOND_DOCUMENT)

    def _scalar(self, event: yaml.ScalarEvent, where: Where) -> None:
        plain, text = event.implicit[0], event.value
        top = self._stack[-1] if self._stack else None
        # A merge is a plain << at the place of a key; in quotes it is a key like any other.
        if isinstance(top, OpenMap) and top.wants_key and plain and text == "<<":
            top.begin_merge(where, self._findings)
            return
        # A long text counts as many: an alias may repeat it a hundred thousand times.
        node = Node(where, _resolve(text) if plain else text, size=1 + len(text) // _TEXT)
        if literal().search(text):
            node.bad = True
            self._findings.keep(where, CREDENTIAL_FOUND.problem())
        elif not text.isascii() and _SURROGATE.search(text):
            # libyaml refuses such an escape, PyYAML's own parser does not.
            node.bad = True
            self._findings.keep(where, HALF_CHARACTER)
        self._refuse_tag(node, event.tag)
        self._finish(node, event.anchor)

    def _alias(self, event: yaml.AliasEvent, where: Where) -> None:
        # YAML lets an anchor be set again, and an alias means the last one before it.
        node = self._anchors.get(event.anchor or "")
        if any(each.anchor == event.anchor for each in self._stack):
            node = None
            self._findings.keep(where, ALIAS_OF_ITSELF)
        elif node is None:
            self._findings.keep(where, ALIAS_OF_NOTHING)
        # A bad node stands in for it, so that the mapping around it stays whole and is not reported again.
        node = node or Node(where, None, bad=True)
        self._limit(node, where)
        self._attach(node, where)

    def _list(self, event: yaml.SequenceStartEvent, where: Where) -> None:
        node = ListNode(where, [])
        self._refuse_tag(node, event.tag)
        self._limit(node, where)
        self._stack.append(OpenList(node, event.anchor))

    def _mapping(self, event: yaml.MappingStartEvent, where: Where) -> None:
        node = MapNode(where, {})
        self._refuse_tag(node, event.tag)
        self._limit(node, where)
        self._stack.append(OpenMap(node, event.anchor))

    def _end(self, _: yaml.Event, __: Where) -> None:
        top = self._stack.pop()
        top.close()
        # Only now, so that an alias within what it repeats is seen as such.
        if top.anchor:
            self._anchors[top.anchor] = top.node
        self._attach(top.node, top.node.where)

    def _finish(self, node: Node, anchor: str | None) -> None:
        self._limit(node, node.where)
        if anchor:
            self._anchors[anchor] = node
        self._attach(node, node.where)

    def _attach(self, node: Node, where: Where) -> None:
        """Add a node to the innermost list or mapping that is open."""
        if self._stack:
            self._stack[-1].take(node, where, self._findings)
        else:
            self.root = node

    def _refuse_tag(self, node: Node, tag: str | None) -> None:
        """Report a tag: with one, the file could choose the type of a value, which the schema decides."""
        if tag is not None:
            node.bad = True
            self._findings.keep(node.where, TAG)

    def _limit(self, node: Node, where: Where) -> None:
        """Count a node, or everything that an alias repeats, before it becomes part of anything.

        The path down is the stack and the node itself, so what a thousand aliases nest is measured without a walk.
        """
        if len(self._stack) + node.height > MAX_DEPTH:
            what, fix = f"this is nested more than {MAX_DEPTH} levels deep", "nest it less: no manifest needs ten"
            raise too_much(what, str(where), fix)
        self._size += node.size
        if self._size > self._most:
            what = f"the manifest has more than {self._most:,} values, counting each time what an alias repeats"
            fix = "name repositories in groups instead of repeating them, or split the manifest into several"
            raise too_much(what, str(where), fix)


def _resolve(text: str) -> str | int | bool | None:
    """Return the value of a plain scalar."""
    return int(text) if _INTEGER.fullmatch(text) else _WORDS.get(text, text)
