"""What of a run's contexts means a fork's code, and what means the repository's own."""

from typing import Final

from flowforge.workflows.expression_tree import Expression, accesses, path_of
from flowforge.workflows.scopes import NameScope, input_of

AccessPath = tuple[str, ...]

# What a commit of a fork's is known by: the base repository has it too, by refs/pull.
COMMITS: Final = frozenset(
    {
        ("github", "event", "pull_request", "head", "sha"),
        ("github", "event", "workflow_run", "head_sha"),
        ("github", "event", "workflow_run", "head_commit", "id"),
        ("github", "event", "pull_request", "merge_commit_sha"),
    }
)
_HEAD: Final = ("github", "event", "pull_request", "head")
_RUN: Final = ("github", "event", "workflow_run", "head_repository")
_ADDRESSES: Final = ("full_name", "clone_url", "ssh_url", "git_url", "html_url", "url", "svn_url")
# A branch's name means the fork's only together with its repository, or with its owner.
REPOSITORIES: Final = frozenset(
    {
        *((*_HEAD, "repo", name) for name in _ADDRESSES),
        *((*_RUN, name) for name in _ADDRESSES),
        (*_HEAD, "repo", "owner", "login"),
        (*_HEAD, "user", "login"),
        (*_RUN, "owner", "login"),
    }
)
NUMBERS: Final = frozenset({("github", "event", "pull_request", "number"), ("github", "event", "number")})
# What a checkout of the repository's own code is made of; whatever else an event, a step or a caller says may be a
# pull request's.
_OWN: Final = frozenset(
    {
        *(("github", name) for name in ("ref", "ref_name", "sha", "repository", "base_ref", "workflow_sha")),
        *(("github", name) for name in ("repository_owner", "server_url", "workspace", "token", "run_id", "actor")),
        ("github", "event", "repository", "default_branch"),
        ("github", "event", "repository", "full_name"),
        ("github", "event", "repository", "clone_url"),
        ("github", "event", "pull_request", "base", "ref"),
        ("github", "event", "pull_request", "base", "sha"),
    }
)
_FIXED: Final = frozenset({"vars", "matrix", "secrets", "runner"})
# How far a variable or an input is followed that is made of others; one may be made of itself.
_MOST: Final = 10


def is_own(path: AccessPath) -> bool:
    """Return whether an access is known to be the repository's own."""
    return path in _OWN or path[0] in _FIXED


def paths(expression: Expression, scope: NameScope, depth: int = 0) -> set[AccessPath]:
    """Return the accesses that a template may become, through the env and the inputs."""
    found: set[AccessPath] = set()
    for access in accesses(expression):
        path = path_of(access) or ()
        bound = input_of(access, scope)
        if path[:1] == ("env",) and len(path) > 1:
            bound = scope.env.find(path[1])
        if bound is not None and depth < _MOST:
            found |= paths(bound.expression, bound.scope, depth + 1)
        elif path:
            found.add(path)
    return found
