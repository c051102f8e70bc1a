"""A row of the fault matrix: a fault, a command, and everything that then must be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from flowforge.sandbox import Fault
from tests.faults.bench import Bench, Done

IN_SYNC: Final = "in sync"
BOTH_CHANGED: Final = "api: update, value_changed; web: update, value_changed"
BOTH_OLD: Final = ("old", "old")
BOTH_NEW: Final = ("new", "new")
API_OLD: Final = ("old", "new")
WEB_OLD: Final = ("new", "old")
NEITHER: Final = ("nothing", "nothing")
NEW_STATE: Final = (
    "The state is new: flowforge.state.json remembers what was written. Keep it, and keep it private: without it the "
    "next run knows nothing of this one."
)
CREATED: Final = "Done: 2 created, 0 updated, 0 deleted, 0 failed, 0 blocked."
UPDATED: Final = "Done: 0 created, 2 updated, 0 deleted, 0 failed, 0 blocked."
WEB_ONLY_FAILED: Final = "Not all done: 0 created, 1 updated, 0 deleted, 1 failed, 0 blocked."
WEB_ONLY_BLOCKED: Final = "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 1 blocked."
INCOMPLETE: Final = "The plan is incomplete: see the lines above."

Act = Callable[[Bench, tuple[str, ...]], Done]
Given = Callable[[Bench], object]


def here(bench: Bench, args: tuple[str, ...]) -> Done:
    """Run the command in this process."""
    return bench.run(*args)


@dataclass(frozen=True)
class Expected:
    """Everything that must be after a fault.

    printed: lines for people, of stderr and then stdout; of an apply without the changes to come and the counts of each
    repo. code: the exit code, or minus the signal that ended the process. holds: which value each of the two repos has
    at GitHub. then: what the next plan says, without the fault.
    """

    printed: tuple[str, ...] = (UPDATED,)
    code: int = 0
    holds: tuple[str, ...] = BOTH_NEW
    then: str = IN_SYNC


@dataclass(frozen=True)
class Row:
    """A fault, how it is made, and what is expected.

    given: makes the fault. act: runs the command. more: options of the command. fresh: nothing was applied before;
    otherwise both repos hold the old value, recorded, and the manifest wants the new one. repair: what a person must do
    after the next plan so that the one after it works. slow: minutes, not moments.
    """

    fault: str
    command: str
    expected: Expected
    given: Given = field(default=lambda _: None)
    act: Act = here
    more: tuple[str, ...] = ()
    fresh: bool = False
    repair: Given = field(default=lambda _: None)
    slow: bool = False

    @property
    def args(self) -> tuple[str, ...]:
        """The command line."""
        return (self.command, *(("--yes",) if self.command == "apply" else ()), *self.more)


def faults(match: str, *each: Fault) -> Given:
    """Let the sandbox misbehave, for requests that match."""

    def given(bench: Bench) -> None:
        for fault in each:
            bench.fault(match, fault)

    return given
