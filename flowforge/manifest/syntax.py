"""Explain what is wrong with YAML in our own words. The parser's text may quote a value, so none of it is shown."""

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
    what: str
    fix: str
    at_start: bool = False
    """Whether it is shown where the construct began, and not where the parser gave up."""


_UNFITTING: Final = "this does not fit what stands before it"
_ALIKE: Final = "indent what belongs together alike, and let nothing follow a closing quote or bracket"
_TAB: Final = ("a tab cannot indent YAML", "indent with spaces")
# Words of libyaml and of PyYAML's own parser, tried in this order: the more special ones come first.
_KNOWN: Final = (
    _Known("escape", "this escape is not known in double quotes", "double the backslash, or use single quotes"),
    _Known("hexdecimal", "this escape is not known in double quotes", "double the backslash, or use single quotes"),
    _Known("quoted scalar", "the quote that opens here is not closed", "close it", at_start=True),
    _Known(
        "',' or ']'",
        "the list that opens here is not closed",
        "write commas between items, and ] at its end",
        at_start=True,
    ),
    _Known(
        "',' or '}'",
        "the mapping that opens here is not closed",
        "write commas between entries, and } at its end",
        at_start=True,
    ),
    _Known("node content", "a value is missing here", "write one, or close the brackets"),
    _Known(
        "mapping values are not allowed",
        "a colon cannot stand here",
        "put a text with `: ` in it in quotes, or begin a new line",
    ),
    _Known("expected ':'", "a colon is missing after this", "write `key: value`", at_start=True),
    _Known("sequence entries are not allowed", "a list cannot begin here", "begin a new line before its first `- `"),
    _Known("tab character", *_TAB),
    _Known("block mapping", _UNFITTING, _ALIKE),
    _Known("block collection", _UNFITTING, _ALIKE),
    _Known("<document start>", _UNFITTING, _ALIKE),
)
# By the character that no token can begin with.
_FIRST: Final = {
    "\t": _TAB,
    "@": ("a text cannot begin with @", "put it in quotes"),
    "`": ("a text cannot begin with `", "put it in quotes"),
    "%": ("a text cannot begin with %", "put it in quotes"),
}

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
        what, fix = _FIRST.get(
            _character(text, where), ("this is not YAML", "put a text of special characters in quotes")
        )
        return Problem("FF105", what, str(where), fix=fix)
    for known in _KNOWN:
        if known.said in said:
            return Problem("FF105", known.what, str(start if known.at_start else where), fix=known.fix)
    return Problem("FF105", "this is not YAML", str(where), fix="check the brackets, quotes and indentation here")


def position(mark: Mark | None, file: str) -> Where:
    """Return a parser's position, counted from 1 as people do; the whole file if there is none."""
    return Where(file, mark.line + 1, mark.column + 1) if mark else Where(file)


def _character(text: str, where: Where) -> str:
    lines = text.splitlines()
    line = lines[where.line - 1] if where.line <= len(lines) else ""
    return line[where.column - 1 : where.column]
