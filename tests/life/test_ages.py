"""When a credential expires, by what, how many days are left, and which value is the newest: nothing is made up."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from flowforge.life.model import Life, LifeVerdict
from flowforge.life.status import (
    DeclaredCredential,
    ExpiryBasis,
    SecretState,
    credential_status,
    present_values,
    secrets_of,
)
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.facts import Record

YEAR = timedelta(days=365)
TODAY = date(2028, 2, 28)
DECLARED = DeclaredCredential("c", "t", "env X", "", None, None, YEAR, per_repo=False)
RECORD = Record("hmac-sha256:aa", "", "c", 1, "2028-02-01T00:00:00Z", "2027-03-01T23:59:59Z")


@pytest.mark.parametrize(
    ("declared", "current", "expected"),
    [
        ({"expires": date(2028, 3, 1)}, RECORD, (date(2028, 3, 1), ExpiryBasis.DECLARED, 2)),
        ({"expires": date(2028, 2, 28)}, RECORD, (date(2028, 2, 28), ExpiryBasis.DECLARED, 0)),
        ({"expires": date(2028, 1, 1)}, None, (date(2028, 1, 1), ExpiryBasis.DECLARED, -58)),
        ({"issued": date(2027, 3, 1)}, RECORD, (date(2028, 2, 29), ExpiryBasis.ISSUED, 1)),
        ({"issued": date(9999, 1, 1)}, RECORD, (date.max, ExpiryBasis.ISSUED, (date.max - TODAY).days)),
        ({}, RECORD, (date(2028, 2, 29), ExpiryBasis.FIRST_SEEN, 1)),
        ({}, None, (None, None, None)),
        ({"lifetime": None}, RECORD, (None, None, None)),
        ({"lifetime": None, "issued": date(2027, 1, 1)}, RECORD, (None, None, None)),
    ],
)
def test_when_it_expires(
    declared: dict[str, date | None],
    current: Record | None,
    expected: tuple[date | None, ExpiryBasis | None, int | None],
) -> None:
    """What the manifest says goes first, then its day of issue, then the first sight; leap days count as days."""
    found = credential_status(replace(DECLARED, **declared), [], current, TODAY)  # type: ignore[arg-type]  # -- a table
    assert (found.expires_at, found.basis, found.days_left) == expected


HERE = Address(Scope(Repo.parse("acme/api")), "KEY")
WELL = Change(HERE, Action.NONE, Reason.IN_SYNC, record=RECORD, seen_at="2028-02-01T00:00:00Z")
NEVER = LifeVerdict(Life.NOT_RUN)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (WELL, (SecretState.AS_WRITTEN, "c", "2028-02-01T00:00:00Z", "2027-03-01T23:59:59Z")),
        (replace(WELL, drift=True), (SecretState.DRIFTED, "c", "2028-02-01T00:00:00Z", "2027-03-01T23:59:59Z")),
        (replace(WELL, drift=True, seen_at=""), (SecretState.MISSING, "c", "", "2027-03-01T23:59:59Z")),
        (replace(WELL, record=None), (SecretState.AS_WRITTEN, "", "2028-02-01T00:00:00Z", "")),
        (
            replace(WELL, record=replace(RECORD, fingerprint="hmac-sha256:bb")),
            (SecretState.OLDER, "c", "2028-02-01T00:00:00Z", "2027-03-01T23:59:59Z"),
        ),
        (
            replace(WELL, record=replace(RECORD, credential="other")),
            (SecretState.AS_WRITTEN, "other", "2028-02-01T00:00:00Z", "2027-03-01T23:59:59Z"),
        ),
    ],
)
def test_the_status_of_a_secret(change: Change, expected: tuple[SecretState, str, str, str]) -> None:
    """As the state and the list have it; what was never recorded has no credential and no age."""
    (found,) = secrets_of([change], {HERE: NEVER}, {"c": RECORD})
    assert (*expected, expected[0] is SecretState.AS_WRITTEN) == (
        *(found.state, found.credential, found.written_at, found.value_since),
        not found.sentence,
    )


def test_whose_value_is_the_newest() -> None:
    """That of the newest value, and of these the newest write; what was adopted is only assumed to be it."""
    older = replace(RECORD, value_since="2027-02-01T00:00:00Z", written_at="2028-02-09T00:00:00Z")
    later = replace(RECORD, written_at="2028-02-02T00:00:00Z")
    adopted = replace(RECORD, value_since="2028-01-01T00:00:00Z", adopted=True)
    unwritten = replace(RECORD, value_since="2028-01-01T00:00:00Z", written_at="")
    records = [None, RECORD, adopted, later, older, unwritten, replace(older, credential="other")]
    for order in (records, records[::-1]):
        found = present_values(replace(WELL, record=record) for record in order)
        assert {"c": later, "other": records[-1]} == found
