"""Decode bytes or half-decoded text to a value, without an exception that would carry the plaintext."""

import codecs
import re
from typing import Final

from flowforge.errors import Problem
from flowforge.vault import SecretValue

_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# What `surrogateescape` makes of bytes that are not UTF-8. A UnicodeDecodeError would hold the bytes themselves.
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def decode(origin: str, text: str) -> SecretValue | Problem:
    """Return text that was decoded with `surrogateescape`; FF223 if `origin` (`env X`, `file Y`) was not UTF-8."""
    if _SURROGATE.search(text):
        fix = "write it as plain text; a credential is ASCII"
        return Problem("FF223", f"{origin} is not UTF-8", fix=fix)
    return SecretValue(text)


def decode_file(origin: str, data: bytes) -> SecretValue | Problem:
    """Return a file's bytes without one final LF; FF223 as `decode`, FF228 for none, FF229 for a byte order mark."""
    if data.startswith(_MARKS):
        why = "the mark would be stored as part of the credential; some Windows editors and PowerShell's `>` write one"
        fix = "save it as UTF-8 without a byte order mark"
        return Problem("FF229", f"{origin} begins with a byte order mark", why=why, fix=fix)
    if not data.removesuffix(b"\n"):
        return Problem("FF228", f"{origin} is empty", fix="write the credential into it")
    return decode(origin, data.removesuffix(b"\n").decode("utf-8", "surrogateescape"))
