"""The manifest against the state alone: the same decision, with what the state recorded in the place of GitHub.

What that would take for granted of GitHub is not checked. Where the two contradict each other, there is a change.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Access, Audience, Viewer, Visibility
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan, Situation, make_plan
from flowforge.plan.facts import UNKNOWN, Listing, NotRead, Presence, Record, Remembered, Unresolved, Wanted
from flowforge.plan.rotation import Rotation

# A pending write may have left something on GitHub, at a time that nobody recorded.
_SOME_TIME: Final = "unknown"
# The reasons that say something about GitHub today, which the state cannot know.
_GRANTED: Final = frozenset({Reason.IN_SYNC, Reason.ASSUMED, Reason.VALUE_NOT_CHECKED, Reason.ALREADY_ABSENT})


def plan_as_recorded(
    wanted: Mapping[Address, Wanted],
    remembered: Mapping[Address, Remembered],
    *,
    unresolved: tuple[Unresolved, ...],
    prune: bool,
    rotations: Mapping[str, Rotation] | None = None,
    select: Callable[[Address], bool] = lambda _: True,
) -> Plan:
    """Return every change that the state can know of."""
    times: dict[Scope, dict[str, str]] = {address.scope: {} for address in {*wanted, *remembered}}
    for address, held in remembered.items():
        times[address.scope][address.secret] = held.record.updated_at if held.record else _SOME_TIME
    # Who sees a secret is compared apart, in `_access`: the ids of the repos that are wanted may not be known.
    alone = {address: want if want.unread else replace(want, audience=None) for address, want in wanted.items()}
    seen = {scope: Listing(names) for scope, names in times.items()}
    plan = make_plan(Situation(alone, seen, remembered, prune, unresolved, rotations=rotations or {}), select=select)
    ids = {a.scope.repo: held.record.repo_id for a, held in remembered.items() if held.record and held.record.repo_id}
    return Plan(tuple(_lines(plan, wanted, ids)), plan.unresolved, asked=False)


def _lines(plan: Plan, wanted: Mapping[Address, Wanted], ids: Mapping[Repo, int]) -> Iterator[Change]:
    for change in plan.changes:
        known = _known(change)
        yield known
        audience = wanted[change.address].audience if change.address in wanted else None
        if audience is not None and known.record is not None and known.action is not Action.BLOCKED:
            yield from _access(known, known.record, audience, ids)


def _known(change: Change) -> Change:
    """Return a line as far as the state knows it: nothing of GitHub but the time that was recorded."""
    record, wanted = change.record, change.wanted
    recorded = replace(change, seen_at=record.updated_at if record else "", drift=False, forgets=False)
    if change.reason is Reason.MISSING:
        return replace(recorded, reason=Reason.NEVER_RECORDED)
    if change.reason not in _GRANTED:
        return recorded
    if record is not None and wanted is not None and isinstance(wanted.value, NotRead):
        other = wanted.presence is Presence.PRESENT and record.credential != wanted.credential
        if other:
            return replace(recorded, action=Action.UPDATE, reason=Reason.CREDENTIAL_CHANGED, detail="")
        if wanted.presence is Presence.PRESENT and record.fingerprint == UNKNOWN:
            return replace(recorded, action=Action.UPDATE, reason=Reason.VALUE_CHANGED, detail="")
        if record.adopted and wanted.prove:
            return replace(recorded, action=Action.UPDATE, reason=Reason.TO_PROVE, detail="")
    return replace(recorded, reason=Reason.NOT_CHECKED, detail="")


def _access(change: Change, record: Record, wanted: Audience, ids: Mapping[Repo, int]) -> Iterator[Change]:
    """Yield the line about who sees an organization's secret, where that is certainly about to change."""
    if not record.visibility:
        return
    visibility = Visibility(record.visibility)
    named = {number: repo for repo, number in ids.items()}
    viewers = [replace(each, id=each.id or ids.get(each.repo, 0)) for each in wanted.viewers]
    whole = all(each.id for each in viewers) and all(number in named for number in record.repo_ids)
    now = {each.id for each in viewers if each.id}
    same = visibility is wanted.visibility and len(viewers) == len(record.repo_ids)
    if same and not (whole and now != {*record.repo_ids}):
        return
    # Unless every repo is known by its id, it is not known which of them are added or removed.
    before = Audience(visibility, tuple(Viewer(named[each], each) for each in record.repo_ids) if whole else ())
    after = Audience(wanted.visibility, tuple(viewers) if whole else ())
    lists = visibility is wanted.visibility is Visibility.SELECTED
    yield replace(
        change,
        address=change.address.of_access,
        action=Action.UPDATE,
        reason=Reason.ACCESS_CHANGED,
        detail=f"{wanted.text}, recorded {_text(visibility, len(record.repo_ids))}",
        access=Access(before, after, by_list=lists, rewrites=not lists),
    )


def _text(visibility: Visibility, count: int) -> str:
    # Only the number is known, and `Audience.text` shows only the number.
    nobody = Viewer(Repo("", ""))
    return Audience(visibility, (nobody,) * count).text
