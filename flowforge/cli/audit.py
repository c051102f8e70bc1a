"""`flowforge audit`: what will break in the workflows, before one does."""

import os
from pathlib import Path
from typing import Any

from flowforge.audit.codes import Severity
from flowforge.audit.document import audit_body
from flowforge.cli.audit_fix import patching_of
from flowforge.cli.output import output_of
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, printable
from flowforge.offline_audit import audit_checkout, fixes_of_checkout
from flowforge.render.audit_view import audit_lines
from flowforge.render.document import head


def main(
    *,
    path: Path,
    manifests: tuple[Path, ...],
    fail_on: str | None,
    verbose: bool,
    fix: str | None,
    out: Path | None,
    **given: Any,  # noqa: ANN401 -- as for plan
) -> int:
    """Audit a checkout, print what was found, and return the exit code."""
    output = output_of({"manifests": manifests, **given}, "audit")
    with output.explaining():
        patching = patching_of(fix, out, output)
        audit = audit_checkout(path, manifests, os.environ, lambda text: say(f"warning: {printable(text)}"))
        proposal = fixes_of_checkout(path, manifests, os.environ, guards=fix == "guards") if patching else None
    document = {**head("audit"), **audit_body([audit])}
    output.lines(audit_lines(document, output.style, verbose=verbose))
    if patching and proposal:
        with output.explaining():
            patching.give(proposal, audit.repo, 1)
    output.finish(document)
    if output.broken:
        return ExitCode.ERROR
    failing = fail_on is not None and any(each.level.rank <= Severity(fail_on).rank for each in audit.findings)
    return ExitCode.PARTIAL if failing else ExitCode.DONE
