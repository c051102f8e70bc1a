"""Answers as bytes: one buffer with head and body, so that one send carries them."""

import json
import time
from http import HTTPStatus

from flowforge.data_class import dataclass
from flowforge.sandbox.rules.answers import ApiAnswer, RefusalError
from flowforge.sandbox.rules.clock import http_date

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = {204, 304}


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes over the wire."""

    payload: bytes = b""
    drop: bool = False
    """Whether the connection is reset instead."""
    pause: float = 0.0
    """Real seconds between the two halves of the payload."""


def encode(answer: ApiAnswer, now: int) -> bytes:
    """Return the whole answer as bytes. Its body must be in `raw`. now: its date, in seconds since the epoch."""
    body = answer.raw or b""
    head = [
        f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, '')}",
        "Server: github.com",
        f"Date: {http_date(now)}",
    ]
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.status not in _BODILESS:
        head += [f"Content-Type: {answer.content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def encode_refusal(refusal: RefusalError) -> bytes:
    """Return the refusal of bytes that are no request to GitHub, after which the connection closes."""
    answer = refusal.answer
    answer.raw = json.dumps(answer.data).encode()
    answer.headers["connection"] = "close"
    return encode(answer, int(time.time()))
