"""What stops an apply before its first write, and what it does with the state as a whole."""

from dataclasses import replace

import pytest

from flowforge.errors import (
    FlowForgeError,
    GitHubError,
    Problem,
    RefusedError,
    SourceError,
    StateError,
    UnfoldedError,
    Where,
)
from flowforge.github.repos import RepoInfo
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Presence, Unavailable, Unreadable, Wanted
from flowforge.plan.safety import Allowed, Brake
from flowforge.state.model import State
from flowforge.steps.apply.finish import fold, written_from
from flowforge.steps.apply.preconditions import refuse, require_same, require_values
from tests.steps.apply.parts import Notes

HERE = Address(Scope(Repo.parse("acme/api")), "KEY")
UNSET = Unavailable("env K is unset", "FF201", "set K", "the run has no such variable")
WANTED = Wanted(HERE, Presence.PRESENT, "T", Where("m", 1, 1), "ci-key", value=UNSET)
LACKING = Change(HERE, Action.BLOCKED, Reason.VALUE_UNAVAILABLE, detail=UNSET.why, fix=UNSET.fix, wanted=WANTED)
FINE = Change(HERE, Action.BLOCKED, Reason.UNREADABLE, Why.SSO, wanted=WANTED)
WHAT = "value not available: env K is unset; nothing was written"
KEEP = "set K; --keep-going writes the secrets that need other values"
LEAVE = "set K; --exclude and --tags leave out what needs it"
BRAKES = [Brake("FF501", "one", "--a", "say --a"), Brake("FF503", "two", "--b", "say --b")]
HELD = tuple(Problem(each.code, f"{each.what}; nothing was written", fix=each.fix) for each in BRAKES)


def missing(fix: str) -> Problem:
    """Return what is said of a value that cannot be had."""
    return Problem("FF201", WHAT, 'credential "ci-key"', "the run has no such variable", fix)


def problems(plan: Plan, brakes: list[Brake], *, keep_going: bool) -> tuple[type[FlowForgeError] | None, object]:
    """Return what stops a plan."""
    try:
        refuse(plan, brakes, keep_going=keep_going)
    except FlowForgeError as error:
        return type(error), error.problems
    return None, ()


@pytest.mark.parametrize(
    ("lines", "brakes", "keep_going", "expected"),
    [
        ((), [], False, (None, ())),
        ((FINE,), [], False, (None, ())),
        ((LACKING, LACKING), [], False, (SourceError, (missing(KEEP),))),
        ((LACKING,), BRAKES, False, (SourceError, (missing(KEEP),))),
        ((LACKING,), [], True, (None, ())),
        ((LACKING,), BRAKES, True, (RefusedError, HELD)),
        ((), BRAKES, False, (RefusedError, HELD)),
    ],
)
def test_what_weighs_more_stops_first(
    *, lines: tuple[Change, ...], brakes: list[Brake], keep_going: bool, expected: object
) -> None:
    """A value that cannot be had, once for all that need it, unless that is to be passed over; then every brake."""
    assert expected == problems(Plan(lines), brakes, keep_going=keep_going)


def test_nothing_is_recorded_without_its_value() -> None:
    """An adoption says how to leave out what needs it."""
    require_values(Plan((FINE,)))
    with pytest.raises(SourceError) as caught:
        require_values(Plan((LACKING,)))
    assert (missing(LEAVE),) == caught.value.problems


@pytest.mark.parametrize(
    ("wanted", "where"),
    [(None, "credential "), (replace(WANTED, value=Unavailable("env K is unset")), 'credential "ci-key"')],
)
def test_what_has_no_code_of_its_own(wanted: Wanted | None, where: str) -> None:
    """A line that says less of its value is told with what it says."""
    with pytest.raises(SourceError) as caught:
        require_values(Plan((replace(LACKING, wanted=wanted),)))
    assert (Problem("", WHAT, where, "", LEAVE),) == caught.value.problems


API, WEB = (
    RepoInfo(number, f"acme/{name}", archived=False, can_write=True) for number, name in ((7, "api"), (8, "web"))
)
ONE, TWO = Repo.parse("acme/api"), Repo.parse("acme/web")


def test_a_repo_that_became_another_is_not_written_to() -> None:
    """While the question waited for its answer: each that is not as it was is named."""
    before = {ONE: API, TWO: WEB}
    require_same(before, {ONE: API})
    require_same(before, {})
    others: list[dict[Repo, RepoInfo | Unreadable]] = [
        {ONE: replace(API, id=9), TWO: Unreadable(Why.ARCHIVED)},
        {ONE: WEB, TWO: API},
    ]
    for now in others:
        with pytest.raises(GitHubError) as caught:
            require_same(before, now)
        what = "acme/api, acme/web changed since the plan was shown; nothing was written"
        assert (Problem("FF343", what, fix="run it again, and read the new plan"),) == caught.value.problems


@pytest.mark.parametrize(
    ("admitted", "expected"), [(False, ("a.yaml", "b.yaml", "c.yaml")), (True, ("a.yaml", "c.yaml"))]
)
def test_the_set_of_manifests_only_grows(*, admitted: bool, expected: tuple[str, ...]) -> None:
    """Unless a change of it is admitted: else the next --prune would delete what another one named."""
    state = State.fresh(["b.yaml", "a.yaml"])
    assert expected == written_from(state, ("c.yaml", "a.yaml"), Allowed(manifest_change=admitted))


FULL, LATER = (
    Problem("FF401", "no room", "state.json", "the disk is full", "make room"),
    Problem("FF402", "not folded", "s"),
)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, ((), ())),
        (StateError(FULL, LATER), ((FULL, LATER), ())),
        (
            UnfoldedError(FULL),
            ((), ("state.json: no room: the disk is full; nothing is lost: make room",)),
        ),
    ],
)
def test_the_fold_hides_no_result(notes: Notes, error: StateError | None, expected: object) -> None:
    """What went wrong is told, and what the next run does by itself is only warned of."""
    if error is not None:
        notes.fails["close"] = error
    assert (expected, [("close",)]) == (fold(notes.session), notes.told)
