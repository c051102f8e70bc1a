"""A rotation that is under way, as the state keeps it, and which lines of a plan wait for it. Pure."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address
from flowforge.plan.change import Change
from flowforge.plan.facts import Known


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

    def of_batch(self, number: int) -> frozenset[Address]:
        """Return what was written, or begun, in one batch."""
        return frozenset(address for address, batch in self.reached.items() if batch == number)


def forward(credential: str, more: str = "") -> str:
    """Return the command that goes on with a rotation, to be put into a sentence. more: an option."""
    words = f"{shlex.quote(credential)} {more}".rstrip()
    return f"`flowforge rotate {words}`"


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
    if change.address.of_value not in rotation.reached:
        why = "it has not come here yet"
    elif isinstance(wanted.value, Known) and wanted.value.fingerprint != rotation.fingerprint:
        why = "the source has another value now"
    else:
        return change
    name = wanted.credential
    fix = f"{forward(name)} goes on with it; {backward(name)} takes it back, once the source has the old value again"
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
