"""What a command line asks for, and the plan that it gets."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowforge.concurrency import Progress, silent
from flowforge.data_class import dataclass
from flowforge.github.clock import Clock, ClockOf
from flowforge.github.pacers import Pacers
from flowforge.plan.decide import Plan
from flowforge.plan.safety import Allowed, Brake
from flowforge.sources import terminal
from flowforge.sources.base import Hidden
from flowforge.waiting import Waiting

if TYPE_CHECKING:
    from flowforge.audit.model import RepoAudit

# The options that a saved plan keeps beside the brakes: each may change a line, or what apply does about it. `jobs` and
# the waits are missing, because whoever applies the plan may run on another machine.
KEPT: Final = ("limit", "exclude", "tags", "skip_values", "prune", "prove", "accept_drift", "keep_going")


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for, and what the command hands in to be told how it goes."""

    manifests: tuple[Path, ...]
    """The manifest files, which are read as one."""
    # Not in the repr: values come from it.
    environ: Mapping[str, str] = field(repr=False)
    """The environment variables."""
    limit: tuple[str, ...] = ()
    """The patterns of --limit."""
    exclude: tuple[str, ...] = ()
    """The patterns of --exclude."""
    owner: str = ""
    """The one owner whose lines are planned, in lower case; empty for all."""
    jobs: int = 32
    """How many threads ask GitHub at once."""
    max_wait: float = 900.0
    """The longest pause for GitHub's limits, in seconds."""
    cache: bool = True
    """Whether lists of GitHub's are kept from run to run."""
    pace: str = "limits"
    """How much GitHub is spared: a value of `flowforge.github.pace.Pace`."""
    lock_timeout: float = 0.0
    """How many seconds to wait for a run that writes the state."""
    tags: tuple[str, ...] = ()
    """The tags of --tags."""
    verify: bool = False
    """Whether a plan asks Anthropic about the keys that it would write, as apply does."""
    skip_values: bool = False
    """Whether to open no source of a credential."""
    prune: bool = False
    """Whether to delete what FlowForge wrote and the manifest no longer names."""
    prove: bool = False
    """Whether to write again the secrets whose value is only assumed."""
    accept_drift: bool = False
    """Whether to record secrets as they are that were changed outside FlowForge."""
    audit: bool = False
    """Whether to read the workflows of the repos that a plan would write."""
    keep_going: bool = False
    """Whether to write the other secrets where a value is not available."""
    confirm: bool = False
    """Whether GitHub is asked at once for the time of every write, also where that costs a wait."""
    asks: bool = False
    """Whether a person approves the plan, so that time passes before the writes."""
    interactive: bool = False
    """Whether a person is there who can be asked for a value."""
    allowed: Allowed = field(default_factory=Allowed)
    """The brakes that are released."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Ends the run early once it is set: a signal arrived."""
    progress: Progress = silent
    """Shows how far the run is."""
    waiting: Waiting = field(default_factory=Waiting)
    """What the run waits for, for the progress to show."""
    pacers: Pacers = field(default_factory=Pacers)
    """What it spends at GitHub, however often it signs in."""
    notify: Callable[[str], None] = lambda _: None
    """Shows a sentence to the person who waits, such as the reason of a pause."""
    unforeseen: Callable[[BaseException], None] = lambda _: None
    """Shows an exception that nobody foresaw. The report has only its type, because its text may hold anything."""
    clock: ClockOf = Clock.of
    """Makes the clock of the run's waits, and of how long results wait to be pushed."""
    hidden: Hidden = terminal.hidden
    """Opens the terminal at which values are pasted."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """All patterns that choose repos."""
        return (*self.limit, *self.exclude)

    @property
    def flags(self) -> dict[str, Any]:
        """The options that a saved plan keeps, by name; sequences are lists, as in JSON."""
        kept = {name: getattr(self, name) for name in KEPT}
        allowed = {f"allow_{name}": value for name, value in asdict(self.allowed).items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in (kept | allowed).items()}


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with all that is shown beside it."""

    plan: Plan
    """The plan."""
    brakes: tuple[Brake, ...]
    """What stops apply until a flag releases it."""
    warnings: tuple[str, ...]
    """What a person should know."""
    requests: int
    """How many requests the plan took."""
    to_come: int
    """How many requests it takes to apply it."""
    eta: float
    """How many seconds these take at GitHub's limits."""
    offline: bool = False
    """Whether it is a plan of --offline, for which GitHub was not asked."""
    host: str = ""
    """The host that has the repos; empty where that is not known."""
    known_lists: tuple[int, int] = (0, 0)
    """How many lists were asked for that an earlier run knew, and how many of them were unchanged."""
    audits: "tuple[RepoAudit, ...] | None" = None
    """The audits of repos that would be written and have errors; None where none was asked for."""
    new_state: str = ""
    """Of an apply that begins a state: where that is kept."""
