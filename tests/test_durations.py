"""Durations: one form, whoever writes one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.durations import seconds

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@pytest.mark.parametrize("unit", UNITS)
@given(number=st.integers(0, 999_999_999))
def test_a_number_and_a_unit(unit: str, number: int) -> None:
    """A duration is a number of its unit; a bare one is of seconds."""
    assert number * UNITS[unit] == seconds(f"{number}{unit}")


def test_fractions() -> None:
    """A part of a unit is one."""
    assert [0.01, 5400, 0.5] == [seconds(text) for text in ("0.01", "1.5h", "0.5s")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "1x",
        "1S",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1 s",
        "1\n",
        "1m30s",
        "1.",
        ".5",
        "1e3",
        "nan",
        "inf",
        "9" * 10,
        "\u0661s",
    ],
)
def test_what_is_none(text: str) -> None:
    """Anything else is none: it is not guessed what was meant."""
    assert seconds(text) is None
