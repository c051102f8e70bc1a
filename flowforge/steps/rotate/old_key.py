"""The key that a rotation replaces: which one it is, whether it went quiet, and the one way to switch it off."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from flowforge.anthropic.address import verify_address
from flowforge.anthropic.admin import ACTIVE, read_key, switch_off
from flowforge.anthropic.exchange import AnthropicWire
from flowforge.anthropic.keys import AdminKey, is_hint
from flowforge.anthropic.usage import Usage, as_text, read_usage
from flowforge.ci_systems import doubt
from flowforge.data_class import dataclass
from flowforge.errors import Problem, SourceError, printable, quote
from flowforge.plan.address import Address
from flowforge.plan.recordable import is_api_key_id
from flowforge.steps.rotate.consent import Consent
from flowforge.steps.rotate.remains import ValuesOfToday
from flowforge.steps.verify.admin_keys import admin_key

_HOUR: Final = timedelta(hours=1)
_LONGEST: Final = 24 * 365
_SHOWN: Final = 3
_CONSOLE: Final = "https://platform.claude.com/settings/keys"


@dataclass(frozen=True, slots=True)
class AdminApi:
    """Anthropic's Admin API, open for the Admin key of the operator."""

    wire: AnthropicWire
    key: AdminKey


@contextmanager
def admin_api(environ: Mapping[str, str], *, scale: float = 1.0) -> Iterator[AdminApi | None]:
    """Open the Admin API; None where there is no Admin key, or no trusted event is known to have begun the run.

    scale: how many seconds of its deadlines pass in a real one; it counts on this machine alone. Raises TrustError for
    an address that no key goes to, and SourceError FF294 for an Admin key that is none.
    """
    key = None if doubt(environ) is not None else admin_key(environ)
    if key is None:
        yield None
        return
    address = verify_address(environ)
    with AnthropicWire(address, scale=scale if address.loopback else 1.0) as wire:
        yield AdminApi(wire, key)


@dataclass(frozen=True, slots=True)
class OldKey:
    """The key that a rotation replaces."""

    id: str
    """`apikey_…`."""
    name: str = ""
    """What people called it; any text."""
    status: str = ""
    """`active`, `inactive`, `archived` or `expired`; empty where that is not known."""
    hint: str = ""
    """Its beginning and its end; empty where that is not known."""
    trouble: str = ""
    """Why no more than its id is known, as a clause."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Whether a key was not used for some hours. What cannot be read, or may be late, is not quiet."""

    key_id: str
    """The key."""
    quiet: bool
    """Whether no use is reported, in a report that is known to go to the end of those hours."""
    said: str
    """A clause for people."""
    again_at: str = ""
    """The time, in UTC, from which it may be quiet: `2026-11-23T08:00:00Z`.

    Empty where it is quiet, and where nobody answered.
    """


@dataclass(frozen=True, slots=True)
class Grounds:
    """What speaks for switching a key off. By default nothing does."""

    named: str = ""
    """The id that a person named with --deactivate."""
    today: ValuesOfToday | None = None
    """The values that the manifest resolves today; None where they were not resolved."""
    places: tuple[Address, ...] | None = None
    """The places that hold the key, or of which it is not known that they do not; None where nobody looked."""
    quiet: Quiet | None = None
    """What was found out about its usage; None where nobody looked."""
    consent: Consent | None = None
    """The consent to rotate; None where nobody gave it."""


def require_key_id(text: str, where: str) -> str:
    """Return an id of an API key. where: the option that has it. Raises SourceError FF295 for anything else."""
    if is_api_key_id(text):
        return text
    fix = f"copy the id of the key, which begins with apikey_, from {_CONSOLE} or from `flowforge state show`"
    raise SourceError(Problem("FF295", f"{quote(text)} is no id of an API key", where, fix=fix))


def which_old_key(recorded: Collection[str], given: str | None) -> str:
    """Return the id of the old key, as `known_old_key` knows it; empty where it is not known. Raises SourceError."""
    if given:
        return require_key_id(given, "--old-key")
    return next(iter(recorded)) if len(recorded) == 1 else ""


def known_old_key(admin: AdminApi, recorded: Collection[str], given: str | None) -> OldKey | None:
    """Return the old key, by the id that a person gave, or by the one that all records have that have any.

    recorded: the ids of the credential's records, as they were before the rotation. None where neither says which key
    it is: it is never found by elimination. Where Anthropic does not tell of it, only its id is known. Raises
    SourceError FF295.
    """
    key_id = which_old_key(recorded, given)
    if not key_id:
        return None
    found = read_key(admin.wire, admin.key, key_id)
    if found.key is None:
        return OldKey(key_id, trouble=found.trouble)
    return OldKey(key_id, found.key.name, found.key.status, found.key.hint)


def is_unknown(admin: AdminApi, key_id: str) -> bool:
    """Return whether Anthropic says that there is no key with an id. Where it says nothing, that is not known."""
    return read_key(admin.wire, admin.key, key_id).missing


