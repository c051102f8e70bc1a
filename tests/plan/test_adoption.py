"""What can be recorded without a write: every line that is taken, left or blocked, and the exit code of each."""

from dataclasses import replace
from itertools import product

import pytest

from flowforge.errors import ExitCode, Problem, Where
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.adoption import Adoptable, Adopted, Adoption, _adoptable, adoption_of, is_blocked
from flowforge.plan.audience import Access, Audience, Viewer, Visibility
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import (
    Known,
    NotRead,
    Presence,
    Public,
    Record,
    Unavailable,
    Unreadable,
    Unresolved,
    Value,
    Wanted,
)

SEEN, BEFORE = "2026-03-01T10:00:00Z", "2026-02-01T08:00:00Z"
HERE = Address(Scope(Repo.parse("acme/api")), "ANTHROPIC_API_KEY")
OURS = Address(Scope(Repo.organization("acme")), "ANTHROPIC_API_KEY")
RECORD = Record("hmac-sha256:bb", BEFORE, "old-key", 7, BEFORE, BEFORE)
UNRESOLVED = Unresolved("target All", Where("flowforge.yaml", 3, 1), Unreadable(Why.NO_PERMISSION))
PROBLEM = Problem("FF410", "the state cannot be written")


VALUE: Value = Known("hmac-sha256:aa")
NOBODY = NotRead("nobody can be asked", chosen=False)


def wanted(value: Value = VALUE, address: Address = HERE) -> Wanted:
    """Return what the manifest says of a secret that is to be there."""
    return Wanted(address, Presence.PRESENT, "target", Where("flowforge.yaml", 3, 1), "ci-key", value=value)


def line(action: Action, reason: Reason, want: Wanted | None, record: Record | None = None) -> Change:
    """Return a line of a plan about what GitHub shows."""
    return Change(HERE, action, reason, wanted=want, record=record, seen_at=SEEN)


THERE = line(Action.UPDATE, Reason.NEVER_APPLIED, wanted())
VARIABLE = replace(line(Action.NONE, Reason.IN_SYNC, wanted(Public("one"))), seen_value=Public("one"))
# What adopt records of them: nothing says who wrote it, in which repo, or that it holds the value.
RECORDED = Record("hmac-sha256:aa", SEEN, "ci-key", 0, "", SEEN, adopted=True)
SEEN_TO = replace(RECORDED, fingerprint=Public("one").fingerprint)

TAKEN = {
    "there and not remembered": (THERE, RECORDED),
    "a variable that holds what is wanted": (VARIABLE, SEEN_TO),
}
LEFT = {
    "a variable that holds another value": (line(Action.UPDATE, Reason.NEVER_APPLIED, wanted(Public("one"))), False),
    "begun and never ended": (line(Action.UPDATE, Reason.INTERRUPTED, wanted()), False),
    "begun and never ended, and remembered": (line(Action.UPDATE, Reason.INTERRUPTED, wanted(), RECORD), False),
    "its value was not read": (line(Action.UPDATE, Reason.NEVER_APPLIED, wanted(NotRead("--skip-values"))), True),
    "its value cannot be had": (line(Action.BLOCKED, Reason.VALUE_UNAVAILABLE, wanted(Unavailable("unset"))), True),
    "nobody gave its value": (line(Action.BLOCKED, Reason.VALUE_NOT_READ, wanted(NOBODY)), True),
    "nobody gave its value, once begun": (line(Action.BLOCKED, Reason.VALUE_NOT_READ, wanted(NOBODY), RECORD), True),
    "unreadable": (line(Action.BLOCKED, Reason.UNREADABLE, wanted()), True),
}
NEITHER = {
    "in sync as remembered": line(Action.NONE, Reason.IN_SYNC, wanted(), RECORD),
    "a variable that is remembered": line(Action.NONE, Reason.IN_SYNC, wanted(Public("one")), RECORD),
    "in sync, and no variable": line(Action.NONE, Reason.IN_SYNC, wanted()),
    "missing": line(Action.CREATE, Reason.MISSING, wanted()),
    "a variable that is missing": line(Action.CREATE, Reason.MISSING, wanted(Public("one"))),
    "its value changed": line(Action.UPDATE, Reason.VALUE_CHANGED, wanted(), RECORD),
    "unreadable, and remembered": line(Action.BLOCKED, Reason.UNREADABLE, wanted(), RECORD),
    "unreadable, and no longer named": line(Action.BLOCKED, Reason.UNREADABLE, None),
    "begun, and no longer named": line(Action.BLOCKED, Reason.INTERRUPTED, None),
    "missing, and nobody gave its value": replace(
        line(Action.BLOCKED, Reason.VALUE_NOT_READ, wanted(NOBODY)), seen_at=""
    ),
    "never applied, and no longer named": line(Action.UPDATE, Reason.NEVER_APPLIED, None),
}


