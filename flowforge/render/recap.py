"""The recap of an apply as text: what went wrong, a line for each repo, and the sentence that sums it up."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from flowforge.errors import Problem, printable
from flowforge.plan.address import Address
from flowforge.plan.decide import Plan
from flowforge.plan.report import RECAP, Outcome, Report, Result
from flowforge.render.alike import MOST_ALONE, gathered, some
from flowforge.render.closing import done_sentence
from flowforge.render.phrases import count
from flowforge.render.style import Style, plain


class _Row(NamedTuple):
    """What became of a repo, or of an organization."""

    name: str
    tally: Mapping[Outcome, int]
    targets: tuple[str, ...]
    """The entries of the manifest that have a line there."""

    @property
    def noun(self) -> str:
        return "repo" if "/" in self.name else "organization"

    @property
    def numbers(self) -> str:
        extras = [outcome for outcome in self.tally if outcome not in RECAP]
        return " ".join(f"{outcome.value}={self.tally.get(outcome, 0)}" for outcome in (*RECAP, *extras))

    def apart_from_repo(self) -> Hashable:
        """Return all but the repo."""
        return self.numbers, self.targets, self.noun


def report_lines(report: Report, plan: Plan | None = None, *, verbose: bool, style: Style = plain) -> Iterable[str]:
    """Yield what went wrong, then the recap: a line for each repo, one for more than ten that differ in nothing else.

    plan: what was carried out, which names the targets. verbose: each repo for itself, and those too that are in sync.
    """
    yield from _troubles(report, style, verbose=verbose)
    yield from _blocked(report.results, style, verbose=verbose)
    for problem in report.problems:
        yield from (style(printable(line), "-") for line in str(problem).splitlines())
    yield from (f"warning: {printable(warning)}" for warning in report.warnings)
    yield from _notes(report.results, verbose=verbose)
    yield ""
    targets = _targets(plan)
    rows = (_Row(name, tally, targets.get(name.lower(), ())) for name, tally in report.recap().items())
    shown = [row for row in rows if verbose or set(row.tally) - {Outcome.IN_SYNC}]
    alone, many = gathered(shown, _Row.apart_from_repo, verbose=verbose)
    yield from (style(f"{printable(row.name)} : {row.numbers}", _mood(row.tally)) for row in alone)
    for group in many:
        yield from _together(group, style)
    yield done_sentence(report.counts, report.expired, complete=report.is_complete)


def _together(group: Sequence[_Row], style: Style) -> Iterator[str]:
    row = group[0]
    if row.targets:
        yield printable(", ".join(row.targets))
    yield style(f"{count(len(group), row.noun)}, each : {row.numbers}", _mood(row.tally))
    yield f"    {some([each.name for each in group])}"


def _targets(plan: Plan | None) -> Mapping[str, tuple[str, ...]]:
    """Return the names of the targets that have a line in a repo, in their order there, by its name in lower case."""
    found: dict[str, dict[str, None]] = {}
    for change in plan.changes if plan else ():
        if change.wanted is not None:
            found.setdefault(change.address.scope.repo.key, {})[change.wanted.target] = None
    return {repo: tuple(names) for repo, names in found.items()}


def _troubles(report: Report, style: Style, *, verbose: bool) -> Iterable[str]:
    """Yield each problem once, with the secrets that it concerns."""
    # A token without a permission fails the same way in a thousand repos; only the places differ.
    met: dict[tuple[Outcome, Problem], list[Address]] = {}
    for result in report.results:
        if result.problem is not None:
            met.setdefault((result.outcome, replace(result.problem, where="")), []).append(result.address)
    for (outcome, problem), addresses in met.items():
        yield style(f"{outcome.value} ({problem.code}): {printable(problem.what)}", "-")
        # What is at GitHub and not in the state is listed whole: nothing else remembers it.
        yield from _addresses(addresses, verbose=verbose or outcome is Outcome.UNRECORDED)
        # What could not be recorded is told of the state as well, which is one problem: why and fix stand there.
        said = (problem.code, problem.why) in {(each.code, each.why) for each in report.problems}
        parts = () if said else (("why", problem.why), ("fix", problem.fix))
        yield from (f"  {word}: {printable(text)}" for word, text in parts if text)


def _blocked(results: Iterable[Result], style: Style, *, verbose: bool) -> Iterable[str]:
    """Yield each reason for which something is blocked once, with the secrets that it concerns."""
    met: dict[tuple[str, str], list[Address]] = {}
    for result in results:
        if result.hindrance:
            met.setdefault((result.hindrance, result.fix), []).append(result.address)
    for (why, fix), addresses in met.items():
        yield style(f"{Outcome.BLOCKED.value}: {printable(why)}", "!")
        yield from _addresses(addresses, verbose=verbose)
        if fix:
            yield f"  fix: {printable(fix)}"


def _addresses(addresses: Sequence[Address], *, verbose: bool) -> Iterator[str]:
    if verbose or len(addresses) <= MOST_ALONE:
        yield from (f"    {printable(str(address))}" for address in addresses)
    else:
        yield f"    {some([str(address) for address in addresses])}"


def _notes(results: Iterable[Result], *, verbose: bool) -> Iterator[str]:
    pairs = [(str(result.address), note) for result in results for note in result.notes]
    alone, many = gathered(pairs, lambda pair: pair[1], verbose=verbose)
    yield from (f"note: {printable(address)}: {note}" for address, note in alone)
    yield from (f"note: {some([address for address, _ in group])}: {group[0][1]}" for group in many)


def _mood(tally: Iterable[Outcome]) -> str:
    bad = {Outcome.FAILED, Outcome.BLOCKED, Outcome.UNRECORDED, Outcome.NOT_DONE}
    return "-" if bad & set(tally) else "+"
