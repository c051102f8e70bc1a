"""Who sees an organization's secret: a line of its own beside that of its value, decided after it. Pure."""

from typing import Final

from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.audience import Access, Audience, Visibility
from flowforge.plan.change import Change
from flowforge.plan.facts import Listing, Presence, Record, Seen, Unreadable, Wanted

_UNSEEN: Final = Unreadable(Why.FAILED, "who sees it is not known", "run it again")
_OVERWRITES: Final = (
    "its value was changed outside FlowForge, and a change of visibility would overwrite it",
    "write `on_drift: overwrite` in the manifest, or change the visibility by hand",
)


def seen_with_access(wanted: Wanted | None, secret: str, seen: Seen) -> Seen:
    """Return what was seen; unreadable where the secret is there and it is not known who sees it."""
    if wanted is None or wanted.audience is None or isinstance(seen, Unreadable):
        return seen
    # Not to know who sees a secret is not the same as nobody: a PUT would replace the whole list.
    return _UNSEEN if secret in seen.updated_at and secret not in seen.audiences else seen


def decide_access(value: Change, seen: Seen) -> Change | None:
    """Return the line about who sees a secret, after the decision about its value; None where it needs none."""
    wanted = value.wanted
    if wanted is None or wanted.audience is None or wanted.presence is Presence.ABSENT:
        return None
    if value.action is Action.BLOCKED or not isinstance(seen, Listing):
        return None
    before = seen.audiences.get(value.address.secret) if value.seen_at else None
    # GitHub changes the list of repos by a request of its own, and the visibility of a secret only by a PUT with the
    # sealed value (https://docs.github.com/rest/actions/secrets). A variable's visibility can be patched alone.
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
    """Return who saw it since the last write, as far as the manifest still names them."""
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
    # What the state recorded is what is wanted now, so somebody else changed who sees it: drift, by the same policy.
    settled = record is not None and (record.visibility, record.repo_ids) == (access.after.visibility, access.after.ids)
    if value.action is Action.NONE and settled and wanted.on_drift is not OnDrift.OVERWRITE:
        return Action.NONE, Reason.CHANGED_OUTSIDE, nothing
    if access.rewrites and value.drift and wanted.on_drift is not OnDrift.OVERWRITE:
        return Action.BLOCKED, Reason.ACCESS_CHANGED, _OVERWRITES
    if access.rewrites and (missed := wanted.missed):
        return Action.BLOCKED, Reason.VALUE_NOT_READ, (missed.why, missed.fix)
    return Action.UPDATE, Reason.ACCESS_CHANGED, nothing
