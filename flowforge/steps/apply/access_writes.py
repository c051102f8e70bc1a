"""How who sees an organization's secret is written: together with the value, or alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from flowforge.data_class import dataclass
from flowforge.errors import FlowForgeError, Problem
from flowforge.github.http import Client
from flowforge.github.org_secrets import body_of, change_visibility, put_viewers
from flowforge.github.problems import RepoError
from flowforge.github.secrets import Written
from flowforge.plan.audience import Visibility
from flowforge.plan.change import Change
from flowforge.plan.facts import Known, Public, Record, Value
from flowforge.plan.report import DONE, Result
from flowforge.plan.unseen import advice


@dataclass(frozen=True, slots=True)
class Stamp:
    """The time that is recorded of a write."""

    time: str
    """GitHub's `updated_at`, or the `Date` of its answer where no list has shown that."""
    unconfirmed: bool = False
    """Whether it is the `Date`."""


def without_carried(todo: Sequence[Change]) -> list[Change]:
    """Return the changes without the lines about access that the write of their value carries out."""
    values = {change.address for change in todo if change.access is None}
    return [change for change in todo if change.access is None or change.address.of_value not in values]


def with_carried(results: Sequence[Result], todo: Iterable[Change]) -> list[Result]:
    """Return the results with one more for each line that went along with its value."""
    done = {result.address: result for result in results}
    carried = [
        _as_value(done[change.address.of_value], change)
        for change in todo
        if change.access is not None and change.address not in done and change.address.of_value in done
    ]
    return [*results, *carried]


def audience_body(change: Change) -> Mapping[str, object]:
    """Return the part of a PUT's body about who sees the secret. GitHub takes it as a whole, never as a difference."""
    audience = change.wanted.audience if change.wanted else None
    return body_of(audience) if audience else {}


def recorded_audience(change: Change, record: Record) -> Record:
    """Return a record with who sees the secret since the write."""
    audience = change.wanted.audience if change.wanted else None
    return replace(record, visibility=audience.visibility.value, repo_ids=audience.ids) if audience else record


def record_of_list(change: Change, record: Record, stamp: Stamp) -> Record:
    """Return the record after the list of repos was written alone, which moves GitHub's time and keeps the value."""
    wanted = change.wanted
    if wanted is not None and _is(wanted.value, record):
        record = replace(record, credential=wanted.credential)
    # A value that was changed outside and is left so must still read as drift, so its record keeps our own time.
    if not change.after_drift:
        record = replace(record, updated_at=stamp.time, unconfirmed=stamp.unconfirmed)
    return recorded_audience(change, record)


def list_alone(change: Change) -> Record | None:
    """Return the record of a line that writes who sees it without the value; None for any other line."""
    # A variable may have held the right value before FlowForge knew it. Then it has no record, and gets one as adopted.
    if change.access is None or not change.access.by_list:
        return None
    value, at = change.seen_value, change.seen_at
    return change.record or (Record(value.fingerprint, at, "", 0, at, at, adopted=True) if value else None)


def put_alone(client: Client, change: Change) -> Written:
    """Write who sees it without the value: the list where it has one before and after, else a variable's visibility.

    Raises as `put_secret` does.
    """
    address, access = change.address, change.access
    if access is None or access.before is None:
        message = f"{address} has no access to change"
        raise TypeError(message)
    if access.before.visibility is access.after.visibility is Visibility.SELECTED:
        return put_viewers(client, address.scope, address.secret, access.after.ids)
    return change_visibility(client, address.scope, address.secret, access.after)


def with_kept_unseen(change: Change, error: FlowForgeError) -> Problem:
    """Return the problem of a refusal, with a hint where repos that this token cannot see may be the cause."""
    problem, wanted = error.problems[0], change.wanted
    if not isinstance(error, RepoError) or wanted is None or wanted.audience is None or not wanted.audience.hidden:
        return problem
    number = len(wanted.audience.hidden)
    why = f"the list keeps {number} {'repository' if number == 1 else 'repositories'} that this token cannot see"
    return replace(problem, why=problem.why or why, fix=f"{problem.fix}; {advice(wanted)}")


def _is(value: Value, record: Record) -> bool:
    return isinstance(value, Known | Public) and value.fingerprint == record.fingerprint


def _as_value(value: Result, change: Change) -> Result:
    outcome = DONE[change.action] if value.outcome in DONE.values() else value.outcome
    return Result(change.address, outcome, value.problem)
