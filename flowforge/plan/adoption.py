"""What of a plan can be recorded as it is instead of being written: there on GitHub, wanted, and not remembered."""

from flowforge.data_class import dataclass
from flowforge.errors import ExitCode, Problem
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Repo
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Known, Public, Record, Unresolved


@dataclass(frozen=True, slots=True)
class Adoptable:
    """A secret that is assumed to hold the wanted value, or a variable that is seen to hold it."""

    change: Change
    """Its line in the plan."""
    record: Record
    """What the state will hold. It lacks the repo's id, which the plan has not asked for."""

    @property
    def assumed(self) -> bool:
        """Whether its value is assumed, because GitHub does not show it."""
        return self.change.seen_value is None

    @property
    def repo(self) -> Repo:
        """Where it is."""
        return self.change.address.scope.repo


@dataclass(frozen=True, slots=True)
class Adoption:
    """What `adopt` would record, and what it leaves."""

    taken: tuple[Adoptable, ...]
    """What it would record."""
    left: tuple[Change, ...]
    """What may exist, is not remembered, and cannot be recorded: it is left to apply, or blocked."""
    unresolved: tuple[Unresolved, ...] = ()
    """The entries whose repos are not known."""

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
        """Whether everything that may exist could be looked at."""
        return ExitCode.PARTIAL if self.blocked or self.unresolved else ExitCode.DONE


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of an adoption."""

    adoption: Adoption
    """What was recorded, and what was left."""
    interrupted: bool = False
    """Whether a person stopped it."""
    problems: tuple[Problem, ...] = ()
    """What went wrong, as in a report."""
    warnings: tuple[str, ...] = ()
    """What is left to the next run, with nothing lost."""

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the larger trouble, as in a report."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.ERROR if self.problems else self.adoption.exit_code


def adoption_of(plan: Plan) -> Adoption:
    """Return what of a plan can be recorded. A pending write cannot: nobody knows what it left on GitHub."""
    access = {change.address.of_value: change for change in plan.changes if change.access is not None}
    taken = tuple(_adoptable(change, access.get(change.address)) for change in plan.changes if _is_adoptable(change))
    known = {each.change.address for each in taken}
    left = (change for change in plan.changes if change.address not in known and _is_left(change))
    return Adoption(taken, tuple(left), plan.unresolved)


def is_blocked(change: Change) -> bool:
    """Return whether a line cannot be recorded, and apply could not write it either."""
    return change.action is Action.BLOCKED or not change.applicable


def _is_adoptable(change: Change) -> bool:
    value = change.wanted.value if change.wanted else None
    # Who sees a secret is recorded with the secret, so its line is not recorded by itself.
    if change.access is not None or change.record is not None or (change.wanted and change.wanted.unread):
        return False
    if isinstance(value, Public):
        return change.reason is Reason.IN_SYNC
    return change.reason is Reason.NEVER_APPLIED and isinstance(value, Known)


def _is_left(change: Change) -> bool:
    """Return whether it may exist, is wanted, and has no record."""
    if change.wanted is None or change.access is not None:
        return False
    if change.reason is Reason.VALUE_NOT_READ:
        # Without a value it could not be recorded. Where it is missing there is nothing to record at all.
        return bool(change.seen_at)
    unknown = change.action is Action.BLOCKED and change.record is None
    return unknown or change.reason in {Reason.NEVER_APPLIED, Reason.INTERRUPTED}


def _adoptable(change: Change, access: Change | None) -> Adoptable:
    if change.wanted is None or not isinstance(change.wanted.value, Known | Public):
        message = f"no value is known that {change.address} could hold"
        raise TypeError(message)
    before = access.access.before if access is not None and access.access is not None else None
    record = Record(
        fingerprint=change.wanted.value.fingerprint,
        updated_at=change.seen_at,
        credential=change.wanted.credential,
        repo_id=0,
        written_at="",  # FlowForge did not write it
        # When the value came there is not known; GitHub's time is the latest that it can be.
        value_since=change.seen_at,
        adopted=True,
        visibility=before.visibility.value if before else "",
        repo_ids=before.ids if before else (),
    )
    return Adoptable(change, record)
