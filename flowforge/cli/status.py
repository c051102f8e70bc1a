"""`flowforge status`: how old each credential is, who has an older value, and whether it lives."""

from pathlib import Path
from typing import Any, Final

from flowforge import run
from flowforge.cli.output import output_of
from flowforge.cli.request import request
from flowforge.cli.signals import interruption
from flowforge.cli.status_from import joined_document
from flowforge.cli.streams import say
from flowforge.errors import ExitCode
from flowforge.life.document import status_body
from flowforge.life.model import Life
from flowforge.render.document import Document, head
from flowforge.render.status_view import STATES_WELL, status_lines

_DAY: Final = 86_400


def main(
    *,
    files: tuple[Path, ...],
    owner_of: str,
    fail_on_expiring: float | None,
    fail_on_dead: bool,
    fail_on_failing: bool,
    expect_in_sync: bool,
    **given: Any,  # noqa: ANN401 -- click hands every option by name
) -> int:
    """Show what is known, and return the exit code."""
    output = output_of(given, "status")
    with output.explaining(), interruption() as interrupted:
        if files:
            document = joined_document(files, owner_of)
        else:
            asked = request(interrupted, {**given, "skip_values": True}, quiet=output.quiet)
            report = run.status(asked, owner_of=owner_of)
            document = {**head("status", report.host), **status_body(report)}
        if not output.quiet:
            say(*(f"warning: {warning}" for warning in document["warnings"]))
        output.lines(status_lines(document, output.style, verbose=given["verbose"]))
    output.finish(document)
    lives = {Life.DEAD.value} if fail_on_dead else set()
    lives |= {Life.DEAD.value, Life.FAILING.value} if fail_on_failing else set()
    failed = (
        any(each["life"] in lives for each in document["secrets"])
        or (fail_on_expiring is not None and _expires_within(document, fail_on_expiring))
        or (expect_in_sync and not _in_sync(document))
    )
    code = ExitCode.PARTIAL if failed else ExitCode.DONE
    code = ExitCode.ERROR if output.broken else code
    output.conclude(document, code)
    return code


def _expires_within(document: Document, most: float) -> bool:
    left = (each["days_left"] for each in document["credentials"])
    return any(days is not None and days * _DAY <= most for days in left)


def _in_sync(document: Document) -> bool:
    well = all(each["state"] in STATES_WELL for each in document["secrets"])
    return bool(document["complete"]) and well and not document["differs"]
