"""A write as the others need it: what the state is told, and what GitHub is to show."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.github.confirm import Done, Readable, Sent
from flowforge.github.secrets import Written
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Access, Audience, Visibility
from flowforge.plan.change import Change
from flowforge.plan.facts import Known, NotRead, Presence, Public, Record, Wanted
from flowforge.steps.apply.access_writes import Stamp
from flowforge.steps.apply.intents import intent, record_of, sent_of, surprises, value_of

AT, SEEN, DATE, NOW = (f"2026-11-23T08:00:{second:02}Z" for second in (1, 2, 3, 4))
HERE = Address(Scope(Repo.organization("acme")), "KEY")
ALL = Audience(Visibility.ALL)
WANTED = Wanted(HERE, Presence.PRESENT, "T", Where("m", 1, 1), "ci-key", value=Known("aa"))
RECORD = Record("aa", AT, "k", 7, AT, AT)
UPDATE = Change(HERE, Action.UPDATE, Reason.VALUE_CHANGED, wanted=WANTED, record=RECORD, seen_at=SEEN)
ALONE = replace(UPDATE, address=HERE.of_access, access=Access(Audience.selected([]), ALL, by_list=True))
ONE = Public("one")
VARIABLE = replace(UPDATE, wanted=replace(WANTED, value=ONE))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (UPDATE, "aa"),
        (replace(UPDATE, action=Action.CREATE, record=None), "aa"),
        (VARIABLE, ONE.fingerprint),
        (replace(UPDATE, action=Action.DELETE), None),
        (ALONE, "aa"),
        (replace(ALONE, record=replace(RECORD, fingerprint="bb")), "bb"),
    ],
)
def test_what_is_intended(line: Change, expected: str | None) -> None:
    """The fingerprint that will be there, none of a delete; a list alone leaves the one that is recorded."""
    assert expected == intent(line)


@pytest.mark.parametrize("wanted", [None, replace(WANTED, value=NotRead("--skip-values"))])
def test_nothing_is_written_without_a_value(wanted: Wanted | None) -> None:
    """A line whose value was not read is no write: it is a bug of ours."""
    assert [Known("aa"), ONE] == [value_of(each) for each in (UPDATE, VARIABLE)]
    with pytest.raises(TypeError, match="orgs/acme/actions/KEY has no value to write"):
        value_of(replace(UPDATE, wanted=wanted))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (UPDATE, Sent(DATE, SEEN, retried=True)),
        (replace(UPDATE, seen_at=""), Sent(DATE, None, retried=True)),
        (VARIABLE, Readable(DATE, ONE)),
        (replace(ALONE, wanted=VARIABLE.wanted), Sent(DATE, SEEN, retried=True)),
        (replace(ALONE, seen_value=Public("two")), Readable(DATE, Public("two"))),
        (replace(UPDATE, wanted=None), Sent(DATE, SEEN, retried=True)),
    ],
)
def test_what_github_is_to_show(line: Change, expected: Done) -> None:
    """A variable by its value: of a list alone the one that it has, else the one that was written."""
    assert expected == sent_of(line, Written(created=False, date=DATE, retried=True))


TAKEN = ("somebody created it between the plan and the write; FlowForge has overwritten it",)
GONE = ("it was deleted between the plan and the write; FlowForge created it again",)


@pytest.mark.parametrize(
    ("action", "created", "expected"),
    [
        (Action.CREATE, True, ()),
        (Action.CREATE, False, TAKEN),
        (Action.UPDATE, True, GONE),
        (Action.UPDATE, False, ()),
    ],
)
def test_what_the_plan_did_not_see(*, action: Action, created: bool, expected: tuple[str, ...]) -> None:
    """Told by whether GitHub created it; after a try whose answer was lost that tells nothing."""
    line = replace(UPDATE, action=action)
    assert (expected, ()) == tuple(
        surprises(line, Written(created, DATE, retried=retried)) for retried in (False, True)
    )


KEY = f"1:{'A' * 43}="
FRESH = Record("aa", NOW, "ci-key", 9, DATE, DATE, public_key=KEY, unconfirmed=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (replace(UPDATE, record=None), FRESH),
        (UPDATE, replace(FRESH, value_since=AT)),
        (replace(UPDATE, record=replace(RECORD, fingerprint="bb", api_key_id="apikey_1")), FRESH),
        (
            replace(UPDATE, record=replace(RECORD, api_key_id="apikey_1")),
            replace(FRESH, value_since=AT, api_key_id="apikey_1"),
        ),
        (replace(UPDATE, record=replace(RECORD, adopted=True)), replace(FRESH, value_since=AT)),
        (replace(UPDATE, drift=True), replace(FRESH, value_since=AT, drifted_at=SEEN)),
        (
            replace(UPDATE, wanted=replace(WANTED, audience=ALL)),
            replace(FRESH, value_since=AT, visibility="all"),
        ),
        (VARIABLE, replace(FRESH, fingerprint=ONE.fingerprint)),
        (
            replace(ALONE, wanted=replace(WANTED, audience=ALL)),
            Record("aa", NOW, "ci-key", 7, AT, AT, visibility="all", unconfirmed=True),
        ),
    ],
)
def test_what_is_remembered(line: Change, expected: Record) -> None:
    """Since when it has this value, and which key, whatever else was written; of a list alone, all but its time is."""
    done, stamp = Written(created=False, date=DATE), Stamp(NOW, unconfirmed=True)
    assert expected == record_of(line, done, stamp, repo_id=9, public_key=KEY)
