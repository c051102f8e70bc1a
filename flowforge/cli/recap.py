"""What an apply did, told to the end whatever fails in the telling: the writes are done, and their exit code stands."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import Any, Final

from flowforge import run
from flowforge.cli import plan as planning
from flowforge.cli.output import Output
from flowforge.cli.streams import say, trace
from flowforge.errors import ExitCode, bug, printable
from flowforge.plan.report import Outcome, Report
from flowforge.render.document import Document, error_document
from flowforge.render.results import report_document
from flowforge.render.text import report_lines

_UNDONE: Final = frozenset({Outcome.FAILED, Outcome.NOT_DONE})
_NOT_WRITTEN: Final = frozenset({Outcome.IN_SYNC, Outcome.ASSUMED, Outcome.LEFT, Outcome.BLOCKED})
# More repos than this make no command that a person would copy; apply tries again only what is left anyway.
_READABLE: Final = 20


def recap(planned: run.Planned, report: Report, output: Output, given: Mapping[str, Any]) -> ExitCode:
    """Tell it to people and to programs, and return the exit code."""
    try:
        with ExitStack() as parts:  # the last is told first; one that fails keeps no other from being told
            parts.callback(lambda: output.finish(_document(planned, report, verbose=given["verbose"])))
            parts.callback(lambda: say(*_words(report, output, given)))
            parts.callback(lambda: output.lines(report_lines(report, verbose=given["verbose"], style=output.style)))
    except BaseException as error:  # noqa: BLE001 -- what was written is told, and the exit code says so
        with suppress(BaseException):
            _in_short(report, error, verbose=given["verbose"])
        return ExitCode.INTERRUPTED if isinstance(error, KeyboardInterrupt) else report.exit_code
    return report.exit_code


def _document(planned: run.Planned, report: Report, *, verbose: bool) -> Document:
    try:
        return report_document(report, planning.document(planned), report.exit_code)
    except Exception as error:  # noqa: BLE001 -- who reads JSON is told as much as can be
        _note(error, verbose=verbose)
        return error_document([bug(error)], report.exit_code)


def _words(report: Report, output: Output, given: Mapping[str, Any]) -> Iterator[str]:
    if report.interrupted:
        lost = Outcome.UNRECORDED in report.counts
        kept = "what is not recorded is listed" if lost else "what was written is recorded"
        yield f"interrupted; {kept}, and the next plan knows the rest"
    elif not output.quiet:
        yield from _again(report, given)


def _in_short(report: Report, error: BaseException, *, verbose: bool) -> None:
    """Tell what was written in the simplest words, where the recap could not be shown."""
    written = (each for each in report.results if each.outcome not in _NOT_WRITTEN)
    say(*(f"{each.outcome.value}: {printable(str(each.address))}" for each in written))
    if not isinstance(error, KeyboardInterrupt):
        _note(error, verbose=verbose)


def _note(error: BaseException, *, verbose: bool) -> None:
    if verbose:
        trace(error)
    say(bug(error))


def _again(report: Report, given: Mapping[str, Any]) -> Iterator[str]:
    """Give the command that tries again what failed alone, where the rest was done and it is not too long to read.

    It has what says which lines are planned, and no flag that admits what apply refuses: that is said each time.
    """
    failed = {result.address.scope.repo for result in report.results if result.outcome in _UNDONE}
    if report.exit_code is ExitCode.PARTIAL and 0 < len(failed) <= _READABLE:
        manifests = tuple(map(str, given["manifests"]))
        words = [word for path in manifests if manifests != ("flowforge.yaml",) for word in ("-m", path)]
        words += [word for repo in sorted(failed) for word in ("--limit", str(repo))]
        words += [word for tag in given["tags"] for word in ("--tags", tag)]
        words += [f"--{name.replace('_', '-')}" for name in ("prune", "prove", "keep_going") if given[name]]
        yield f"what failed alone: flowforge apply {printable(shlex.join(words))}"
