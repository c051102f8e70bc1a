"""Answers that are too much: few bytes that come to many, many that come to more, and heads without measure."""

import gzip
import json
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Final

from fuzz.hostile.server import Call, by_name

_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_PACKED: Final = _OK + b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
_GZIP: Final = "Content-Encoding: gzip"
_PIECE: Final = 1 << 16


def _empty_gzip(call: Call) -> None:
    """Send gzip whose blocks are empty, for ever."""
    call.say(_PACKED)
    block = b"\0\0\0\xff\xff" * 100
    call.say(b"a\r\n%s\r\n" % gzip.compress(b"")[:10])
    call.forever(b"%x\r\n%s\r\n" % (len(block), block), 0.005)


def _empty_members(call: Call) -> None:
    """Send gzip members that are empty, for ever."""
    call.say(_PACKED)
    member = gzip.compress(b"") * 10
    call.forever(b"%x\r\n%s\r\n" % (len(member), member), 0.005)


@cache
def _bomb(megabytes: int, head: bytes = b"", piece: bytes = b" ") -> bytes:
    """Pack a piece again and again. What gzip says at its end lacks: whoever gets there unpacked it all."""
    packer, block = zlib.compressobj(9, wbits=31), piece * (1_000_000 // len(piece))
    first, again = (packer.compress(each) + packer.flush(zlib.Z_FULL_FLUSH) for each in (head + block, block))
    return first + again * (megabytes - 1)


def _gzip_bomb(call: Call) -> None:
    """Send 100 MB as 100 KB of gzip."""
    call.stream([_bomb(100)], _GZIP)


def _gzip_in_gzip(call: Call) -> None:
    """Send a gigabyte as some KB of gzip in gzip."""
    call.stream([gzip.compress(_bomb(1000))], "Content-Encoding: gzip, gzip")


def _other_codings(call: Call) -> None:
    """Name codings that were not asked for, or that it is not in."""
    coding = call.rng.choice(("br", "deflate", "zstd", "gzip", "gzip, gzip, gzip", "compress", "\x80", "," * 50_000))
    call.say(call.honest().bytes(None, f"Content-Encoding: {coding}"))


def repeated(piece: bytes, size: int) -> Iterator[bytes]:
    """Yield a JSON list of a piece, again and again, in parts."""
    part = (piece + b",") * (_PIECE // (len(piece) + 1) + 1)
    yield b"["
    for _ in range(size // len(part) + 1):
        yield part
    yield piece + b"]"


def _large_json(call: Call) -> None:
    """Send a list of 31 MB, or of just less than is read, of the smallest things."""
    piece = call.rng.choice((b"{}", b"[]", b"0", b'""', b'{"":""}', b"1.5", b'"\\u00e9"'))
    call.stream(repeated(piece, call.rng.choice((31_000_000, 3_900_000, 900_000))))


def _packed_json(call: Call) -> None:
    """Send such a list as gzip."""
    call.stream([_bomb(31, b"[", b"{},")], _GZIP)


def _wide_text(call: Call) -> None:
    """Send one text of nearly 4 MB whose every character takes four bytes in memory."""
    key = call.rng.choice(("message", "documentation_url", "full_name", "name", "key"))
    body = b'{"%s": "%s%s"}' % (key.encode(), "\N{GRINNING FACE}".encode(), b"x" * 3_900_000)
    call.say(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (call.rng.choice((200, 404)), len(body)) + body)


@cache
def _list(text: str, count: int) -> bytes:
    time = "2026-11-23T08:00:00Z"
    items = [
        {"name": f"N{number}", "id": number, "full_name": f"acme/r{number}", "updated_at": time, "value": text}
        for number in range(1, 9_000)
    ]
    found = {"total_count": count or len(items), "secrets": items, "variables": items[:1]}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _long_list(call: Call) -> None:
    """Send a list that is one of GitHub's in all but its length; perhaps say that more comes."""
    text = call.rng.choice(("", "\N{GRINNING FACE}" + "x" * 300))
    if call.rng.random() < 1 / 2:
        call.say(call.honest().bytes(_list(text, 0)))
    else:
        more = f'Link: <http://{call.host}{call.target}&endless=1>; rel="next"'
        call.say(call.honest().bytes(_list(text, 10**9), more))


def _deep_json(call: Call) -> None:
    """Send JSON that is nested as deep as it gets."""
    depth = call.rng.choice((100, 900, 1_500, 20_000))
    call.stream([call.rng.choice((b"[", b'{"a":')) * depth])
    call.reset()


def _huge_headers(call: Call) -> None:
    """Send a megabyte of headers, as one or as many."""
    line = call.rng.choice((b"X: " + b"y" * 1_000_000 + b"\r\n", b"X: y\r\n" * 160_000, b"a:\r\n" * 250_000))
    call.say(_OK + line + b"\r\n{}")


def _many_headers(call: Call) -> None:
    """Send as many headers and cookies as are taken."""
    name = call.rng.choice(("X: y", "Set-Cookie: a=b", "a:", "Link: <x>"))
    said = call.honest()
    call.say(said.bytes(None, *[name] * (90_000 // (len(name) + 2))))


KINDS: Final = by_name(
    _empty_gzip,
    _empty_members,
    _gzip_bomb,
    _gzip_in_gzip,
    _other_codings,
    _large_json,
    _packed_json,
    _wide_text,
    _long_list,
    _deep_json,
    _huge_headers,
    _many_headers,
)
