"""What apply did: one result for each line of the plan, and the exit code that they add up to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

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


RECAP = (Outcome.IN_SYNC, Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED, Outcome.FAILED, Outcome.BLOCKED)
DONE = {Action.CREATE: Outcome.CREATED, Action.UPDATE: Outcome.UPDATED, Action.DELETE: Outcome.DELETED}


@dataclass(frozen=True, slots=True)
class Result:
    """One secret's outcome; `problem` says why where it failed or was not recorded; notes are for people."""

    address: Address
    outcome: Outcome
    problem: Problem | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Every line's result, sorted by address, and whether apply was interrupted.

    problems: what concerns the run and no single secret. warnings: what it leaves to the next one, with nothing lost.
    untouched: what ended the run came before anything was sent. incomplete: which repos an entry has is not known.
    sent: something was, or may have been.
    """

    results: tuple[Result, ...]
    interrupted: bool = False
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    untouched: bool = False
    incomplete: bool = False
    sent: bool = False

    def __post_init__(self) -> None:
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
        """The larger trouble wins: interrupted, unrecorded, an error of the run, failed or blocked, done.

        An error of the run says that nothing was written; once something was sent, it is told as what failed.
        """
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if Outcome.UNRECORDED in self.counts:
            return ExitCode.UNRECORDED
        if self.untouched or (self.problems and not self.sent):
            return ExitCode.ERROR
        return ExitCode.DONE if self.is_complete else ExitCode.PARTIAL

    def recap(self) -> Mapping[str, Mapping[Outcome, int]]:
        """Count outcomes for each repo, sorted by its name without case."""
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
    """Join what was written with the lines that needed no write into one report, a result for every line."""
    done = {result.address: result for result in written}
    results = tuple(done.get(change.address) or _unwritten(change) for change in plan.changes)
    return Report(results, interrupted, problems, warnings, untouched, incomplete=bool(plan.unresolved), sent=sent)


def _unwritten(change: Change) -> Result:
    if change.action is Action.BLOCKED or not change.applicable:
        outcome = Outcome.BLOCKED
    elif change.writes:
        outcome = Outcome.NOT_DONE
    elif change.accepts or change.reason is Reason.ASSUMED:
        outcome = Outcome.ASSUMED
    else:
        outcome = Outcome.IN_SYNC if change.in_sync else Outcome.LEFT
    return Result(change.address, outcome)
