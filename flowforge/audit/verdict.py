"""One sentence on a repository that a team lead understands."""

from collections import Counter
from collections.abc import Sequence

from flowforge.audit.codes import Severity
from flowforge.audit.model import AuditStep, Finding


def verdict(
    steps: Sequence[AuditStep],
    findings: Sequence[Finding],
    *,
    complete: bool,
    stores_known: bool,
    not_read: Sequence[str] = (),
) -> str:
    """Return what it comes to. not_read: why lists of secrets could not be had, each as a clause."""
    errors = [each for each in findings if each.level is Severity.ERROR]
    warnings = [each for each in findings if each.level is Severity.WARNING]
    # What is sure to fail does so whatever else could not be read.
    if errors:
        return _failing(errors) + (f" {_count(len(warnings), 'warning')} besides." if warnings else "")
    unread = "" if complete else f" Not everything could be read{f': {not_read[0]}' if not_read else ''}."
    if not steps:
        return "No workflow runs Claude here." + unread + _also(warnings)
    where = _count(len(steps), "step")
    if warnings:
        return f"Claude may run in {where}, with {_count(len(warnings), 'warning')}: {warnings[0].what}.{unread}"
    # Without the stores nobody knows whether the secrets are there, and the sentence must not say so.
    found = "nothing is wrong with" if stores_known else "the files show nothing wrong with"
    return f"Claude runs in {where}, and {found} {'it' if len(steps) == 1 else 'them'}.{unread}"


def _failing(errors: Sequence[Finding]) -> str:
    # Two errors of one step are one place that fails.
    places = Counter((each.file, each.job, each.step) for each in errors)
    first = errors[0]
    where = f" ({first.file}:{first.line})" if first.file and first.line else ""
    others = f", and {_count(len(errors) - 1, 'other error')}" if len(errors) > 1 else ""
    in_places = f" in {len(places)} places" if len(places) > 1 else ""
    return f"Claude will fail{in_places}: {first.what}{where}{others}."


def _also(warnings: Sequence[Finding]) -> str:
    return f" {_count(len(warnings), 'warning')}: {warnings[0].what}." if warnings else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
