"""`flowforge audit`: what will break in the workflows, before one does."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from flowforge import run
from flowforge.audit.codes import Severity
from flowforge.audit.document import audit_body
from flowforge.audit.model import RepoAudit
from flowforge.cli.audit_fix import patching_of
from flowforge.cli.output import Output, output_of
from flowforge.cli.request import request
from flowforge.cli.signals import interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, Problem, UsageError, printable
from flowforge.offline_audit import MANIFEST, audit_checkout, fixes_of_checkout
from flowforge.render.audit_view import audit_lines
from flowforge.render.document import head

# What the options of a plan would be, of which this command has few.
_ALL: Final = {"tags": (), "skip_values": True}


def main(
    *,
    path: Path | None,
    owner: str,
    manifests: tuple[Path, ...],
    fail_on: str | None,
    verbose: bool,
    fix: str | None,
    out: Path | None,
    **given: Any,  # noqa: ANN401 -- as for plan
) -> int:
    """Audit a checkout or repos at GitHub, print what was found, and return the exit code."""
    output = output_of({"manifests": manifests, **given}, "audit")
    proposal = None
    with output.explaining():
        patching = patching_of(fix, out, output)
        if path is None:
            _require_no_patch(asked=patching is not None)
            found = _of_github(output, owner, manifests, {**_ALL, **given, "verbose": verbose})
            audits, looked = found.repos, found.looked
            document = {**head("audit", found.host), **audit_body(audits, complete=found.complete)}
        else:
            _require_alone(owner, given)
            audits, looked = (audit_checkout(path, manifests, os.environ, _warn),), True
            document = {**head("audit"), **audit_body(audits)}
            if patching:
                proposal = fixes_of_checkout(path, manifests, os.environ, guards=fix == "guards")
    output.lines(audit_lines(document, output.style, verbose=verbose))
    if patching and proposal:
        with output.explaining():
            patching.give(proposal, audits[0].repo, 1)
    output.finish(document)
    failed = fail_on is not None and _fails(audits, Severity(fail_on))
    code = ExitCode.ERROR if output.broken or not looked else ExitCode.PARTIAL if failed else ExitCode.DONE
    output.conclude(document, code)
    return code


def _of_github(output: Output, owner: str, manifests: tuple[Path, ...], given: dict[str, Any]) -> "run.FleetAudit":
    named = manifests or ((Path(MANIFEST),) if not owner or Path(MANIFEST).is_file() else ())
    with interruption() as interrupted:
        asked = request(interrupted, {**given, "manifests": named}, quiet=output.quiet)
        found = run.audit_owner(asked, owner) if owner else run.audit_targets(asked)
    if not output.quiet:
        say(*(f"warning: {printable(warning)}" for warning in found.warnings))
    return found


def _require_alone(owner: str, given: dict[str, Any]) -> None:
    """Refuse what chooses repos at GitHub beside a checkout. Raises UsageError FF035."""
    if owner or given["limit"] or given["exclude"]:
        what, why = "--path reads one checkout", "--owner, --limit and --exclude choose among repos at GitHub"
        raise UsageError(Problem("FF035", what, why=why, fix="leave out one of the two"))


def _require_no_patch(*, asked: bool) -> None:
    """Refuse a patch of what is not checked out. Raises UsageError FF035."""
    if asked:
        what, why = "--fix is for a checkout", "a patch is read and applied where its files are"
        raise UsageError(Problem("FF035", what, why=why, fix="name the checkout with --path"))


def _fails(audits: Sequence[RepoAudit], level: Severity) -> bool:
    return any(each.level.rank <= level.rank for audit in audits for each in audit.findings)


def _warn(text: str) -> None:
    say(f"warning: {printable(text)}")
