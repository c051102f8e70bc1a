"""Parse YAML in one pass over its events, with positions, limits and our own sentences for what is wrong.

libyaml's composer recurses and dies of 100,000 brackets; its event stream does not. So we compose here, without
recursion, and what a hostile file could make large is counted while it grows.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml

from flowforge.errors import ManifestError, Problem, Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.literals import LITERAL
from flowforge.manifest.nodes import Data, Node
from flowforge.manifest.syntax import explain

MAX_DEPTH: Final = 50
MAX_NODES: Final = 500_000
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML 1.2's core schema, without octal, hexadecimal and floats: those stay the strings that were written.
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_WORDS: Final[Mapping[str, Data]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MERGE: Final = "<<"


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun. key: of a mapping, the key whose value comes next."""

    node: Node
    anchor: str | None
    inner: list[Node] = field(default_factory=list)
    key: str | None = None
    key_known: bool = False
    merged: list[Node] = field(default_factory=list)

    @property
    def wants_key(self) -> bool:
        return isinstance(self.node.parts, dict) and not self.key_known


def parse(text: str, file: str, findings: Findings) -> Node:
    """Parse one document and give its root, a mapping.

    What leaves the rest readable goes to `findings`; ManifestError is raised for what does not: a syntax error (FF105),
    a limit (FF103), no mapping at all (FF107).
    """
    composer = _Composer(file, findings)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            composer.take(event)
            if composer.ended:
                break
    except yaml.YAMLError as error:
        raise ManifestError(explain(error, text, file)) from None
    root = composer.root
    if root is None or root.data is None:
        fix = "begin it with `version: 1`, or run `flowforge init`"
        raise ManifestError(Problem("FF107", "the manifest is empty", file, fix=fix))
    if not isinstance(root.data, dict):
        fix = "begin it with `version: 1`"
        raise ManifestError(
            Problem("FF107", "a manifest is a mapping of keys, but this is none", str(root.where), fix=fix)
        )
    return root


