"""The decision table of docs/planning.md as one total, pure function, and the plan that it makes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace

from flowforge.data_class import dataclass
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address, Scope
from flowforge.plan.capacity import within_capacity
from flowforge.plan.change import NAME_IT, Change, Counts
from flowforge.plan.decide_access import decide_access, seen_with_access
from flowforge.plan.expiry import Expiry
from flowforge.plan.facts import (
    Entry,
    NotRead,
    Presence,
    Record,
    Remembered,
    Seen,
    Unavailable,
    Unreadable,
    Unresolved,
    Wanted,
)
from flowforge.plan.rotation import Rotation, waits
from flowforge.plan.succession import Successor, until_replaced
from flowforge.plan.unseen import with_hidden

_NOTHING = Remembered(record=None)
_MAKES_ENVIRONMENT = "its environment is created first"
_NOT_SHOWN = "GitHub's list does not show it yet"


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a plan stands on."""

    wanted: Mapping[Address, Wanted]
    """What the manifest wants."""
    seen: Mapping[Scope, Seen]
    """What GitHub has. A scope that is missing here was not asked for, and is not planned."""
    remembered: Mapping[Address, Remembered] = field(default_factory=dict)
    """What the state remembers."""
    prune: bool = False
    """Whether to delete what FlowForge wrote and the manifest no longer names."""
    unresolved: tuple[Unresolved, ...] = ()
    """The entries of the manifest whose repos are not known."""
    successors: Mapping[Address, Successor] = field(default_factory=dict)
    """What takes the place of secrets that are to go, and must be there first."""
    rotations: Mapping[str, Rotation] = field(default_factory=dict)
    """The rotations that lines wait for, by their credentials."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What apply would do, line by line."""

    changes: tuple[Change, ...]
    """The lines, sorted by address. An organization's secret has two: one for its value, one for who sees it."""
    unresolved: tuple[Unresolved, ...] = ()
    """The entries of the manifest whose repos are not known."""
    asked: bool = True
    """Whether GitHub was asked. False for `plan --offline`, which stands on the state alone."""
    expiries: tuple[Expiry, ...] = ()
    """When the credentials of the manifest expire, as far as that is known, sorted by name."""

    @property
    def counts(self) -> Counts:
        """How many lines are of each sort."""
        return Counts.of(self.changes)

    @property
    def todo(self) -> tuple[Change, ...]:
        """What apply would write or delete. A write whose value was not read is no part of it."""
        return tuple(change for change in self.changes if change.writes and change.applicable)

    @property
    def has_changes(self) -> bool:
        """Whether something is to do, drifts or is left over: what `--detailed-exitcode` answers with 2."""
        return any(change.writes or change.reported_drift or change.left_over for change in self.changes)

    @property
    def blocked(self) -> bool:
        """Whether something is wanted that cannot be decided or done: an exit code of 3.

        What a flag leaves out blocks nothing: values under --skip-values, selectors under --offline.
        """
        unknown = any(each.unreadable.why is not Why.NOT_ASKED for each in self.unresolved)
        return unknown or any(change.action is Action.BLOCKED for change in self.changes)

    @property
    def expired(self) -> int:
        """How many credentials have expired."""
        return sum(each.expired for each in self.expiries)

    @property
    def in_sync(self) -> bool:
        """Whether all is well: GitHub is known to match the manifest, and no credential has expired."""
        return self.proven and not self.expired

    @property
    def complete(self) -> bool:
        """Whether every line could be decided and done: nothing blocked, unseen, or unreadable."""
        return not self.unresolved and all(
            change.action is not Action.BLOCKED and change.reason is not Reason.NOT_SEEN and change.applicable
            for change in self.changes
        )

    @property
    def proven(self) -> bool:
        """Whether GitHub is known to match: nothing to do, blocked, drifting, left over, assumed or unchecked."""
        counts = self.counts
        return self.asked and not self.has_changes and self.complete and not (counts.assumed or counts.unchecked)


def make_plan(situation: Situation, *, select: Callable[[Address], bool] = lambda _: True) -> Plan:
    """Decide every address that is wanted or remembered, in a scope that was asked for and that `select` admits."""
    return Plan(tuple(_changes(situation, select)), situation.unresolved)


