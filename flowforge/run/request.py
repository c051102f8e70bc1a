"""What a command line asks for, and the plan that it gets."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from flowforge.concurrency import Progress, silent
from flowforge.github.clock import Clock, ClockOf
from flowforge.plan.decide import Plan
from flowforge.plan.safety import Allowed, Brake
from flowforge.sources import terminal
from flowforge.sources.base import Hidden

# What a saved plan keeps of a request beside what is allowed: all that may change a line, or what apply does about it.
KEPT: Final = ("limit", "exclude", "tags", "skip_values", "prune", "prove", "accept_drift", "keep_going")


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for.

    asks: whether a person is asked, so that time passes before the writes. interactive: whether a person is there to
    be asked for a value. prove: what is only assumed is written. accept_drift: what was changed outside is recorded as
    it is. lock_timeout: seconds to wait for a run that writes the state. `stop` ends the run early; `progress` and
    `notify` are told what goes on, `unforeseen` of exceptions whose type alone is in the report.
    """

    manifests: tuple[Path, ...]
    # Not in the repr: values come from it.
    environ: Mapping[str, str] = field(repr=False)
    limit: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    jobs: int = 32
    max_wait: float = 900.0
    lock_timeout: float = 0.0
    tags: tuple[str, ...] = ()
    skip_values: bool = False
    prune: bool = False
    prove: bool = False
    accept_drift: bool = False
    keep_going: bool = False
    asks: bool = False
    interactive: bool = False
    allowed: Allowed = field(default_factory=Allowed)
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Progress = silent
    notify: Callable[[str], None] = lambda _: None
    unforeseen: Callable[[BaseException], None] = lambda _: None
    clock: ClockOf = Clock.of
    """Makes the clock of the run's waits, and of how long results wait to be pushed."""
    hidden: Hidden = terminal.hidden
    """Opens the terminal at which values are pasted."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """What chooses repos."""
        return (*self.limit, *self.exclude)

    @property
    def flags(self) -> dict[str, Any]:
        """What a saved plan keeps, each under the name of its option; lists as JSON has them."""
        kept = {name: getattr(self, name) for name in KEPT}
        allowed = {f"allow_{name}": value for name, value in asdict(self.allowed).items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in (kept | allowed).items()}


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what surrounds it: what apply would refuse, warnings, and what it cost and will cost.

    requests: those the plan took. to_come: those that applying it takes. eta: seconds that needs at GitHub's limits.
    offline: GitHub was not asked.
    """

    plan: Plan
    brakes: tuple[Brake, ...]
    warnings: tuple[str, ...]
    requests: int
    to_come: int
    eta: float
    offline: bool = False
