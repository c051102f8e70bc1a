"""Warnings that cost no request: from the names that were listed anyway, and the dates in the manifest."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime

from flowforge.credentials.types import TYPES
from flowforge.errors import printable
from flowforge.manifest.model import Credential, Manifest
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.expiry import SOON, Expiry
from flowforge.plan.facts import Known, Remembered, Seen, Wanted
from flowforge.steps.warnings.hidden_identity import held_after, hidden_identities
from flowforge.steps.warnings.organization import advise_org

_MOST_NAMED = 3


def advise(
    manifest: Manifest,
    wanted: Mapping[Address, Wanted],
    seen: Mapping[Scope, Seen],
    remembered: Mapping[Address, Remembered],
    *,
    personal: Iterable[str],
    token_expires: Iterable[tuple[str, datetime | None]],
    today: date,
    hiding: Collection[Repo] = (),
) -> tuple[str, ...]:
    """Return all warnings, in a fixed order. personal: those of tokens that are one person's.

    hiding: the repos in which a workflow passes a key beside its identity.
    """
    return (
        *manifest.warnings,
        *shadowed(wanted, seen),
        *hidden_identities(wanted, seen, hiding),
        *personal,
        *advise_org(wanted, seen),
        *ageing(manifest.credentials.values(), first_seen(wanted, remembered), today),
        *(
            said
            for owner, ends in token_expires
            for said in _ending(
                f"the GitHub token{f' for {owner}' if owner else ''}", ends.date() if ends else None, today
            )
        ),
    )


def shadowed(wanted: Mapping[Address, Wanted], seen: Mapping[Scope, Seen]) -> Iterable[str]:
    """Yield a warning for repos with two credentials of which Claude ignores one."""
    names = held_after(wanted, seen)
    for kind in TYPES.values():
        for other in kind.shadows:
            both = sorted(_shown(scope) for scope, held in names.items() if {kind.slot, other} <= held)
            if both:
                yield f"{_some(both)}: both {kind.slot} and {other} are there; Claude ignores {other}"


def ageing(credentials: Iterable[Credential], first_seen: Mapping[str, str], today: date) -> Iterable[str]:
    """Yield a warning for each credential that has expired, expires within 30 days, or is older than `max_age`."""
    for credential in credentials:
        owner = f" (owner: {printable(credential.owner)})" if credential.owner else ""
        name = f"credential {printable(credential.name)}{owner}"
        yield from _ending(name, _expires(credential), today)
        since = credential.issued or _date(first_seen.get(credential.name, ""))
        if credential.max_age is not None and since is not None and today - since > credential.max_age:
            yield f"{name} is {(today - since).days} days old; its max_age is {credential.max_age.days} days"


def expiries(credentials: Iterable[Credential], today: date) -> tuple[Expiry, ...]:
    """Return when credentials expire, sorted by name, of those of which that is known."""
    known = ((each.name, _expires(each)) for each in credentials)
    return tuple(sorted(Expiry(name, day, (day - today).days) for name, day in known if day is not None))


def first_seen(wanted: Mapping[Address, Wanted], remembered: Mapping[Address, Remembered]) -> Mapping[str, str]:
    """Return, for each credential, the time since when its present value is known."""
    since: dict[str, str] = {}
    for address, want in wanted.items():
        # Where another value is wanted now, the recorded time is that of the old one.
        record = remembered[address].record if address in remembered else None
        if record is not None and not (isinstance(want.value, Known) and want.value.fingerprint != record.fingerprint):
            since[want.credential] = min(since.get(want.credential, record.value_since), record.value_since)
    return since


def _ending(what: str, expires: date | None, today: date) -> Iterable[str]:
    if expires is not None and expires <= today:
        yield f"{what} expired on {expires}"
    elif expires is not None and expires - today <= SOON:
        yield f"{what} expires on {expires}, in {(expires - today).days} days"


def _expires(credential: Credential) -> date | None:
    kind = TYPES.get(credential.type)
    if credential.expires is not None or credential.issued is None or kind is None or kind.lifetime is None:
        return credential.expires
    return min(credential.issued, date.max - kind.lifetime) + kind.lifetime


def _date(text: str) -> date | None:
    return datetime.fromisoformat(text).astimezone(UTC).date() if text else None


def _shown(scope: Scope) -> str:
    return printable(str(scope.repo if scope == Scope(scope.repo) else scope))


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more repos"