def _changes(situation: Situation, select: Callable[[Address], bool]) -> Iterable[Change]:
    chosen: list[tuple[Change, Seen]] = []
    left_out: list[Change] = []
    for value, seen in _decided(situation):
        if select(value.address):
            chosen.append((value, seen))
        elif situation.successors:
            left_out += _with_access(value, seen)
    values = within_capacity([value for value, _ in chosen], situation.seen)
    # Access comes after capacity: where the value is blocked for lack of room, nobody is shown it either.
    lines = [line for value, (_, seen) in zip(values, chosen, strict=True) for line in _with_access(value, seen)]
    return until_replaced(lines, left_out, situation.successors)


def _with_access(value: Change, seen: Seen) -> tuple[Change, ...]:
    access = decide_access(value, seen)
    return (value,) if access is None else (value, access)


def _decided(situation: Situation) -> Iterable[tuple[Change, Seen]]:
    """Yield the decision about each value in the scopes that were asked for, with what was seen of the scope."""
    for address in sorted({*situation.wanted, *situation.remembered}):
        seen, wanted = situation.seen.get(address.scope), situation.wanted.get(address)
        if wanted is None and situation.unresolved:
            # Whether it is still wanted is not known, and that is never taken for "not".
            seen = seen and situation.unresolved[0].unreadable
        if seen is not None:
            remembered = situation.remembered.get(address, _NOTHING)
            wanted, seen = with_hidden(wanted, seen_with_access(wanted, address.secret, seen), remembered)
            value = decide(address, wanted, seen, remembered, prune=situation.prune)
            value = waits(value, situation.rotations)
            if value.action is Action.DELETE and (lost := _may_want(situation.unresolved)):
                value = _unreadable(address, wanted, lost, remembered)
            yield value, seen


def _may_want(unresolved: Iterable[Unresolved]) -> Unreadable | None:
    """Return why a delete must wait: a target whose repos are not known may want that secret, or its successor."""
    for each in unresolved:
        if each.wants:
            why = each.unreadable
            return replace(why, detail=f"{each.entry} may want something there: {why.sentence}")
    return None


def decide(address: Address, wanted: Wanted | None, seen: Seen, remembered: Remembered, *, prune: bool) -> Change:
    """Return the decision about one secret: a row of the table in docs/planning.md for everything that can be known."""
    if wanted is not None and wanted.unread is not None:
        return _unread(address, wanted, wanted.unread, seen, remembered)
    if isinstance(seen, Unreadable):
        return _unreadable(address, wanted, seen, remembered)
    entry = seen.entry(address.secret)
    behind = remembered.record is not None and entry.is_behind(remembered.record)
    if behind:
        # GitHub answered that it was written, and shows it as it was before: as open as a write without an answer.
        remembered = replace(remembered, pending=True)
    if wanted is None:
        change = _not_named(address, entry, remembered, prune=prune)
    elif wanted.presence is Presence.ABSENT:
        change = _absent(address, wanted, entry.updated_at, remembered)
    else:
        change = _present(address, wanted, entry, remembered)
    if behind and change.reason is Reason.INTERRUPTED:
        return replace(change, detail=_NOT_SHOWN)
    if not seen.made and change.action is Action.CREATE:
        return replace(change, detail=_MAKES_ENVIRONMENT, makes_environment=True)
    return change


def _unread(address: Address, wanted: Wanted, why: Unreadable, seen: Seen, remembered: Remembered) -> Change:
    """Return the decision where it is not known whether the secret is wanted: blocked, unless it is in sync anyway."""
    # An organization's secret stays blocked even in sync: who is to see it is part of what is not known.
    change = decide(address, replace(wanted, unread=None), seen, remembered, prune=False)
    settled = not change.forgets and change.noted == change.shown
    if change.in_sync and settled and wanted.audience is None:
        return replace(change, wanted=wanted)
    return _unreadable(address, wanted, why, remembered)


def _unreadable(address: Address, wanted: Wanted | None, seen: Unreadable, remembered: Remembered) -> Change:
    # Unreadable is never taken for absent: what is wanted is blocked, what is only remembered is only listed.
    action, reason = (Action.NONE, Reason.NOT_SEEN) if wanted is None else (Action.BLOCKED, Reason.UNREADABLE)
    return Change(address, action, reason, seen.why, seen.detail, seen.fix, wanted=wanted, record=remembered.record)


def _absent(address: Address, wanted: Wanted, seen_at: str, remembered: Remembered) -> Change:
    if seen_at:
        action, reason = Action.DELETE, Reason.DECLARED_ABSENT
    else:
        action, reason = Action.NONE, Reason.ALREADY_ABSENT
    # The state forgets only what it knows: a new absent entry must not write the state without a cause.
    known = remembered != _NOTHING
    return Change(
        address, action, reason, wanted=wanted, record=remembered.record, seen_at=seen_at, forgets=known and not seen_at
    )


