"""Recognises this run's tokens in what came from outside."""

import base64
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Final, Protocol
from urllib.parse import unquote

HIDDEN: Final = "[redacted]"
# Wherever 23 characters in a row begin, a whole piece of 12 in them begins at a multiple of 12.
_PIECE: Final = 12
_SHORTEST: Final = 8
_BLOCK: Final = 1 << 20
_LONGEST: Final = 8192  # of a token that stands across two blocks, however it is escaped
_DEPTH: Final = 2  # of JSON in JSON
# A JWT, or the token of an installation, which ends in one: `ghs_<APPID>_<JWT>`.
_JWT: Final = re.compile(r"(?:ghs_\d+_)?eyJ[\w-]+\.[\w-]+\.([\w-]{32,})", re.ASCII)
_ESCAPE: Final = re.compile(r"\\(?:u00([2-7][0-9A-Fa-f])|([\"\\/]))")


class Revealed(Protocol):
    """A secret that can be asked for its text."""

    def reveal(self) -> str:
        """Return the text."""
        ...


class Traces:
    """Recognises tokens in what came from outside, in whatever form, and hides the texts that hold them.

    A text is recognised if it holds all of a token, or 23 characters of it in a row: as they are, in base64 as `Basic`
    has it, in hexadecimal, or escaped as in URLs and JSON. A token of fewer than eight characters is not looked for:
    GitHub has none, and it would hide ordinary words.
    """

    # A proxy that echoes request headers would otherwise put the token into our messages and reports. Only hashes of
    # its pieces are kept, under Python's own random key, so that its text is in no second place.

    def __init__(self) -> None:
        # By the width of the pieces and the step: those of all tokens together, so that many cost no more than one.
        self._known: Mapping[tuple[int, int], frozenset[int]] = {}
        self._adding = threading.Lock()

    def add(self, value: Revealed) -> None:
        """Recognise one more token from now on."""
        token = _secret_part(value.reveal())
        length = len(token)
        if length < _SHORTEST:
            return
        width = _PIECE if length >= 2 * _PIECE else _SHORTEST
        pieces = {hash(form[start : start + width]) for form in _forms(token) for start in range(len(form) - width + 1)}
        # Whatever the place of a token in a text, one of its pieces is at a multiple of the step.
        kind = width, min(width, length - width + 1)
        with self._adding:  # several owners sign in at once
            self._known = {**self._known, kind: self._known.get(kind, frozenset()) | pieces}

    def seen(self, text: str) -> bool:
        """Return whether a token is in a text, as it is or once its escapes are read."""
        return any(map(self._in, _readings(text)))

    def hide(self, text: str) -> str:
        """Return a text, or `[redacted]` if a token is in it."""
        return HIDDEN if self.seen(text) else text

    def hide_each(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """Return texts by their names, each as `hide` returns it."""
        # No token and no escape holds a line's end, so what is in none of them is not in all of them together either.
        together = "\n".join(texts.values())
        return {name: self.hide(text) for name, text in texts.items()} if self.seen(together) else texts

    def within(self, data: bytes) -> bool:
        """Return whether a token is in a file."""
        return any(
            self.seen(data[start : start + _BLOCK + _LONGEST].decode("latin-1"))
            for start in range(0, len(data), _BLOCK)
        )

    def _in(self, text: str) -> bool:
        return any(
            not pieces.isdisjoint([hash(text[at : at + width]) for at in range(0, len(text) - width + 1, step)])
            for (width, step), pieces in self._known.items()
        )


def _secret_part(token: str) -> str:
    """Return what of a token nobody else may know: of one that is or ends in a JWT, its signature."""
    # All JWTs of one kind begin alike, so the rest of one would make every other one look like it.
    jwt = _JWT.fullmatch(token)
    return jwt.group(1) if jwt else token


def _forms(token: str) -> Iterator[str]:
    """Yield a token as others may write it: plain, in hexadecimal, and in base64 after any number of bytes before."""
    data = token.encode()
    yield from (token, data.hex(), data.hex().upper())
    for before in range(3):
        # Base64 makes four characters of three bytes. The characters at both ends also depend on what stands beside the
        # token, so they are left out.
        text = base64.b64encode(bytes(before) + data).decode("ascii").rstrip("=")[before and before + 1 : -1]
        yield from (text, text.replace("+", "-").replace("/", "_"))


def _readings(text: str) -> Iterator[str]:
    """Yield a text as it is, and as it reads without each layer of escapes."""
    yield text
    for _ in range(_DEPTH if "\\" in text else 0):
        text = _ESCAPE.sub(_unescaped, text)
        yield text
    if "%" in text:
        yield unquote(text)


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape.group(1), 16)) if escape.group(1) else escape.group(2)
