"""Bytes to text: the mark of UTF-8 is no part of it, and what is not UTF-8 is told by its name."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.text_encoding import NotUtf8, decode, without_mark

# What YAML, JSON and lists of names consist of: no NUL, and it begins with a character of ASCII.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
ASCII = st.characters(min_codepoint=1, max_codepoint=127)
BEGINNING = st.tuples(ASCII, ASCII).map("".join)


@given(TEXT)
def test_utf_8_is_read_with_and_without_its_mark(text: str) -> None:
    """What was written as UTF-8 is read back, and one mark is dropped."""
    text = text.lstrip("\ufeff")
    assert [text] * 2 == [decode(text.encode()), decode(codecs.BOM_UTF8 + text.encode())]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@given(beginning=BEGINNING, text=TEXT)
def test_a_wider_encoding_is_named(encoding: str, beginning: str, text: str) -> None:
    """UTF-16 and UTF-32 are known by their mark, and by their zeros where they have none."""
    named = NotUtf8(encoding[:6].upper(), 0)
    assert [named] * 2 == [decode((mark + beginning + text).encode(encoding)) for mark in ("\ufeff", "")]


@pytest.mark.parametrize(
    ("data", "found", "shown"),
    [
        (b"\xff", NotUtf8("", 0), "not UTF-8"),
        (b"ab\xe9", NotUtf8("", 2), "not UTF-8"),
        (codecs.BOM_UTF8 + b"ab\xe9", NotUtf8("", 2), "not UTF-8"),
        (b"\xed\xa0\x80", NotUtf8("", 0), "not UTF-8"),
        (b"\xff\xfe", NotUtf8("UTF-16", 0), "UTF-16, not UTF-8"),
        (b"\x84\x31\x95\x33", NotUtf8("GB 18030", 0), "GB 18030, not UTF-8"),
    ],
)
def test_what_is_not_utf_8(data: bytes, found: NotUtf8, shown: str) -> None:
    """Where it ceases to be UTF-8 is counted without the mark; it is named where the bytes show a name."""
    assert (found, shown) == (decode(data), str(decode(data)))


@pytest.mark.parametrize("data", [b"", b"a\0b", b"ab\0", b"a\0", b"\0", b"\0a", b"a\0bcd\0", b"\0\0\0\0"])
def test_a_single_zero_is_a_slip(data: bytes) -> None:
    """It does not make another encoding of a text: whoever reads it says what it may not hold."""
    assert data.decode() == decode(data)


@given(st.binary(max_size=20))
def test_any_bytes_are_text_or_named(data: bytes) -> None:
    """No bytes make it raise, and text encodes to what was read."""
    text = decode(data)
    assert isinstance(text, NotUtf8) or text.encode() == without_mark(data)
