"""What of a plan can be recorded as it is instead of being written: there on GitHub, wanted, and not remembered."""

from dataclasses import dataclass

from flowforge.errors import ExitCode, Problem
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Repo
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Known, Public, Record, Unresolved


@dataclass(frozen=True, slots=True)
class Adoptable:
    """A secret that is assumed to hold the wanted value, or a variable that is seen to.

    record: all but the repo's id; of what an organization has, who sees it now.
    """

    change: Change
    record: Record

    @property
    def assumed(self) -> bool:
        """Whether nobody can see that it holds the wanted value."""
        return self.change.seen_value is None

    @property
    def repo(self) -> Repo:
        """Where it is."""
        return self.change.address.scope.repo


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is recorded, and what is not remembered and not recorded either: left to apply, or blocked."""

    taken: tuple[Adoptable, ...]
    left: tuple[Change, ...]
    unresolved: tuple[Unresolved, ...] = ()

    @property
    def assumed(self) -> int:
        """How many are assumed to hold their value."""
        return sum(each.assumed for each in self.taken)

    @property
    def blocked(self) -> int:
        """How many cannot be recorded: unreadable, or without a value that was read."""
        return sum(map(is_blocked, self.left))

    @property
    def exit_code(self) -> ExitCode:
        """Whether all that may be there could be looked at."""
        return ExitCode.PARTIAL if self.blocked or self.unresolved else ExitCode.DONE


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was recorded of an adoption. problems and warnings: as of a report."""

    adoption: Adoption
    interrupted: bool = False
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The larger trouble wins, as of a report."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.ERROR if self.problems else self.adoption.exit_code


def adoption_of(plan: Plan) -> Adoption:
    """Say what of a plan can be recorded. A write that is under way is not: nobody knows what it left there."""
    access = {change.address.of_value: change for change in plan.changes if change.access is not None}
    taken = tuple(_adoptable(change, access.get(change.address)) for change in plan.changes if _is_adoptable(change))
    known = {each.change.address for each in taken}
    left = (change for change in plan.changes if change.address not in known and _is_left(change))
    return Adoption(taken, tuple(left), plan.unresolved)


def is_blocked(change: Change) -> bool:
    """Whether a line cannot be recorded, and apply could not write it either."""
    return change.action is Action.BLOCKED or not change.applicable


def _is_adoptable(change: Change) -> bool:
    value = change.wanted.value if change.wanted else None
    if change.access is not None or change.record is not None or (change.wanted and change.wanted.unread):
        return False
    if isinstance(value, Public):
        return change.reason is Reason.IN_SYNC
    return change.reason is Reason.NEVER_APPLIED and isinstance(value, Known)


def _is_left(change: Change) -> bool:
    """Whether it may be there, is wanted so, and is not remembered with an end."""
    if change.wanted is None or change.access is not None:
        return False
    unknown = change.action is Action.BLOCKED and change.record is None
    return unknown or change.reason in {Reason.NEVER_APPLIED, Reason.INTERRUPTED}


def _adoptable(change: Change, access: Change | None) -> Adoptable:
    if change.wanted is None or not isinstance(change.wanted.value, Known | Public):
        message = f"{change.address} has no value to be assumed"
        raise TypeError(message)
    before = access.access.before if access is not None and access.access is not None else None
    record = Record(
        fingerprint=change.wanted.value.fingerprint,
        updated_at=change.seen_at,
        credential=change.wanted.credential,
        repo_id=0,
        written_at="",
        value_since=change.seen_at,
        adopted=True,
        visibility=before.visibility.value if before else "",
        repo_ids=before.ids if before else (),
    )
    return Adoptable(change, record)
