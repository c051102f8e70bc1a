"""Where an old key may still be: a value or a place of which nothing certain is known counts as the key's."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import (
    UNKNOWN,
    Known,
    NotRead,
    Presence,
    Public,
    Record,
    Remembered,
    Unavailable,
    Unreadable,
    Unresolved,
    Value,
    Wanted,
)
from flowforge.steps.rotate.remains import ValuesOfToday, may_hold
from flowforge.vault import SecretValue, Vault
from tests.made_up import api_key

AT = "2026-11-23T08:00:00Z"
HERE = Address(Scope(Repo.parse("acme/api")), "KEY")
WHERE = Where("m", 1, 1)
NEW = "hmac-sha256:new"
OLD_ID, NEW_ID = "apikey_old", "apikey_new"
RECORD = Record(NEW, AT, "ci-key", 7, AT, AT)


def want(value: Value, credential: str = "ci-key", presence: Presence = Presence.PRESENT) -> Wanted:
    """Want a value somewhere."""
    return Wanted(HERE, presence, "T", WHERE, credential, value=value)


def hint_of(value: str) -> str:
    """Return the hint that Anthropic would show."""
    return f"{value[:16]}...{value[-4:]}"


def values(*more: Wanted, value: str = "") -> ValuesOfToday:
    """Return the values of today, with a key among them."""
    vault = Vault()
    vault.put(NEW, SecretValue(value or api_key()))
    return ValuesOfToday.of([want(Known(NEW)), *more], vault)


def test_a_value_of_today() -> None:
    """A secret or a variable with the key's beginning and end may be the key, whatever its credential is."""
    old = api_key()
    alike = [*values(value=old).doubts(hint_of(old))]
    public = [*values(want(Public(old), "region")).doubts(hint_of(old))]
    assert (
        ["the value of credential ci-key begins and ends as it does, and may be it"],
        ["the value of credential region begins and ends as it does, and may be it"],
        [],
    ) == (alike, public, [*values(want(Public("eu"), "region")).doubts(hint_of(old))])


def test_one_value_of_several() -> None:
    """A credential that has another value in another place is doubted for the one that may be the key."""
    old = api_key()
    found = values(want(Public("eu"), "region"), want(Public(old), "region"))
    said = ["the value of credential region begins and ends as it does, and may be it"]
    assert (said, []) == ([*found.doubts(hint_of(old))], [*found.doubts(hint_of(api_key()))])


@pytest.mark.parametrize("value", [NotRead("--skip-values"), Unavailable("env X is unset")])
def test_a_value_that_was_not_read(value: Value) -> None:
    """It may be the key, too; but not where it is declared absent."""
    said = ["not all values of today were read: credential other"]
    absent = want(value, "", Presence.ABSENT)
    assert (said, []) == (
        [*values(want(value, "other")).doubts(hint_of(api_key()))],
        [*values(absent).doubts(hint_of(api_key()))],
    )


def test_a_target_without_repos() -> None:
    """A target whose repos cannot be known may want the key somewhere; an absent entry wants nothing."""
    no = Unreadable(Why.SSO)
    entries = [Unresolved("target All", WHERE, no, wants=True), Unresolved("absent Old", WHERE, no)]
    found = ValuesOfToday.of([], Vault(), entries)
    assert ["not all values of today were read: target All"] == [*found.doubts(hint_of(api_key()))]


def test_nothing_of_a_value_is_shown() -> None:
    """Neither its texts nor its fingerprints' values are in what it shows."""
    old = api_key()
    assert old not in repr(values(value=old))


@pytest.mark.parametrize(
    ("each", "holds"),
    [
        (Remembered(RECORD), False),
        (Remembered(replace(RECORD, api_key_id=NEW_ID)), False),
        (Remembered(replace(RECORD, fingerprint="hmac-sha256:else", api_key_id=NEW_ID)), False),
        (Remembered(replace(RECORD, fingerprint=Public("eu").fingerprint)), False),
        (Remembered(replace(RECORD, fingerprint="hmac-sha256:old")), True),
        (Remembered(replace(RECORD, fingerprint=UNKNOWN)), True),
        (Remembered(replace(RECORD, api_key_id=OLD_ID)), True),
        (Remembered(replace(RECORD, adopted=True)), True),
        (Remembered(replace(RECORD, drifted_at=AT)), True),
        (Remembered(RECORD, pending=True), True),
        (Remembered(replace(RECORD, api_key_id=NEW_ID), pending=True), True),
        (Remembered(None, pending=True), True),
        (Remembered(None), True),
    ],
)
def test_a_place(each: Remembered, holds: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """A place is without the key where a write of another value is recorded and nothing happened since."""
    today = values(want(Public("eu"), "region"))
    assert ((HERE,) if holds else ()) == may_hold({HERE: each}, today, OLD_ID)


def test_a_place_that_was_changed_outside() -> None:
    """What the run saw changed, and left so, may be anything; the places are sorted."""
    other = Address(HERE.scope, "A")
    both = {HERE: Remembered(RECORD), other: Remembered(RECORD)}
    assert (other, HERE) == may_hold(both, values(), OLD_ID, {HERE, other})
