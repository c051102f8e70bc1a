"""What may be sent to Anthropic: no OAuth token can become a key, and each kind of key has its own paths."""

import copy
import json
import pickle
from collections.abc import Callable

import pytest

from flowforge.anthropic.keys import MODELS, AdminKey, AnthropicKey, ApiKey
from flowforge.vault import SecretValue
from tests.made_up import api_key, letters

ANT = "sk-" + "ant-"
LIST = "/v1/organizations/api_keys?limit=1000"


def of(kind: str) -> str:
    """Make up a token."""
    return f"{ANT}{kind}-{letters(93)}AA"


OTHERS = ["oat01", "ort01", "sid01", "api01"]


@pytest.mark.parametrize("kind", [*OTHERS, "admin01"])
def test_nothing_else_becomes_an_api_key(kind: str) -> None:
    """No OAuth token, no session, no scoped key and no Admin key can be asked about: there is no object for it."""
    with pytest.raises(ValueError, match="only an Anthropic API key") as caught:
        ApiKey(SecretValue(of(kind)))
    assert letters(1) not in str(caught.value)[len("only an Anthropic API key (sk-ant-api03-…) is sent here") :]


@pytest.mark.parametrize("kind", [*OTHERS, "api03"])
def test_nothing_else_becomes_an_admin_key(kind: str) -> None:
    """Nothing but an Admin key is sent to the Admin API."""
    with pytest.raises(ValueError, match="only an Anthropic Admin API key"):
        AdminKey(SecretValue(of(kind)))


@pytest.mark.parametrize("odd", ["\n", "\r\nx-evil: 1", " ", "é", "\x00", ".", "/"], ids=ascii)
def test_a_key_with_an_odd_character_is_not_sent(odd: str) -> None:
    """What could be a second header, or is in no key, is refused before it is anywhere near a request."""
    with pytest.raises(ValueError, match="only an Anthropic API key"):
        ApiKey(SecretValue(api_key() + odd))


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: ApiKey(SecretValue(api_key())), LIST),
        (lambda: ApiKey(SecretValue(api_key())), "/v1/models"),
        (lambda: ApiKey(SecretValue(api_key())), "/v1/models?limit=10"),
        (lambda: ApiKey(SecretValue(api_key())), "/v1/messages"),
        (lambda: AdminKey(SecretValue(of("admin01"))), MODELS),
        (lambda: AdminKey(SecretValue(of("admin01"))), "/v1/organizations/api_keys/apikey_1"),
        (lambda: AdminKey(SecretValue(of("admin01"))), f"{LIST}&after_id=apikey_1/../x"),
    ],
)
def test_each_kind_has_its_own_paths(make: Callable[[], AnthropicKey], path: str) -> None:
    """The header is refused for every path but those of its kind, whoever asks."""
    with pytest.raises(ValueError, match="not sent to this path"):
        make().header(path)


def test_the_header_is_the_key() -> None:
    """For its own path the header is the key itself."""
    value, admin = api_key(), of("admin01")
    assert [value, admin, admin] == [
        ApiKey(SecretValue(value)).header(MODELS),
        AdminKey(SecretValue(admin)).header(LIST),
        AdminKey(SecretValue(admin)).header(f"{LIST}&after_id=apikey_01A"),
    ]


def test_it_shows_nothing() -> None:
    """Neither repr, format, JSON, copy nor pickle has anything of it."""
    key = ApiKey(SecretValue(api_key()))
    assert ["ApiKey([secret])"] * 3 == [repr(key), str(key), f"{key}"]
    attempts: tuple[Callable[[object], object], ...] = (pickle.dumps, copy.copy, json.dumps)
    for attempt in attempts:
        with pytest.raises(TypeError):
            attempt(key)


@pytest.mark.parametrize(
    ("hint", "fits"),
    [
        ("sk-ant-api03-R2D...igAA", True),
        ("sk-ant-api03-R2D…igAA", True),
        ("sk-ant-api03-R2X...igAA", False),
        ("sk-ant-api03-R2D...igAB", False),
        ("sk-ant-api03-...AA", False),
        ("...igAA", False),
        ("", False),
    ],
)
def test_a_hint(hint: str, fits: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """A hint is its beginning and its end; one of too few characters fits nothing."""
    key = ApiKey(SecretValue(f"{ANT}api03-R2D{letters(88)}igAA"))
    assert fits is key.has_hint(hint)
