"""How bad the end of a run is, for `fail-on`: by the exit code, and by the report where the code says less."""

from collections.abc import Mapping
from typing import Any, Final

LEVELS: Final = ("changes", "blocked", "error", "never")
"""What `fail-on` can be: each fails at itself and at what stands after it. Nothing is as bad as `never`."""
DONE: Final = 0
CHANGES: Final = 2
PARTIAL: Final = 3
_LOST: Final = ("failed", "unrecorded", "not_done")

Document = Mapping[str, Any]


def fails(fail_on: str, code: int, document: Document | None) -> bool:
    """Return whether a run that ended so fails the step. document: its report, if it wrote one."""
    level = level_of(code, document)
    return level is not None and LEVELS.index(level) >= LEVELS.index(fail_on)


def level_of(code: int, document: Document | None) -> str | None:
    """Return how bad it is: `changes`, `blocked` or `error`; None where all is well."""
    kind = document.get("format") if document is not None else None
    if document is not None and kind == "flowforge.plan" and code in (DONE, CHANGES, PARTIAL):
        return _of_plan(code, document)
    if document is not None and kind == "flowforge.report" and code == PARTIAL:
        return _of_report(document)
    return {DONE: None, CHANGES: "changes"}.get(code, "error")


def _of_plan(code: int, plan: Document) -> str | None:
    if _lacks_input(plan):
        return "error"
    if plan["counts"]["blocked"] or plan["unresolved"]:
        return "blocked"
    if code == PARTIAL:  # an option asked for it, such as --require-values
        return "error"
    return "changes" if plan["has_changes"] else None


def _of_report(report: Document) -> str:
    lost = any(report["counts"].get(each) for each in _LOST)
    return "error" if lost or report["errors"] or _lacks_input(report["plan"]) else "blocked"


def _lacks_input(plan: Document) -> bool:
    # A secret that a workflow misspells is a value or a token that the run lacks: never a green check by default.
    return any(line["input_missing"] for rows in (plan["changes"], plan["unresolved"]) for line in rows)
