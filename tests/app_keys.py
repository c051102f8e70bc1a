"""Keys of GitHub Apps, made when they are first needed, and the JWTs that an App signs with one."""

import json
from functools import cache
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt import api_jws

PKCS1: Final = serialization.PrivateFormat.TraditionalOpenSSL


@cache
def app_key(name: str = "ours") -> rsa.RSAPrivateKey:
    """Return the key of this name; another name is another key."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey, form: serialization.PrivateFormat = PKCS1) -> str:
    """Return a private key as PEM, in the form in which GitHub hands it out unless another is asked for."""
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def assertion(issuer: object, now: float, key: rsa.RSAPrivateKey | None = None, /, **claims: object) -> str:
    """Return a JWT that an App signs at `now`; claims replace its own, and one that is None is left out."""
    all_claims = {"iss": issuer, "iat": int(now) - 60, "exp": int(now) + 540, **claims}
    body = json.dumps({name: claim for name, claim in all_claims.items() if claim is not None})
    return api_jws.encode(body.encode(), key or app_key(), algorithm="RS256")
