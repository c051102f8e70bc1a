"""A certificate that nobody vouches for, made here: the machine may have no program for it."""

import base64
import ssl
import tempfile
from typing import Final

from nacl.signing import SigningKey

_INTEGER, _BITS, _OCTETS, _OID, _UTF8, _TIME, _SEQUENCE, _SET = 2, 3, 4, 6, 12, 24, 48, 49
_CONTEXT: Final = 0xA0
_ED25519: Final = bytes((43, 101, 112))  # 1.3.101.112, RFC 8410
_COMMON_NAME: Final = bytes((85, 4, 3))  # 2.5.4.3


def self_signed() -> ssl.SSLContext:
    """Return what a server needs to speak TLS under a key and a certificate of its own (RFC 5280, RFC 8410)."""
    key = SigningKey.generate()
    with tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".pem") as file:
        file.write(_pem("CERTIFICATE", _certificate(key)) + _pem("PRIVATE" + " KEY", _private(key)))
        file.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file.name)
    return context


def _certificate(key: SigningKey) -> bytes:
    algorithm = _der(_SEQUENCE, _der(_OID, _ED25519))
    name = _der(_SEQUENCE, _der(_SET, _der(_SEQUENCE, _der(_OID, _COMMON_NAME), _der(_UTF8, b"localhost"))))
    always = _der(_SEQUENCE, _der(_TIME, b"20000101000000Z"), _der(_TIME, b"99991231235959Z"))
    public = _der(_SEQUENCE, algorithm, _der(_BITS, b"\0", bytes(key.verify_key)))
    version, serial = _der(_CONTEXT, _der(_INTEGER, b"\2")), _der(_INTEGER, b"\1")
    body = _der(_SEQUENCE, version, serial, algorithm, name, always, name, public)
    return _der(_SEQUENCE, body, algorithm, _der(_BITS, b"\0", key.sign(body).signature))


def _private(key: SigningKey) -> bytes:
    algorithm = _der(_SEQUENCE, _der(_OID, _ED25519))
    return _der(_SEQUENCE, _der(_INTEGER, b"\0"), algorithm, _der(_OCTETS, _der(_OCTETS, bytes(key))))


def _der(tag: int, *parts: bytes) -> bytes:
    """Encode one value; its length takes two bytes from 128 on, and never more than that here."""
    data = b"".join(parts)
    length = (len(data),) if len(data) < 128 else (0x82, *len(data).to_bytes(2))
    return bytes((tag, *length)) + data


def _pem(what: str, data: bytes) -> str:
    return f"-----BEGIN {what}-----\n{base64.encodebytes(data).decode('ascii')}-----END {what}-----\n"
