"""The only home of plaintext: nothing that Python offers to show, copy or store a value gives it away."""

import copy
import dataclasses
import functools
import inspect
import io
import json
import logging
import pickle
import pprint
import string
import sys
import traceback
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from deepdiff import DeepDiff
from hypothesis import example, given
from hypothesis import strategies as st

from flowforge.vault import Fingerprinter, SecretValue, StateKey, Vault

# Any character that a str can hold, lone surrogates among them.
ANY_TEXT = st.text(st.characters())
SALT = bytes(range(32))


@dataclasses.dataclass
class Holder:
    """What a careless data class would do with a value: put it into its repr."""

    value: SecretValue


def plain() -> str:
    """Make a plainly fake value that no other text contains."""
    return "pla" + "intext-" + "0123456789"


def print_to_text(value: SecretValue) -> str:
    """Print a value into a text."""
    stream = io.StringIO()
    print(value, [value], file=stream)
    return stream.getvalue()


SHOWN: dict[str, Callable[[Any], object]] = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "format": format,
    "format with a width": lambda value: format(value, ">40"),
    "f-string": lambda value: f"{value} {value!r} {value!s:>20}",
    "percent": lambda value: "%s %r" % (value, value),  # noqa: UP031 -- the old operator is what is tested
    "str.format with attributes": "{._SecretValue__reveal}".format,
    "string.Template": lambda value: string.Template("$value").substitute(value=value),
    "print": print_to_text,
    "pprint": lambda value: pprint.pformat({"value": [value]}),
    "json with default=str": lambda value: json.dumps({"value": value}, default=str),
    "inspect.getmembers": inspect.getmembers,
    "dir": lambda value: [(name, getattr(value, name)) for name in dir(value) if name != "__abstractmethods__"],
    "data class": lambda value: repr(Holder(value)),
    "dataclasses.fields": lambda value: [getattr(Holder(value), field.name) for field in dataclasses.fields(Holder)],
    "vars of a holder": lambda value: vars(Holder(value)),
    "deepdiff": lambda value: DeepDiff({"a": value}, {"a": SecretValue("other")}, verbose_level=2).to_dict(),
    "vault": lambda value: (vault_of(value), vars(vault_of(value))),
    "sys.getsizeof": sys.getsizeof,
}
REFUSED: dict[str, tuple[Callable[[Any], object], str]] = {
    "json": (json.dumps, "Object of type SecretValue is not JSON serializable"),
    "json with default=vars": (
        lambda value: json.dumps(value, default=vars),
        "vars() argument must have __dict__ attribute",
    ),
    "copy": (copy.copy, "a SecretValue cannot be copied or pickled"),
    "deepcopy": (copy.deepcopy, "a SecretValue cannot be copied or pickled"),
    "dataclasses.asdict": (
        lambda value: dataclasses.asdict(Holder(value)),
        "a SecretValue cannot be copied or pickled",
    ),
    "getstate": (lambda value: value.__getstate__(), "a SecretValue cannot be copied or pickled"),
    "hash": (hash, "a SecretValue is not hashable"),
    "str.join": (
        lambda value: ",".join((value,) * 2),
        "sequence item 0: expected str instance, SecretValue found",
    ),
    "adding": (lambda value: "a" + value, 'can only concatenate str (not "SecretValue") to str'),
    "bytes": (bytes, "cannot convert 'SecretValue' object to bytes"),
    "len": (len, "object of type 'SecretValue' has no len()"),
    "iterating": (list, "'SecretValue' object is not iterable"),
    **{
        f"pickle protocol {protocol}": (
            functools.partial(pickle.dumps, protocol=protocol),
            "a SecretValue cannot be copied or pickled",
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


def vault_of(value: SecretValue) -> Vault:
    """Put one value into a vault."""
    vault = Vault()
    vault.put("fingerprint", value)
    return vault


@pytest.mark.parametrize("way", SHOWN)
def test_a_value_shows_nothing(way: str) -> None:
    """Whatever shows objects shows a SecretValue with no six characters of its text."""
    shown = repr(SHOWN[way](SecretValue(plain())))
    assert not any(plain()[start : start + 6] in shown for start in range(len(plain()) - 5))


@pytest.mark.parametrize("way", REFUSED)
def test_a_value_refuses(way: str) -> None:
    """Whatever would store or splice a value raises TypeError, with a message that holds nothing of it."""
    use, message = REFUSED[way]
    with pytest.raises(TypeError) as caught:
        use(SecretValue(plain()))
    assert str(caught.value) == message


def test_a_hidden_value_is_named_as_such() -> None:
    """The text that stands for a value is the same everywhere."""
    value = SecretValue(plain())
    assert (repr(value), str(value), f"{value:>10}") == ("[secret]", "[secret]", "  [secret]")


def test_a_log_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A value given to logging as an argument or in `extra` is hidden in the message."""
    logging.getLogger("flowforge.test").warning("value %s %r", SecretValue(plain()), [SecretValue(plain())])
    assert caplog.messages == ["value [secret] [[secret]]"]


def test_a_traceback_with_locals_shows_nothing() -> None:
    """A traceback that prints local variables prints neither the value nor what is computed from it."""

    def fail(value: SecretValue) -> None:
        Fingerprinter(SALT).fingerprint(value, guessable=1 / 0 > 0)

    try:
        fail(SecretValue(plain()))
    except ZeroDivisionError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "[secret]" in shown
    assert plain() not in shown


def test_the_plaintext_comes_back_only_by_asking() -> None:
    """`reveal` is the one way to the text."""
    assert SecretValue(plain()).reveal() == plain()


@given(ANY_TEXT, ANY_TEXT)
@example("\udc80", "\udc81")
def test_values_are_equal_as_their_texts_are(left: str, right: str) -> None:
    """Equality is that of the text, for any text at all, and a value never equals a str."""
    assert (SecretValue(left) == SecretValue(right)) == (left == right)
    assert SecretValue(left) == SecretValue(left)
    assert SecretValue(left) != left


def test_another_kind_of_thing_may_know_better() -> None:
    """Beside what is no value it leaves the answer to the other, as Python's own types do: that is how mocks match."""
    assert mock.ANY == SecretValue(plain())
    assert SecretValue(plain()) == mock.ANY


@given(ANY_TEXT, ANY_TEXT)
@example("\udc80", "\udc81")
def test_fingerprints_differ_as_values_do(left: str, right: str) -> None:
    """Two fingerprints of one salt are equal if and only if the values are; of two salts, never."""
    one = Fingerprinter(SALT)
    prints = [one.fingerprint(SecretValue(text), guessable=False) for text in (left, right)]
    assert (prints[0] == prints[1]) == (left == right)
    assert Fingerprinter(SALT[::-1]).fingerprint(SecretValue(left), guessable=False) != prints[0]


def test_a_fingerprint_is_what_openssl_computes() -> None:
    """The keyed hash is HMAC-SHA256 of the UTF-8 text under the salt; the constant is openssl's."""
    found = Fingerprinter(b"0123456789abcdef").fingerprint(SecretValue("wert-ä"), guessable=False)
    assert found == "hmac-sha256:275b28c04f592e4f65de8204d35f5da004b12a007e8a2105796119c66a918797"


def test_a_guessable_value_is_fingerprinted_with_scrypt() -> None:
    """A value that may be guessed gets scrypt at N=16384, r=8, p=1 under the salt, which is dear to compute."""
    found = Fingerprinter(b"0123456789abcdef").fingerprint(SecretValue("wert-ä"), guessable=True)
    assert found == "scrypt:fdff37b3d7678314eba447aafc92a34e0a6fdf4a0c828478b1cd99f613eb63c3"


def test_a_key_makes_what_openssl_computes() -> None:
    """Each purpose has a key derived of the state's, the fingerprint one for each salt; the constants are openssl's."""
    key = StateKey(SecretValue("plainly-a-key-ä"))
    signed = "620a7f27f1db7e89e67aa47e87ad4013f1ece9968431ccffb474c8a58447fe75"
    found = Fingerprinter(b"0123456789abcdef", key).fingerprint(SecretValue("wert-ä"), guessable=False)
    assert [signed, "keyed-hmac-sha256:938b2cce6b2817136b6714f3ba035359ffbc686c2adc6acce23951abe7bac4d9"] == [
        key.sign("signature", b"body"),
        found,
    ]


@pytest.mark.parametrize("guessable", [False, True])
def test_with_a_key_every_value_is_keyed(*, guessable: bool) -> None:
    """Whether a value could be guessed makes no difference under a key; another key or salt makes another one."""
    value, keys = SecretValue(plain()), [StateKey(SecretValue(f"plainly a key {n}")) for n in range(2)]
    one = Fingerprinter(SALT, keys[0]).fingerprint(value, guessable=guessable)
    assert one == Fingerprinter(SALT, keys[0]).fingerprint(value, guessable=not guessable)
    others = {
        Fingerprinter(SALT, keys[1]).fingerprint(value, guessable=guessable),
        Fingerprinter(SALT[::-1], keys[0]).fingerprint(value, guessable=guessable),
        Fingerprinter(SALT).fingerprint(value, guessable=guessable),
    }
    assert (3, False) == (len(others), one in others)


def test_a_key_shows_nothing() -> None:
    """A key is not copied, pickled or printed."""
    key = StateKey(SecretValue(plain()))
    assert plain() not in f"{key!r} {key} {vars_of(key)}"
    with pytest.raises(TypeError, match=r"^a StateKey cannot be copied or pickled$"):
        copy.copy(key)


def vars_of(key: StateKey) -> list[object]:
    """Return whatever a walk over a key's attributes meets."""
    return [getattr(key, name) for name in dir(key)]


def test_a_key_is_known_again() -> None:
    """The text that is the key is told from any other; without a key nothing is one."""
    key, other = SecretValue(plain()), SecretValue(plain() + "x")
    keyed, unkeyed = Fingerprinter(SALT, StateKey(key)), Fingerprinter(SALT)
    assert [(True, False), (False, False)] == [(each.is_key(key), each.is_key(other)) for each in (keyed, unkeyed)]
    assert [True, False] == [StateKey(key).is_(each) for each in (SecretValue(plain()), other)]


def test_a_short_salt_is_refused() -> None:
    """A salt of fewer than 16 bytes is a bug of the caller's."""
    with pytest.raises(ValueError, match=r"^the salt is too short$"):
        Fingerprinter(bytes(15))


def test_a_vault_gives_back_what_was_put() -> None:
    """A vault finds a value by its fingerprint, lists fingerprints and says only how many it holds."""
    vault = vault_of(SecretValue(plain()))
    assert vault.get("fingerprint") == SecretValue(plain())
    assert (vault.fingerprints(), repr(vault)) == (("fingerprint",), "Vault(1 values)")
    with pytest.raises(KeyError, match=r"^'other'$"):
        vault.get("other")
