"""The private key of a GitHub App: read from its PEM, and ready to sign.

Source: docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App".
"""

from datetime import datetime, timedelta
from typing import Any, Final

from flowforge.errors import GitHubError, Problem
from flowforge.on_demand import load
from flowforge.vault import SecretValue

# GitHub takes a JWT that ends within 10 minutes, and one that began a little earlier for the sake of slow clocks.
_JWT_BEGAN: Final = timedelta(seconds=60)
JWT_LASTS: Final = timedelta(minutes=9)
_SHORTEST_KEY: Final = 2048
# What a text is recognised by that is no key: by a word that is there, or is not.
_SIGNS: Final = (
    ("-----BEGIN", False, "it does not begin with -----BEGIN, as a PEM file does"),
    ("ENCRYPTED", True, "it is encrypted, and FlowForge asks for no password"),
    ("PRIVATE KEY", False, "it is not a private key"),
)


class AppKey:
    """The private key of an App, ready to sign."""

    def __init__(self, pem: SecretValue, origin: str) -> None:
        """Read the key. Raises GitHubError: FF360 without the libraries, FF361 for what is no usable key."""
        self.origin = origin
        self._jwt = _library("jwt", origin)
        self._key = _parsed(pem, origin)

    def sign(self, client_id: str, now: datetime) -> SecretValue:
        """Return a JWT of the App. now: GitHub's time."""
        claims = {
            "iat": int((now - _JWT_BEGAN).timestamp()),
            "exp": int((now + JWT_LASTS).timestamp()),
            "iss": client_id,
        }
        return SecretValue(self._jwt.encode(claims, self._key, algorithm="RS256"))


def _library(name: str, origin: str) -> Any:  # noqa: ANN401 -- a module that may not be there
    try:
        return load(name)
    except ImportError:
        what, fix = (
            "signing in as a GitHub App needs a library that is not here",
            "install FlowForge with its extra `app`",
        )
        raise GitHubError(Problem("FF360", what, origin, fix=fix)) from None


def _parsed(pem: SecretValue, origin: str) -> object:
    """Return the key of a PEM text. Raises GitHubError FF361, in whose message and frames there is nothing of it."""
    _library("cryptography", origin)
    key, why = _read(pem)
    if why:
        fix = "use the .pem file that GitHub offers in the App's settings, whole and with its line breaks"
        raise GitHubError(Problem("FF361", "the private key of the GitHub App cannot be used", origin, why, fix))
    return key


def _read(pem: SecretValue) -> tuple[object, str]:
    """Return the key, or why it is none."""
    serialization, rsa = (
        load(f"cryptography.hazmat.primitives.{name}") for name in ("serialization", "asymmetric.rsa")
    )
    text = pem.reveal()
    # Some stores keep a variable on one line, with the letters \n for each line break.
    if "\n" not in text.strip():
        text = text.replace("\\n", "\n")
    if objection := next((why for sign, there, why in _SIGNS if (sign in text) is there), ""):
        return None, objection
    try:
        key = serialization.load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, ImportError):  # of which a text that is not UTF-8 is one
        return None, "it is damaged: a line may be missing"
    except Exception:  # noqa: BLE001 -- cryptography has errors of its own for keys of other kinds
        return None, "it is a kind of key that GitHub does not use"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _SHORTEST_KEY:
        return key, ""
    return None, "it is not an RSA key of at least 2,048 bits, as GitHub makes them"
