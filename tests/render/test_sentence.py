"""The sentence that sums a plan up, and its exit code, follow from all that the plan lists."""

from dataclasses import replace
from datetime import date

import pytest

from flowforge.cli.plan import exit_code
from flowforge.errors import ExitCode, Where
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.expiry import Expiry
from flowforge.plan.facts import Unreadable, Unresolved
from flowforge.render.rows import change_lines
from flowforge.render.text import after_plan, footer
from flowforge.run import Planned
from tests.plan.every_line import decisions

ALL_IS_WELL = "No changes. GitHub matches the manifest."
LINES = list(decisions())
EXPIRED = Expiry("ci-key", date(2026, 10, 10), 0)


def sentence(plan: Plan) -> str:
    """Return the first line of the footer."""
    return next(iter(footer(plan)))


def codes(plan: Plan) -> tuple[ExitCode, ExitCode, ExitCode]:
    """Return the exit codes: without a flag, with --detailed-exitcode, with --require-values."""
    planned = Planned(plan, (), (), 0, 0, 0.0)
    flags = ((False, False), (True, False), (False, True))
    return tuple(exit_code(planned, detailed=detailed, require_values=values) for detailed, values in flags)  # type: ignore[return-value]  # -- three of them


def is_listed(change: Change) -> bool:
    """Whether a plan shows the line, and not only because the state will call it by another credential."""
    return bool(list(change_lines(Plan((change,)), verbose=False))) and not change.relabels


def test_what_is_listed_changes_the_sentence() -> None:
    """All is well only where nothing is listed, assumed or unchecked; any line that is shown is in the sentence."""
    wrong = [line for line in LINES if is_listed(line) and sentence(Plan((line,))) == ALL_IS_WELL]
    well = [line for line in LINES if sentence(Plan((line,))) == ALL_IS_WELL]
    assert [] == wrong
    assert {Reason.IN_SYNC, Reason.ALREADY_ABSENT, Reason.GONE} == {line.reason for line in well}


def test_all_is_well_only_where_every_code_says_so() -> None:
    """The sentence and the exit codes never part: 0 with every flag is what "No changes." says."""
    plans = [Plan((line,)) for line in LINES]
    assert [] == [plan for plan in plans if sentence(plan) == ALL_IS_WELL and set(codes(plan)) != {ExitCode.DONE}]


@pytest.mark.parametrize("expired", [0, 1, 2])
def test_an_expired_credential_is_in_every_sentence(expired: int) -> None:
    """Beside whatever else is listed; and it moves no exit code."""
    words = {0: "", 1: "1 credential expired.", 2: "2 credentials expired."}[expired]
    plans = [Plan((line,)) for line in LINES]
    later = [replace(plan, expiries=(EXPIRED,) * expired) for plan in plans]
    assert [] == [plan for plan in later if not sentence(plan).endswith(words) or (expired and plan.in_sync)]
    assert [codes(plan) for plan in plans] == [codes(plan) for plan in later]


def test_the_codes_of_each_line() -> None:
    """3 for what is blocked; 2 before it for what is to do, drifts or is left over; a choice is none unless asked."""
    for line in LINES:
        blocked, unread = line.action is Action.BLOCKED, line.reason is Reason.VALUE_NOT_CHECKED or not line.applicable
        to_say = line.writes or line.reported_drift or line.left_over
        trouble, unseen = ExitCode.PARTIAL, line.reason is Reason.NOT_SEEN
        plain = trouble if blocked else ExitCode.DONE
        detailed = ExitCode.CHANGES if to_say else trouble if blocked or unseen else ExitCode.DONE
        expected = (plain, detailed, trouble if blocked or unread else ExitCode.DONE)
        assert (line, expected) == (line, codes(Plan((line,))))


@pytest.mark.parametrize(
    ("why", "expected"),
    [
        (Why.CUT_SHORT, (ExitCode.PARTIAL, ExitCode.PARTIAL, ExitCode.PARTIAL)),
        (Why.NOT_ASKED, (ExitCode.DONE, ExitCode.PARTIAL, ExitCode.DONE)),
    ],
)
def test_an_entry_without_known_repos(why: Why, expected: tuple[ExitCode, ...]) -> None:
    """It blocks, unless the command line chose not to ask; either way nothing says that all is well."""
    plan = Plan((), (Unresolved("target All", Where("m", 1, 1), Unreadable(why)),))
    assert ("No changes found; 1 entry without known repos.", expected) == (sentence(plan), codes(plan))


def test_what_is_blocked_stands_last() -> None:
    """Whatever the order of their addresses: every line that is blocked comes after every one that is not."""
    shown = [line for line in LINES if line.address.secret]
    symbols = "".join(line[0] for line in change_lines(Plan(tuple(shown)), verbose=True) if not line.startswith("  "))
    assert symbols == symbols.replace("!", "") + "!" * symbols.count("!")
    assert {"!"} < set(symbols)


@pytest.mark.parametrize(
    ("eta", "wait"),
    [(0.0, "with no wait"), (0.9, "with no wait"), (1.0, "at least 1 s"), (120.0, "at least 2 min")],
)
def test_what_the_limits_add_is_no_whole_time(eta: float, wait: str) -> None:
    """What GitHub's limits make a run wait is told as that: what its answers take comes on top, and nobody knows it."""
    expected = [f"It took 26 requests; applying takes 1,075 more, {wait} at GitHub's limits."]
    assert expected == list(after_plan((), 26, 1075, eta))
