"""Sealed boxes: the one place where a value is encrypted so that only GitHub can open it.

libsodium is loaded with the first key: a plan seals nothing.
"""

import binascii
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final

from flowforge.data_class import dataclass
from flowforge.github.problems import Refusal, RepoError, other_shape
from flowforge.on_demand import load
from flowforge.plan.action import Why
from flowforge.plan.recordable import is_public_key
from flowforge.vault import SecretValue

if TYPE_CHECKING:
    from nacl.public import PublicKey as Box

Plaintext = SecretValue
UNUSABLE: Final = "FF347"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public key of one scope."""

    # One id was seen for repositories, environments and organizations of different owners, each with a key of its own
    # (recordings of PyGithub). So a key must never be looked up by its id.
    key_id: str
    """Which generation of keys it is of."""
    box: "Box"
    """The key itself."""

    @property
    def text(self) -> str:
        """The key as the state remembers it, `KEY_ID:BASE64`; empty where its id is none that can be remembered."""
        text = f"{self.key_id}:{b64encode(bytes(self.box)).decode('ascii')}"
        return text if is_public_key(text) else ""

    @classmethod
    def remembered(cls, text: str) -> "PublicKey":
        """Read what `text` returned. Raises RepoError FF327 for another shape."""
        key_id, _, key = text.partition(":")
        return cls.read({"key_id": key_id, "key": key})

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
        raise RepoError(Refusal(UNUSABLE, Why.FAILED, detail, fix)) from None
    return b64encode(sealed).decode("ascii")
