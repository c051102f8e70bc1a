"""Findings about workflows that write our secrets: by `gh secret`, GitHub's API, an action that syncs, terraform."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from flowforge.audit.case import Case, at
from flowforge.audit.model import Finding
from flowforge.errors import printable
from flowforge.workflows.expressions import read_template
from flowforge.workflows.nodes import walk
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.pins import read_uses
from flowforge.workflows.programs import program_words, read_script, variable
from flowforge.workflows.sources import SourceKind, secrets_within, sources_of

# Actions that write secrets, by the end or a part of their names.
_SYNC_NAMES: Final = (
    "secrets-sync-action", "secret-sync", "secrets-sync", "sync-secrets", "create-github-secret", "actions-set-secret",
    "set-secret", "set-github-secret", "github-secret-action", "update-repo-secret", "github-secrets-action",
    "update-github-secret",
)  # fmt: skip
_APPLIES: Final = frozenset({"terraform", "tofu", "terragrunt", "pulumi"})
# docs.github.com, REST: each of the paths by which one secret is written and deleted. A list of the repositories that
# see it stands behind its name, and is no value.
_PATH: Final = re.compile(
    r".*(?:actions|dependabot|codespaces|agents|environments/[^/]+)/secrets/(\w+)/?(?:[?#].*)?", re.DOTALL
)
_METHOD: Final = re.compile(r"(?:-[A-Za-z]*X|--method|--request)(?:=?([A-Za-z]+))?")
_PUTS_FILE: Final = frozenset({"-T", "--upload-file"})
_NOTHING: Final = ("", "")
_DOES: Final = {"PUT": "writes", "DELETE": "deletes"}
_BY_GH: Final = {"set": "PUT", "delete": "DELETE", "remove": "DELETE"}


def writers(case: Case) -> Iterator[Finding]:
    """Yield `secret-writer` once for each step that writes a secret of a Claude credential."""
    for occurrence in case.occurrences:
        method, name = _written(occurrence, case.claude_names)
        if name:
            yield at(occurrence, "secret-writer", writes_or_deletes=_DOES[method], name=printable(name))


def _written(occurrence: Occurrence, names: frozenset[str]) -> tuple[str, str]:
    """Return what a step does to which of our secrets; an empty name for nothing."""
    step = occurrence.step
    if step is None:
        return _NOTHING
    uses = read_uses(step.uses) if step.uses else None
    if uses is not None:
        # By a part of the name: these are forked and renamed, and do the same under every owner.
        return ("PUT", _by_action(occurrence, names)) if any(part in uses.whole for part in _SYNC_NAMES) else _NOTHING
    # To parse a script is what costs; none that writes a secret lacks one of these words.
    if "secret" in step.run or any(word in step.run for word in _APPLIES):
        return _by_script(occurrence, step.run, names)
    return _NOTHING


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


def _by_script(occurrence: Occurrence, run: str, names: frozenset[str]) -> tuple[str, str]:
    for command in read_script(run).commands:
        words = program_words(command.words)
        method, found = _by_command(words, occurrence, names) if words else _NOTHING
        if found:
            return method, found
    return _NOTHING


def _by_command(words: Sequence[str], occurrence: Occurrence, names: frozenset[str]) -> tuple[str, str]:
    if words[0] in {"curl", "wget"} or words[:2] == ["gh", "api"]:
        return _by_path(words, names)
    if words[0] == "gh" and "secret" in words[1:4]:
        # An option that names the repository may stand before it.
        at = words.index("secret") + 1
        method = _BY_GH.get("".join(words[at : at + 1]), "")
        return (method, _by_gh(words[at + 1 :], occurrence, names, method)) if method else _NOTHING
    # Options may stand before the word, as in `terraform -chdir=infra apply`.
    applies = words[0] in _APPLIES and {"apply", "up", "run-all"} & set(words[1:4])
    return ("PUT", _held(occurrence, names)) if applies else _NOTHING


def _by_path(words: Sequence[str], names: frozenset[str]) -> tuple[str, str]:
    """Return the secret at whose path a request writes; what only a variable names, nobody can tell."""
    methods = ["PUT"] if _PUTS_FILE & set(words) else []
    for word, after in pairwise((*words, "")):
        if match := _METHOD.fullmatch(word):
            methods.append((match[1] or after).upper())
    found = [match[1].upper() for word in words if (match := _PATH.fullmatch(word))]
    name = next((each for each in found if each in names), "")
    # The last method is the one that is used.
    return (methods[-1], name) if methods and methods[-1] in _DOES else _NOTHING


def _by_gh(words: Sequence[str], occurrence: Occurrence, names: frozenset[str], method: str) -> str:
    """Return the name that `gh secret` is given: written out, or of what it sets the credential that the step holds."""
    plain = [word for word in words if not word.startswith("-")]
    if any(word.upper() in names for word in plain):
        return next(word.upper() for word in plain if word.upper() in names)
    # What is deleted under a computed name, nothing here tells.
    if method != "PUT":
        return ""
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
