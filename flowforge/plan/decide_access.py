"""Who sees an organization's secret: a line of its own beside that of its value, decided after it. Pure."""

from typing import Final

from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.audience import Access, Audience, Visibility
from flowforge.plan.change import Change
from flowforge.plan.facts import Listing, Presence, Record, Seen, Unreadable, Wanted

_UNSEEN: Final = Unreadable(Why.FAILED, "who sees it is not known", "run it again")
_OVERWRITES: Final = (
    "its value was changed outside FlowForge, and a change of visibility would overwrite it",
    "say `on_drift: overwrite`, or change the visibility by hand",
)


def seen_with_access(wanted: Wanted | None, secret: str, seen: Seen) -> Seen:
    """Give what was seen; unreadable where the secret is there and who sees it is not known, which is never nobody."""
    if wanted is None or wanted.audience is None or isinstance(seen, Unreadable):
        return seen
    return _UNSEEN if secret in seen.updated_at and secret not in seen.audiences else seen


def decide_access(value: Change, seen: Seen) -> Change | None:
    """Decide who is to see a secret, from what was decided of its value; None where there is nothing to say of it.

    What is written with the value goes along with it. A list alone is changed without the value; another visibility
    of a secret takes a write of the value, that of a variable does not.
    """
    wanted = value.wanted
    if wanted is None or wanted.audience is None or wanted.presence is Presence.ABSENT:
        return None
    if value.action is Action.BLOCKED or not isinstance(seen, Listing):
        return None
    before = seen.audiences.get(value.address.secret) if value.seen_at else None
    alone = value.action is Action.NONE
    lists = before is not None and before.visibility is wanted.audience.visibility is Visibility.SELECTED
    lists = lists or value.address.scope.is_readable
    recorded = _recorded(value.record, wanted.audience)
    access = Access(before, wanted.audience, by_list=alone and lists, rewrites=alone and not lists, recorded=recorded)
    action, reason, (detail, fix) = _row(value, wanted, access)
    return Change(
        address=value.address.of_access,
        action=action,
        reason=reason,
        detail=detail,
        fix=fix,
        wanted=wanted,
        record=value.noted,
        seen_at=value.seen_at,
        drift=reason is Reason.CHANGED_OUTSIDE,
        access=access,
        after_drift=value.drift and not value.accepts,
        seen_value=value.seen_value,
    )


def _recorded(record: Record | None, wanted: Audience) -> Audience | None:
    """Give who saw it as it was written, by the names that the manifest has for them."""
    if record is None or not record.visibility:
        return None
    viewers = tuple(viewer for viewer in wanted.viewers if viewer.id in record.repo_ids)
    return Audience(Visibility(record.visibility), viewers)


def _row(value: Change, wanted: Wanted, access: Access) -> tuple[Action, Reason, tuple[str, str]]:
    nothing = ("", "")
    if access.before is None:
        return Action.CREATE, Reason.MISSING, nothing
    if not access.differs:
        return Action.NONE, Reason.IN_SYNC, nothing
    record = value.record
    settled = record is not None and (record.visibility, record.repo_ids) == (access.after.visibility, access.after.ids)
    if value.action is Action.NONE and settled and wanted.on_drift is not OnDrift.OVERWRITE:
        return Action.NONE, Reason.CHANGED_OUTSIDE, nothing
    if access.rewrites and value.drift and wanted.on_drift is not OnDrift.OVERWRITE:
        return Action.BLOCKED, Reason.ACCESS_CHANGED, _OVERWRITES
    return Action.UPDATE, Reason.ACCESS_CHANGED, nothing
