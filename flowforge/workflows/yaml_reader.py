"""Read YAML as GitHub's runner does: `on` is a string, anchors are followed, `<<` merges nothing, a key stands once.

One pass over libyaml's events without recursion, so that no file, however nested, costs more than its length.
"""

import re
from bisect import bisect_left
from dataclasses import field
from typing import Any, Final, Protocol

import yaml

from flowforge.data_class import dataclass
from flowforge.workflows.nodes import Scalar, YamlList, YamlMapping, YamlNode

MAX_DEPTH: Final = 100
MAX_NODES: Final = 200_000
"""Values of a file, counting each time what an alias repeats."""
_TOO_DEEP: Final = f"it is nested more than {MAX_DEPTH} levels deep"
_TOO_MANY: Final = f"it comes to more than {MAX_NODES:,} values"
# Where PyYAML was built without libyaml, its own parser gives the same events, and takes longer.
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML 1.2, production [1] c-printable. libyaml names the first such character by its offset and not by its line.
_UNFIT: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


# libyaml begins a line behind each of these; git, GitHub and editors do so behind a line feed alone.
_OTHER_BREAKS: Final = re.compile("[\x85\u2028\u2029]|\r(?!\n)")


class _Mark(Protocol):
    """A position of the parser. All numbers count from 0."""

    index: int
    line: int
    column: int


class _Places:
    """Lines and columns as people count them, from 1."""

    def __init__(self, text: str) -> None:
        # Nearly every file has line feeds alone, and then the parser's own numbers are these.
        self._feeds = [each.start() for each in re.finditer("\n", text)] if _OTHER_BREAKS.search(text) else None

    def of(self, mark: _Mark) -> tuple[int, int]:
        """Return the line and the column of a position."""
        if self._feeds is None:
            return mark.line + 1, mark.column + 1
        line = bisect_left(self._feeds, mark.index)
        return line + 1, mark.index - (self._feeds[line - 1] if line else -1)


class UnreadableError(Exception):
    """A file that GitHub's runner could not read. It is a result of a file, and never ends a run."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        """Take the reason as a clause of our own words, and its position."""
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


def decode(data: bytes | str) -> str:
    """Return the text of a file. Raise UnreadableError for what is not UTF-8 or holds a character that YAML refuses."""
    text = (_utf8(data) if isinstance(data, bytes) else data).removeprefix("\ufeff")
    unfit = _UNFIT.search(text)
    if unfit:
        line = text.count("\n", 0, unfit.start()) + 1
        reason = f"the character U+{ord(unfit.group()):04X} cannot stand in YAML"
        raise UnreadableError(reason, line)
    return text


def _utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError("it is not UTF-8", line) from None


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun."""

    node: YamlList | YamlMapping
    anchor: str | None
    key: str | None = None
    """The key whose value comes next."""
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class _Measured:
    """A finished node with what an alias of it would repeat."""

    node: YamlNode
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class _Composer:
    places: _Places
    root: YamlNode | None = None
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, _Measured] = field(default_factory=dict)
    size: int = 0

    def scalar(self, event: yaml.ScalarEvent) -> None:
        mark: Any = event.start_mark
        node = Scalar(*self.places.of(mark), event.value, event.implicit[0])
        done = _Measured(node)
        if event.anchor:
            self.anchors[event.anchor] = done
        self._take(done, mark)

    def alias(self, event: yaml.AliasEvent) -> None:
        mark: Any = event.start_mark
        # An anchor counts once its node has ended, so no node can hold itself.
        done = self.anchors.get(event.anchor or "")
        if done is None:
            raise self._unreadable("this alias has no anchor before it", mark)
        self._take(done, mark)

    def begin(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        mark: Any = event.start_mark
        if len(self.stack) >= MAX_DEPTH:
            raise self._unreadable(_TOO_DEEP, mark)
        self._only_one(mark)
        kind = YamlList if isinstance(event, yaml.SequenceStartEvent) else YamlMapping
        self.stack.append(_Open(kind(*self.places.of(mark)), event.anchor))

    def end(self, event: yaml.Event) -> None:
        top = self.stack.pop()
        done = _Measured(top.node, top.size, top.height)
        if top.anchor:
            self.anchors[top.anchor] = done
        mark: Any = event.start_mark
        self._take(done, mark)

    def _unreadable(self, reason: str, mark: _Mark) -> UnreadableError:
        return UnreadableError(reason, *self.places.of(mark))

    def _only_one(self, mark: _Mark) -> None:
        if not self.stack and self.root is not None:
            raise self._unreadable("a second document begins here", mark)

    def _take(self, done: _Measured, mark: _Mark) -> None:
        """Put a finished node where it belongs, and count it: an alias counts all that it repeats."""
        self.size += done.size
        if self.size > MAX_NODES:
            raise self._unreadable(_TOO_MANY, mark)
        if not self.stack:
            self._only_one(mark)
            self.root = done.node
            return
        top = self.stack[-1]
        top.size += done.size
        top.height = max(top.height, done.height + 1)
        if len(self.stack) + done.height > MAX_DEPTH:
            raise self._unreadable(_TOO_DEEP, mark)
        if isinstance(top.node, YamlList):
            top.node.parts.append(done.node)
        else:
            _add(top, top.node, done.node)


def _add(top: _Open, mapping: YamlMapping, node: YamlNode) -> None:
    """Take a key of a mapping, or the value of the last key."""
    if top.key is not None:
        mapping.parts[top.key] = node
        top.key = None
        return
    if not isinstance(node, Scalar):
        raise UnreadableError("a key must be a text", node.line, node.column)
    if node.value in mapping.lines:
        # GitHub refuses the whole file: '<key>' is already defined.
        reason = f"a key stands twice, first in line {mapping.lines[node.value]}"
        raise UnreadableError(reason, node.line, node.column)
    top.key = node.value
    mapping.lines[node.value] = node.line


def read_yaml(data: bytes | str) -> YamlNode:
    """Return the root of a file. Raise UnreadableError for what is no YAML, or is beyond the limits."""
    text = decode(data)
    places = _Places(text)
    composer = _Composer(places)
    takers = {
        yaml.ScalarEvent: composer.scalar,
        yaml.AliasEvent: composer.alias,
        yaml.SequenceStartEvent: composer.begin,
        yaml.MappingStartEvent: composer.begin,
        yaml.SequenceEndEvent: composer.end,
        yaml.MappingEndEvent: composer.end,
    }
    try:
        for event in yaml.parse(text, Loader=LOADER):
            taker = takers.get(type(event))
            if taker is not None:
                taker(event)  # type: ignore[operator]  # -- each takes the events of its row
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # The parser's own words may quote a value, so none of them are shown.
        # What never ends is noticed behind the last line.
        last = text.rstrip("\n").count("\n") + 1
        line, column = places.of(mark) if mark else (1, 1)
        raise UnreadableError("it is not YAML", min(line, last), column) from None
    # An empty file is an empty text, and so no workflow: those are mappings.
    return composer.root or Scalar(1, 1, "")
