"""The recap of an apply, told to the end whatever fails meanwhile: the writes are done, their exit code stands."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from flowforge import run
from flowforge.cli import plan as plan_command
from flowforge.cli.called import said
from flowforge.cli.output import Output
from flowforge.cli.streams import say
from flowforge.cli.trace import trace
from flowforge.errors import ExitCode, bug, printable
from flowforge.plan.report import Outcome, Report
from flowforge.render.document import error_document
from flowforge.render.recap import report_lines
from flowforge.render.results import report_document

_UNDONE: Final = frozenset({Outcome.FAILED, Outcome.NOT_DONE})
_NOT_WRITTEN: Final = frozenset({Outcome.IN_SYNC, Outcome.ASSUMED, Outcome.LEFT, Outcome.BLOCKED})
_MADE: Final = frozenset({Outcome.CREATED, Outcome.UPDATED})
_TOO_LONG: Final = "FF331"  # its owner is `flowforge.github.pauses`
# More repos than this make no command that a person would copy; apply tries again only what is left anyway.
_READABLE: Final = 20


def recap(planned: run.Planned, report: Report, output: Output, given: Mapping[str, Any]) -> ExitCode:
    """Show it to people and to programs, and return the exit code: that of the writes, or of a second Ctrl-C."""
    for tell in (_tell_people, _tell_the_next, _tell_programs):
        try:
            tell(planned, report, output, given)
        except KeyboardInterrupt:
            # Somebody wants it to end. It does, with the code that says so; the next part is short, and is still told.
            report = replace(report, interrupted=True)
        except BaseException as error:  # noqa: BLE001 -- what was written is told, as far as that can be done
            with suppress(Exception):
                _note(error, given)
    return report.exit_code


def _tell_people(planned: run.Planned, report: Report, output: Output, given: Mapping[str, Any]) -> None:
    try:
        lines = list(report_lines(report, planned.plan, verbose=given["verbose"], style=output.style))
    except BaseException:
        # On stderr too: where stdout is for JSON, nobody would see what was written.
        short = list(_in_short(report))
        say(*short)
        output.lines(short)
        raise
    output.lines(lines)


def _tell_the_next(planned: run.Planned, report: Report, output: Output, given: Mapping[str, Any]) -> None:
    # Whoever applies for the first time does not know yet that there is one, and without it the next run is lost.
    if planned.new_state and not output.quiet and _MADE & set(report.counts):
        say(
            f"The state is new: {_place(planned.new_state)} remembers what was written. Keep it, and keep it private: "
            "without it the next run knows nothing of this one."
        )
    # Whole: it holds a command, of which a part would apply to others than the whole.
    say(*_words(report, output, given), whole=True)


def _tell_programs(planned: run.Planned, report: Report, output: Output, given: Mapping[str, Any]) -> None:
    del given
    try:
        document = report_document(report, plan_command.document(planned), report.exit_code)
    except BaseException as error:
        # A program that reads stdout gets a document in any case, and the exit code of the writes in it.
        output.finish(error_document([bug(error)], report.exit_code))
        raise
    output.finish(document)
    output.conclude(document, report.exit_code)


def _place(where: str) -> str:
    """Return where a state is kept, for people: a file below the working folder by the shorter name."""
    return printable(where.removeprefix(f"{os.getcwd()}{os.sep}"))  # noqa: PTH109 -- a text


def _in_short(report: Report) -> Iterator[str]:
    """Yield what was written in the simplest words, where the recap could not be made."""
    written = (each for each in report.results if each.outcome not in _NOT_WRITTEN)
    yield from (f"{each.outcome.value}: {printable(str(each.address))}" for each in written)


def _note(error: BaseException, given: Mapping[str, Any]) -> None:
    if given["verbose"]:
        trace(error)
    say(bug(error))


def _words(report: Report, output: Output, given: Mapping[str, Any]) -> Iterator[str]:
    if report.interrupted:
        lost = Outcome.UNRECORDED in report.counts
        kept = "what is not recorded is listed" if lost else "what was written is recorded"
        yield f"interrupted; {kept}, and the next plan knows the rest"
    elif not output.quiet:
        yield from _again(report, given)


def _again(report: Report, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the command that applies again what failed alone, where it is short enough to read.

    It has the options that choose lines, and no flag that admits what apply refuses: a person decides on that.
    """
    # With any other exit code another run is not what helps: a limit must be admitted, or a record be looked at first.
    failed = {result.address.scope.repo for result in report.results if result.outcome in _UNDONE}
    if report.exit_code is not ExitCode.PARTIAL or not failed:
        return
    if any(result.problem is not None and result.problem.code == _TOO_LONG for result in report.results):
        # All of it, with the options of this run; but no plan that was saved, which is another one by now.
        lines = [word for name in ("limit", "exclude") for each in given[name] for word in (f"--{name}", each)]
        own = ["--max-wait", f"{given['max_wait']:g}s", *said("jobs", "pace")]
        yield f"to go on after that time: `flowforge apply {printable(shlex.join([*lines, *_same(given), *own]))}`"
    elif len(failed) <= _READABLE:
        words = [word for repo in sorted(failed) for word in ("--limit", str(repo))]
        yield f"what failed alone: `flowforge apply {printable(shlex.join([*words, *_same(given)]))}`"


def _same(given: Mapping[str, Any]) -> list[str]:
    """Return the options that make another apply plan as this one did."""
    tags = [word for tag in given["tags"] for word in ("--tags", tag)]
    return tags + [f"--{name.replace('_', '-')}" for name in ("prune", "prove", "keep_going") if given[name]]
