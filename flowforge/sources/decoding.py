"""Decode bytes or half-decoded text to a value, without an exception that would carry the plaintext."""

import re
from typing import Final

from flowforge import text_encoding
from flowforge.errors import Problem
from flowforge.text_encoding import NotUtf8
from flowforge.vault import SecretValue

# What `surrogateescape` makes of bytes that are not UTF-8. A UnicodeDecodeError would hold the bytes themselves.
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LINE_END: Final = re.compile(r"\r?\n\Z")


def decode(origin: str, text: str) -> SecretValue | Problem:
    """Return text that was decoded with `surrogateescape`; FF223 if `origin` (`env X`, `file Y`) was not UTF-8."""
    if _SURROGATE.search(text):
        return _not_utf8(origin, NotUtf8("", 0))
    return SecretValue(text)


def decode_whole(origin: str, data: bytes) -> SecretValue | Problem:
    """Return all that a file holds or a program printed, without its mark and one line end (LF or CR LF), or FF223.

    The value is empty where there is no more than that.
    """
    text = text_encoding.decode(data)
    return _not_utf8(origin, text) if isinstance(text, NotUtf8) else SecretValue(_LINE_END.sub("", text))


def _not_utf8(origin: str, found: NotUtf8) -> Problem:
    return Problem("FF223", f"{origin} is {found}", fix="write it as plain text; a credential is ASCII")
