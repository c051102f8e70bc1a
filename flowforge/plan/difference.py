"""What differs inside a change, field by field: the only file of the planner that uses deepdiff."""

from dataclasses import dataclass

from deepdiff import DeepDiff

from flowforge.plan.change import Change
from flowforge.plan.facts import Known, Presence


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One field that differs. A value is never shown, nor its fingerprint: before and after are empty for it."""

    field: str
    before: str = ""
    after: str = ""


def differences(change: Change) -> tuple[Difference, ...]:
    """Give what differs between the record and what is wanted and seen, sorted by field.

    Empty where there is nothing to compare: no record, nothing wanted to be present, or no sight of GitHub. DeepDiff
    walks attributes and prints what `repr` hides, so it is handed plain dicts of strings only, and only for lines that
    are not in sync: it takes 0.1 ms a line.
    """
    record, wanted = change.record, change.wanted
    unreadable = change.why is not None  # nothing was seen, and that is not the same as seeing nothing
    if unreadable or record is None or wanted is None or wanted.presence is Presence.ABSENT:
        return ()
    before = {"credential": record.credential, "updated_at": record.updated_at}
    after = {"credential": wanted.credential, "updated_at": change.seen_at}
    if isinstance(wanted.value, Known):
        before["value"], after["value"] = record.fingerprint, wanted.value.fingerprint
    if before == after:
        return ()
    changed = DeepDiff(before, after, view="tree").get("values_changed", ())
    return tuple(sorted(_difference(item.path(output_format="list")[0], item.t1, item.t2) for item in changed))


def _difference(field: str, before: str, after: str) -> Difference:
    return Difference(field) if field == "value" else Difference(field, before, after)
