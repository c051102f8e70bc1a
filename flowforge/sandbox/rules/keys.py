"""RSA public keys as far as a GitHub App needs them: read from a PEM, and held against a signature.

The standard library has no RSA, and the plain install brings no other package for it. To check a signature takes
integers alone, and no secret.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Final

from flowforge.data_class import dataclass

_PEM = re.compile(
    r"\s*-----BEGIN (?P<kind>(?:RSA )?(?:PRIVATE|PUBLIC) KEY)-----"
    r"(?P<body>[A-Za-z0-9+/=\s]+)-----END (?P=kind)-----\s*"
)
_INTEGER, _BIT_STRING, _OCTET_STRING, _SEQUENCE = 0x02, 0x03, 0x04, 0x30
# What PKCS#1 puts before a SHA-256: DER of the algorithm's name, and of the length that follows.
_SHA256: Final = bytes.fromhex("3031300d060960864801650304020105000420")
_NO_KEY: Final = "the key is not the PEM of an RSA key without a password"
_SMALLEST: Final = 1024  # bits


@dataclass(frozen=True, slots=True)
class RsaPublicKey:
    """An RSA public key."""

    modulus: int
    exponent: int

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        """Return whether a signature is that of RS256 (PKCS#1 v1.5 with SHA-256) over these bytes."""
        size = (self.modulus.bit_length() + 7) // 8
        number = int.from_bytes(signature)
        if len(signature) != size or number >= self.modulus:
            return False
        ending = b"\0" + _SHA256 + hashlib.sha256(signed).digest()
        expected = b"\0\1" + b"\xff" * (size - 2 - len(ending)) + ending
        return pow(number, self.exponent, self.modulus).to_bytes(size) == expected


def public_key(pem: str) -> RsaPublicKey:
    """Return the public key of a PEM: a public key, or a private one as GitHub hands it out or in PKCS#8.

    Raise ValueError for anything else. Of a private key nothing is kept but what is public.
    """
    match = _PEM.fullmatch(pem)
    if match is None:
        raise ValueError(_NO_KEY)
    try:
        numbers = [*_integers(base64.b64decode("".join(match["body"].split()), validate=True))]
    except (binascii.Error, IndexError, RecursionError):
        numbers = []
    # A private key begins with its version, which is 0.
    found = [number for number in numbers if number][:2]
    if len(found) != 2 or found[0].bit_length() < _SMALLEST:  # noqa: PLR2004 -- modulus and exponent
        raise ValueError(_NO_KEY)
    return RsaPublicKey(*found)


def _integers(der: bytes) -> Iterator[int]:
    """Yield the integers of DER in their order, whatever wraps them. Raise IndexError where it is cut short."""
    while der:
        tag, content, der = _first(der)
        if tag == _INTEGER:
            yield int.from_bytes(content)
        elif tag == _BIT_STRING:
            yield from _integers(content[1:])
        elif tag in {_SEQUENCE, _OCTET_STRING}:
            yield from _integers(content)


def _first(der: bytes) -> tuple[int, bytes, bytes]:
    """Return tag and content of the first element of DER, and what follows it."""
    tag, size, begin = der[0], der[1], 2
    if size & 0x80:  # the length of the length
        begin += size & 0x7F
        size = int.from_bytes(der[2:begin])
    if begin + size > len(der):
        raise IndexError
    return tag, der[begin : begin + size], der[begin + size :]
