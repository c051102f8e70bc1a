"""`flowforge rotate`: show the walk, ask, write batch by batch, and say what is still exposed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from flowforge import run
from flowforge.cli import plan as planning
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output, output_of
from flowforge.cli.request import request
from flowforge.cli.rotation_sum import entry_of, together, with_problems
from flowforge.cli.signals import Interruption, interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, Problem, UsageError, printable
from flowforge.plan.report import Report
from flowforge.plan.rotation import backward, forward
from flowforge.render.phrases import count
from flowforge.render.recap import report_lines
from flowforge.render.results import report_document
from flowforge.render.rotation_view import (
    BatchRow,
    course_lines,
    exposed_lines,
    old_key_line,
    old_run_lines,
    revoke_lines,
    switched_off_line,
    verdict_line,
)
from flowforge.run.rotation_canary import CanaryAsked, canary_of
from flowforge.run.rotation_key import KeyAsked
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
_ALONE: Final = ("back", "now")
# What --back and --now leave out: to go back needs the old key, and a key that leaked is not waited for.
_AT_THE_END: Final = ("quiet_for", "deactivate")


def main(*, credential: str, yes: bool, **given: Any) -> int:  # noqa: ANN401 -- as for plan
    """Walk a credential through its rotation, and return the exit code."""
    _require_one(given)
    given |= _ALL_LINES
    canary = CanaryAsked(given["canary"], given["canary_command"], given["canary_timeout"])
    asked = run.Asked(
        credential,
        Sizes.parse(given["batch"]),
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
        if not asked.check:
            run.require_batches(asked, wanted, canary=bool(canary))
        show = _Show(output, interrupted, given, asked, asks=asks)
        ended = run.rotate(wanted, asked, show.teller, None if asked.now else make_canary)
        if ended is None and not asked.check:
            raise _APPROVAL.refused()
        return show.checked() if ended is None else show.end(ended)


def _require_one(given: dict[str, Any]) -> None:
    said = [f"--{name}" for name in _ALONE if given[name]]
    if len(said) > 1:
        what = f"{' and '.join(said)} say opposite things"
        raise UsageError(
            Problem("FF913", what, why="one takes a rotation back, the other ends it at once", fix="say one")
        )
    more = [f"--{name.replace('_', '-')}" for name in _AT_THE_END if given[name]]
    if said and more:
        what = f"{said[0]} takes no {' and no '.join(more)}"
        why = "a rotation that is taken back needs the old key, and a key that leaked is not waited for"
        raise UsageError(Problem("FF913", what, why=why, fix=f"say it without {said[0]}, once all is written"))


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
        planning.show(course.planned, self.output, verbose=self.given["verbose"])
        since = course.under_way.since if course.under_way else ""
        rows = [] if self.asked.back or self.asked.now else rows
        self.output.lines(course_lines(self.asked.credential, course.total, course.already, since, rows))

    def _approve(self, course: run.Course) -> bool:
        todo = len(course.planned.plan.todo)
        if todo and self.asks and not _APPROVAL.given(f"Rotate {count(todo, 'secret')}", self.output):
            return False
        # From here on GitHub may be written to: a signal must let what is in flight be recorded.
        self.interrupted.finish_first()
        return True

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
        document = planning.document(self.planned)
        self.output.finish(document)
        code = planning.exit_code(self.planned, detailed=False, require_values=False)
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
        self.output.lines(self._closing(ended))
        entry = entry_of(self.asked.credential, ended)
        document = report_document(with_problems(report, ended), planning.document(planned), code, entry)
        self.output.finish(document)
        self.output.conclude(document, code)
        return code

    def _closing(self, ended: run.Ended) -> Iterable[str]:
        name = self.asked.credential
        if ended.problem is not None:
            yield from (printable(line) for line in str(ended.problem).splitlines())
        if ended.finished:
            yield f"The rotation of {printable(name)} {'was taken back' if self.asked.back else 'has ended'}."
        elif ended.key.waits:
            yield f"Every secret of {printable(name)} that the manifest wants holds the value of its source."
        elif self.asked.now:
            yield f"Run {forward(name, '--now')} again for what is left."
        elif self.asked.back:
            yield f"Run {backward(name)} again for what is left."
        elif ended.overtaken:
            yield f"Another run has ended the rotation of {printable(name)}."
        else:
            yield (
                f"The rotation of {printable(name)} stands here: {forward(name)} goes on; {backward(name)} takes "
                "it back, once the source has the old value again."
            )
        yield from old_run_lines(
            [seen.run.url for _, seen in ended.runs.alive],
            [seen.run.url for _, seen in ended.runs.cancelled],
            ended.runs.unknown,
            ended.runs.going_on,
        )
        if not self.asked.back and (ended.finished or self.asked.now or ended.key.waits):
            yield from _key_lines(ended)
        if ended.exposed:
            yield from exposed_lines(ended.exposed, verbose=self.given["verbose"], style=self.output.style)
        elif ended.finished and not self.asked.back:
            yield "No secret has an older value that FlowForge knows of."


def _key_lines(ended: run.Ended) -> Iterable[str]:
    """Yield what is known of the old key, and what is left to do about it."""
    told = ended.key
    if told.key is not None:
        yield old_key_line(told.key.id, told.key.name, told.key.status, told.key.trouble)
    if told.quiet is not None:
        yield f"It is {'quiet' if told.quiet.quiet else 'not quiet'}: {printable(told.quiet.said)}."
    if told.problem is not None:
        yield from (printable(line) for line in str(told.problem).splitlines())
    if told.off:
        yield switched_off_line()
    elif told.waits:
        since = told.quiet.again_at if told.quiet else ""
        yield f"The same command goes on{f', from {since} on' if since else ''}."
    elif told.key is None or told.key.status in {"", "active"}:
        yield from revoke_lines(oauth=ended.oauth)
