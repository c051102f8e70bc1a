"""What a decision stands on: what each fact says where nothing is said, and what tells two apart."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.plan.action import OnDrift, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Audience, Visibility
from flowforge.plan.decide import Plan, Situation
from flowforge.plan.facts import (
    UNKNOWN,
    UNTOLD,
    Entry,
    Listing,
    NotRead,
    Origin,
    Presence,
    Public,
    Record,
    Remembered,
    Unavailable,
    Unreadable,
    Unresolved,
    Wanted,
)
from flowforge.plan.report import Outcome, Report, Result
from flowforge.plan.safety import Allowed, Estate

HERE = Address(Scope(Repo.parse("acme/api")), "KEY")
WHERE = Where("flowforge.yaml", 3, 1)
AT = "2026-03-01T10:00:00Z"
NO = Unreadable(Why.SSO)
ONE = Public("one")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            Wanted(HERE, Presence.PRESENT, "T", WHERE),
            Wanted(
                HERE,
                Presence.PRESENT,
                "T",
                WHERE,
                credential="",
                type="",
                value=NotRead("not needed"),
                on_drift=OnDrift.OVERWRITE,
                creates_environment=False,
                unread=None,
                new_to="",
                audience=None,
                shown=None,
                prove=False,
            ),
        ),
        (
            Record("f", AT, "k", 7, AT, AT),
            Record(
                "f",
                AT,
                "k",
                7,
                AT,
                AT,
                adopted=False,
                visibility="",
                repo_ids=(),
                drifted_at="",
                commit="",
                run="",
                public_key="",
                unconfirmed=False,
                api_key_id="",
            ),
        ),
        (Remembered(None), Remembered(None, pending=False)),
        (Entry(), Entry("", None)),
        (Listing({}), Listing({}, made=True, audiences={}, values={})),
        (NO, Unreadable(Why.SSO, detail="", fix="")),
        (Unresolved("target All", WHERE, NO), Unresolved("target All", WHERE, NO, wants=False)),
        (UNTOLD, Origin(commit="", run="")),
        (Unavailable("unset"), Unavailable("unset", code="", fix="", because="")),
        (Situation({}, {}), Situation({}, {}, remembered={}, prune=False, unresolved=())),
        (Plan(()), Plan((), unresolved=(), asked=True)),
        (Allowed(), Allowed(0, takeover=False, empty=False, manifest_change=False, new_repos=False, widening=False)),
        (Estate(1, 2, 3, "s", ()), Estate(1, 2, 3, "s", (), recorded_manifests=(), prune=False)),
        (
            Report(()),
            Report((), interrupted=False, problems=(), warnings=(), untouched=False, incomplete=False),
        ),
        (
            Result(HERE, Outcome.CREATED),
            Result(HERE, Outcome.CREATED, problem=None, notes=(), hindrance="", fix=""),
        ),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_is_not_said(said: object, meant: object) -> None:
    """Nothing is allowed, known, assumed or wanted that nobody said."""
    assert meant == said


@pytest.mark.parametrize(
    ("listing", "name", "expected"),
    [
        (Listing({"KEY": AT}), "KEY", Entry(AT)),
        (Listing({"KEY": AT}), "OTHER", Entry()),
        (Listing({"KEY": AT}, values={"KEY": ONE}), "KEY", Entry(AT, ONE)),
        (Listing({"KEY": AT}, values={"KEY": ONE}), "OTHER", Entry()),
        (Listing({}, audiences={"KEY": Audience(Visibility.ALL)}), "KEY", Entry()),
    ],
)
def test_an_entry_of_a_list(listing: Listing, name: str, expected: Entry) -> None:
    """Its time and its value, by its own name; nothing where it is not listed."""
    assert expected == listing.entry(name)


def test_a_fingerprint_of_nothing_is_no_value_s() -> None:
    """What could not be compared is equal to no fingerprint, and to no time."""
    record = Record(UNKNOWN, AT, "k", 7, AT, AT)
    assert ("unknown:", [False, True]) == (
        UNKNOWN,
        [Entry(AT, ONE).is_as_recorded(record), Entry(AT).is_as_recorded(record)],
    )
    assert Entry(AT, ONE).is_as_recorded(replace(record, fingerprint=ONE.fingerprint))


def test_a_public_value_is_known_by_its_hash() -> None:
    """Plain SHA-256 of its UTF-8, as anybody can check."""
    assert "sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed" == ONE.fingerprint
    assert ["present", "absent"] == [each.value for each in Presence]
