"""What writing an organization's secret has of its own: the line that says who sees it, with the value or alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

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


def without_carried(todo: Sequence[Change]) -> list[Change]:
    """Leave out the lines that the write of their own value carries out."""
    values = {change.address for change in todo if change.access is None}
    return [change for change in todo if change.access is None or change.address.of_value not in values]


def with_carried(results: Sequence[Result], todo: Iterable[Change]) -> list[Result]:
    """Return those lines the outcome of their value."""
    done = {result.address: result for result in results}
    carried = [
        _as_value(done[change.address.of_value], change)
        for change in todo
        if change.access is not None and change.address not in done and change.address.of_value in done
    ]
    return [*results, *carried]


def audience_body(change: Change) -> Mapping[str, object]:
    """Return what a PUT of the value says of who sees it: always the whole of it."""
    audience = change.wanted.audience if change.wanted else None
    return body_of(audience) if audience else {}


def recorded_audience(change: Change, record: Record) -> Record:
    """Add to a record who sees the secret since the write."""
    audience = change.wanted.audience if change.wanted else None
    return replace(record, visibility=audience.visibility.value, repo_ids=audience.ids) if audience else record


def record_of_list(change: Change, record: Record, updated_at: str) -> Record:
    """Return the record after its list alone was written, which moved GitHub's time and left the value.

    A value that was changed outside before, and is left so, stays drift: its record keeps the time of our own write.
    One that another credential provides now was given that name before this write.
    """
    kept, wanted = record.updated_at if change.after_drift else updated_at, change.wanted
    same = wanted is not None and _is(wanted.value, record)
    credential = wanted.credential if wanted is not None and same else record.credential
    return recorded_audience(change, replace(record, updated_at=kept, credential=credential))


def list_alone(change: Change) -> Record | None:
    """Return the record of a line that writes who sees it without the value; None for any other line.

    A variable that was right before FlowForge came has none yet: it is one that FlowForge did not write.
    """
    if change.access is None or not change.access.by_list:
        return None
    value, at = change.seen_value, change.seen_at
    return change.record or (Record(value.fingerprint, at, "", 0, at, at, adopted=True) if value else None)


def put_alone(client: Client, change: Change) -> Written:
    """Write who sees it, and not the value: its list where it has one before and after, else a variable's visibility.

    Raises as `put_secret` does.
    """
    address, access = change.address, change.access
    if access is None or access.before is None:
        message = f"{address} has nobody to be changed"
        raise TypeError(message)
    if access.before.visibility is access.after.visibility is Visibility.SELECTED:
        return put_viewers(client, address.scope, address.secret, access.after.ids)
    return change_visibility(client, address.scope, address.secret, access.after)


def with_kept_unseen(change: Change, error: FlowForgeError) -> Problem:
    """Return what was refused; of a list with repos that this token does not see, that they may be why."""
    problem, wanted = error.problems[0], change.wanted
    if not isinstance(error, RepoError) or wanted is None or wanted.audience is None or not wanted.audience.hidden:
        return problem
    why = f"{len(wanted.audience.hidden)} of those who see it, which this token is not shown, were to stay so"
    return replace(problem, why=problem.why or why, fix=f"{problem.fix}; {advice(wanted)}")


def _is(value: Value, record: Record) -> bool:
    return isinstance(value, Known | Public) and value.fingerprint == record.fingerprint


def _as_value(value: Result, change: Change) -> Result:
    outcome = DONE[change.action] if value.outcome in DONE.values() else value.outcome
    return Result(change.address, outcome, value.problem)
