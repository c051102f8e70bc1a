"""The one way to make text of a file's bytes: manifests, lists of repos, values, the state, saved plans.

Text is UTF-8. The mark that Windows editors and PowerShell put before it (U+FEFF, the byte order mark) is no part of
it, and whatever else a file holds is told by its name where its bytes show that.
"""

import codecs
import re
from typing import Final

from flowforge.data_class import dataclass

# The longer ones first: that of UTF-32 begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (b"\x84\x31\x95\x33", "GB 18030"),
)
# Without a mark: the first characters are of ASCII, and have zeros beside them. A single zero may be a slip.
_SHAPES: Final = (
    (re.compile(rb"(?:\0{3}[^\0]|[^\0]\0{3})(?:.{4})*", re.DOTALL), "UTF-32"),
    (re.compile(rb"(?:(?:\0[^\0]){2}|(?:[^\0]\0){2})(?:.{2})*", re.DOTALL), "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class NotUtf8:
    """What is known of bytes that are not text in UTF-8."""

    encoding: str
    """The encoding that they are in; empty where they do not show it."""
    start: int
    """How many bytes of UTF-8 come first, without the mark."""

    def __str__(self) -> str:
        """Return what they are, as in `this is …`."""
        return f"{self.encoding}, not UTF-8" if self.encoding else "not UTF-8"


def decode(data: bytes) -> str | NotUtf8:
    """Return the text of a file without its mark. What it is instead is returned too: an exception would hold bytes."""
    named = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    named = named or next((name for shape, name in _SHAPES if shape.fullmatch(data)), "")
    if named:
        return NotUtf8(named, 0)
    try:
        return without_mark(data).decode()
    except UnicodeDecodeError as error:
        return NotUtf8("", error.start)


def without_mark(data: bytes) -> bytes:
    """Return bytes without the mark of UTF-8."""
    return data.removeprefix(codecs.BOM_UTF8)
