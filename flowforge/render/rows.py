"""The lines of a plan: one for each secret, or one for more than ten that differ in nothing but the repo."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from flowforge.errors import printable
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.difference import Difference, differences
from flowforge.render.access import viewer_lines
from flowforge.render.alike import gathered, some
from flowforge.render.phrases import count
from flowforge.render.repo_list_view import unresolved_lines
from flowforge.render.style import Style, plain

# Reasons with nothing to do and nothing to decide: thousands of these lines would hide the few that matter.
_SETTLED: Final = frozenset({Reason.IN_SYNC, Reason.ASSUMED, Reason.ALREADY_ABSENT, Reason.GONE, Reason.NOT_CHECKED})
_TIMES: Final = "updated_at: not the same in all; -v shows each"
# What stands for the address in a fix that several lines share.
_ADDRESS: Final = "ADDRESS"


class _Row(NamedTuple):
    """A line that is shown, with all that is under it."""

    symbol: str
    cells: tuple[str, ...]
    says: str
    below: tuple[str, ...]
    time: str
    """GitHub's time before and now, where it differs. Nobody writes a fleet within one second."""
    fix: str
    """What helps, with the address of the line in it."""
    shared_fix: str
    """The same without it, which may help several."""
    blocked: bool
    target: str
    repo: Repo

    def apart_from_repo(self) -> Hashable:
        """Return all but the repo, and the time at which something happened to it."""
        return self._replace(cells=self.cells[1:], repo=Repo("", ""), fix="", time=""), self.repo.is_organization


def change_lines(plan: Plan, *, verbose: bool, style: Style = plain) -> Iterable[str]:
    """Yield the lines of a plan, what is blocked last. verbose: each for itself, and those too that are in sync."""
    shown = [change for change in plan.changes if verbose or not _quiet(change)]
    rows = [_row(change, differing) for change, differing in zip(shown, differences(shown), strict=True)]
    ordered = [group for blocked in (False, True) for group in _groups(rows, blocked=blocked, verbose=verbose)]
    widths = [max((len(_cells(group)[column]) for group in ordered), default=0) for column in range(4)]
    for shared_fix, helped in groupby(ordered, lambda group: group[0].shared_fix):
        together = list(helped)
        for group in together:
            yield from _lines(group, widths, style)
        # What helps several secrets in a row is said once, below the last.
        if shared_fix:
            one = len(together) == len(together[0]) == 1
            yield f"    fix: {together[0][0].fix if one else shared_fix}"
    yield from (style(line, "!") for line in unresolved_lines(plan.unresolved))


def _groups(rows: Iterable[_Row], *, blocked: bool, verbose: bool) -> Iterator[Sequence[_Row]]:
    alone, many = gathered((row for row in rows if row.blocked is blocked), _Row.apart_from_repo, verbose=verbose)
    yield from ([row] for row in alone)
    yield from many


def _lines(group: Sequence[_Row], widths: Sequence[int], style: Style) -> Iterator[str]:
    row, many = group[0], len(group) > 1
    if many and row.target:
        yield row.target
    padded = "  ".join(cell.ljust(width) for cell, width in zip(_cells(group), widths, strict=True) if width)
    yield style(f"{row.symbol} {padded}  {row.says}", row.symbol)
    if many:
        yield f"    {some([str(each.repo) for each in group])}"
    yield from (f"    {line}" for line in row.below)
    times = {each.time for each in group}
    if times != {""}:
        yield f"    {row.time if len(times) == 1 else _TIMES}"


def _cells(group: Sequence[_Row]) -> tuple[str, ...]:
    row = group[0]
    if len(group) == 1:
        return row.cells
    return count(len(group), "organization" if row.repo.is_organization else "repo"), *row.cells[1:]


def _row(change: Change, differing: Iterable[Difference]) -> _Row:
    told = {item.field: _difference(item) for item in differing if item.before or item.after}
    time = told.pop("updated_at", "")
    below = list(told.values())
    below += [printable(line) for line in viewer_lines(change)]
    return _Row(
        symbol=change.symbol,
        cells=_cells_of(change),
        says=f"{printable(change.sentence)}{_suffix(change)}",
        below=tuple(below),
        time=time,
        fix=_fix(change),
        shared_fix=_fix(change).replace(printable(str(change.address)), _ADDRESS),
        blocked=change.action is Action.BLOCKED,
        target=printable(change.wanted.target) if change.wanted else "",
        repo=change.address.scope.repo,
    )


def _quiet(change: Change) -> bool:
    """Return whether a line says nothing new: in sync, or only removed from the state."""
    settled = change.reason in _SETTLED
    # Without drift nobody knows of a change, and the footer counts the values that were not checked.
    unchecked = change.reason is Reason.VALUE_NOT_CHECKED and not change.drift
    return (settled or unchecked) and not change.relabels


def _cells_of(change: Change) -> tuple[str, ...]:
    """Return the cells of a line. The place is shown only if it is not the usual one, the Actions secrets of a repo."""
    scope, credential = change.address.scope, change.wanted.credential if change.wanted else ""
    # A line about access is a second one for the same secret, so it must not look like its value's.
    credential = "access" if change.access else credential
    place = "" if scope == Scope(scope.repo) and not scope.repo.is_organization else scope.place
    return printable(str(scope.repo)), printable(place), printable(change.address.secret), printable(credential)


def _fix(change: Change) -> str:
    # Only what is blocked or left over needs somebody to act; for the rest the fix is apply itself.
    return printable(change.remedy) if change.action is Action.BLOCKED or change.left_over else ""


def _suffix(change: Change) -> str:
    new = f"; new to {printable(change.wanted.new_to)}" if change.wanted and change.wanted.new_to else ""
    return f"{new}{_left_open(change)}"


def _left_open(change: Change) -> str:
    if not change.applicable:
        return "; cannot be applied without its value"
    if change.accepts:
        return "; recorded as it is (--accept-drift)"
    if change.reported_drift and change.reason is Reason.VALUE_NOT_CHECKED:
        return "; changed outside FlowForge"
    if change.reported_drift:
        return "; left as it is (on_drift: report)"
    return ""


def _difference(difference: Difference) -> str:
    before, after = (printable(text) or "missing" for text in (difference.before, difference.after))
    return f"{difference.field}: {before} -> {after}"
