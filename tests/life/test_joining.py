"""Statuses of several owners as one: which report's credential speaks for all, and what counts as a day."""

from typing import Any

import pytest

from flowforge.errors import UsageError
from flowforge.life.joining import has_days, join
from tests.made_status import credential, secret, status

OLD, NEW = "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"


def _report(number: int, *credentials: dict[str, Any], **other: Any) -> dict[str, Any]:  # noqa: ANN401 -- members of the document
    return {
        **status(0),
        "credentials": [*credentials],
        "secrets": [secret(number, "alive", credential=each["name"]) for each in credentials],
        **other,
    }


def _key(expires: str | None, since: str | None, **other: Any) -> dict[str, Any]:  # noqa: ANN401 -- as above
    return credential("key", None, expires_at=expires, value_since=since, **other)


@pytest.mark.parametrize(
    ("one", "other", "speaks"),
    [
        (_key("2026-12-05", NEW), _key("2026-12-20", OLD), ("2026-12-05", NEW, 7)),
        (_key(None, OLD), _key("2026-12-20", NEW), ("2026-12-20", NEW, 22)),
        (_key(None, OLD), _key("2020-01-01", NEW), ("2020-01-01", NEW, -2523)),
        (_key(None, OLD), _key(None, NEW), (None, OLD, None)),
        (_key("2026-12-05", OLD), _key("2026-12-05", NEW), ("2026-12-05", OLD, 7)),
        (_key(None, None), _key(None, NEW), (None, None, None)),
        (_key("2026-11-28", OLD), _key("2026-11-29", OLD), ("2026-11-28", OLD, 0)),
    ],
)
def test_the_one_that_expires_first_speaks(
    one: dict[str, Any], other: dict[str, Any], speaks: tuple[str | None, str | None, int | None]
) -> None:
    """Of two of one name, in either order; of one day, the older value; one without a day comes last."""
    both = ((one, other), (other, one))
    found = [join({"a": _report(1, first), "b": _report(2, second)})["credentials"] for first, second in both]
    told = [
        [(each["expires_at"], each["value_since"], each["days_left"]) for each in credentials] for credentials in found
    ]
    assert [[speaks], [speaks]] == told


@pytest.mark.parametrize(
    "other",
    [{"type": "another"}, {"source": "env OTHER"}, {"owner": "ada"}, {"issued_at": "2026-01-01"}, {"name": "other"}],
)
def test_what_is_described_otherwise_is_another(other: dict[str, Any]) -> None:
    """Two credentials are one only where name, type, source, owner and day of issue are the same."""
    one, two = _key(None, OLD, older=["x"]), _key(None, OLD, older=["y"])
    same = join({"a": _report(1, one), "b": _report(2, two)})["credentials"]
    apart = join({"a": _report(1, one), "b": _report(2, {**two, **other})})["credentials"]
    assert ([(6, ["x", "y"])], [(3, ["x"]), (3, ["y"])]) == (
        [(each["places"], each["older"]) for each in same],
        sorted((each["places"], each["older"]) for each in apart),
    )


def test_only_an_owners_are_told() -> None:
    """Its credentials with their secrets, and no secret that is nobody's; an owner of none is refused."""
    mine, theirs = _key(None, OLD, owner="ada"), credential("theirs", None, owner="bob")
    free = {"secrets": [secret(1, "alive", credential="key"), secret(2, "dead", credential=None)]}
    report = {"a": _report(1, mine, theirs) | free}
    all_, adas = join(report), join(report, "ada")
    assert (["key", "theirs"], ["key"], ["key", None], ["key"]) == (
        *([each["name"] for each in found["credentials"]] for found in (all_, adas)),
        *([each["credential"] for each in found["secrets"]] for found in (all_, adas)),
    )
    with pytest.raises(UsageError):
        join(report, "eve")


@pytest.mark.parametrize(
    ("today", "expires", "fits"),
    [
        ("2026-11-28", None, True),
        ("2026-11-28", "2027-01-01", True),
        ("2026-13-28", None, False),
        ("2026-11-28", "2026-02-30", False),
        ("today", "2026-01-01", False),
    ],
)
def test_a_day_is_one(today: str, expires: str | None, fits: bool) -> None:  # noqa: FBT001 -- a table
    """Of the report, and of each credential that has one."""
    report = _report(1, _key("2026-12-01", OLD), _key(expires, OLD), today=today)
    assert fits is has_days(report)
