"""A rotation that is under way, as the state keeps it, and which lines of a plan wait for it. Pure."""

import shlex
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Final

from flowforge.data_class import dataclass
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address
from flowforge.plan.change import Change
from flowforge.plan.facts import Known

# Seconds that a canary may take where nobody says otherwise.
CANARY_TIMEOUT: Final = 1800


@dataclass(frozen=True, slots=True)
class Proof:
    """How the batches of a rotation are proven, as it was asked for.

    People who may propose a change can edit the state: what stands here is shown to a person, and never run.
    """

    batches: str = ""
    """The batches, as `--batch` named them; empty for the usual ones."""
    canary: str = ""
    """The workflow; empty for none."""
    command: str = ""
    """The command, as words of a shell; empty for none."""
    timeout: int = 0
    """How many seconds a canary may take; 0 for the usual time."""

    @property
    def asks(self) -> bool:
        """Whether there is a canary."""
        return bool(self.canary or self.command)

    @property
    def options(self) -> str:
        """The options that ask for it, to be pasted into a shell."""
        named = (
            ("--batch", self.batches),
            ("--canary", self.canary),
            ("--canary-command", self.command),
            ("--canary-timeout", f"{self.timeout}s" if self.timeout else ""),
        )
        return " ".join(f"{option} {shlex.quote(text)}" for option, text in named if text)


@dataclass(frozen=True, slots=True)
class Rotation:
    """One credential on its way to a new value. The walk is here and nowhere else, so that any run can take it up."""

    fingerprint: str
    """That of the new value."""
    since: str
    """When the first batch began (ISO 8601, UTC)."""
    before: tuple[str, ...] = ()
    """Those of the values before it, sorted: what the source must have again for a way back. None where not known."""
    proven: int = 0
    """How many batches were written and found well."""
    reached: Mapping[Address, int] = field(default_factory=dict)
    """What the walk wrote, or began to write, each with the number of its batch; the first is 1."""
    old_keys: tuple[str, ...] = ()
    """Anthropic's ids of the keys before it, sorted, as far as recorded. The walk overwrites their records."""
    proof: Proof = field(default_factory=Proof)
    """How its batches are proven."""
    at_once: bool = False
    """Whether `--now` took it over: then no line waits for its turn."""

    def of_batch(self, number: int) -> frozenset[Address]:
        """Return what was written, or begun, in one batch."""
        return frozenset(address for address, batch in self.reached.items() if batch == number)


def forward(credential: str, more: str = "") -> str:
    """Return a command that rotates, to be put into a sentence. more: its options."""
    words = f"{shlex.quote(credential)} {more}".rstrip()
    return f"`flowforge rotate {words}`"


def onward(credential: str, rotation: Rotation | None) -> str:
    """Return the command that goes on with a rotation, as it was begun."""
    if rotation is None:
        return forward(credential)
    return forward(credential, "--now" if rotation.at_once else rotation.proof.options)


def backward(credential: str) -> str:
    """Return the command that takes a rotation back."""
    return forward(credential, "--back")


def waits(change: Change, rotations: Mapping[str, Rotation]) -> Change:
    """Return a line; blocked where it would write a value that a rotation has not come to, or another one than its own.

    Whatever the rotation stopped for, a run that knows nothing of it must not bring about.
    """
    wanted = change.wanted
    rotation = rotations.get(wanted.credential) if wanted is not None else None
    if rotation is None or wanted is None or not _writes_value(change):
        return change
    if change.address.of_value not in rotation.reached and not rotation.at_once:
        why = "it has not come here yet"
    elif isinstance(wanted.value, Known) and wanted.value.fingerprint != rotation.fingerprint:
        why = "the source has another value now"
    else:
        return change
    name = wanted.credential
    on, back = onward(name, rotation), backward(name)
    fix = f"{on} goes on with it; {back} takes it back, once the source has the old value again"
    return replace(
        change,
        action=Action.BLOCKED,
        reason=Reason.ROTATING,
        detail=f"{why} ({name}, since {rotation.since})",
        fix=fix,
        makes_environment=False,
    )


def _writes_value(change: Change) -> bool:
    # A line about who sees a secret follows that about its value: where this one is blocked, there is none.
    return change.action in {Action.CREATE, Action.UPDATE}
