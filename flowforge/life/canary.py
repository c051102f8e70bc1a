"""Whether a workflow can be a canary: dispatched, it must use a secret, and end well only where the secret is good."""

from collections.abc import Mapping
from typing import Final

from flowforge.audit.claude_steps import ClaudeStep
from flowforge.audit.reach import Reached
from flowforge.life.uses import SecretUse, uses_in
from flowforge.workflows.joins import occurrences
from flowforge.workflows.nodes import NOTHING, YamlNode
from flowforge.workflows.repository import read_repository
from flowforge.workflows.runs import RunClass, Who
from flowforge.workflows.workflow import Workflow

MARKER: Final = "flowforge"
"""An input that a workflow may declare: it gets a text that no other run has, for its `run-name` to show."""
_DISPATCH: Final = "workflow_dispatch"
_TRUE: Final = "true"


def objection(files: Mapping[str, bytes], path: str, repo: str, secret: str) -> tuple[str, str]:
    """Return why a workflow proves nothing of a secret, as a clause, and what to do; empty texts where it does.

    files: by path, what it calls too. repo: owner and name. secret: in upper case.
    """
    repository = read_repository(files, repo)
    workflow = repository.workflows.get(path)
    if workflow is None:
        reason = next((each.reason for each in repository.unread if each.file == path), "it is no workflow")
        return f"it cannot be read: {reason}", "mend the file"
    if no := _not_dispatched(workflow):
        return no
    found = list(uses_in([each for each in occurrences(repository) if each.at.file == path]))
    mine = [(step, use) for step, use in found if use.secret == secret]
    if not mine:
        others = ", ".join(sorted({use.secret for _, use in found}))
        given = f"its Claude step gets {others} and not {secret}" if others else f"no Claude step of it gets {secret}"
        return given, f"give {secret} to a step of it that runs Claude"
    # One step that proves it is enough: a run is judged by its best.
    doubts = [_doubt(step, use, repo) for step, use in mine]
    return ("", "") if ("", "") in doubts else doubts[0]


def takes_marker(files: Mapping[str, bytes], path: str, repo: str) -> bool:
    """Return whether a workflow declares the input `MARKER`."""
    workflow = read_repository(files, repo).workflows.get(path)
    return workflow is not None and _inputs(workflow).get(MARKER) is not None


def _not_dispatched(workflow: Workflow) -> tuple[str, str] | None:
    if _DISPATCH not in workflow.events:
        return f"it has no `{_DISPATCH}`", f"add `{_DISPATCH}:` to its `on:`"
    asked = [name for name, each in _inputs(workflow).entries() if name != MARKER and _is_demanded(each)]
    if asked:
        return f"its input {asked[0]} must be given", "give that input a default"
    return None


def _inputs(workflow: Workflow) -> YamlNode:
    return workflow.events[_DISPATCH].get("inputs") or NOTHING if _DISPATCH in workflow.events else NOTHING


def _is_demanded(node: YamlNode) -> bool:
    required = node.get("required")
    return required is not None and required.text.strip().lower() == _TRUE and node.get("default") is None


def _doubt(step: ClaudeStep, use: SecretUse, repo: str) -> tuple[str, str]:
    if step.reach.by(RunClass(_DISPATCH, Who.PERSON, repo=repo.lower())) is Reached.NO:
        return f"a condition keeps its Claude step from a run by `{_DISPATCH}`", "let its `if:` admit that event"
    if use.environment != "":
        return "its job is of an environment, which may have another value", "take `environment:` from its job"
    if use.unproven:
        return f"its good end proves nothing: {use.unproven}", "mend that step, or name another workflow"
    return "", ""
