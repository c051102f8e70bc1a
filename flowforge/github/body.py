"""The bytes of an answer: the media types that are asked for, and bounds on what is read."""

from collections.abc import Iterable
from time import monotonic
from typing import Final

from flowforge.github.answer import Broken

JSON: Final = "application/vnd.github+json"
OBJECT: Final = "application/vnd.github.object+json"  # JSON that is one shape for files of every size, and for folders
RAW: Final = "application/vnd.github.raw+json"
_JSON_BYTES: Final = 32_000_000
_RAW_BYTES: Final = 100_000_000  # GitHub's own most
_BODY_SECONDS: Final = 30.0  # for as much JSON as it may be, and as much longer for raw bytes


def whole_body(parts: Iterable[bytes], *, raw: bool) -> bytes | Broken:
    """Read a body whole: httpx bounds the wait for each part alone, and neither their number nor their sum."""
    most = _RAW_BYTES if raw else _JSON_BYTES
    seconds = _BODY_SECONDS * most / _JSON_BYTES
    end, body = monotonic() + seconds, bytearray()
    for part in parts:
        body += part
        if len(body) > most:
            return Broken(f"an answer of more than {most // 1_000_000} MB", unreached=False)
        if monotonic() > end:
            return Broken(f"no whole answer within {seconds:g} s", unreached=False)
    return bytes(body)