@pytest.mark.parametrize(("change", "record"), TAKEN.values(), ids=TAKEN)
def test_what_is_there_is_taken(change: Change, record: Record) -> None:
    """It is recorded with the time and the value of now; a secret's value is assumed, a variable's is seen."""
    adoption = adoption_of(Plan((change,)))
    assert Adoption((Adoptable(change, record),), ()) == adoption
    assumed = change is THERE
    assert (int(assumed), [assumed], [HERE.scope.repo], 0, ExitCode.DONE) == (
        adoption.assumed,
        [each.assumed for each in adoption.taken],
        [each.repo for each in adoption.taken],
        adoption.blocked,
        adoption.exit_code,
    )


@pytest.mark.parametrize(("change", "blocked"), LEFT.values(), ids=LEFT)
def test_what_nobody_knows_is_left(change: Change, *, blocked: bool) -> None:
    """It is wanted and may be there: left to apply where that can write it, else blocked, and the exit code says so."""
    adoption = adoption_of(Plan((change,)))
    assert Adoption((), (change,)) == adoption
    code = ExitCode.PARTIAL if blocked else ExitCode.DONE
    assert (blocked, int(blocked), 0, code) == (
        is_blocked(change),
        adoption.blocked,
        adoption.assumed,
        adoption.exit_code,
    )


@pytest.mark.parametrize("change", NEITHER.values(), ids=NEITHER)
def test_what_is_no_matter_of_adopting(change: Change) -> None:
    """What is remembered, is not there or is not wanted is neither taken nor left."""
    assert Adoption((), ()) == adoption_of(Plan((change,)))


@pytest.mark.parametrize("wanted_now", [None, wanted(NotRead("--skip-values"))])
def test_nothing_is_recorded_without_a_value(wanted_now: Wanted | None) -> None:
    """A line that was taken without a value that was read is a bug of ours, and no record."""
    with pytest.raises(TypeError, match="no value is known"):
        _adoptable(replace(THERE, wanted=wanted_now), None)


def test_all_at_once() -> None:
    """Each line is judged by itself, in the order of the plan, and counted."""
    rows = [*(change for change, _ in (*TAKEN.values(), *LEFT.values())), *NEITHER.values()]
    changes = tuple(
        replace(change, address=Address(HERE.scope, f"SECRET_{number:02}")) for number, change in enumerate(rows)
    )
    adoption = adoption_of(Plan(changes, (UNRESOLVED,)))
    taken, left = len(TAKEN), len(TAKEN) + len(LEFT)
    assert (changes[:taken], changes[taken:left], (UNRESOLVED,)) == (
        tuple(each.change for each in adoption.taken),
        adoption.left,
        adoption.unresolved,
    )
    assert (1, sum(blocked for _, blocked in LEFT.values())) == (adoption.assumed, adoption.blocked)


def access_to(before: Audience | None) -> Change:
    """Return the line that says who sees an organization's secret."""
    access = Access(before, Audience(Visibility.ALL))
    reason = Reason.MISSING if before is None else Reason.NEVER_APPLIED
    return Change(OURS.of_access, Action.UPDATE, reason, wanted=wanted(address=OURS), seen_at=SEEN, access=access)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (None, RECORDED),
        (Audience(Visibility.PRIVATE), replace(RECORDED, visibility="private")),
        (
            Audience.selected([Viewer(Repo.parse("acme/b"), 9), Viewer(Repo.parse("acme/c"), 2)]),
            replace(RECORDED, visibility="selected", repo_ids=(2, 9)),
        ),
    ],
)
def test_who_sees_it_is_recorded_with_it(before: Audience | None, expected: Record) -> None:
    """Of an organization's secret the line of who sees it is no secret of its own: the record says who sees it now."""
    value = replace(THERE, address=OURS)
    adoption = adoption_of(Plan((value, access_to(before))))
    assert Adoption((Adoptable(value, expected),), ()) == adoption


def test_who_sees_another_is_not_recorded() -> None:
    """The line of one secret says nothing of another's."""
    value = replace(THERE, address=Address(OURS.scope, "OTHER"))
    adoption = adoption_of(Plan((value, access_to(Audience(Visibility.PRIVATE)))))
    assert Adoption((Adoptable(value, RECORDED),), ()) == adoption


@pytest.mark.parametrize("change", [THERE, LEFT["unreadable"][0]])
def test_an_entry_without_repos_is_not_all(change: Change) -> None:
    """Where the repos of an entry are not known, not all that may be there could be looked at."""
    assert ExitCode.PARTIAL is adoption_of(Plan((change,), (UNRESOLVED,))).exit_code


@pytest.mark.parametrize(
    ("interrupted", "problems", "blocked"), list(product((False, True), ((), (PROBLEM,)), (False, True)))
)
def test_the_larger_trouble_wins(*, interrupted: bool, problems: tuple[Problem, ...], blocked: bool) -> None:
    """An interrupt is larger than a problem of the run, and that than a line that is blocked; a warning is none."""
    adoption = adoption_of(Plan((LEFT["unreadable"][0] if blocked else THERE,)))
    adopted = Adopted(adoption, interrupted, problems, ("not folded",))
    if interrupted:
        expected = ExitCode.INTERRUPTED
    elif problems:
        expected = ExitCode.ERROR
    else:
        expected = ExitCode.PARTIAL if blocked else ExitCode.DONE
    assert (expected, ExitCode.DONE) == (adopted.exit_code, Adopted(adoption_of(Plan(()))).exit_code)
