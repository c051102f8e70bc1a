"""`flowforge status`: how old each credential is, who has an older value, and whether it lives."""

from typing import Any, Final

from flowforge import run
from flowforge.cli.output import output_of
from flowforge.cli.request import request
from flowforge.cli.signals import interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, printable
from flowforge.life.document import status_body
from flowforge.life.model import Life
from flowforge.life.status import WELL, StatusReport
from flowforge.render.document import head
from flowforge.render.status_view import status_lines

_DAY: Final = 86_400


def main(
    *,
    owner_of: str,
    fail_on_expiring: float | None,
    fail_on_dead: bool,
    fail_on_failing: bool,
    expect_in_sync: bool,
    **given: Any,  # noqa: ANN401 -- click hands every option by name
) -> int:
    """Say what is known, and return the exit code."""
    output = output_of(given, "status")
    with output.explaining(), interruption() as interrupted:
        asked = request(interrupted, {**given, "skip_values": True}, quiet=output.quiet)
        report = run.status(asked, owner_of=owner_of)
        document = {**head("status", report.host), **status_body(report)}
        if not output.quiet:
            say(*(f"warning: {printable(warning)}" for warning in report.warnings))
        output.lines(status_lines(document, output.style, verbose=given["verbose"]))
    output.finish(document)
    lives = {Life.DEAD} if fail_on_dead else set()
    lives |= {Life.DEAD, Life.FAILING} if fail_on_failing else set()
    failed = (
        any(each.verdict.life in lives for each in report.secrets)
        or (fail_on_expiring is not None and _expires_within(report, fail_on_expiring))
        or (expect_in_sync and not _in_sync(report))
    )
    code = ExitCode.PARTIAL if failed else ExitCode.DONE
    code = ExitCode.ERROR if output.broken else code
    output.conclude(document, code)
    return code


def _expires_within(report: StatusReport, most: float) -> bool:
    return any(each.days_left is not None and each.days_left * _DAY <= most for each in report.credentials)


def _in_sync(report: StatusReport) -> bool:
    return report.complete and all(each.state in WELL for each in report.secrets)
