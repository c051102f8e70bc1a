"""Findings about workflows that write our secrets: by `gh secret set`, by an action that syncs, by terraform."""

from collections.abc import Iterator, Sequence
from typing import Final

from flowforge.audit.case import Case, at
from flowforge.audit.model import Finding
from flowforge.errors import printable
from flowforge.workflows.expressions import read_template
from flowforge.workflows.nodes import walk
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.pins import read_uses
from flowforge.workflows.programs import read_script, variable
from flowforge.workflows.sources import SourceKind, secrets_within, sources_of

# Actions that write secrets, by the end or a part of their names.
_SYNC_NAMES: Final = (
    "secrets-sync-action", "secret-sync", "secrets-sync", "sync-secrets", "create-github-secret", "actions-set-secret",
    "set-secret", "set-github-secret", "github-secret-action", "update-repo-secret", "github-secrets-action",
    "update-github-secret",
)  # fmt: skip
_APPLIES: Final = frozenset({"terraform", "tofu", "terragrunt", "pulumi"})


def writers(case: Case) -> Iterator[Finding]:
    """Yield `secret-writer` once for each step that writes a secret of a Claude credential."""
    for occurrence in case.occurrences:
        name = _written(occurrence, case.claude_names)
        if name:
            yield at(occurrence, "secret-writer", name=printable(name))


def _written(occurrence: Occurrence, names: frozenset[str]) -> str:
    step = occurrence.step
    if step is None:
        return ""
    uses = read_uses(step.uses) if step.uses else None
    if uses is not None:
        # By a part of the name: these are forked and renamed, and do the same under every owner.
        return _by_action(occurrence, names) if any(part in uses.whole for part in _SYNC_NAMES) else ""
    # To parse a script is what costs; none that writes a secret lacks one of these words.
    if "secret" in step.run or any(word in step.run for word in _APPLIES):
        return _by_script(occurrence, step.run, names)
    return ""


def _by_action(occurrence: Occurrence, names: frozenset[str]) -> str:
    node = occurrence.step.node if occurrence.step else None
    for text in walk(node) if node else ():
        if found := _named(text.text, names):
            return found
        if within := secrets_within(read_template(text.text), occurrence.scope) & names:
            return min(within)
    return ""


def _named(text: str, names: frozenset[str]) -> str:
    """Return the first of our names that stands in a text as a word of its own, such as a pattern `^NAME$`."""
    words = "".join(char if char.isalnum() or char == "_" else " " for char in text.upper()).split()
    return next((word for word in words if word in names), "")


def _by_script(occurrence: Occurrence, run: str, names: frozenset[str]) -> str:
    for command in read_script(run).commands:
        words = [word for word in command.words if word not in {"if", "then", "!", "do", "sudo"}]
        if words[:3] == ["gh", "secret", "set"] and (found := _by_gh(words[3:], occurrence, names)):
            return found
        # Options may stand before the word, as in `terraform -chdir=infra apply`.
        applies = words and words[0] in _APPLIES and {"apply", "up", "run-all"} & set(words[1:4])
        if applies and (held := _held(occurrence, names)):
            return held
    return ""


def _by_gh(words: Sequence[str], occurrence: Occurrence, names: frozenset[str]) -> str:
    """Return the name that `gh secret set` writes: written out, or the credential that the step holds."""
    plain = [word for word in words if not word.startswith("-")]
    if any(word.upper() in names for word in plain):
        return next(word.upper() for word in plain if word.upper() in names)
    # `-f` writes what a file says, under names that stand nowhere here: the credential that the step holds tells.
    computed = any(variable(word) or "$" in word for word in plain[:1]) or bool({"-f", "--env-file"} & set(words))
    return _held(occurrence, names) if computed else ""


def _held(occurrence: Occurrence, names: frozenset[str]) -> str:
    """Return a Claude credential that a step has in its environment or in its script."""
    found: set[str] = set()
    for bound in occurrence.scope.env.every():
        found |= {each.name for each in sources_of(bound) if each.kind is SourceKind.SECRET}
    if occurrence.step:
        found |= secrets_within(read_template(occurrence.step.run), occurrence.scope)
    # The same one in every run, as a finding must not change by itself.
    return min(found & names, default="")
