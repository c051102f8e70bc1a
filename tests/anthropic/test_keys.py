"""What may be sent to Anthropic: no OAuth token can become a key, and each kind of key has its own paths."""

import copy
import json
import pickle
from collections.abc import Callable

import pytest

from flowforge.anthropic.keys import KEYS, MODELS, USAGE, AdminKey, AnthropicKey, ApiKey, is_hint, may_be
from flowforge.vault import SecretValue
from tests.made_up import api_key, letters

ANT = "sk-" + "ant-"
LIST = "/v1/organizations/api_keys?limit=1000"
HOURS = f"{USAGE}?starting_at=2026-11-23T08:00:00Z&bucket_width=1h&limit=168"
BY_KEY = "&api_key_ids%5B%5D=apikey_01A&group_by%5B%5D=api_key_id"


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
        (lambda: AdminKey(SecretValue(of("admin01"))), f"{KEYS}/apikey_1/../x"),
        (lambda: AdminKey(SecretValue(of("admin01"))), f"{KEYS}/"),
        (lambda: AdminKey(SecretValue(of("admin01"))), f"{HOURS}&ending_at=x"),
        (lambda: AdminKey(SecretValue(of("admin01"))), f"{HOURS}&page=a&b"),
        (lambda: AdminKey(SecretValue(of("admin01"))), USAGE),
        (lambda: AdminKey(SecretValue(of("admin01"))), "/v1/organizations/users"),
        (lambda: AdminKey(SecretValue(of("admin01"))), f"{LIST}&after_id=apikey_1/../x"),
    ],
)
def test_each_kind_has_its_own_paths(make: Callable[[], AnthropicKey], path: str) -> None:
    """The header is refused for every path but those of its kind, whoever asks."""
    with pytest.raises(ValueError, match="not sent to this path"):
        make().header(path)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
@pytest.mark.parametrize("path", [LIST, HOURS, f"{KEYS}/apikey_1", KEYS, "/v1/organizations/invites"])
def test_an_admin_key_changes_one_thing(method: str, path: str) -> None:
    """Of all that is no GET it is sent with a POST to one API key, and with nothing else; an API key with none."""
    if (method, path) == ("POST", f"{KEYS}/apikey_1"):
        assert AdminKey(SecretValue(value := of("admin01"))).header(path, method) == value
        return
    for key in (AdminKey(SecretValue(of("admin01"))), ApiKey(SecretValue(api_key()))):
        with pytest.raises(ValueError, match="not sent to this path"):
            key.header(path, method)


def test_the_header_is_the_key() -> None:
    """For its own paths the header is the key itself."""
    value, admin = api_key(), of("admin01")
    paths = [LIST, f"{LIST}&after_id=apikey_01A", f"{KEYS}/apikey_01A", HOURS, f"{HOURS}{BY_KEY}&page=page_Mj%3D"]
    assert [value, *[admin] * len(paths)] == [
        ApiKey(SecretValue(value)).header(MODELS),
        *(AdminKey(SecretValue(admin)).header(path) for path in paths),
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


@pytest.mark.parametrize("value", [f"{ANT}api03-R2D{'x' * 88}igAA", f"{ANT}api03-R2DigAA", "no key", ""])
def test_which_values_may_be_a_key(value: str) -> None:
    """Whatever type it has, a value with that beginning and end may be it; under a hint that is none, any may."""
    alike = value.startswith(f"{ANT}api03-R2D")
    hints = ["sk-ant-api03-R2D...igAA", "sk-ant-api03-R2X...igAA", "", "sk-ant-api03-R2D"]
    assert [alike, False, True, True] == [may_be(SecretValue(value), hint) for hint in hints]
    assert [True, True, False, False] == [is_hint(hint) for hint in hints]
