"""What `flowforge status` says: each credential with its age and its places, each secret with its state and life."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Problem, UsageError, printable, quote
from flowforge.life.model import LifeVerdict
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address
from flowforge.plan.change import Change
from flowforge.plan.facts import Record


class ExpiryBasis(StrEnum):
    """What a day of expiry rests on."""

    DECLARED = "declared"
    """The manifest's `expires`."""
    ISSUED = "issued"
    """The manifest's `issued`, and the lifetime of its type."""
    FIRST_SEEN = "first_seen"
    """The day on which this value was first seen, and the lifetime of its type: at the latest then."""
    ADMIN_API = "admin_api"
    """What Anthropic's Admin API says of the key."""


class SecretState(StrEnum):
    """How a secret stands to what was written. No value was read for it."""

    AS_WRITTEN = "as_written"
    OLDER = "older"
    ASSUMED = "assumed"
    DRIFTED = "drifted"
    MISSING = "missing"
    NOT_RECORDED = "not_recorded"
    INTERRUPTED = "interrupted"
    LEFT_OVER = "left_over"
    UNREADABLE = "unreadable"


_OF_REASON: Final[Mapping[Reason, SecretState]] = {
    Reason.MISSING: SecretState.MISSING,
    Reason.DELETED_OUTSIDE: SecretState.MISSING,
    Reason.GONE: SecretState.MISSING,
    Reason.INTERRUPTED: SecretState.INTERRUPTED,
    Reason.NEVER_APPLIED: SecretState.NOT_RECORDED,
    Reason.CHANGED_OUTSIDE: SecretState.DRIFTED,
    Reason.VALUE_CHANGED_AND_OUTSIDE: SecretState.DRIFTED,
    Reason.NOT_OURS: SecretState.DRIFTED,
    Reason.ASSUMED: SecretState.ASSUMED,
    Reason.TO_PROVE: SecretState.ASSUMED,
    Reason.NOT_NAMED: SecretState.LEFT_OVER,
    Reason.UNREADABLE: SecretState.UNREADABLE,
    Reason.NOT_SEEN: SecretState.UNREADABLE,
}
WELL: Final = frozenset({SecretState.AS_WRITTEN, SecretState.ASSUMED})
"""The states of a secret that is as the last write or adoption left it."""

# Where the plan's own words would speak of a value that was not read.
_OWN_WORDS: Final[Mapping[SecretState, str]] = {
    SecretState.OLDER: "it has an older value",
    SecretState.DRIFTED: "changed outside FlowForge",
    SecretState.MISSING: "missing",
    SecretState.NOT_RECORDED: "never applied by FlowForge",
}


@dataclass(frozen=True, slots=True)
class DeclaredCredential:
    """What the manifest says of a credential, as far as its status is concerned."""

    name: str
    """Its key."""
    type: str
    """Its type."""
    source: str
    """Where its value comes from, in words."""
    owner: str
    """The person or team that looks after it; empty where nobody is named."""
    expires: date | None
    """The day that the manifest declares."""
    issued: date | None
    """The day of its issue that the manifest declares."""
    lifetime: timedelta | None
    """How long values of its type live; None where they have no end by themselves."""
    per_repo: bool
    """Whether each repository has a value of its own."""


@dataclass(frozen=True, slots=True)
class CredentialStatus:
    """One credential."""

    declared: DeclaredCredential
    """What the manifest says of it."""
    places: int
    """In how many places it is wanted."""
    value_since: str
    """When its present value was first written or seen; empty where that is not known."""
    expires_at: date | None
    """The day on which it expires; None where nobody can tell."""
    basis: ExpiryBasis | None
    """What that day rests on."""
    days_left: int | None
    """From GitHub's day to that day; negative once it is past."""
    older: tuple[Address, ...]
    """The places that still have an older value."""


@dataclass(frozen=True, slots=True)
class SecretStatus:
    """One secret."""

    address: Address
    """Where it is."""
    credential: str
    """The credential that it gets; empty where the manifest names none."""
    state: SecretState
    """How it stands to what was written."""
    sentence: str
    """The same for people, where it is not simply well."""
    written_at: str
    """GitHub's time of its last change; empty where it is not there."""
    value_since: str
    """When its value was first written or seen; empty where that is not known."""
    verdict: LifeVerdict
    """What the runs say of it."""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Everything that a status says."""

    credentials: tuple[CredentialStatus, ...]
    """Sorted by name."""
    secrets: tuple[SecretStatus, ...]
    """Every secret, sorted by address."""
    complete: bool
    """Whether everything that the manifest is about was seen."""
    today: date
    """GitHub's day."""
    host: str = ""
    """The host that has the repositories."""
    warnings: tuple[str, ...] = ()
    """What a person should know."""
    differs: tuple[Address, ...] = ()
    """What else is not as the manifest has it: variables, who sees a secret, what should be absent. Sorted."""


