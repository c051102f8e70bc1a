"""Explain what is wrong with YAML in our own words. The parser's text may quote a value, so none of it is shown."""

import re
from dataclasses import replace
from typing import Final, Protocol

import yaml

from flowforge.data_class import dataclass
from flowforge.errors import Problem, Where


class Mark(Protocol):
    """A position of the parser. Both numbers count from 0."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class _Known:
    """An error that a parser reports in fixed words."""

    said: str
    """A part of the parser's words, by which the error is known."""
    problem: Problem
    at_start: bool = False
    """Whether it is shown where the construct began, and not where the parser gave up."""


_UNFITTING: Final = Problem(
    "FF105",
    "this does not fit what stands before it",
    fix="indent what belongs together alike, and let nothing follow a closing quote or bracket",
)
_TAB: Final = Problem("FF105", "a tab cannot indent YAML", fix="indent with spaces")
_ESCAPE: Final = Problem(
    "FF105", "this escape is not known in double quotes", fix="double the backslash, or use single quotes"
)
_QUOTE: Final = Problem("FF105", "the quote that opens here is not closed", fix="close it")
_LIST: Final = Problem(
    "FF105", "the list that opens here is not closed", fix="write commas between items, and ] at its end"
)
_MAPPING: Final = Problem(
    "FF105", "the mapping that opens here is not closed", fix="write commas between entries, and } at its end"
)
_NO_VALUE: Final = Problem("FF105", "a value is missing here", fix="write one, or close the brackets")
_COLON: Final = Problem(
    "FF105", "a colon cannot stand here", fix="put a text with `: ` in it in quotes, or begin a new line"
)
_NO_COLON: Final = Problem("FF105", "a colon is missing after this", fix="write `key: value`")
_NO_LIST: Final = Problem("FF105", "a list cannot begin here", fix="begin a new line before its first `- `")
# Words of libyaml and of PyYAML's own parser, tried in this order: the more special ones come first.
_KNOWN: Final = (
    _Known("escape", _ESCAPE),
    _Known("hexdecimal", _ESCAPE),
    _Known("quoted scalar", _QUOTE, at_start=True),
    _Known("',' or ']'", _LIST, at_start=True),
    _Known("',' or '}'", _MAPPING, at_start=True),
    _Known("node content", _NO_VALUE),
    _Known("mapping values are not allowed", _COLON),
    _Known("expected ':'", _NO_COLON, at_start=True),
    _Known("sequence entries are not allowed", _NO_LIST),
    _Known("tab character", _TAB),
    _Known("block mapping", _UNFITTING),
    _Known("block collection", _UNFITTING),
    _Known("<document start>", _UNFITTING),
)
# Without its space a `-` or a colon is a part of a text, which goes on in the next line: the parser gives up there.
_TORN: Final = (_COLON, _NO_COLON)
_GLUED: Final = (
    (
        re.compile(r"\s*-(?=[^\s-])"),
        Problem("FF105", "a space is missing after this -", fix="write `- ` before each item of a list"),
    ),
    (
        re.compile(r"\s*(?:- +)?\w+:(?=[^\s:])"),
        Problem("FF105", "a space is missing after this colon", fix="write `key: value`"),
    ),
)
# By the character that no token can begin with.
_FIRST: Final = {
    "\t": _TAB,
    "@": Problem("FF105", "a text cannot begin with @", fix="put it in quotes"),
    "`": Problem("FF105", "a text cannot begin with `", fix="put it in quotes"),
    "%": Problem("FF105", "a text cannot begin with %", fix="put it in quotes"),
}
_STRANGE: Final = Problem("FF105", "this is not YAML", fix="put a text of special characters in quotes")
_OTHER: Final = Problem("FF105", "this is not YAML", fix="check the brackets, quotes and indentation here")

# What YAML has and a manifest does not.
SECOND_DOCUMENT: Final = Problem(
    "FF106",
    "a second document begins here",
    why="a manifest is one document",
    fix="remove the line ---, or make a file of what follows",
)
ALIAS_OF_ITSELF: Final = Problem("FF106", "this alias is inside the value that it repeats", fix="write it out")
ALIAS_OF_NOTHING: Final = Problem(
    "FF106", "this alias has no anchor", fix="put &name before the value that it repeats, further up in this file"
)
TAG: Final = Problem(
    "FF106",
    "a tag, the word that begins with !, is not allowed",
    fix="remove it, or put the text in quotes",
)
KEY_OF_OTHER_TYPE: Final = Problem("FF106", "a key must be a string", fix="put it in quotes")
MERGE_OF_OTHER_TYPE: Final = Problem("FF106", "<< merges mappings, and this is not one", fix="write <<: *name")


def explain(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Return the problem (FF105) of a parser's error."""
    where = position(getattr(error, "problem_mark", None), file)
    start = position(getattr(error, "context_mark", None), file)
    said = f"{getattr(error, 'context', '')} {getattr(error, 'problem', '')}"
    if "cannot start any token" in said:
        return replace(_FIRST.get(_character(text, where), _STRANGE), where=str(where))
    for known in _KNOWN:
        if known.said in said:
            glued = _glued(text, where) if known.problem in _TORN else None
            return glued or replace(known.problem, where=str(start if known.at_start else where))
    return replace(_OTHER, where=str(where))


def _glued(text: str, where: Where) -> Problem | None:
    """Return the problem of a space that is missing in the line where a parser gave up, or in the one before."""
    written = [(number, line) for number, line in enumerate(text.splitlines()[: where.line], 1) if line.strip()]
    for number, line in reversed(written[-2:]):
        for form, problem in _GLUED:
            if found := form.match(line):
                return replace(problem, where=str(Where(where.file, number, found.end())))
    return None


def position(mark: Mark | None, file: str) -> Where:
    """Return a parser's position, counted from 1 as people do; the whole file if there is none."""
    return Where(file, mark.line + 1, mark.column + 1) if mark else Where(file)


def _character(text: str, where: Where) -> str:
    lines = text.splitlines()
    line = lines[where.line - 1] if where.line <= len(lines) else ""
    return line[where.column - 1 : where.column]
