"""What a rotation is asked for, whom it tells, and how it ended."""

from collections.abc import Callable, Sequence
from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.errors import ExitCode, Problem
from flowforge.plan.address import Address, Repo
from flowforge.plan.report import Report
from flowforge.plan.rotation import Proof, Rotation
from flowforge.run.request import Planned
from flowforge.run.rotation_key import KeyAsked, KeyTold
from flowforge.state.model import State
from flowforge.steps.rotate.consent import Consent
from flowforge.steps.rotate.queued import OldRuns
from flowforge.steps.rotate.verdicts import CanaryVerdict
from flowforge.steps.rotate.walk import Batch


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of a rotation."""

    credential: str
    """The credential."""
    proof: Proof = field(default_factory=Proof)
    """How its batches are to be proven, as far as that is said."""
    without_canary: bool = False
    """Whether the canary that it was begun with is not to be asked."""
    back: bool = False
    """Whether to take back the rotation that is under way."""
    now: bool = False
    """Whether all is written at once, and nobody waits for anybody."""
    check: bool = False
    """Whether only to show it."""
    cancels: bool = False
    """Whether to cancel the runs that were queued before the last write."""
    key: KeyAsked = field(default_factory=KeyAsked)
    """What is asked about the old key at the end."""


@dataclass(frozen=True, slots=True)
class Course:
    """What a rotation is about to do, for people."""

    planned: Planned
    """The plan of all that is to be written."""
    total: int
    """How many secrets the manifest wants with the credential."""
    batches: tuple[Batch, ...]
    """The batches from here on."""
    canaries: tuple[tuple[Repo, ...], ...]
    """The repos of each batch in which the canary is asked; none without one."""
    under_way: Rotation | None
    """The rotation that is taken up, or back."""
    already: int
    """How many secrets hold the value already, outside of what that rotation wrote."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Who is told and asked meanwhile."""

    course: Callable[[Course], None]
    """Shows what is about to be done."""
    approve: Callable[[Course], Consent | None]
    """Returns the consent to do it; None where somebody said no."""
    batch: Callable[[Batch, Report], None]
    """Shows what became of a batch."""
    verdicts: Callable[[Sequence[CanaryVerdict]], None]
    """Shows what the canary says."""
    proceed: Callable[[Batch], bool]
    """Returns whether to go on after a batch that no canary looked at."""


@dataclass(slots=True)
class Ended:
    """How a rotation ended, or how far it came."""

    legs: list[tuple[Planned, Report]] = field(default_factory=list)
    """What was written, leg by leg."""
    finished: bool = False
    """Whether all that the manifest wants holds the value, and the rotation is over."""
    canaries: list[tuple[int, CanaryVerdict]] = field(default_factory=list)
    """What the canary said, each with the number of the batch after which it was asked."""
    overtaken: bool = False
    """Whether another run has ended it."""
    stopped: bool = False
    """Whether a person said not to go on."""
    problem: Problem | None = None
    """What ended it after something was written."""
    exposed: tuple[Address, ...] = ()
    """What may hold another value of the credential yet."""
    unseen: int = 0
    """How many of these the run has not seen, so that it could not write them."""
    changed: int = 0
    """How many of these GitHub shows otherwise than they were written."""
    waits_for_nobody: bool = False
    """Whether it is not known to be well where nobody could look, whatever the reason: a key that leaked."""
    rotation: Rotation | None = None
    """The rotation as it is kept; None where it is over."""
    interrupted: bool = False
    """Whether a signal ended it."""
    unresolved: bool = False
    """Whether there are entries whose repos are not known."""
    oauth: bool = False
    """Whether what was replaced is a token of `claude setup-token`."""
    state: State | None = None
    """What is remembered at the end."""
    runs: OldRuns = field(default_factory=OldRuns)
    """The runs that were queued before the last write."""
    key: KeyTold = field(default_factory=KeyTold)
    """What is known of the old key; nothing while the rotation stands."""

    @property
    def exit_code(self) -> ExitCode:
        """The exit code: that of what was written, and 3 where something is not as it is to be."""
        codes = {report.exit_code for _, report in self.legs} | ({ExitCode.INTERRUPTED} if self.interrupted else set())
        for worst in (ExitCode.INTERRUPTED, ExitCode.UNRECORDED, ExitCode.ERROR):
            if worst in codes and (worst is not ExitCode.ERROR or len(self.legs) == 1):
                return worst
        well = (
            self.finished
            and not self.exposed
            and not self.runs.alive
            and not (self.runs.unknown if self.waits_for_nobody else self.runs.in_doubt)
            and not self.unresolved
            and codes <= {ExitCode.DONE}
        )
        return ExitCode.DONE if well else ExitCode.PARTIAL
