"""One line of a plan: what would be done to one secret, why, and what that stands on."""

import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, assert_never

from flowforge.data_class import dataclass
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address
from flowforge.plan.audience import Access
from flowforge.plan.facts import Entry, NotRead, Public, Record, Wanted

_WHO_CHANGED = "who sees it was changed outside FlowForge"
NAME_IT: Final = "name it under `absent` in the manifest to have it deleted"
_PRUNE_IT: Final = "`flowforge apply --prune` deletes it"
_WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})
# Of what the manifest does not name: GitHub has it no more, or did not show it.
_NOT_THERE: Final = frozenset({Reason.GONE, Reason.NOT_SEEN})


@dataclass(frozen=True, slots=True)
class Change:
    """What was decided about one secret. Inert data: nothing here asks GitHub or reads a value."""

    address: Address
    """The secret or variable. With `access` set on the address, the line is about who sees it."""
    action: Action
    """What apply does."""
    reason: Reason
    """The row of the decision table, for people."""
    why: Why | None = None
    """Why GitHub could not be read; None where it could."""
    detail: str = ""
    """What a person should know beside the reason, in one clause."""
    fix: str = ""
    """What a person can do about a line that apply leaves as it is; see `remedy`."""
    wanted: Wanted | None = None
    """What the manifest wants; None where it no longer names the secret."""
    record: Record | None = None
    """What the state remembers; None where FlowForge never wrote or adopted the secret."""
    seen_at: str = ""
    """GitHub's `updated_at` now; empty where the secret is missing or unreadable."""
    drift: bool = False
    """Whether a secret that is wanted present is no longer as it was recorded."""
    forgets: bool = False
    """Whether apply drops the record of the secret, because GitHub no longer has it."""
    makes_environment: bool = False
    """Whether the environment is missing, so that apply creates it first."""
    access: Access | None = None
    """Who sees an organization's secret now and afterwards; None on a line about a value."""
    after_drift: bool = False
    """On a line about access: whether the value has drifted and is left as it is."""
    seen_value: Public | None = None
    """What a variable holds on GitHub now; None where it is missing, and for every secret."""

    @property
    def writes(self) -> bool:
        """Whether apply would send something to GitHub."""
        return self.action in _WRITES

    @property
    def applicable(self) -> bool:
        """Whether apply could do it: a create or an update needs a value that was read."""
        # A list of repos is written without the value, so it needs none.
        needs_value = self.action in {Action.CREATE, Action.UPDATE} and not (self.access and self.access.by_list)
        return not (needs_value and self.wanted is not None and isinstance(self.wanted.value, NotRead))

    @property
    def input_missing(self) -> bool:
        """Whether it is blocked because the run lacks what it was to be given: its value, or the token of its owner."""
        return self.action is Action.BLOCKED and (self.why or self.reason).input_missing

    @property
    def hindrance(self) -> str:
        """Why apply does nothing about a line that wants something, in words; empty where it does, or need not."""
        if self.applicable:
            return self.sentence if self.action is Action.BLOCKED else ""
        why = self.wanted.value.why if self.wanted and isinstance(self.wanted.value, NotRead) else ""
        return f"{self.sentence}, and its value was not read: {why}"

    @property
    def remedy(self) -> str:
        """What a person can do about a line that apply leaves as it is; empty where there is nothing."""
        if not self.applicable and self.wanted is not None and isinstance(self.wanted.value, NotRead):
            return self.wanted.value.fix
        if self.left_over:
            # An environment's name in the address may have spaces, and the command is there to be pasted.
            forget = f"`flowforge state forget {shlex.quote(str(self.address))}` leaves it there for good"
            return f"{_PRUNE_IT if self.reason is Reason.NOT_NAMED else NAME_IT}; {forget}"
        if self.writes:
            return ""
        return self.fix or ((self.why or self.reason).fix if self.action is Action.BLOCKED else "")

    @property
    def left_over(self) -> bool:
        """Whether it is there and remembered, the manifest no longer names it, and apply leaves it so."""
        return self.wanted is None and self.action is Action.NONE and self.reason not in _NOT_THERE

    @property
    def relabels(self) -> bool:
        """Whether only the credential's name differs from the recorded one; the value is the same."""
        # The state should say which credential provides the value today: `status` and a rotation go by that name.
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
        """Whether apply records the secret as it was found and assumes its value, as --accept-drift asks for."""
        policy = self.wanted.on_drift if self.wanted is not None and self.access is None else None
        return policy is OnDrift.ACCEPT and self.action is Action.NONE and self.reason is Reason.CHANGED_OUTSIDE

    @property
    def tidies(self) -> bool:
        """Whether apply changes the state where GitHub needs nothing."""
        return self.forgets or (self.noted is not None and self.noted != self.record)

    @property
    def drifted_at(self) -> str:
        """GitHub's time of the change that was made outside FlowForge; empty where there was none."""
        return self.seen_at if self.drift else ""

    @property
    def shown(self) -> Record | None:
        """The record, with GitHub's own time of our write where its list shows that by now."""
        record = self.record
        # Of what the manifest does not name, a later write may be open as well, and that must stay known.
        settled = self.action is Action.NONE and self.wanted is not None and self.access is None
        if record is None or not record.unconfirmed or not self.seen_at or not settled:
            return record
        shown = Entry(self.seen_at, self.seen_value).is_as_recorded(record)
        return replace(record, updated_at=self.seen_at, unconfirmed=False) if shown else record

    @property
    def noted(self) -> Record | None:
        """The record as apply leaves it where it does not write the value.

        It has GitHub's own time of our write, the credential's present name, and the time of any drift. With
        --accept-drift, the drift is accepted.
        """
        record, wanted = self.shown, self.wanted
        if record is None or wanted is None or self.access is not None or self.action is not Action.NONE:
            return record
        # Kept so that the next plan can tell the same edit from a new one: see `steps/warnings/ownership.py`.
        noted = replace(record, drifted_at=self.drifted_at)
        if self.relabels or self.accepts:
            noted = replace(noted, credential=wanted.credential)
        return replace(noted, updated_at=self.seen_at, unconfirmed=False, adopted=True) if self.accepts else noted

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
        """One character for the margin: `+ ~ - = ! ?`, or a space for a line that is only listed."""
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
        """The reason in words: `value not available: env X is unset`. An unreadable scope has its own detail."""
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
    """How many lines of a plan are of each sort. A line may count in two: one that is unchecked may drift as well."""

    create: int = 0
    """Secrets that apply creates."""
    update: int = 0
    """Secrets that apply writes again, drift that is overwritten among them."""
    delete: int = 0
    """Secrets that apply deletes."""
    in_sync: int = 0
    """Secrets that are proven to be as they are wanted."""
    assumed: int = 0
    """Secrets that were adopted, so that nobody has seen FlowForge write their value."""
    blocked: int = 0
    """Secrets about which nothing can be decided or done."""
    drift: int = 0
    """Secrets that were changed outside FlowForge and are left so."""
    unchecked: int = 0
    """Secrets whose value was not compared."""
    listed: int = 0
    """Secrets that the manifest no longer names, and that are left alone."""
    left_over: int = 0
    """Those of them that are there."""
    not_seen: int = 0
    """Those of them that GitHub did not show."""
    unread: int = 0
    """Secrets that are to be written and whose value was not read; each counts as its write too."""

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
    """Yield the fields of Counts that one line adds to."""
    if change.action is not Action.NONE:
        yield change.action.value
    elif change.wanted is None:
        yield from _listed_as(change)
    elif change.reason is Reason.ASSUMED:
        yield "assumed"
    elif change.in_sync:
        yield "in_sync"
    if change.reason in {Reason.VALUE_NOT_CHECKED, Reason.NOT_CHECKED}:
        yield "unchecked"
    if not change.applicable:
        yield "unread"
    if change.reported_drift:
        yield "drift"


def _listed_as(change: Change) -> Iterable[str]:
    yield "listed"
    if change.left_over:
        yield "left_over"
    if change.reason is Reason.NOT_SEEN:
        yield "not_seen"
