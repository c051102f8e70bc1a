"""Sealed boxes: the one place where a value is put into what only GitHub can open.

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
    """One scope's key. `key_id` names its generation at GitHub and is the same for many scopes; `box` is not."""

    key_id: str
    box: "Box"

    @classmethod
    def read(cls, data: object) -> "PublicKey":
        """Read GitHub's answer, `{"key_id": ..., "key": base64}`; raises RepoError (FF327) for any other shape."""
        match data:
            case {"key_id": str() | int() as key_id, "key": str() as key}:
                try:
                    return cls(str(key_id), load("nacl.public").PublicKey(b64decode(key, validate=True)))
                except (binascii.Error, ValueError, load("nacl.exceptions").CryptoError):
                    pass
        detail = "GitHub's public key is not one"
        raise other_shape(detail)


def seal(key: PublicKey, value: Plaintext) -> str:
    """Seal a value for one scope: standard base64 of libsodium's sealed box.

    Raises RepoError FF347 for a key that libsodium refuses, such as one of zero bytes: whoever saw it could open the
    box. Nothing was sent then.
    """
    try:
        sealed: bytes = load("nacl.public").SealedBox(key.box).encrypt(value.reveal().encode())
    except load("nacl.exceptions").CryptoError:
        detail = "GitHub's public key for this place is not usable: nothing can be sealed with it"
        fix = "run it again; if it stays, report it to GitHub, or check what stands between it and this machine"
        raise RepoError(Refusal("FF347", Why.FAILED, detail, fix)) from None
    return b64encode(sealed).decode("ascii")
