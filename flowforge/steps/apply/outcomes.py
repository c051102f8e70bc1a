"""What is reported of a write that did not go well: the results and problems of the writer."""

from typing import Final

from flowforge.errors import FlowForgeError, GitHubError, Problem
from flowforge.github.problems import HeldError, Refusal, StoppedError
from flowforge.plan.action import Why
from flowforge.plan.address import Address
from flowforge.plan.change import Change
from flowforge.plan.report import Outcome, Result
from flowforge.steps.apply.access_writes import with_kept_unseen
from flowforge.steps.apply.unforeseen import unforeseen

STILL_LISTED: Final = Refusal(
    "FF341",
    Why.FAILED,
    "GitHub answered that it does not exist, and still lists it",
    "run it again; then check the token",
)


def unfinished(change: Change, error: BaseException, *, sent: bool) -> Result:
    """Return the result of a write that ended in an exception. sent: whether it may have arrived."""
    # A write without an answer has failed, and its intent stays in the state, so the next plan writes again. After an
    # exception that nobody foresaw GitHub may hold the new value with no record of it.
    outcome = Outcome.FAILED
    if sent and not isinstance(error, GitHubError):
        outcome = Outcome.UNRECORDED
    elif isinstance(error, StoppedError | HeldError) and not sent:
        outcome = Outcome.NOT_DONE
    return Result(change.address, outcome, problem_of(change, error, sent=sent))


def problem_of(change: Change, error: BaseException, *, sent: bool) -> Problem:
    """Return the problem that an exception is for a line. sent: whether the write may have arrived."""
    if isinstance(error, FlowForgeError):
        return with_kept_unseen(change, error)
    return unforeseen(error, change.address, sent=sent)


def lagging(address: Address, why: str) -> Problem:
    """Return the problem of a write that GitHub's list does not show in time."""
    return Problem(
        "FF340",
        "written, but GitHub's list does not show it yet, so its time could not be recorded",
        str(address),
        why or "GitHub's lists lag behind its writes at times",
        "run `flowforge plan` again in a minute; it will write this secret once more",
    )
