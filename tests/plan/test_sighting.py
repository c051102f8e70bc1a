"""What a listed time says of a write of which only the `Date` of the answer is known, second by second."""

import pytest

from flowforge.plan.sighting import Sighting, sighting

WRITTEN = "2026-03-01T10:00:10Z"


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("2026-03-01T10:00:00Z", Sighting.BEHIND),
        ("2026-03-01T10:00:07Z", Sighting.BEHIND),
        ("2026-03-01T10:00:08Z", Sighting.OURS),
        ("2026-03-01T10:00:10Z", Sighting.OURS),
        ("2026-03-01T10:00:13Z", Sighting.OURS),
        ("2026-03-01T10:00:14Z", Sighting.LATER),
        ("2026-03-01T12:00:10+02:00", Sighting.OURS),
        ("9999-12-31T23:59:59Z", Sighting.LATER),
    ],
)
def test_a_listed_time(listed: str, expected: Sighting) -> None:
    """Two seconds before to three after it is that of the write, of whatever zone; no time is too late to compare."""
    assert expected is sighting(listed, WRITTEN)