def _not_named(address: Address, entry: Entry, remembered: Remembered, *, prune: bool) -> Change:
    record, seen_at = remembered.record, entry.updated_at
    if not seen_at:
        return Change(address, Action.NONE, Reason.GONE, record=record, forgets=True)
    if record is not None and entry.is_as_recorded(record) and not record.adopted:
        # Also when a write was interrupted: it did not arrive, or GitHub would show another time, or value.
        reason, ours = Reason.NOT_NAMED, True
    elif remembered.pending:
        # Who wrote what is there now is not known, so it is not ours to delete.
        reason, ours = Reason.INTERRUPTED, False
    else:
        reason, ours = Reason.NOT_OURS, False
    pruned = Action.DELETE if ours else Action.BLOCKED
    fix = NAME_IT if prune and not ours else ""
    return Change(address, pruned if prune else Action.NONE, reason, fix=fix, record=record, seen_at=seen_at)


def _present(address: Address, wanted: Wanted, entry: Entry, remembered: Remembered) -> Change:
    action, reason, detail, fix = _present_row(wanted, entry, remembered)
    if action is not Action.NONE and (missed := wanted.missed):
        # A write needs the value, and whoever was to give it did not. That is no choice of the command line.
        action, reason, detail, fix = Action.BLOCKED, Reason.VALUE_NOT_READ, missed.why, missed.fix
    record = remembered.record
    drift = record is not None and not remembered.pending and not entry.is_as_recorded(record)
    return Change(
        address,
        action,
        reason,
        None,
        detail,
        fix,
        wanted=wanted,
        record=record,
        seen_at=entry.updated_at,
        drift=drift and not _holds(entry, wanted),
        seen_value=entry.value,
    )


def _holds(entry: Entry, wanted: Wanted) -> bool:
    """Return whether a variable is seen to hold what is wanted, whoever wrote it. GitHub shows no secret's value."""
    return entry.value is not None and entry.value == wanted.value


def _present_row(wanted: Wanted, entry: Entry, remembered: Remembered) -> tuple[Action, Reason, str, str]:
    if isinstance(wanted.value, Unavailable):
        return Action.BLOCKED, Reason.VALUE_UNAVAILABLE, wanted.value.why, wanted.value.fix
    write = Action.UPDATE if entry.updated_at else Action.CREATE
    record = remembered.record
    if remembered.pending:
        # Whether the write arrived is not known, so its fingerprint proves nothing: write once more.
        return write, Reason.INTERRUPTED, "", ""
    if not entry.updated_at:
        return write, Reason.MISSING if record is None else Reason.DELETED_OUTSIDE, "", ""
    if record is None or _holds(entry, wanted):
        row = (Action.NONE, Reason.IN_SYNC) if _holds(entry, wanted) else (write, Reason.NEVER_APPLIED)
        return (*row, "", "")
    if isinstance(wanted.value, NotRead):
        return Action.NONE, Reason.VALUE_NOT_CHECKED, wanted.value.why, ""
    same_value = wanted.value.fingerprint == record.fingerprint
    action, reason = _compared(wanted, record, same_value=same_value, untouched=entry.is_as_recorded(record))
    return action, reason, "", ""


def _compared(wanted: Wanted, record: Record, *, same_value: bool, untouched: bool) -> tuple[Action, Reason]:
    match untouched, same_value:
        case True, True:
            if record.adopted and wanted.prove:
                return Action.UPDATE, Reason.TO_PROVE
            return Action.NONE, Reason.ASSUMED if record.adopted else Reason.IN_SYNC
        case True, False:
            return Action.UPDATE, Reason.VALUE_CHANGED
        case False, False:
            return Action.UPDATE, Reason.VALUE_CHANGED_AND_OUTSIDE
        case _:
            # Drift is a policy only here: where the value changed too, it must be written whoever wrote before.
            overwrites = wanted.on_drift is OnDrift.OVERWRITE
            return Action.UPDATE if overwrites else Action.NONE, Reason.CHANGED_OUTSIDE


def unreadable_instead(seen: Mapping[Scope, Seen], refused: Mapping[Scope, Unreadable]) -> dict[Scope, Seen]:
    """Return what was seen, with the refusal of a look-up in the place of a list, so that one table decides both."""
    return {scope: refused.get(scope, listed) for scope, listed in seen.items()}
