"""The statuses of several hosts or owners as one, made of their public documents: `flowforge status --from`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from flowforge.errors import Problem, UsageError, printable, quote
from flowforge.life.status import unknown_owner

_Entry = Mapping[str, Any]
# Credentials of one host that are alike in these are one: owners that share a manifest each have a report of it.
_ALIKE: Final = ("name", "type", "source", "owner", "issued_at")


def join(reports: Mapping[str, _Entry], owner_of: str = "") -> dict[str, Any]:
    """Return what stands behind the head of the document of all reports.

    reports: by file, at least one; each fits the schema of a status, and `has_days`. owner_of: of the credentials of
    this owner alone; empty for all. Raises UsageError FF037 where it owns none, and FF039 where two reports have a
    secret in common.
    """
    days = {file: date.fromisoformat(each["today"]) for file, each in reports.items()}
    today = max(days.values())
    # A report of one host says names without it; only beside another host's would two of them be taken for one.
    several = len({each["host"] for each in reports.values()}) > 1
    before = {file: f"{each['host']}/" if several else "" for file, each in reports.items()}
    parts = [_part(each, owner_of, before[file]) for file, each in reports.items()]
    _require_once(zip(reports, parts, strict=True))
    credentials = [each for credentials, _ in parts for each in credentials]
    if owner_of and not credentials:
        raise unknown_owner(owner_of, (each["owner"] for report in reports.values() for each in report["credentials"]))
    old = [
        f"{printable(file)} is of {day}, {(today - day).days:,} days before the newest"
        for file, day in days.items()
        if day != today
    ]
    return {
        "complete": all(each["complete"] for each in reports.values()),
        "today": today.isoformat(),
        "credentials": list(_credentials(credentials, today)),
        "secrets": sorted((each for _, secrets in parts for each in secrets), key=lambda each: str(each["address"])),
        "differs": sorted(
            before[file] + address
            for file, each in reports.items()
            # A report of an earlier version has none. What an owner's credentials have no part in is not asked for.
            for address in (() if owner_of else each.get("differs", ()))
        ),
        "warnings": [*old, *(warning for each in reports.values() for warning in each["warnings"])],
    }


def has_days(report: _Entry) -> bool:
    """Whether each day of a report by which days are counted is one. Its schema cannot say so."""
    try:
        for day in (report["today"], *(each["expires_at"] for each in report["credentials"])):
            date.fromisoformat(day or report["today"])
    except ValueError:
        return False
    return True


def _part(report: _Entry, owner_of: str, before: str) -> tuple[Sequence[_Entry], Sequence[_Entry]]:
    """Return the credentials and secrets of a report that are asked for. before: what goes before each name."""
    wanted = [each for each in report["credentials"] if not owner_of or each["owner"] == owner_of]
    names = {each["name"] for each in wanted}
    credentials = [
        {**each, "name": before + each["name"], "older": [before + address for address in each["older"]]}
        for each in wanted
    ]
    secrets = [
        {
            **each,
            "address": before + each["address"],
            "repo": before + each["repo"],
            "credential": before + each["credential"] if each["credential"] else None,
        }
        for each in report["secrets"]
        if not owner_of or each["credential"] in names
    ]
    return credentials, secrets


def _require_once(parts: Iterable[tuple[str, tuple[Sequence[_Entry], Sequence[_Entry]]]]) -> None:
    """Refuse a secret that two reports have: it would be counted twice, and they may contradict each other."""
    seen: dict[str, str] = {}
    for file, (_, secrets) in parts:
        for each in secrets:
            if each["address"] in seen:
                what = f"{quote(file)} and {quote(seen[each['address']])} have a secret in common"
                why = f"it is {printable(each['address'])}"
                raise UsageError(Problem("FF039", what, why=why, fix="give one report of each owner, and the newest"))
        seen |= {each["address"]: file for each in secrets}


def _credentials(found: Iterable[_Entry], today: date) -> Iterator[_Entry]:
    alike: dict[tuple[Any, ...], list[_Entry]] = {}
    for each in found:
        alike.setdefault(tuple(each[key] for key in _ALIKE), []).append(_counted(each, today))
    for group in sorted(alike.values(), key=lambda group: str(group[0]["name"])):
        # The one that expires first speaks for all, and of these the oldest: no more days are told than there are.
        first = min(group, key=_by_days)
        older = [address for each in group for address in each["older"]]
        yield {**first, "places": sum(each["places"] for each in group), "older": older}


def _by_days(credential: _Entry) -> tuple[bool, int, str]:
    left = credential["days_left"]
    return left is None, left or 0, credential["value_since"] or ""


def _counted(credential: _Entry, today: date) -> _Entry:
    """Return a credential whose days are counted from the day of the newest report."""
    if credential["expires_at"] is None:
        return {**credential, "days_left": None}
    return {**credential, "days_left": (date.fromisoformat(credential["expires_at"]) - today).days}
