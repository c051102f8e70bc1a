"""The lines of a plan: one for each secret, or one for more than ten that differ in nothing but the repo."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from flowforge.errors import printable
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Scope
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
_TIME: Final = "updated_at"
_TIMES: Final = "updated_at: not the same in all; -v shows each"
# What stands for the address in a fix that several lines share.
_ADDRESS: Final = "ADDRESS"


class _Line(NamedTuple):
    """A line of a plan, with what differs from what is remembered."""

    change: Change
    differing: tuple[Difference, ...]

    @property
    def time(self) -> str:
        """GitHub's time before and now, where it differs."""
        return next((_difference(item) for item in self.differing if item.field == _TIME), "")

    @property
    def others(self) -> tuple[Difference, ...]:
        """What else differs, as far as it can be shown."""
        return tuple(item for item in self.differing if item.field != _TIME and (item.before or item.after))

    def apart_from_repo(self) -> Hashable:
        """Return all that is shown but the repo, and the time at which something happened to it."""
        # Nobody writes a fleet within one second. Nothing is made printable here: it is only compared, 10,000 times.
        change, scope = self.change, self.change.address.scope
        wanted = change.wanted
        return (
            (change.symbol, change.sentence, change.address.secret, scope.place, scope.repo.is_organization),
            (wanted.credential, wanted.target, wanted.new_to) if wanted is not None else None,
            (_shared(change), _left_open(change), self.others, change.access and tuple(viewer_lines(change))),
        )


_Group = Sequence[_Line]


def change_lines(plan: Plan, *, verbose: bool, style: Style = plain) -> Iterable[str]:
    """Yield the lines of a plan, what is blocked last. verbose: each for itself, and those too that are in sync."""
    shown = [change for change in plan.changes if verbose or not _quiet(change)]
    lines = list(map(_Line, shown, differences(shown)))
    ordered = [group for blocked in (False, True) for group in _groups(lines, blocked=blocked, verbose=verbose)]
    cells = [_cells(group) for group in ordered]
    widths = [max((len(row[column]) for row in cells), default=0) for column in range(4)]
    rows = zip(ordered, cells, strict=True)
    for fix, helped in groupby(rows, lambda row: _shared(row[0][0].change)):
        together = list(helped)
        for group, row in together:
            yield from _told(group, row, widths, style)
        # What helps several secrets in a row is said once, below the last.
        if fix:
            alone = len(together) == len(together[0][0]) == 1
            yield f"    fix: {printable(_fix(together[0][0][0].change) if alone else fix)}"
    yield from (style(line, "!") for line in unresolved_lines(plan.unresolved))


def _groups(lines: Iterable[_Line], *, blocked: bool, verbose: bool) -> Iterator[_Group]:
    mine = (line for line in lines if (line.change.action is Action.BLOCKED) is blocked)
    alone, many = gathered(mine, _Line.apart_from_repo, verbose=verbose)
    yield from ([line] for line in alone)
    yield from many


def _told(group: _Group, cells: Sequence[str], widths: Sequence[int], style: Style) -> Iterator[str]:
    """Yield the line of a group, with what is above and below it but for its fix."""
    change, many = group[0].change, len(group) > 1
    if many and change.wanted is not None:
        yield printable(change.wanted.target)
    padded = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True) if width)
    yield style(f"{change.symbol} {padded}  {printable(change.sentence)}{_suffix(change)}", change.symbol)
    if many:
        yield f"    {some([str(each.change.address.scope.repo) for each in group])}"
    yield from (f"    {_difference(item)}" for item in group[0].others)
    times = {each.time for each in group}
    if times != {""}:
        yield f"    {group[0].time if len(times) == 1 else _TIMES}"
    yield from (f"    {printable(line)}" for line in viewer_lines(change))


def _cells(group: _Group) -> tuple[str, ...]:
    """Return the cells of a line. The place is shown only if it is not the usual one, the Actions secrets of a repo."""
    change, many = group[0].change, len(group)
    scope, credential = change.address.scope, change.wanted.credential if change.wanted else ""
    # A line about access is a second one for the same secret, so it must not look like its value's.
    credential = "access" if change.access else credential
    place = "" if scope == Scope(scope.repo) and not scope.repo.is_organization else scope.place
    name = str(scope.repo) if many == 1 else count(many, "organization" if scope.repo.is_organization else "repo")
    return printable(name), printable(place), printable(change.address.secret), printable(credential)


def _quiet(change: Change) -> bool:
    """Return whether a line says nothing new: in sync, or only removed from the state."""
    settled = change.reason in _SETTLED
    # Without drift nobody knows of a change, and the footer counts the values that were not checked.
    unchecked = change.reason is Reason.VALUE_NOT_CHECKED and not change.drift
    return (settled or unchecked) and not change.relabels


def _fix(change: Change) -> str:
    # Only what is blocked or left over needs somebody to act; for the rest the fix is apply itself.
    return change.remedy if change.action is Action.BLOCKED or change.left_over else ""


def _shared(change: Change) -> str:
    """Return the fix without the address of the line, so that it may be that of others too."""
    return _fix(change).replace(str(change.address), _ADDRESS)


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
