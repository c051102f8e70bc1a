"""JWTs and installations' tokens in answers: each is known by its signature, which no other one has."""

import base64
import json
import secrets

import pytest

from flowforge.github.traces import HIDDEN, Traces
from flowforge.vault import SecretValue


def _jwt(**claims: object) -> str:
    """Make up a JWT, whose beginning is that of every other one."""
    parts = json.dumps({"alg": "RS256", "typ": "JWT"}), json.dumps({"iss": "Iv23li", **claims})
    body = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    return f"{body}.{secrets.token_urlsafe(256)}"


def _known(text: str) -> Traces:
    traces = Traces()
    traces.add(SecretValue(text))
    return traces


@pytest.mark.parametrize("before", ["", "ghs_123456_"], ids=["JWT", "installation"])
def test_each_is_known_by_itself(before: str) -> None:
    """A token is hidden, whole or by a piece of its signature; another one of the same App is not taken for it."""
    one, other = f"{before}{_jwt(exp=1)}", f"{before}{_jwt(exp=1)}"
    traces = _known(one)
    signature = one.rpartition(".")[2]
    for text in (one, f"Bearer {one}", signature, signature[20:43], signature.encode().hex()):
        assert HIDDEN == traces.hide(f"it says {text} and more"), text
    assert f"it says {other}" == traces.hide(f"it says {other}")


@pytest.mark.parametrize(
    "token",
    [
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.short",
        "one-thing-and.another-thing.and-a-third-thing-that-is-long-enough",
        "eyJhbGciOiJSUzI1NiJ9." + "x" * 40,
        "000000..",
        "." * 9,
    ],
)
def test_what_only_looks_like_one(token: str) -> None:
    """A token that is no JWT, or whose signature is too short to know it by, is known by all of its text."""
    assert HIDDEN == _known(token).hide(f"it says {token} and more")
