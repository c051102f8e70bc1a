"""`flowforge adopt`: show what is there and not remembered, ask, record."""

from typing import Any, Final

from flowforge import run
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output, output_of
from flowforge.cli.request import request
from flowforge.cli.signals import Interruption, interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, Problem, UsageError, printable
from flowforge.plan.adoption import Adopted, Adoption
from flowforge.render.adoption import adopted_lines, adoption_document, adoption_lines
from flowforge.render.phrases import count

_APPROVAL: Final = Approval(
    "adopt", "nothing was recorded", "answer yes to record them, in full; --yes records without asking"
)


def main(*, yes: bool, **given: Any) -> int:  # noqa: ANN401 -- as for plan
    """Show what would be recorded, ask, record it, and return the exit code."""
    output = output_of(given, "adoption")
    shown: list[run.Planned] = []

    def show(planned: run.Planned, adoption: Adoption) -> None:
        # Kept, because the document at the end has of it too; a closure cannot return it.
        shown.append(planned)
        if not output.quiet:
            say(*(f"warning: {printable(warning)}" for warning in planned.warnings))
        output.lines(adoption_lines(adoption, style=output.style))

    with output.explaining(), interruption() as interrupted:
        _require(output, yes=yes, skip_values=given["skip_values"])
        asked = request(interrupted, given, quiet=output.quiet)
        adopted = run.adopt(asked, show, lambda adoption: _approve(adoption, output, interrupted, yes=yes))
        if adopted is None:
            raise _APPROVAL.refused()
        return _finish(adopted, output, shown[-1])


def _require(output: Output, *, yes: bool, skip_values: bool) -> None:
    # Without values a record could not say what the secret holds, which is all that a record is for.
    if skip_values:
        why = "a secret is recorded as holding the value that its source gives now"
        raise UsageError(Problem("FF018", "adopt needs the values", why=why, fix="say it without --skip-values"))
    if not yes:
        _APPROVAL.require_somebody(output)


def _approve(adoption: Adoption, output: Output, interrupted: Interruption, *, yes: bool) -> bool:
    if not yes and not _APPROVAL.given(_question(len(adoption.taken)), output):
        return False
    interrupted.finish_first()
    return True


def _finish(adopted: Adopted, output: Output, planned: run.Planned) -> ExitCode:
    if adopted.adoption.taken or adopted.problems:
        output.lines(adopted_lines(adopted))
    if adopted.interrupted:
        say("interrupted; what is counted above is recorded, and nothing was written to GitHub")
    document = adoption_document(adopted, planned.warnings, adopted.exit_code, planned.host)
    output.finish(document)
    code = ExitCode.ERROR if output.broken and adopted.exit_code is ExitCode.DONE else adopted.exit_code
    output.conclude(document, code)
    return code


def _question(number: int) -> str:
    return f"Record {count(number, 'secret')} as {'it is' if number == 1 else 'they are'}"
