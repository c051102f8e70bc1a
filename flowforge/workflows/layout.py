"""Where the parts of a workflow file stand in its text, so that one entry can be added and nothing else is touched.

Whatever is not plain to see has no place here: flow style, what an alias repeats, a value over several lines. Whoever
asks is told None then, and leaves the file alone.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import yaml

from flowforge.data_class import dataclass
from flowforge.workflows.yaml_reader import LOADER

YamlPath = tuple[str | int, ...]
"""Keys and indexes from the root of a file."""

_INDENT: Final = 2
# What may stand as a plain scalar wherever a value may: it holds neither `: ` nor ` #`, and begins as a word does.
_PLAIN: Final = re.compile(r"(?!(?i:true|false|null)$|\d)[A-Za-z0-9_$(][A-Za-z0-9_.${}()\[\]'|&=!@/,*+-]*(?: [^ #:]+)*")
_AFTER_DASHES: Final = re.compile(r"[ \t]*(-[ \t]+)+")
_KEY_ALONE: Final = re.compile(r"[ \t-]*[\w-]+:")
_VERSION: Final = re.compile(r"v?\d+(\.\d+)*\b")
_COMMENT: Final = re.compile(r"[ \t]+#[ \t]*(.*?)[ \t\r]*$")


@dataclass(frozen=True, slots=True, order=True)
class TextEdit:
    """A piece of a text, by its offsets in characters, and what comes in its place."""

    start: int
    end: int
    text: str


class Layout:
    """Where the entries of one file stand."""

    def __init__(self, text: str) -> None:
        """Take the text of a file that the reader has read, without its byte order mark."""
        self._text: Final = text
        self._root: Final[Any] = yaml.compose(text, Loader=LOADER)
        self._repeated: Final = _repeated(self._root)
        ends_in = re.search("\r?\n", text)
        self._newline: Final = ends_in.group() if ends_in else "\n"

    def added(
        self, path: YamlPath, key: str, value: str | Sequence[tuple[str, str]], after: Sequence[str] = ()
    ) -> TextEdit | None:
        """Return the edit that adds an entry to a mapping in block style; None where its place is not plain to see.

        value: a text, or the entries of a mapping below it. after: keys behind which it stands best.
        """
        mapping = self._block(path)
        if mapping is None or any(name.value.lower() == key.lower() for name, _ in mapping.value):
            return None
        lines = self._lines(mapping, key, value)
        if lines is None:
            return None
        column = " " * mapping.value[0][0].start_mark.column
        entry = self._behind(mapping, after)
        if entry is not None:
            end = self._end_of_line(entry[1].end_mark.index)
            return TextEdit(end, end, "".join(f"{self._newline}{column}{line}" for line in lines))
        start = mapping.value[0][0].start_mark.index
        if not self._is_first(start):
            return None
        return TextEdit(start, start, "".join(f"{line}{self._newline}{column}" for line in lines))

    def replaced(self, path: YamlPath, old: str, new: str) -> TextEdit | None:
        """Return the edit that replaces a value on one line, in the quotes that it has."""
        node = self._scalar(path)
        if node is None or node.value != old:
            return None
        start, end = node.start_mark.index, node.end_mark.index
        raw = self._text[start:end]
        if node.style == "'" and raw == _single(old):
            return TextEdit(start, end, _single(new))
        if node.style == '"' and raw == f'"{old}"' and not set(new) & {'"', "\\"}:
            return TextEdit(start, end, f'"{new}"')
        # libyaml calls a plain scalar's style an empty text, and PyYAML's own parser None.
        return TextEdit(start, end, new) if not node.style and raw == old and _PLAIN.fullmatch(new) else None

    def noted(self, path: YamlPath, version: str, was: str | None) -> TextEdit | None:
        """Return the edit that says a version in the comment beside a value.

        was: the only text that it replaces; None where any version is replaced, and one is added where none stands.
        """
        node = self._scalar(path)
        if node is None:
            return None
        start = node.end_mark.index
        end = self._end_of_line(start)
        comment = _COMMENT.match(self._text[start:end])
        said = _VERSION.match(comment.group(1)) if comment else None
        if comment and said and was in {None, said.group()}:
            begin = start + comment.start(1)
            return TextEdit(begin, begin + said.end(), version)
        if was is not None:
            return None
        return TextEdit(start, start, f" # {version}") if comment is None else self._prefixed(start, comment, version)

    def _prefixed(self, start: int, comment: re.Match[str], version: str) -> TextEdit:
        begin = start + comment.start(1)
        return TextEdit(begin, begin, f"{version} " if comment.group(1) else version)

    def _lines(self, mapping: Any, key: str, value: str | Sequence[tuple[str, str]]) -> list[str] | None:  # noqa: ANN401 -- a yaml.MappingNode
        if isinstance(value, str):
            written = _written(value)
            return None if written is None else [f"{key}: {written}"]
        below = [(name, _written(text)) for name, text in value]
        if any(text is None for _, text in below):
            return None
        indent = " " * self._indent(mapping)
        return [f"{key}:", *(f"{indent}{name}: {text}" for name, text in below)]

    def _indent(self, mapping: Any) -> int:  # noqa: ANN401 -- a yaml.MappingNode
        """Return how far this mapping's own children are indented, so that a new one looks like them."""
        for name, value in mapping.value:
            if isinstance(value, yaml.MappingNode) and not value.flow_style and value.value:
                column: int = value.value[0][0].start_mark.column - name.start_mark.column
                return column
        return _INDENT

    def _node(self, path: YamlPath) -> Any:  # noqa: ANN401 -- a yaml.Node
        """Return the node at a path; None where there is none, or where its text stands for two places."""
        node = self._root
        for part in path:
            node = _child(node, part)
            if node is None or id(node) in self._repeated:
                return None
        return node

    def _block(self, path: YamlPath) -> Any:  # noqa: ANN401 -- a yaml.MappingNode
        node = self._node(path)
        return node if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value else None

    def _scalar(self, path: YamlPath) -> Any:  # noqa: ANN401 -- a yaml.ScalarNode
        """Return a scalar on one line whose mapping is in block style."""
        node = self._node(path)
        if self._block(path[:-1]) is None or not isinstance(node, yaml.ScalarNode) or node.style in {"|", ">"}:
            return None
        return None if "\n" in self._text[node.start_mark.index : node.end_mark.index] else node

    def _behind(self, mapping: Any, after: Sequence[str]) -> Any:  # noqa: ANN401 -- a yaml.MappingNode and its entry
        """Return the entry on one line behind which a new one stands; None where there is none."""
        lone = [entry for entry in mapping.value if self._is_one_line(*entry)]
        named = {entry[0].value: entry for entry in lone}
        return next((named[key] for key in after if key in named), lone[-1] if lone else None)

    def _is_one_line(self, key: Any, value: Any) -> bool:  # noqa: ANN401 -- two yaml.Nodes
        # An alias has its position where its anchor is, so its end says nothing of this line.
        if id(value) in self._repeated or value.start_mark.index < key.end_mark.index:
            return False
        in_block = isinstance(value, yaml.CollectionNode) and not value.flow_style
        return not in_block and "\n" not in self._text[key.start_mark.index : value.end_mark.index]

    def _is_first(self, start: int) -> bool:
        """Whether nothing but dashes, or the key that it belongs to, stands before a mapping: no comment, no anchor."""
        line = self._text.rfind("\n", 0, start) + 1
        before = self._text[line:start]
        if _AFTER_DASHES.fullmatch(before):
            return True
        above = self._text[self._text.rfind("\n", 0, max(line - 1, 0)) + 1 : line].rstrip()
        return not before.strip() and bool(_KEY_ALONE.fullmatch(above))

    def _end_of_line(self, index: int) -> int:
        end = self._text.find("\n", index)
        if end < 0:
            return len(self._text)
        return end - 1 if self._text[end - 1] == "\r" else end


def _repeated(root: Any) -> set[int]:  # noqa: ANN401 -- a yaml.Node
    """Return the ids of the nodes that aliases repeat."""
    seen: set[int] = set()
    repeated: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            repeated.add(id(node))
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            stack.extend(each for pair in node.value for each in pair)
        elif isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
    return repeated


def _child(node: Any, part: str | int) -> Any:  # noqa: ANN401 -- yaml.Nodes
    if isinstance(part, int):
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        return items[part] if part < len(items) else None
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == part), None)


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _written(text: str) -> str | None:
    """Return a text as a scalar on one line; None where it takes more."""
    if not text.isprintable() or not text:
        return None
    return text if _PLAIN.fullmatch(text) else _single(text)