def unknown_owner(name: str, owners: Iterable[str | None]) -> UsageError:
    """Return the error (FF037) of an owner that has no credential. owners: of all credentials."""
    known = ", ".join(printable(owner) for owner in sorted({owner for owner in owners if owner}))
    fix = f"name one of them: {known}" if known else "say `owner:` under the credentials"
    return UsageError(Problem("FF037", f"no credential has the owner {quote(name)}", fix=fix))


def secrets_of(
    changes: Iterable[Change], verdicts: Mapping[Address, LifeVerdict], current: Mapping[str, Record]
) -> tuple[SecretStatus, ...]:
    """Return the status of every secret of a plan; variables and lines about access are left out.

    current: as of `present_values`, without credentials that have a value for each repository.
    """
    lines = [each for each in changes if is_secret(each)]
    return tuple(sorted((_secret(each, current, verdicts) for each in lines), key=lambda each: each.address))


def is_secret(change: Change) -> bool:
    """Return whether a line is about a secret that is wanted, or that is still remembered."""
    wanted_absent = change.reason in {Reason.ALREADY_ABSENT, Reason.DECLARED_ABSENT}
    return not (change.address.access or change.address.scope.is_readable or wanted_absent)


def differing(changes: Iterable[Change]) -> tuple[Address, ...]:
    """Return what is no secret of the report and would be changed, has drifted, or cannot be changed."""
    return tuple(
        sorted(
            each.address
            for each in changes
            if not is_secret(each) and (each.writes or each.drift or each.action is Action.BLOCKED)
        )
    )


def _secret(change: Change, current: Mapping[str, Record], verdicts: Mapping[Address, LifeVerdict]) -> SecretStatus:
    record = change.record
    state = _state(change)
    credential = change.wanted.credential if change.wanted else (record.credential if record else "")
    if state is SecretState.AS_WRITTEN and record is not None and _is_older(record, credential, current):
        state = SecretState.OLDER
    said = "" if state in WELL else _OWN_WORDS.get(state, change.sentence)
    if state is SecretState.OLDER and record is not None and record.credential != credential:
        said = f"it has the value of the credential {record.credential}"
    return SecretStatus(
        change.address,
        credential,
        state,
        said,
        change.seen_at,
        record.value_since if record else "",
        verdicts[change.address],
    )


def _state(change: Change) -> SecretState:
    if change.drift:
        return SecretState.DRIFTED if change.seen_at else SecretState.MISSING
    return _OF_REASON.get(change.reason, SecretState.UNREADABLE if change.why else SecretState.AS_WRITTEN)


def present_values(changes: Iterable[Change]) -> Mapping[str, Record]:
    """Return, for each credential, the record of its newest write: whatever differs from that has an older value."""
    newest: dict[str, Record] = {}
    for record in (each.record for each in changes):
        # What was adopted was not written by us: its value is only assumed.
        if record is not None and record.written_at and not record.adopted:
            best = newest.get(record.credential)
            if best is None or (record.value_since, record.written_at) > (best.value_since, best.written_at):
                newest[record.credential] = record
    return newest


def _is_older(record: Record, credential: str, current: Mapping[str, Record]) -> bool:
    best = current.get(credential)
    # A place that has got another credential holds that one's value until it is written, unless the two are equal.
    return record.credential != credential if best is None else record.fingerprint != best.fingerprint


def credential_status(
    declared: DeclaredCredential, secrets: Sequence[SecretStatus], current: Record | None, today: date
) -> CredentialStatus:
    """Return the status of a credential. secrets: those that get it. current: of its newest write, if there is one."""
    since = current.value_since if current else ""
    expires, basis = _expiry(declared, since)
    older = tuple(each.address for each in secrets if each.state is SecretState.OLDER)
    left = None if expires is None else (expires - today).days
    return CredentialStatus(declared, len(secrets), since, expires, basis, left, older)


def _expiry(declared: DeclaredCredential, since: str) -> tuple[date | None, ExpiryBasis | None]:
    if declared.expires is not None:
        return declared.expires, ExpiryBasis.DECLARED
    if declared.lifetime is None:
        return None, None
    if declared.issued is not None:
        return _later(declared.issued, declared.lifetime), ExpiryBasis.ISSUED
    if since:
        return _later(datetime.fromisoformat(since).date(), declared.lifetime), ExpiryBasis.FIRST_SEEN
    return None, None


def _later(day: date, lifetime: timedelta) -> date:
    return min(day, date.max - lifetime) + lifetime
