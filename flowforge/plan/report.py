"""What apply did: one result for each line of the plan, and the exit code that they add up to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum

from flowforge.data_class import dataclass
from flowforge.errors import ExitCode, Problem
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan


class Outcome(StrEnum):
    """What became of one line of the plan."""

    IN_SYNC = "in_sync"
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNRECORDED = "unrecorded"  # on GitHub, but not in the state
    NOT_DONE = "not_done"  # apply ended before its turn
    ASSUMED = "assumed"  # recorded and not proven: adopted, now or before
    LEFT = "left"  # nothing to do about it: reported drift, listed, value not checked


# The columns of the recap, in the order in which they are shown; the other outcomes appear only where there are any.
RECAP = (Outcome.IN_SYNC, Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED, Outcome.FAILED, Outcome.BLOCKED)
DONE = {Action.CREATE: Outcome.CREATED, Action.UPDATE: Outcome.UPDATED, Action.DELETE: Outcome.DELETED}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one line of the plan."""

    address: Address
    """The line."""
    outcome: Outcome
    """What became of it."""
    problem: Problem | None = None
    """Why it failed, or why it was not recorded."""
    notes: tuple[str, ...] = ()
    """What else a person should know of the write."""
    hindrance: str = ""
    """Of a blocked line, why it is blocked."""
    fix: str = ""
    """Of a blocked line, what a person can do."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did."""

    results: tuple[Result, ...]
    """A result for each line of the plan, sorted by address."""
    interrupted: bool = False
    """Whether a person or the system stopped the run."""
    problems: tuple[Problem, ...] = ()
    """What went wrong with the run as a whole, and with no single secret."""
    warnings: tuple[str, ...] = ()
    """What is left to the next run, with nothing lost."""
    untouched: bool = False
    """Whether the run ended before anything was sent to GitHub."""
    incomplete: bool = False
    """Whether there is an entry whose repos are not known."""
    sent: bool = False
    """Whether something was sent to GitHub, or may have been."""
    expired: int = 0
    """How many credentials have expired: their secrets may be as wanted, and nothing is well."""

    def __post_init__(self) -> None:
        # Threads deliver results in any order. Equal runs must give equal reports.
        object.__setattr__(self, "results", tuple(sorted(self.results, key=lambda result: result.address)))

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many results are of each sort."""
        return Counter(result.outcome for result in self.results)

    @property
    def is_complete(self) -> bool:
        """Whether all of the plan was done and recorded, and nothing else went wrong."""
        trouble = {Outcome.UNRECORDED, Outcome.FAILED, Outcome.BLOCKED, Outcome.NOT_DONE} & self.counts.keys()
        return not (trouble or self.problems or self.incomplete)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the largest trouble: interrupted, unrecorded, error of the run, failed or blocked, done."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if Outcome.UNRECORDED in self.counts:
            return ExitCode.UNRECORDED
        # Exit code 1 promises that nothing was written. Once something was sent, an error of the run is a failure (3).
        if self.untouched or (self.problems and not self.sent):
            return ExitCode.ERROR
        return ExitCode.DONE if self.is_complete else ExitCode.PARTIAL

    def recap(self) -> Mapping[str, Mapping[Outcome, int]]:
        """Return how many outcomes of each sort every repo has, sorted by name without case."""
        tally: defaultdict[Repo, Counter[Outcome]] = defaultdict(Counter)
        for result in self.results:
            tally[result.address.scope.repo][result.outcome] += 1
        return {repo.name: tally[repo] for repo in sorted(tally)}


def settle(
    plan: Plan,
    written: Iterable[Result],
    *,
    interrupted: bool,
    problems: tuple[Problem, ...] = (),
    warnings: tuple[str, ...] = (),
    untouched: bool = False,
    sent: bool = False,
) -> Report:
    """Return a report with a result for every line: those that were written, and those that needed no write."""
    # A line without a result was never begun, whatever ended the run.
    done = {result.address: result for result in written}
    results = tuple(done.get(change.address) or _unwritten(change) for change in plan.changes)
    return Report(
        results,
        interrupted,
        problems,
        warnings,
        untouched,
        incomplete=bool(plan.unresolved),
        sent=sent,
        expired=plan.expired,
    )


def _unwritten(change: Change) -> Result:
    if change.hindrance:
        return Result(change.address, Outcome.BLOCKED, hindrance=change.hindrance, fix=change.remedy)
    if change.writes:
        outcome = Outcome.NOT_DONE
    elif change.accepts or change.reason is Reason.ASSUMED:
        outcome = Outcome.ASSUMED
    else:
        outcome = Outcome.IN_SYNC if change.in_sync else Outcome.LEFT
    return Result(change.address, outcome)
