"""When credentials expire, as a plan tells it."""

from datetime import date
from pathlib import Path

import pytest

from flowforge.errors import Where
from flowforge.manifest.model import Credential
from flowforge.manifest.source_spec import SourceSpec
from flowforge.steps.warnings.credential_warnings import expiries

HERE = Where("flowforge.yaml", 1, 1)
SOURCE = SourceSpec("env", {"env": "ACME_KEY"}, HERE, Path())


def credential(name: str, type_: str, *, expires: date | None = None, issued: date | None = None) -> Credential:
    """Return a credential of a manifest."""
    return Credential(name, type_, type_.upper(), SOURCE, expires, issued, None, allow_nonstandard=False, where=HERE)


@pytest.mark.parametrize(
    ("today", "days_left", "expired"),
    [(date(2026, 10, 8), 2, False), (date(2026, 10, 9), 1, False), (date(2026, 10, 10), 0, True)],
)
def test_the_day_of_expiry(today: date, days_left: int, *, expired: bool) -> None:
    """On that day it has expired; a setup-token lasts a year from its issue; of what never expires nothing is said."""
    found = expiries(
        [
            credential("b", "anthropic_api_key", expires=date(2026, 10, 10), issued=date(2020, 1, 1)),
            credential("c", "anthropic_api_key", issued=date(2020, 1, 1)),
            credential("a", "claude_code_oauth_token", issued=date(2025, 10, 10)),
        ],
        today,
    )
    assert [("a", date(2026, 10, 10), days_left, expired), ("b", date(2026, 10, 10), days_left, expired)] == [
        (each.name, each.expires_at, each.days_left, each.expired) for each in found
    ]
