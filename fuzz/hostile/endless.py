"""Answers that never end: each holds a client for as long as that lets itself be held."""

from typing import Final

from fuzz.hostile.server import Call, by_name

_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED: Final = _OK + b"Transfer-Encoding: chunked\r\n\r\n"


def _slow_headers(call: Call) -> None:
    """Send headers a byte at a time, for ever."""
    call.say(b"HTTP/1.1 200 OK\r\n")
    while True:
        call.drip(b"X-Slow: y\r\n")


def _slow_status(call: Call) -> None:
    """Send the status line a byte at a time, for ever."""
    call.say(b"HTTP/1.1 200 ")
    call.forever(b"O", 0.01)


def _continue(call: Call) -> None:
    """Send `100 Continue`, as fast as it goes, for ever."""
    call.forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def _early_hints(call: Call) -> None:
    """Send `103 Early Hints` now and then, for ever."""
    call.forever(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n", 0.01)


def _slow_body(call: Call) -> None:
    """Send the honest answer a byte at a time."""
    said = call.honest()
    call.say(said.bytes(b"", length=len(said.body) + 100_000))
    call.drip(said.body + b" " * 100_000)


def _chunks(call: Call) -> None:
    """Send chunks of one byte, as fast as it goes, for ever."""
    call.say(_CHUNKED)
    call.forever(b"1\r\n \r\n" * 1000)


def _chunk_extension(call: Call) -> None:
    """Send one chunk's extension, for ever."""
    call.say(_CHUNKED + b"1;")
    call.forever(b"x", 0.01)


def _trailers(call: Call) -> None:
    """Send the honest body, and then trailers for ever."""
    body = call.honest().body
    call.say(_CHUNKED + b"%x\r\n%s\r\n0\r\n" % (len(body), body) if body else _CHUNKED + b"0\r\n")
    call.forever(b"X-More: y\r\n", 0.01)


def _silence(call: Call) -> None:
    """Say nothing at all."""
    call.hold()


def _half_closed(call: Call) -> None:
    """Send half of an answer, close this side, and keep the other open."""
    data = call.honest().bytes()
    call.say(data[: len(data) // 2])
    call.connection.shutdown(1)
    call.hold()


def _endless_next(call: Call) -> None:
    """Answer honestly with a next page, and so on."""
    said, (path, _, query) = call.honest(), call.target.partition("?")
    page = call.rng.randrange(10**12)
    kept = "&".join(part for part in query.split("&") if not part.startswith(("page=", "endless=")))
    call.say(said.bytes(None, f'Link: <http://{call.host}{path}?{kept}&endless={page}>; rel="next"'))


KINDS: Final = by_name(
    _slow_headers,
    _slow_status,
    _continue,
    _early_hints,
    _slow_body,
    _chunks,
    _chunk_extension,
    _trailers,
    _silence,
    _half_closed,
    _endless_next,
)
