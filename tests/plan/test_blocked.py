"""Every line that is blocked says why, in words, and what a person can do: over all rows, causes and outcomes."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Scope
from flowforge.plan.audience import Audience
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan, decide
from flowforge.plan.decide_access import decide_access
from flowforge.plan.facts import Known, Listing, NotRead, Remembered, Unreadable, Unresolved
from flowforge.plan.ordering import without_kept
from flowforge.plan.report import Outcome, settle
from flowforge.render.repo_list_view import unresolved_lines
from tests.plan.every_line import EVERYBODY, HERE, LATER, ONE, ORG, OURS, RECORD, decisions, wanted

NOBODY = NotRead("nobody can be asked", "run it at a terminal", chosen=False)
BLOCKED = [change for change in decisions() if change.action is Action.BLOCKED]
# What can block a line. A reason that comes to block one has to be named here, and so to be looked at.
REASONS = {
    *(Reason.VALUE_UNAVAILABLE, Reason.VALUE_NOT_READ, Reason.NO_ROOM, Reason.UNREADABLE),
    *(Reason.ROTATING, Reason.NOT_OURS, Reason.INTERRUPTED, Reason.ACCESS_CHANGED, Reason.STILL_NEEDED),
}


def test_what_can_block() -> None:
    """All reasons and all causes that block a line are met here, so that the tests below speak of all of them."""
    assert (REASONS, {None, *Why}) == ({each.reason for each in BLOCKED}, {each.why for each in BLOCKED})


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_a_blocked_line_says_why_and_what_helps(reason: Reason) -> None:
    """Words and a fix, whoever blocked it and however little they knew; the same words are its hindrance."""
    lines = [change for change in BLOCKED if change.reason is reason]
    assert [] == [line for line in lines if not (line.sentence and line.remedy and line.hindrance == line.sentence)]


def test_what_is_well_needs_no_remedy() -> None:
    """Of a line that is as it is to be, and whose value was read, nobody is told to do anything."""
    line = Change(HERE, Action.NONE, Reason.IN_SYNC, wanted=wanted(Known("hmac-sha256:aa")))
    assert ("", "mend it") == (line.remedy, replace(line, fix="mend it").remedy)


def test_what_the_run_was_to_be_given() -> None:
    """A line lacks it where it is blocked for a value or for its owner's token, and no other line does."""
    for change in decisions():
        reason = change.why or change.reason
        expected = reason in {Why.NO_TOKEN, Reason.VALUE_UNAVAILABLE, Reason.VALUE_NOT_READ}
        assert change.input_missing == (change.action is Action.BLOCKED and expected), change


@pytest.mark.parametrize("why", Why)
def test_each_cause_has_words_of_its_own(why: Why) -> None:
    """No two causes look alike, and each has a fix of its own making where nobody gave a better one."""
    line = Change(HERE, Action.BLOCKED, Reason.UNREADABLE, why, wanted=wanted(NOBODY))
    assert (why.text, why.fix, True) == (line.sentence, line.remedy, len(why.fix.split()) >= 3)
    entry = Unresolved("target All", Where("m", 1, 1), Unreadable(why))
    told = [f"! target All (m:1:1)  its repositories are not known: {why.text}", f"    fix: {why.fix}"]
    assert told == list(unresolved_lines([entry]))
    assert len({each.text for each in Why}) == len(Why)


def test_what_apply_leaves_out_says_why() -> None:
    """Every line that apply could not do is a blocked result with words; every other one has none."""
    told = [settle(Plan((change,)), (), interrupted=False).results[0] for change in decisions()]
    assert [] == [each for each in told if (each.outcome is Outcome.BLOCKED) != bool(each.hindrance)]


@pytest.mark.parametrize("value", [NotRead("--skip-values", "run it without"), NOBODY])
def test_nothing_goes_before_what_replaces_it_can_be_written(value: NotRead) -> None:
    """A write that lacks its value keeps the old secret of that repo, whether nobody gave it or nobody wanted it."""
    old = Change(replace(HERE, secret="OLD"), Action.DELETE, Reason.DECLARED_ABSENT)
    new = decide(HERE, wanted(value), Listing({}), Remembered(None), prune=False)
    said = {True: "missing, and its value was not read: --skip-values", False: "value not read: nobody can be asked"}
    assert ([], said[value.chosen], value.fix) == (without_kept([old], [new, old]), new.hindrance, new.remedy)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NotRead("--skip-values"), (Action.UPDATE, Reason.ACCESS_CHANGED, False)),
        (NOBODY, (Action.BLOCKED, Reason.VALUE_NOT_READ, True)),
    ],
)
def test_a_change_of_visibility_needs_the_value(value: NotRead, expected: tuple[Action, Reason, bool]) -> None:
    """It writes the value again: what a person did not give blocks it, what was left out by choice does not."""
    seen = Listing({HERE.secret: OURS}, audiences={HERE.secret: ONE})
    line = decide(ORG, wanted(value, ORG, EVERYBODY), seen, Remembered(RECORD), prune=False)
    access = decide_access(line, seen)
    assert access is not None
    assert (Reason.VALUE_NOT_CHECKED, expected) == (line.reason, (access.action, access.reason, access.applicable))
    # A list of repos alone is written without the value, and waits for nobody.
    fewer = Audience.selected([])
    by_list = decide_access(decide(ORG, wanted(value, ORG, fewer), seen, Remembered(RECORD), prune=False), seen)
    assert by_list is not None
    assert (Action.UPDATE, True) == (by_list.action, by_list.applicable)


@pytest.mark.parametrize(
    ("seen_at", "reason", "delete"),
    [
        (OURS, Reason.NOT_NAMED, "`flowforge apply --prune` deletes it"),
        (LATER, Reason.NOT_OURS, "name it under `absent` in the manifest to have it deleted"),
    ],
)
def test_what_is_left_over_names_both_ways_out(seen_at: str, reason: Reason, delete: str) -> None:
    """One deletes it, the other leaves it there for good; an environment's name is quoted for the shell."""
    here = Address(Scope.of_environment(HERE.scope.repo, "Staging / EU"), HERE.secret)
    line = decide(here, None, Listing({here.secret: seen_at}), Remembered(RECORD), prune=False)
    forget = f"`flowforge state forget 'acme/api/environments/Staging / EU/{HERE.secret}'` leaves it there for good"
    assert (reason, True, f"{delete}; {forget}") == (line.reason, line.left_over, line.remedy)
