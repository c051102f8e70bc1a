"""Lines for a person's terminal: broken between words, at its width. A pipe and a file get them whole."""

import os
import re
from collections.abc import Iterator
from typing import Final, TextIO

from flowforge.on_demand import load

# Wider lines of prose are hard to read, however wide the terminal.
MOST_COLUMNS: Final = 100
# Patterns that few processes need: `re` compiles each when it is used, and every process loads this.
_COLOUR: Final = r"\x1b\[[0-9;]*m"
# A command in backticks is one word where a line can hold it, so that it can be copied.
_WORD: Final = r"(\s*)(\S*`[^`]+`\S*|\S+)"
_FURTHER: Final = 4
# Below this a further indent costs more lines than it makes clear.
_NARROW: Final = 40


def columns_of(stream: TextIO) -> int:
    """Return the columns of the terminal behind a stream; 0 if it is none, or does not say."""
    try:
        return columns_at(stream.fileno()) if stream.isatty() else 0
    except (OSError, ValueError):
        return 0


def columns_at(terminal: int) -> int:
    """Return the columns of an open terminal; 0 if it does not say."""
    try:
        return int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(terminal).columns
    except (OSError, ValueError):
        return 0


def fitted(text: str, columns: int, most: int = 0) -> str:
    """Return a text in lines of at most so many columns, as far as its words allow; as it is for 0.

    most: where prose is broken on a wider terminal. A command is broken only where the terminal itself is too narrow.
    """
    if not columns:
        return text
    width = min(columns, most or columns)
    return "\n".join(line for whole in text.split("\n") for line in _lines(whole, width, columns))


def _lines(whole: str, columns: int, terminal: int) -> Iterator[str]:
    if _width(whole) <= columns:
        yield whole
        return
    bare = re.sub(_COLOUR, "", whole)
    indent = len(bare) - len(bare.lstrip(" "))
    further = " " * (indent + (_FURTHER if columns >= _NARROW else 0))
    line = ""
    for gap, word in _words(whole, terminal - len(further)):
        if line.strip() and _width(line + gap + word) > columns:
            yield line
            line = further + word
        else:
            line += gap + word
    yield line


def _words(whole: str, most: int) -> Iterator[tuple[str, str]]:
    """Yield the words of a line, each with what stands before it."""
    for gap, word in re.findall(_WORD, whole):
        if _width(word) <= most:
            yield gap, word
        else:
            first, *rest = word.split(" ")
            yield gap, first
            yield from ((" ", each) for each in rest)


def _width(text: str) -> int:
    bare = re.sub(_COLOUR, "", text)
    return len(bare) if bare.isascii() else sum(map(_cells, bare))


def _cells(character: str) -> int:
    unicodedata = load("unicodedata")
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