def quiet_for(admin: AdminApi, key: OldKey, hours: float) -> Quiet:
    """Find out whether a key was not used for so many hours. Raises ValueError for none, or more than a year.

    Every time is Anthropic's. How far its report is behind is not established, so that is seen, and not assumed: the
    hours end where the report shows use by anybody of the organization, in this hour or the last whole one.
    """
    if not 0 < hours <= _LONGEST:
        message = "hours is not between 0 and those of a year"
        raise ValueError(message)
    found = read_key(admin.wire, admin.key, key.id)
    if found.at is None:
        return _unread(key, found.trouble or "an answer without a time", None)
    now, this_hour = found.at, _full_hour(found.at)
    if found.trouble:
        return _unread(key, found.trouble, this_hour)
    ends = this_hour - _HOUR
    begins = _full_hour(ends - timedelta(hours=hours))
    own = read_usage(admin.wire, admin.key, begins, now, key.id)
    if own.trouble:
        return _unread(key, own.trouble, this_hour)
    if own.hours:
        last = max(own.hours, key=lambda hour: hour.ends)
        again = _up(last.ends + timedelta(hours=hours)) + _HOUR
        said = f"it was used between {as_text(last.begins)} and {as_text(last.ends)}"
        return Quiet(key.id, quiet=False, said=said, again_at=as_text(max(again, this_hour + _HOUR)))
    return _judged(key, begins, ends, read_usage(admin.wire, admin.key, ends, now))


def _judged(key: OldKey, begins: datetime, ends: datetime, others: Usage) -> Quiet:
    """Return what follows from a report without use of the key, by what it says of all keys since `ends`."""
    this_hour = ends + _HOUR
    if others.trouble:
        return _unread(key, others.trouble, this_hour)
    if not any(hour.begins >= ends for hour in others.hours):
        said = f"the report of usage may be late: it shows no use by anybody since {as_text(ends)}"
        return Quiet(key.id, quiet=False, said=said, again_at=as_text(this_hour + _HOUR))
    return Quiet(key.id, quiet=True, said=f"no use of it is reported from {as_text(begins)} to {as_text(ends)}")


def _unread(key: OldKey, trouble: str, this_hour: datetime | None) -> Quiet:
    again = as_text(this_hour + _HOUR) if this_hour else ""
    return Quiet(key.id, quiet=False, said=f"its usage cannot be read ({trouble})", again_at=again)


def _full_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _up(moment: datetime) -> datetime:
    full = _full_hour(moment)
    return full if full == moment else full + _HOUR


def refusal_to_deactivate(key: OldKey, grounds: Grounds) -> Problem | None:
    """Return why a key is not to be switched off (FF296), with all reasons; None where every rule allows it."""
    reasons = [*_doubts(key, grounds)]
    if not reasons:
        return None
    fix = f"mend what is named here and run the same command again, or switch the key off at {_CONSOLE}"
    return Problem("FF296", f"the key {key.id} is not switched off", "--deactivate", "; ".join(reasons), fix)


def _doubts(key: OldKey, grounds: Grounds) -> Iterator[str]:
    if grounds.consent is None:
        yield "nobody said yes to the rotation"
    if grounds.named != key.id:
        yield "--deactivate does not name it"
    if not is_hint(key.hint) or not key.status:
        yield f"Anthropic does not say which key it is ({key.trouble or 'no hint or status that is known'})"
    if grounds.today is None:
        yield "the values of today were not read"
    else:
        yield from grounds.today.doubts(key.hint)
    if grounds.places is None:
        yield "nobody looked which places hold it"
    elif grounds.places:
        more = len(grounds.places) - _SHOWN
        shown = ", ".join(printable(str(each)) for each in grounds.places[:_SHOWN])
        yield f"it may still be in {shown}{f' and {more:,} more' if more > 0 else ''}"
    quiet = grounds.quiet
    if quiet is None or quiet.key_id != key.id:
        yield "its usage was not looked up, which --quiet-for 24h does"
    elif not quiet.quiet:
        yield quiet.said


def deactivate(admin: AdminApi, key: OldKey, grounds: Grounds) -> Problem | None:
    """Switch a key off, which can be taken back; nothing else sends such a request. Return None once it is off.

    It looks at everything that must speak for it itself, whatever its caller did: FF296. FF297: Anthropic did not do
    it, or did not say so. A key that somebody else switched off is off.
    """
    refusal = refusal_to_deactivate(key, grounds)
    if refusal is not None:
        return refusal
    before = read_key(admin.wire, admin.key, key.id)
    if before.key is not None and before.key.hint == key.hint and before.key.status == ACTIVE:
        before = switch_off(admin.wire, admin.key, key.id)
    if before.key is not None and before.key.status and before.key.status != ACTIVE:
        return None
    why = before.trouble or "it is not as it was when it was looked up"
    fix = f"run the same command again, or see whether it is off at {_CONSOLE}"
    return Problem("FF297", f"it is not known that the key {key.id} is off", "--deactivate", why, fix)
