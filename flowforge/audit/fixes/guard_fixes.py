"""`dependabot-without-secret`: a guard that keeps Dependabot out of the one step, only where it was asked for."""

import re
from typing import Final

from flowforge.audit.case import Case
from flowforge.audit.claude_steps import ClaudeStep
from flowforge.audit.fixes.mend import AddedEntry, Mend, ReplacedValue, Unmended, own_path

GUARD: Final = "github.actor != 'dependabot[bot]'"
_WRAPPED: Final = re.compile(r"\$\{\{((?:(?!\}\}|\$\{\{).)*)\}\}")


def dependabot_without_secret(case: Case, step: ClaudeStep) -> Mend | Unmended:
    """Return the guard, beside the condition that is there."""
    del case
    occurrence = step.occurrence
    # Whether the guard belongs to the call or to what is called, nobody can tell.
    if occurrence.is_joined or occurrence.step is None:
        return Unmended("the step is called from elsewhere, and either place could have the guard")
    path, file = own_path(occurrence), occurrence.own.file
    says = f"keeps Dependabot out of step {occurrence.own.step}"
    node = occurrence.step.node.get("if")
    if node is None or not node.text:
        if node is not None:
            return Unmended("its condition is empty")
        return Mend(says, (AddedEntry(file, path, "if", GUARD, ("name", "id", "uses")),))
    guarded = _guarded(node.text)
    if guarded is None:
        return Unmended("its condition is not one expression")
    return Mend(says, (ReplacedValue(file, (*path, "if"), node.text, guarded),))


def _guarded(condition: str) -> str | None:
    if "${{" not in condition:
        return _joined(condition.strip())
    whole = _WRAPPED.fullmatch(condition.strip())
    return None if whole is None else f"${{{{ {_joined(whole.group(1).strip())} }}}}"


def _joined(condition: str) -> str:
    # `&&` binds closer than `||`, so that only such a condition needs the parentheses.
    return f"({condition}) && {GUARD}" if "||" in condition else f"{condition} && {GUARD}"
