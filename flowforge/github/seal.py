"""Sealed boxes: the one place where a value is encrypted so that only GitHub can open it.

libsodium is loaded with the first key: a plan seals nothing.
"""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowforge.github.problems import Refusal, RepoError, other_shape
from flowforge.on_demand import load
from flowforge.plan.action import Why
from flowforge.vault import SecretValue

if TYPE_CHECKING:
    from nacl.public import PublicKey as Box

Plaintext = SecretValue


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public key of one scope."""

    # One id was seen for repositories, environments and organizations of different owners, each with a key of its own
    # (recordings of PyGithub). So a key must never be looked up by its id.
    key_id: str
    """Which generation of keys it is of."""
    box: "Box"
    """The key itself."""

    @classmethod
    def read(cls, data: object) -> "PublicKey":
        """Read GitHub's answer, `{"key_id": ..., "key": base64}`. Raises RepoError FF327 for another shape."""
        match data:
            case {"key_id": str() | int() as key_id, "key": str() as key}:
                try:
                    return cls(str(key_id), load("nacl.public").PublicKey(b64decode(key, validate=True)))
                except (binascii.Error, ValueError, load("nacl.exceptions").CryptoError):
                    pass
        detail = "GitHub's answer is not a public key"
        raise other_shape(detail)


def seal(key: PublicKey, value: Plaintext) -> str:
    """Return a value, sealed for one scope: the standard base64 of libsodium's sealed box.

    Raises RepoError FF347 for a key that libsodium refuses; nothing was sent then.
    """
    # Such as a key of zero bytes, with which anybody could open the box.
    try:
        sealed: bytes = load("nacl.public").SealedBox(key.box).encrypt(value.reveal().encode())
    except load("nacl.exceptions").CryptoError:
        detail = "GitHub's public key for this place is not usable: nothing can be sealed with it"
        fix = "run it again; if it stays, report it to GitHub, or check what stands between it and this machine"
        raise RepoError(Refusal("FF347", Why.FAILED, detail, fix)) from None
    return b64encode(sealed).decode("ascii")
