"""The ids of a workload identity, and credentials on a way that is not read: passed by the input that reads them."""

from typing import Final

from flowforge.audit.case import Case
from flowforge.audit.claude_steps import ClaudeStep, Given
from flowforge.audit.fixes.mend import AddedEntry, Mend, Unmended, own_path
from flowforge.audit.way_findings import identity_parts
from flowforge.errors import printable
from flowforge.workflows.actions import INPUTS, VARIABLES, Slot
from flowforge.workflows.expression_tree import accesses, path_of
from flowforge.workflows.nodes import YamlNode

# As the main and the base action have them; others write them with hyphens.
_INPUT_OF: Final = {slot: name for name, slot in INPUTS.items() if "-" not in name}
_VARIABLE_OF: Final = {slot: name for name, slot in VARIABLES.items()}
_SAME_EVERYWHERE: Final = frozenset({"secrets", "vars", "inputs", "github", "matrix"})


def identity_incomplete(case: Case, step: ClaudeStep) -> Mend | Unmended:
    """Return the half that lacks, as every other step here passes it, or under its usual name beside the usual one."""
    parts = identity_parts(step)
    has, lacking = (Slot.RULE, Slot.ORGANIZATION) if Slot.RULE in parts else (Slot.ORGANIZATION, Slot.RULE)
    given = parts.get(has)
    if step.action is None or given is None or not given.by_input:
        return Unmended("where it is passed is no input")
    values = _elsewhere(case, lacking) or _usual(case, step, has, lacking)
    if len(values) != 1:
        return Unmended("other steps pass that id in more than one way" if values else "nothing here says that id")
    path = (*own_path(step.occurrence), "with")
    entry = AddedEntry(step.occurrence.own.file, path, _INPUT_OF[lacking], values.pop(), (given.name,))
    return Mend(f"passes {entry.key}", (entry,))


def _elsewhere(case: Case, slot: Slot) -> set[str]:
    """Return how the inputs of other steps pass an id, where the text means the same everywhere in the repository."""
    nodes = [entry[1] for each in case.steps for name, entry in each.inputs.items() if INPUTS.get(name) is slot]
    return {node.text for node in nodes if _is_known_everywhere(node.text)}


def _is_known_everywhere(text: str) -> bool:
    return bool(text) and ("${{" not in text or _name_of_variable(text) is not None)


def _name_of_variable(text: str) -> str | None:
    """Return NAME of `${{ vars.NAME }}`; None for any other text."""
    inner = text.strip().removeprefix("${{").removesuffix("}}").strip()
    name = inner.removeprefix("vars.")
    return name if name != inner and name.replace("_", "").isalnum() else None


def _usual(case: Case, step: ClaudeStep, has: Slot, lacking: Slot) -> set[str]:
    # Only beside the usual name of the one is the usual name of the other the answer (docs/setup.md of the action).
    given = step.inputs.get(_INPUT_OF[has])
    if given is None or _name_of_variable(given[1].text) != _VARIABLE_OF[has]:
        return set()
    name = _VARIABLE_OF[lacking]
    known = case.stores is None or name in case.stores.variables
    return {f"${{{{ vars.{name} }}}}"} if known else set()


def credential_not_read(case: Case, step: ClaudeStep) -> Mend | Unmended:
    """Return the inputs for what stands in the environment and is not read there."""
    del case
    unread = [each for each in step.given if each.read is False and not each.is_empty]
    if step.action is None or any(each.by_input or each.since for each in unread):
        return Unmended("there are two ways to mend it, by the input or by another version")
    # The ids belong together: one alone would be half an identity.
    found = [entry for each in unread if (entry := _as_input(step, each)) is not None]
    if len(found) != len(unread) or not found:
        return Unmended("what stands in the environment cannot be passed as it is")
    names = ", ".join(name for name, _ in found)
    return Mend(f"passes {names} by `with`", _entries(step, found))


def _as_input(step: ClaudeStep, given: Given) -> tuple[str, str] | None:
    own = _own_input(step, given.slot)
    bound = step.scope.env.get(given.name)
    # Of another file, the names in it would mean something else here.
    if own is None or bound is None or bound.scope.file != step.occurrence.own.file:
        return None
    # `env` is one thing within an `env` block and another one below it. And no literal is written a second time.
    roots = {path[0] for access in accesses(bound.expression) if (path := path_of(access))}
    text = bound.node.text
    return (own, text) if roots and roots <= _SAME_EVERYWHERE and printable(text) == text else None


def _own_input(step: ClaudeStep, slot: Slot) -> str | None:
    known = step.action.inputs if step.action else {}
    return next((name for name in known if INPUTS[name] is slot), None)


def _entries(step: ClaudeStep, found: list[tuple[str, str]]) -> tuple[AddedEntry, ...]:
    file, path = step.occurrence.own.file, own_path(step.occurrence)
    inputs: YamlNode | None = step.occurrence.step.node.get("with") if step.occurrence.step else None
    if inputs is None:
        return (AddedEntry(file, path, "with", tuple(found), ("uses",)),)
    return tuple(AddedEntry(file, (*path, "with"), name, text) for name, text in found)
