"""`flowforge rotate`: show the walk, ask, write batch by batch, and say what is still exposed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final

from flowforge import run
from flowforge.cli import plan as plan_command
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output, output_of
from flowforge.cli.request import request
from flowforge.cli.rotation_closing import closing_lines
from flowforge.cli.rotation_sum import entry_of, together, with_problems
from flowforge.cli.signals import Interruption, interruption
from flowforge.cli.streams import say
from flowforge.data_class import dataclass
from flowforge.errors import ExitCode, Problem, UsageError
from flowforge.plan.report import Report
from flowforge.plan.rotation import CANARY_TIMEOUT
from flowforge.render.phrases import count
from flowforge.render.recap import report_lines
from flowforge.render.results import report_document
from flowforge.render.rotation_view import (
    BatchRow,
    course_lines,
    verdict_line,
)
from flowforge.run.rotation_canary import CanaryAsked, canary_of
from flowforge.run.rotation_key import KeyAsked
from flowforge.steps.rotate.consent import Consent
from flowforge.steps.rotate.sizes import Sizes
from flowforge.steps.rotate.verdicts import CanaryVerdict
from flowforge.steps.rotate.walk import Batch

_APPROVAL: Final = Approval(
    "rotate",
    "nothing was written",
    "answer yes to rotate, in full; --yes rotates without asking",
    "say --yes; --check shows first",
)
# What `apply` takes to choose lines, and a rotation does not: it is about all of a credential.
_ALL_LINES: Final = {"limit": (), "exclude": (), "tags": (), "skip_values": False}
# What each way reads of what not every way does. An option that is taken and not read is a promise that is not kept.
_BATCHES: Final = ("batch", "no_canary", "canary", "canary_command", "canary_timeout")
_AT_THE_END: Final = ("quiet_for", "deactivate")
_OLD: Final = ("old_key", "cancel_runs")
_READ_BY: Final[Mapping[str, Collection[str]]] = {
    "back": (),
    "now": _OLD,
    "": (*_BATCHES, *_AT_THE_END, *_OLD),
}
_WHY: Final[Mapping[str, str]] = {
    "back": "what the walk wrote is taken back at once, and the old key is needed again",
    "now": "a key that leaked is written everywhere at once, and waits for nothing",
}


def main(*, credential: str, yes: bool, **given: Any) -> int:  # noqa: ANN401 -- as for plan
    """Walk a credential through its rotation, and return the exit code."""
    _require_one(given)
    given |= {**_ALL_LINES, "yes": yes}
    longest = given["canary_timeout"]
    canary = CanaryAsked(given["canary"], given["canary_command"], CANARY_TIMEOUT if longest is None else longest)
    if given["batch"]:
        Sizes.parse(given["batch"])
    asked = run.Asked(
        credential,
        canary.proof(given["batch"]),
        given["no_canary"],
        back=given["back"],
        now=given["now"],
        check=given["check"],
        cancels=given["cancel_runs"],
        key=KeyAsked(given["old_key"], given["quiet_for"], given["deactivate"]),
    )
    output = output_of(given, "plan" if asked.check else "report")
    with output.explaining(), interruption() as interrupted:
        make_canary = canary_of(canary)
        asks = not (yes or asked.check)
        if asks:
            _APPROVAL.require_somebody(output)
        # What is asked about under the state's lock is looked up again after the answer.
        wanted = replace(request(interrupted, given, quiet=output.quiet), asks=asks and asked.now)
        show = _Show(output, interrupted, given, asked, asks=asks)
        ended = run.rotate(wanted, asked, show.teller, make_canary)
        if ended is None and not asked.check:
            raise _APPROVAL.refused()
        return show.checked() if ended is None else show.end(ended)


def _require_one(given: dict[str, Any]) -> None:
    """Raise UsageError FF913 for options that say opposite things, and for one that the way does not read."""
    if given["back"] and given["now"]:
        why = "one takes a rotation back, the other ends it at once"
        raise UsageError(Problem("FF913", "--back and --now say opposite things", why=why, fix="say one"))
    asks = given["canary"] or given["canary_command"]
    if given["no_canary"] and asks:
        what = "--no-canary and a canary say opposite things"
        raise UsageError(Problem("FF913", what, fix="say one"))
    way = next((each for each in ("back", "now") if given[each]), "")
    unread = [name for name in _READ_BY[""] if name not in _READ_BY[way] and given[name] not in _NOT_SAID]
    if unread:
        names = [f"--{name.replace('_', '-')}" for name in unread]
        fix = f"leave out what --{way} does not read; a variable such as FLOWFORGE_BATCH says it, too"
        raise UsageError(Problem("FF913", f"--{way} takes no {' and no '.join(names)}", why=_WHY[way], fix=fix))
    if given["canary_timeout"] is not None and not asks:
        what, fix = "--canary-timeout is of a canary, and none is named", "name one with --canary or --canary-command"
        raise UsageError(Problem("FF913", what, fix=fix))


# What an option has where nobody says it.
_NOT_SAID: Final = ("", None, False, 0.0)


@dataclass(slots=True)
class _Show:
    """What people are shown of one run, and asked."""

    output: Output
    interrupted: Interruption
    given: dict[str, Any]
    asked: run.Asked
    asks: bool
    planned: run.Planned | None = field(default=None, init=False)

    @property
    def teller(self) -> run.Teller:
        """Return what the flow calls."""
        return run.Teller(self._course, self._approve, self._batch, self._verdicts, self._proceed)

    def _course(self, course: run.Course) -> None:
        self.planned = course.planned
        rows = [
            BatchRow(batch.number, batch.repos, asked)
            for batch, asked in zip(course.batches, course.canaries or ((),) * len(course.batches), strict=True)
        ]
        plan_command.show(course.planned, self.output, verbose=self.given["verbose"])
        since = course.under_way.since if course.under_way else ""
        rows = [] if self.asked.back or self.asked.now else rows
        self.output.lines(course_lines(self.asked.credential, course.total, course.already, since, rows))

    def _approve(self, course: run.Course) -> Consent | None:
        # Without anything to write there may be runs to cancel, and the state to be written.
        todo = len(course.planned.plan.todo)
        question = f"Rotate {count(todo, 'secret')}" if todo else "Go on with the rotation"
        if not (self.given["yes"] or (self.asks and _APPROVAL.given(question, self.output))):
            return None
        # From here on GitHub may be written to: a signal must let what is in flight be recorded.
        self.interrupted.finish_first()
        return Consent(self.asked.credential)

    def _batch(self, batch: Batch, report: Report) -> None:
        if not self.output.quiet and not (self.asked.now or self.asked.back):
            written = sum(report.counts.get(each, 0) for each in report.counts if each.value in {"created", "updated"})
            say(f"batch {batch.number}: {count(written, 'secret')} written in {count(len(batch.repos), 'repo')}")

    def _verdicts(self, verdicts: Sequence[CanaryVerdict]) -> None:
        style = self.output.style
        self.output.lines(
            verdict_line(each.repo, each.said, each.url, well=each.well, style=style) for each in verdicts
        )

    def _proceed(self, batch: Batch) -> bool:
        if not self.asks:
            return True
        self.output.lines([""])
        return _APPROVAL.given(f"Go on with batch {batch.number}, {count(len(batch.repos), 'repo')}", self.output)

    def checked(self) -> ExitCode:
        """End a --check."""
        if self.planned is None:
            return ExitCode.DONE
        document = plan_command.document(self.planned)
        self.output.finish(document)
        code = plan_command.exit_code(self.planned, detailed=False, require_values=False)
        code = ExitCode.ERROR if self.output.broken else code
        self.output.conclude(document, code)
        return code

    def end(self, ended: run.Ended) -> ExitCode:
        """Show how it ended, and return the exit code."""
        code = ended.exit_code
        planned, report = together(ended, self.planned)
        style, verbose = self.output.style, self.given["verbose"]
        if ended.legs:
            self.output.lines(report_lines(report, planned.plan, verbose=verbose, style=style))
        self.output.lines(closing_lines(ended, self.asked, verbose=verbose, style=style))
        entry = entry_of(self.asked.credential, ended)
        document = report_document(with_problems(report, ended), plan_command.document(planned), code, entry)
        self.output.finish(document)
        self.output.conclude(document, code)
        return code
