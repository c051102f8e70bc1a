"""Whether a step checks out the code of a fork, in the place where the job works."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from flowforge.workflows.expression_tree import Expression, accesses, path_of
from flowforge.workflows.expressions import read_template
from flowforge.workflows.nodes import lowered
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.pins import read_uses
from flowforge.workflows.programs import read_script, variable
from flowforge.workflows.scopes import NameScope, input_of

AccessPath = tuple[str, ...]

# What a commit of a fork's is known by: the base repository has it too, by refs/pull.
_COMMITS: Final = frozenset(
    {
        ("github", "event", "pull_request", "head", "sha"),
        ("github", "event", "workflow_run", "head_sha"),
        ("github", "event", "workflow_run", "head_commit", "id"),
        ("github", "event", "pull_request", "merge_commit_sha"),
    }
)
# A branch's name means the fork's only together with its repository.
_REPOSITORIES: Final = frozenset(
    {
        ("github", "event", "pull_request", "head", "repo", "full_name"),
        ("github", "event", "workflow_run", "head_repository", "full_name"),
    }
)
_NUMBERS: Final = frozenset({("github", "event", "pull_request", "number"), ("github", "event", "number")})
# A script with none of these checks nothing out; reading it would cost time for nothing.
_WORDS: Final = ("checkout", "switch")
# A pull request by its number, however that got into the text.
_PULL: Final = re.compile(r"\bpull/|\bgh\s+pr\s+checkout\b|\bgh\s+co\b")
# What a checkout of the repository's own code is made of; whatever else an event, a step or a caller says may be a
# pull request's.
_OWN: Final = frozenset(
    {
        *(("github", name) for name in ("ref", "ref_name", "sha", "repository", "base_ref", "workflow_sha")),
        ("github", "event", "repository", "default_branch"),
        ("github", "event", "repository", "full_name"),
        ("github", "event", "pull_request", "base", "ref"),
        ("github", "event", "pull_request", "base", "sha"),
    }
)
_FIXED: Final = frozenset({"vars", "matrix", "secrets", "runner"})
# How far a variable or an input is followed that is made of others; one may be made of itself.
_MOST: Final = 10


def checks_out_fork(occurrence: Occurrence) -> bool:
    """Return whether a step checks out a fork's code at the root of the job's folder."""
    step = occurrence.step
    if step is None:
        return False
    uses = read_uses(step.uses) if step.uses else None
    if uses is not None:
        return uses.repo == "actions/checkout" and _checkout(occurrence)
    # It fetches the head of the pull request, whosever that is.
    commands = _commands(step.run)
    return any(words[:3] == ["gh", "pr", "checkout"] for words in commands) or bool(
        _refs(commands, occurrence.scope) & _COMMITS
    )


def may_check_out_pull(occurrence: Occurrence) -> bool:
    """Return whether a step may check out a pull request's code, whatever the event, and wherever it puts that.

    It asks whether a job may be trusted with more, so what nobody can tell counts as well.
    """
    step = occurrence.step
    if step is None:
        return False
    uses = read_uses(step.uses) if step.uses else None
    if uses is None:
        return bool(_PULL.search(step.run)) or not _is_own(_refs(_commands(step.run), occurrence.scope))
    if "checkout" not in uses.repo:
        return False
    inputs = lowered(step.inputs)
    texts = [inputs[name][1].text for name in ("ref", "repository") if name in inputs]
    paths = {path for text in texts for path in _paths(read_template(text), occurrence.scope)}
    strange = uses.repo != "actions/checkout"
    return strange or any(map(_PULL.search, texts)) or not _is_own(paths)


def _is_own(paths: Iterable[AccessPath]) -> bool:
    """Return whether a ref that is made of these is one of the repository's own."""
    return all(path in _OWN or path[0] in _FIXED for path in paths)


def _checkout(occurrence: Occurrence) -> bool:
    inputs = lowered(occurrence.step.inputs if occurrence.step else None)
    path = inputs["path"][1].text.strip().rstrip("/") if "path" in inputs else ""
    # In a folder of its own the fork's code is data: what the job runs and what Claude reads at start lie at the root.
    if path not in {"", ".", "./", "${{ github.workspace }}"}:
        return False
    ref = _paths(read_template(inputs["ref"][1].text), occurrence.scope) if "ref" in inputs else set()
    repository = (
        _paths(read_template(inputs["repository"][1].text), occurrence.scope) if "repository" in inputs else set()
    )
    # Either is enough: without `repository` a commit of the fork is fetched from the base, where refs/pull keeps it.
    if ref & _COMMITS or repository & _REPOSITORIES:
        return True
    # A number alone is a pull request only behind `refs/pull/`.
    text = inputs["ref"][1].text if "ref" in inputs else ""
    return "refs/pull/" in text.replace(" ", "") and bool(ref & _NUMBERS)


def _paths(expression: Expression, scope: NameScope, depth: int = 0) -> set[AccessPath]:
    """Return the accesses that a template may become, through the env and the inputs."""
    found: set[AccessPath] = set()
    for access in accesses(expression):
        path = path_of(access) or ()
        bound = input_of(access, scope)
        if path[:1] == ("env",) and len(path) > 1:
            bound = scope.env.find(path[1])
        if bound is not None and depth < _MOST:
            found |= _paths(bound.expression, bound.scope, depth + 1)
        elif path:
            found.add(path)
    return found


def _commands(script: str) -> Sequence[Sequence[str]]:
    """Return the commands of a script that may check something out."""
    return [command.words for command in read_script(script).commands] if any(map(script.__contains__, _WORDS)) else []


def _refs(commands: Iterable[Sequence[str]], scope: NameScope) -> set[AccessPath]:
    """Return the accesses that what git checks out may become."""
    checkouts = (words for words in commands if words[:2] in (["git", "checkout"], ["git", "switch"]))
    return {path for words in checkouts for word in words for path in _of_word(word, scope)}


def _of_word(word: str, scope: NameScope) -> set[AccessPath]:
    """Return the accesses of a word: an expression in it, or the variable of the step's environment that it is."""
    bound = scope.env.find(variable(word).lower())
    if bound is not None:
        return _paths(bound.expression, bound.scope)
    return _paths(read_template(word), scope)
