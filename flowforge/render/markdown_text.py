"""Text from outside in markdown: as code, or in a sentence. Whatever it holds, it stays text there, and in one cell.

GitHub reads a comment twice: as markdown, and then the texts of the page for people (`@name`), issues (`#1`) and
addresses. What is code is not read the second time; in a sentence a space without width keeps those apart.
"""

import re
from typing import Final

from flowforge.errors import printable

# What needs no escape within backticks. With anything else the code is written as HTML has it, in numbers.
_PLAIN: Final = re.compile(r"[^`|\\<>&\s](?:[^`|\\<>&]*[^`|\\<>&\s])?")
_LETTERS: Final = re.compile(r"[^A-Za-z0-9 -]")
_MARKED: Final = re.compile(r"[*_\[\]~$!=^{}]")
_NUMBERED: Final = re.compile(r"[\\`|<>&]")
# What would begin a list, a line or a block at the start of a line.
_BEGINS: Final = re.compile(r"\s|[-+#]|\d+[.)]")
_APART: Final = "&#8203;"
# What becomes a link of its own: people, issues in both of their forms, addresses.
_LINKS: Final = re.compile(r"(?<=[@#])|(?<=\bGH)(?=-\d)|(?<=:)(?=//)|(?<=\bwww)(?=\.)", re.IGNORECASE)


def code(text: str) -> str:
    """Return a name from outside as code; nothing for an empty one."""
    shown = printable(text)
    if not shown:
        return ""
    if _PLAIN.fullmatch(shown):
        return f"`{shown}`"
    return f"<code>{_LETTERS.sub(_number, shown)}</code>"


def prose(text: str) -> str:
    """Return a sentence that may quote what is outside. What it has between backticks is code."""
    shown = printable(text)
    pieces = shown.split("`")
    if len(pieces) % 2 == 0:  # one is left alone, so none of them means anything
        pieces = [shown]
    said = "".join(code(piece) if index % 2 else _escaped(piece) for index, piece in enumerate(pieces))
    return f"{_APART}{said}" if _BEGINS.match(shown) else said


def _escaped(text: str) -> str:
    # Marks first, for what is put in afterwards has some of them.
    apart = "\0".join(_LINKS.split(text))
    numbered = _NUMBERED.sub(_number, apart)
    return _MARKED.sub(r"\\\g<0>", numbered).replace("\0", _APART)


def _number(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(char)};" for char in found[0])
