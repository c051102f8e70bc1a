"""What apply did: a result for every line, the exit code that the larger trouble sets, and the recap."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from flowforge.errors import ExitCode, Problem, Where
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import NotRead, Presence, Unreadable, Unresolved, Wanted
from flowforge.plan.report import DONE, RECAP, Outcome, Report, Result, settle

FAILED = Problem("FF310", "GitHub answered 500")


def place(repo: str, secret: str = "ANTHROPIC_API_KEY") -> Address:
    """Return an address."""
    return Address(Scope(Repo.parse(repo)), secret)


def report(*outcomes: Outcome, interrupted: bool = False) -> Report:
    """Return a report of one secret for each outcome."""
    results = (Result(place(f"acme/repo-{number}"), outcome) for number, outcome in enumerate(outcomes))
    return Report(tuple(results), interrupted)


# Every outcome stands here: one that is added without an exit code fails.
EXIT_CODES = {
    Outcome.IN_SYNC: ExitCode.DONE,
    Outcome.CREATED: ExitCode.DONE,
    Outcome.UPDATED: ExitCode.DONE,
    Outcome.DELETED: ExitCode.DONE,
    Outcome.ASSUMED: ExitCode.DONE,
    Outcome.LEFT: ExitCode.DONE,
    Outcome.FAILED: ExitCode.PARTIAL,
    Outcome.BLOCKED: ExitCode.PARTIAL,
    Outcome.NOT_DONE: ExitCode.PARTIAL,
    Outcome.UNRECORDED: ExitCode.UNRECORDED,
}


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_has_its_exit_code(outcome: Outcome) -> None:
    """One such secret among a hundred done decides the exit code; an interrupt decides over each."""
    done = [Outcome.UPDATED] * 100
    assert (EXIT_CODES[outcome], ExitCode.INTERRUPTED) == (
        report(*done, outcome).exit_code,
        report(*done, outcome, interrupted=True).exit_code,
    )


@pytest.mark.parametrize("outcomes", list(permutations((Outcome.UPDATED, Outcome.FAILED, Outcome.UNRECORDED))))
def test_the_larger_trouble_wins_in_any_order(outcomes: tuple[Outcome, ...]) -> None:
    """Not recorded is larger than failed, and interrupted larger than both."""
    assert (ExitCode.UNRECORDED, ExitCode.INTERRUPTED) == (
        report(*outcomes).exit_code,
        report(*outcomes, interrupted=True).exit_code,
    )


@pytest.mark.parametrize("trouble", [{"untouched": True}, {"problems": (FAILED,)}])
def test_an_error_of_the_run_is_larger_than_that_of_a_secret(trouble: dict[str, Any]) -> None:
    """What ended the run before its first write is an error, whatever failed; a write without a record is more."""
    cases = [((Outcome.FAILED,), False), ((Outcome.UNRECORDED,), False), ((Outcome.NOT_DONE,), True)]
    assert [ExitCode.ERROR, ExitCode.UNRECORDED, ExitCode.INTERRUPTED] == [
        replace(report(*outcomes, interrupted=interrupted), **trouble).exit_code for outcomes, interrupted in cases
    ]


@pytest.mark.parametrize("outcome", [Outcome.UPDATED, Outcome.FAILED])
def test_an_error_of_the_run_is_none_once_something_was_sent(outcome: Outcome) -> None:
    """Exit code 1 says that nothing was written: later it is one of what went wrong, beside that all is done."""
    told = replace(report(outcome), problems=(FAILED,), sent=True)
    assert (ExitCode.PARTIAL, False) == (told.exit_code, told.is_complete)


@pytest.mark.parametrize("outcome", Outcome)
def test_what_is_complete(outcome: Outcome) -> None:
    """That is what is done and recorded, also where somebody said stop a moment later."""
    told = report(Outcome.UPDATED, outcome, interrupted=True)
    assert (EXIT_CODES[outcome] is ExitCode.DONE) == told.is_complete
    assert not replace(told, incomplete=True).is_complete


def test_a_warning_is_no_trouble() -> None:
    """What the next run puts right by itself leaves the exit code alone."""
    assert ExitCode.DONE is replace(report(Outcome.UPDATED), warnings=("not folded",)).exit_code


def test_nothing_to_do_is_done() -> None:
    """An empty report is a success."""
    assert (ExitCode.DONE, {}, {}) == (report().exit_code, dict(report().counts), report().recap())


def test_results_are_sorted_and_counted() -> None:
    """Results come from many threads in any order; a report is the same for each."""
    results = [
        Result(place("acme/web"), Outcome.FAILED, FAILED),
        Result(place("acme/api", "B_KEY"), Outcome.CREATED, notes=("GitHub lagged",)),
        Result(place("acme/api", "A_KEY"), Outcome.CREATED),
    ]
    expected = tuple(reversed(results))
    reports = [Report(order) for order in permutations(results)]
    counts = {Outcome.CREATED: 2, Outcome.FAILED: 1}
    assert [(expected, counts)] * 6 == [(each.results, each.counts) for each in reports]


def test_the_recap_has_a_row_for_each_repo_whatever_its_case() -> None:
    """Rows are sorted without case, and a repo written in two cases is one repo."""
    results = (
        Result(place("Zoo/app"), Outcome.IN_SYNC),
        Result(place("acme/web"), Outcome.BLOCKED),
        Result(place("Acme/api", "A_KEY"), Outcome.CREATED),
        Result(place("acme/API", "B_KEY"), Outcome.CREATED),
        Result(place("acme/api", "C_KEY"), Outcome.FAILED, FAILED),
    )
    expected = [
        ("Acme/api", {Outcome.CREATED: 2, Outcome.FAILED: 1}),
        ("acme/web", {Outcome.BLOCKED: 1}),
        ("Zoo/app", {Outcome.IN_SYNC: 1}),
    ]
    assert expected == list(Report(results).recap().items())


def test_the_recap_shows_what_people_count() -> None:
    """The columns stand in the order of the documented line."""
    assert ["in_sync", "created", "updated", "deleted", "failed", "blocked"] == [outcome.value for outcome in RECAP]


def test_the_words_of_a_report() -> None:
    """Each outcome has its word, which is a promise: the JSON report carries it."""
    assert [
        *("in_sync", "created", "updated", "deleted", "failed"),
        *("blocked", "unrecorded", "not_done", "assumed", "left"),
    ] == [outcome.value for outcome in Outcome]


def test_every_write_has_its_outcome() -> None:
    """What was planned as a write is reported in the same words."""
    expected = {Action.CREATE: Outcome.CREATED, Action.UPDATE: Outcome.UPDATED, Action.DELETE: Outcome.DELETED}
    assert expected == DONE


HERE = place("acme/api")
UNRESOLVED = Unresolved("target All", Where("m"), Unreadable(Why.NO_PERMISSION))
WANTED = Wanted(HERE, Presence.PRESENT, "target", Where("m"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(HERE, Action.CREATE, Reason.MISSING, wanted=None), Outcome.NOT_DONE),
        (Change(HERE, Action.DELETE, Reason.DECLARED_ABSENT, wanted=WANTED), Outcome.NOT_DONE),
        (
            Change(
                HERE,
                Action.CREATE,
                Reason.MISSING,
                wanted=Wanted(HERE, Presence.PRESENT, "t", Where("m"), value=NotRead("--skip-values", "do it")),
            ),
            Result(
                HERE,
                Outcome.BLOCKED,
                hindrance="missing, and its value was not read: --skip-values",
                fix="do it",
            ),
        ),
        (
            Change(HERE, Action.BLOCKED, Reason.VALUE_UNAVAILABLE, detail="env A is unset", fix="set A", wanted=WANTED),
            Result(HERE, Outcome.BLOCKED, hindrance="value not available: env A is unset", fix="set A"),
        ),
        (Change(HERE, Action.NONE, Reason.IN_SYNC, wanted=WANTED), Outcome.IN_SYNC),
        (Change(HERE, Action.NONE, Reason.ALREADY_ABSENT, wanted=WANTED), Outcome.IN_SYNC),
        (Change(HERE, Action.NONE, Reason.ASSUMED, wanted=WANTED), Outcome.ASSUMED),
        (Change(HERE, Action.NONE, Reason.CHANGED_OUTSIDE, wanted=WANTED, drift=True), Outcome.LEFT),
        (Change(HERE, Action.NONE, Reason.NOT_NAMED), Outcome.LEFT),
        (Change(HERE, Action.NONE, Reason.NOT_SEEN), Outcome.LEFT),
    ],
)
def test_a_line_that_was_not_written_is_settled(change: Change, expected: Outcome | Result) -> None:
    """Every line without a result of its own gets the one that its row says; a blocked one says why, and what helps."""
    result = expected if isinstance(expected, Result) else Result(HERE, expected)
    assert Report((result,)) == settle(Plan((change,)), (), interrupted=False)


@pytest.mark.parametrize(("unresolved", "code"), [((), ExitCode.DONE), ((UNRESOLVED,), ExitCode.PARTIAL)])
def test_an_entry_without_repos_leaves_it_incomplete(unresolved: tuple[Unresolved, ...], code: ExitCode) -> None:
    """Where the repos of an entry are not known, not all was done, though all that was known is."""
    settled = settle(Plan((), unresolved), (), interrupted=False)
    assert (Report((), incomplete=bool(unresolved)), code) == (settled, settled.exit_code)


def test_what_was_written_speaks_for_itself() -> None:
    """A write's result is passed on whole, beside the other lines; so is what is said of the run."""
    other = place("acme/web")
    failed = Result(HERE, Outcome.FAILED, FAILED, ("tried three times",))
    plan = Plan((Change(HERE, Action.CREATE, Reason.MISSING), Change(other, Action.CREATE, Reason.MISSING)))
    run: dict[str, Any] = {"interrupted": True, "problems": (FAILED,), "warnings": ("not folded",), "untouched": True}
    expected = Report((failed, Result(other, Outcome.NOT_DONE)), **run)
    assert expected == settle(plan, iter([failed]), **run)
