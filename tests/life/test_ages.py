"""When a credential expires, by what, and how many days are left: whole days, and nothing made up."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from flowforge.life.status import DeclaredCredential, ExpiryBasis, credential_status
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
