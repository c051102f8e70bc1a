"""A credential in the inputs, and the law that nothing which is said shows a part of it."""

import hashlib
from typing import Final

# Where an input has this word, the law puts the credential: mutations move it about and never cut it.
MARK: Final = "PLANTED"
BODY: Final = (hashlib.sha256(b"one").hexdigest() + hashlib.sha256(b"two").hexdigest())[:93]
TOKEN: Final = "sk-ant-" + "api03-" + BODY + "AA"
_WINDOW: Final = 8


def planted(data: bytes) -> bytes:
    """Put the credential where the input asks for it."""
    return data.replace(MARK.encode(), TOKEN.encode())


def check_said(said: str, data: bytes = b"") -> None:
    """Hold a message to its promises: no part of the credential, and nothing that does not print but line ends.

    data: the input before `planted`; what stands in it by itself is not the credential.
    """
    assert said.replace("\n", "").isprintable(), "a character that does not print"
    check_hidden(said, data)


def check_hidden(said: str, data: bytes = b"", window: int = _WINDOW) -> None:
    """Find no `window` characters of the credential in a text."""
    for start in range(len(BODY) - window + 1):
        piece = BODY[start : start + window]
        assert piece not in said or piece.encode() in data, "a part of the credential"
