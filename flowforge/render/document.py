"""What all public JSON documents share. Each has a format, a version and a schema in schemas/."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flowforge import __version__
from flowforge.errors import ExitCode, Problem, printable

# A new field keeps the version. A removed field, or one that changes its meaning, needs a new one.
VERSION = 1
Document = dict[str, Any]
# A part of one, which is read here and not made.
JsonEntry = Mapping[str, Any]
# What every document that has a plan answers, at its top.
ANSWERS: Final = ("has_changes", "in_sync", "complete")


def validation_document(
    secrets: int, repos: int, organizations: int, selectors: int, warnings: Sequence[str], *, host: str = ""
) -> Document:
    """Return the document of a manifest that is valid."""
    return {
        **head("validation", host),
        "valid": True,
        "secrets": secrets,
        "repos": repos,
        "organizations": organizations,
        "selectors": selectors,
        "warnings": [printable(warning) for warning in warnings],
    }


def error_document(problems: Sequence[Problem], exit_code: ExitCode, plan: Document | None = None) -> Document:
    """Return the document of what stopped a run, with the plan if there was one."""
    errors = [problem_entry(problem) for problem in problems]
    host = plan["host"] if plan else ""
    document = {**head("error", host or ""), "exit_code": int(exit_code), "errors": errors}
    if plan is None:
        return document
    # Also at the top, so that a script reads them there whether apply was stopped or not.
    return {**document, **{name: plan[name] for name in ANSWERS}, "plan": plan}


def head(name: str, host: str = "") -> Document:
    """Return the fields that every document begins with. host: the one that has the repos; empty if not known."""
    return {
        "format": f"flowforge.{name}",
        "version": VERSION,
        "flowforge": __version__,
        "host": printable(host) or None,
    }


def problem_entry(problem: Problem) -> Document:
    """Return a problem, field by field."""
    return {
        "code": problem.code,
        "what": printable(problem.what),
        "where": printable(problem.where) or None,
        "why": printable(problem.why) or None,
        "fix": printable(problem.fix) or None,
    }