class _Composer:
    """Builds nodes from events."""

    def __init__(self, file: str, findings: Findings) -> None:
        self.root: Node | None = None
        self.ended = False
        self._file = file
        self._findings = findings
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._size = 0
        self._takers: Mapping[type[yaml.Event], Callable[..., None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.SequenceStartEvent: self._begin_list,
            yaml.MappingStartEvent: self._begin_mapping,
            yaml.SequenceEndEvent: self._end,
            yaml.MappingEndEvent: self._end,
            yaml.DocumentStartEvent: self._document,
        }

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        taker = self._takers.get(type(event))
        if taker:
            taker(event, Where(self._file, event.start_mark.line + 1, event.start_mark.column + 1))

    def _document(self, _: yaml.Event, where: Where) -> None:
        if self.root is not None:
            self.ended = True
            fix = "remove the line ---, or put what follows into a file of its own"
            self._findings.add(
                where, "FF106", "a second document begins here", why="a manifest is one document", fix=fix
            )

    def _scalar(self, event: yaml.ScalarEvent, where: Where) -> None:
        plain = event.implicit[0]
        top = self._stack[-1] if self._stack else None
        if top and plain and event.value == _MERGE and top.wants_key:
            self._name(top, _MERGE, where)
            return
        node = Node(where, _resolve(event.value) if plain else event.value)
        if LITERAL.search(event.value):
            node.bad = True
            self._findings.add(
                where,
                "FF109",
                "this looks like a credential",
                why="a manifest goes into git, and whoever reads it there has the credential",
                fix="move it to a source, as {env: NAME}, and rotate it: it must be taken as known",
            )
        self._finish(node, event.tag, event.anchor)

    def _alias(self, event: yaml.AliasEvent, where: Where) -> None:
        node = self._anchors.get(event.anchor)
        if any(each.anchor == event.anchor for each in self._stack):
            self._findings.add(where, "FF106", "this alias stands inside of what it names", fix="write it out")
            node = None
        elif node is None:
            fix = "put &name before the value it is to repeat, further up in this file"
            self._findings.add(where, "FF106", "this alias names no anchor", fix=fix)
        self._attach(node or Node(where, None, bad=True), where)

    def _begin_list(self, event: yaml.SequenceStartEvent, where: Where) -> None:
        self._begin(Node(where, [], parts=[]), event)

    def _begin_mapping(self, event: yaml.MappingStartEvent, where: Where) -> None:
        self._begin(Node(where, {}, parts={}), event)

    def _begin(self, node: Node, event: yaml.CollectionStartEvent) -> None:
        self._limit(node)
        self._refuse_tag(node, event.tag)
        self._stack.append(_Open(node, event.anchor))

    def _end(self, _: yaml.Event, __: Where) -> None:
        top = self._stack.pop()
        for merged in top.merged:
            _merge(top.node, merged)
        top.node.close(top.inner)
        self._finish(top.node, None, top.anchor)

    def _finish(self, node: Node, tag: str | None, anchor: str | None) -> None:
        self._refuse_tag(node, tag)
        if anchor:
            self._anchors[anchor] = node
        self._attach(node, node.where)

    def _refuse_tag(self, node: Node, tag: str | None) -> None:
        if tag is not None:
            node.bad = True
            fix = "remove it; a text is put in quotes"
            self._findings.add(node.where, "FF106", "a tag (the word that begins with !) is not admitted", fix=fix)

    def _limit(self, node: Node) -> None:
        """Count a node, or all that an alias repeats, before it becomes a part of something."""
        if len(self._stack) + node.height > MAX_DEPTH:
            what = f"this is nested more than {MAX_DEPTH} levels deep"
            raise ManifestError(Problem("FF103", what, str(node.where), fix="nest it less; a manifest needs 6 levels"))
        self._size += node.size
        if self._size > MAX_NODES:
            what = f"the manifest has more than {MAX_NODES:,} values, those that aliases repeat included"
            fix = "name repositories in groups, not by repeating them, or split the manifest into several"
            raise ManifestError(Problem("FF103", what, str(node.where), fix=fix))

    def _attach(self, node: Node, where: Where) -> None:
        """Make a node a part of what is open, as an item, a key or a key's value."""
        # What has parts was counted when it began, piece by piece, unless an alias repeats it.
        if node.parts is None or where != node.where:
            self._limit(node)
        if not self._stack:
            self.root = node
            return
        top = self._stack[-1]
        if isinstance(top.node.parts, list):
            top.inner.append(node)
            top.node.parts.append(node)
            top.node.data.append(node.data)  # type: ignore[union-attr] -- data is a list where parts is
        elif top.wants_key:
            self._name(top, node.data if isinstance(node.data, str) else None, where)
        else:
            top.inner.append(node)
            self._value(top, node, where)

    def _name(self, top: _Open, key: str | None, where: Where) -> None:
        """Take a key. A key that is a duplicate, or no string, is reported, and its value dropped."""
        top.key, top.key_known = key, True
        if key is None:
            self._findings.add(where, "FF106", "a key must be a string", fix="put it in quotes")
        elif key in top.node.keys:
            top.key = None
            what = f"the key {quote(key)} stands here twice: first in line {top.node.keys[key].line}"
            fix = "write << once, with a list: <<: [*a, *b]" if key == _MERGE else "remove one of the two"
            self._findings.add(where, "FF108", what, fix=fix)
        else:
            top.node.keys[key] = where

    def _value(self, top: _Open, node: Node, where: Where) -> None:
        key, top.key, top.key_known = top.key, None, False
        if key == _MERGE:
            self._collect(top, node, where)
        elif key is not None:
            _put(top.node, key, node)

    def _collect(self, top: _Open, node: Node, where: Where) -> None:
        """Keep what << merges until the mapping ends, since its own keys go first."""
        merged = node.parts if isinstance(node.parts, list) else [node]
        for each in merged:
            if isinstance(each.parts, dict):
                top.merged.append(each)
            elif not each.bad:
                fix = "name a mapping's anchor: <<: *name"
                self._findings.add(where, "FF106", "<< merges mappings, and this is none", fix=fix)


def _put(mapping: Node, key: str, node: Node) -> None:
    mapping.parts[key] = node  # type: ignore[index, call-overload] -- called for mappings alone
    mapping.data[key] = node.data  # type: ignore[index, call-overload] -- as above


def _merge(mapping: Node, merged: Node) -> None:
    """Add the keys that a mapping does not have itself."""
    mapping.keys.pop(_MERGE, None)
    for key, node in merged.mapping().items():
        if key not in mapping.keys:
            mapping.keys[key] = merged.keys[key]
            _put(mapping, key, node)


def _resolve(text: str) -> Data:
    """Give the value of a plain scalar."""
    return int(text) if _INTEGER.fullmatch(text) else _WORDS.get(text, text)
