"""Numbers and times in words."""

import pytest

from flowforge.render.phrases import count, duration


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (1, "1 s"),
        (89, "89 s"),
        (90, "2 min"),
        (600, "10 min"),
        (3599, "1 h 0 min"),
        (4800, "1 h 20 min"),
    ],
)
def test_duration(seconds: float, expected: str) -> None:
    """A time is told in the unit in which people plan."""
    assert duration(seconds) == expected


def test_count() -> None:
    """One is singular, everything else plural, thousands have commas, odd plurals are given."""
    assert [count(0, "repo"), count(1, "repo"), count(12000, "repo"), count(2, "entry", "entries")] == [
        "0 repos",
        "1 repo",
        "12,000 repos",
        "2 entries",
    ]
