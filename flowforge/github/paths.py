"""Paths of the REST API. Each name is encoded once: that of an environment may hold a slash or a space."""

from urllib.parse import quote as encode

from flowforge.plan.address import Repo, Scope


def repo_path(repo: Repo) -> str:
    """Return `/repos/owner/name`."""
    return f"/repos/{encode(repo.owner, safe='')}/{encode(repo.short, safe='')}"


def contents_path(repo: Repo, path: str) -> str:
    """Return the path of a repo's file, whose own slashes stay.

    Raises ValueError for one with `.` or `..` in it: whoever sends a URL resolves those, up into the API's own path, so
    that it would be about another repository.
    """
    if not {".", ".."}.isdisjoint(path.split("/")):
        message = f"no path of a repository's file: {path!r}"
        raise ValueError(message)
    return f"{repo_path(repo)}/contents/{encode(path)}"


def git_path(repo: Repo) -> str:
    """Return the path of a repo's git data: its blobs, trees, commits and references."""
    return f"{repo_path(repo)}/git"


def organization_path(organization: Repo) -> str:
    """Return `/orgs/organization`."""
    return f"/orgs/{encode(organization.owner, safe='')}"


def environment_path(scope: Scope) -> str:
    """Return the path of a scope's environment."""
    return f"{repo_path(scope.repo)}/environments/{encode(scope.environment, safe='')}"


def secrets_path(scope: Scope) -> str:
    """Return the path of a scope's list of secrets."""
    if scope.repo.is_organization:
        return f"{organization_path(scope.repo)}/{scope.store}/secrets"
    # An environment's secrets are those of Actions; the path does not name the store.
    return f"{environment_path(scope) if scope.environment else f'{repo_path(scope.repo)}/{scope.store}'}/secrets"


def variables_path(scope: Scope) -> str:
    """Return the path of a scope's list of variables. Only Actions has variables here."""
    if scope.repo.is_organization:
        return f"{organization_path(scope.repo)}/actions/variables"
    return f"{environment_path(scope) if scope.environment else f'{repo_path(scope.repo)}/actions'}/variables"


def list_path(scope: Scope) -> str:
    """Return the path of what a scope holds, secrets or variables."""
    return variables_path(scope) if scope.is_readable else secrets_path(scope)
