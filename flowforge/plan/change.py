"""One line of a plan: what would be done to one secret, why, and what that stands on."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address
from flowforge.plan.audience import Access
from flowforge.plan.facts import NotRead, Public, Record, Wanted

_WHO_CHANGED = "who sees it was changed outside FlowForge"
_WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})


@dataclass(frozen=True, slots=True)
class Change:
    """What the decision says of one secret; inert data.

    why and detail explain a secret that is blocked or not seen. seen_at: GitHub's `updated_at` now, empty where the
    secret is missing or unreadable. drift: GitHub's time is not the recorded one; told only of what is wanted present.
    forgets: the state drops its record. makes_environment: its environment is not there, and apply makes it first.
    access: of the line that says who sees an organization's secret. after_drift: the value of such a line drifts, and
    stays so.
    seen_value: of a variable, what GitHub holds now; None where it is missing, and of a secret.
    """

    address: Address
    action: Action
    reason: Reason
    why: Why | None = None
    detail: str = ""
    fix: str = ""
    wanted: Wanted | None = None
    record: Record | None = None
    seen_at: str = ""
    drift: bool = False
    forgets: bool = False
    makes_environment: bool = False
    access: Access | None = None
    after_drift: bool = False
    seen_value: Public | None = None

    @property
    def writes(self) -> bool:
        """Whether apply would send something to GitHub."""
        return self.action in _WRITES

    @property
    def applicable(self) -> bool:
        """Whether apply could do it: a create or an update whose value was not read cannot be done."""
        needs_value = self.action in {Action.CREATE, Action.UPDATE} and not (self.access and self.access.by_list)
        return not (needs_value and self.wanted is not None and isinstance(self.wanted.value, NotRead))

    @property
    def relabels(self) -> bool:
        """Whether only the credential's name differs from the recorded one; the value is the same."""
        settled = self.reason in {Reason.IN_SYNC, Reason.ASSUMED, Reason.NOT_CHECKED}
        return (
            settled
            and self.record is not None
            and self.wanted is not None
            and self.access is None
            and (self.record.credential != self.wanted.credential)
        )

    @property
    def accepts(self) -> bool:
        """Whether apply records the secret as it was found, assumed to hold the wanted value; under --accept-drift."""
        policy = self.wanted.on_drift if self.wanted is not None and self.access is None else None
        return policy is OnDrift.ACCEPT and self.action is Action.NONE and self.reason is Reason.CHANGED_OUTSIDE

    @property
    def tidies(self) -> bool:
        """Whether apply changes the state where GitHub needs nothing."""
        return self.forgets or (self.noted is not None and self.noted != self.record)

    @property
    def drifted_at(self) -> str:
        """GitHub's time for what was changed outside FlowForge; empty for what was not, or is deleted."""
        return self.seen_at if self.drift else ""

    @property
    def noted(self) -> Record | None:
        """The record as apply leaves it where it does not write the value.

        It is under the credential's present name, knows of the drift that was found, and has accepted it if told so.
        """
        record, wanted = self.record, self.wanted
        if record is None or wanted is None or self.access is not None or self.action is not Action.NONE:
            return record
        noted = replace(record, drifted_at=self.drifted_at)
        if self.relabels or self.accepts:
            noted = replace(noted, credential=wanted.credential)
        return replace(noted, updated_at=self.seen_at, adopted=True) if self.accepts else noted

    @property
    def reported_drift(self) -> bool:
        """Whether the secret was changed outside FlowForge and apply will leave it so."""
        return self.drift and self.action is Action.NONE and self.wanted is not None

    @property
    def in_sync(self) -> bool:
        """Whether the secret is proven to hold the wanted value, or proven absent where it is to be."""
        return self.reason is Reason.IN_SYNC or self.reason is Reason.ALREADY_ABSENT

    @property
    def symbol(self) -> str:
        """One character for the margin: `+ ~ - = ! ?`, or a space for what is only listed."""
        if self.reported_drift:
            return "?"
        match self.action:
            case Action.CREATE:
                return "+"
            case Action.UPDATE:
                return "~"
            case Action.DELETE:
                return "-"
            case Action.BLOCKED:
                return "!"
            case Action.NONE:
                return "=" if self.wanted is not None else " "
            case _:
                assert_never(self.action)

    @property
    def sentence(self) -> str:
        """The reason in words: `value not available: env X is unset`; where a scope is unreadable, its own detail."""
        if self.why is not None:
            return self.detail or self.why.text
        if self.access is not None and not self.detail:
            return _WHO_CHANGED if self.drift else self.access.sentence
        text = self.reason.text
        if self.address.scope.repo.is_organization:
            # GitHub moves the time of an organization's secret also when the list of its repos is changed.
            text = text.replace(Reason.CHANGED_OUTSIDE.text, f"value or access {Reason.CHANGED_OUTSIDE.text}")
        return f"{text}: {self.detail}" if self.detail else text


@dataclass(frozen=True, slots=True)
class Counts:
    """How many lines of a plan are of each sort. They overlap: a drifting secret that is updated counts as update."""

    create: int = 0
    update: int = 0
    delete: int = 0
    in_sync: int = 0
    assumed: int = 0
    blocked: int = 0
    drift: int = 0
    unchecked: int = 0
    listed: int = 0

    @classmethod
    def of(cls, changes: Iterable[Change]) -> "Counts":
        """Count the lines of a plan."""
        tally: Counter[str] = Counter()
        for change in changes:
            tally.update(_counted_as(change))
        return cls(**tally)

    @property
    def writes(self) -> int:
        """How many secrets would be written or deleted."""
        return self.create + self.update + self.delete


def _counted_as(change: Change) -> Iterable[str]:
    """Give the fields of Counts that one line adds to."""
    if change.action is not Action.NONE:
        yield change.action.value
    elif change.wanted is None:
        yield "listed"
    elif change.reason is Reason.ASSUMED:
        yield "assumed"
    elif change.in_sync:
        yield "in_sync"
    if change.reason in {Reason.VALUE_NOT_CHECKED, Reason.NOT_CHECKED}:
        yield "unchecked"
    if change.reported_drift:
        yield "drift"
