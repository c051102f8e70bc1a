"""The cause of a refusal: GitHub answers 404 both for what does not exist and for what a token may not see."""

import re
from dataclasses import replace
from typing import Final

from flowforge.errors import printable
from flowforge.github.classify import PERMIT, lacks_scope, renamed_to, sees_repo_only
from flowforge.github.http import Client
from flowforge.github.paths import environment_path, repo_path
from flowforge.github.permissions import of_list
from flowforge.github.problems import Refusal, RepoError, other_shape
from flowforge.plan.action import Why
from flowforge.plan.address import Repo, Scope, Store

_BY_ID: Final = re.compile(r"(/repositories/\d{1,19})(?:/.*)?")
_NOT_FOUND: Final = 404


def explain(client: Client, scope: Scope, refusal: RepoError) -> RepoError:
    """Return a refusal with its cause: a repo's new name, a missing environment or permission. Asks once or twice."""
    no, repo = refusal.no, scope.repo
    if no.status == _NOT_FOUND and (lacking := _out_of_scope(client, repo)):
        return refusal.at(str(repo), lacking)
    if repo.is_organization:
        return refusal.at(str(repo), _of_organization(scope, no))
    if no.why is Why.RENAMED:
        return refusal.at(str(repo), renamed(client, no))
    if no.status != _NOT_FOUND:
        return refusal.at(str(repo), replace(no, fix=_permit(scope)) if no.fix == PERMIT else no)
    try:
        client.get(repo_path(repo))
    except RepoError as other:
        return refusal.at(str(repo), renamed(client, other.no) if other.no.why is Why.RENAMED else other.no)
    missing = _missing_environment(client, scope) if scope.environment else None
    return refusal.at(str(repo), missing or _unseen(scope, no))


def permission(scope: Scope) -> str:
    """Return the name of the permission that a scope needs."""
    names = " and ".join(each.title for each in of_list(scope))
    return f"organization {names.lower()}" if scope.repo.is_organization else names


def renamed(client: Client, no: Refusal) -> Refusal:
    """Return a refusal with the repo's new name, if the redirect is to `/repositories/ID` below the API's base."""
    target = _BY_ID.fullmatch(client.api.below(no.location) or "")
    if target is None:
        return no
    try:
        match client.get(target.group(1)).data:
            case {"full_name": str() as name}:
                return replace(moved(name), status=no.status)
    except RepoError:
        pass  # what the repo is called now is a courtesy
    return no


def moved(name: str) -> Refusal:
    """Return the refusal of a repo that is called `name` now. Raises RepoError if that is no name."""
    try:
        shown = Repo.parse(name)
    except ValueError:
        raise other_shape("a repo's full_name is not owner/name") from None
    return renamed_to(shown)


def _out_of_scope(client: Client, repo: Repo) -> Refusal | None:
    """Return the refusal of a classic token without the scope for a repo or organization; None if it has it."""
    # GitHub states the scopes in a header, to classic tokens only. Others have permissions, which no header states.
    needed = "admin:org" if repo.is_organization else "repo"
    if not client.scopes or needed in client.scopes:
        return None
    return lacks_scope(needed, printable(", ".join(sorted(client.scopes))))


def _of_organization(scope: Scope, no: Refusal) -> Refusal:
    if no.status == _NOT_FOUND:
        detail = f"there is no such organization, or this token may not manage its {scope.noun}s"
        return replace(no, detail=detail, fix=f"check its name; {_permit(scope)}")
    return replace(no, fix=_permit(scope)) if no.fix == PERMIT else no


def _missing_environment(client: Client, scope: Scope) -> Refusal | None:
    try:
        client.get(environment_path(scope))
    except RepoError as refusal:
        if refusal.no.status != _NOT_FOUND:
            return refusal.no
        fix = "make it in the repo's settings, or write `create_environment: true` in the target"
        return Refusal("FF344", Why.NO_ENVIRONMENT, f"there is no environment {scope.environment}", fix, _NOT_FOUND)
    return None


def _unseen(scope: Scope, no: Refusal) -> Refusal:
    return sees_repo_only(_list(scope), _permit(scope), no)


def _list(scope: Scope) -> str:
    if scope.environment:
        return f"the {'' if scope.is_readable else 'secrets of its '}{scope.place}"
    if scope.is_readable:
        return "its variables"
    return "its secrets" if scope.store is Store.ACTIONS else f"its {scope.store} secrets"


def _permit(scope: Scope) -> str:
    """Return the fix: which permission to give. Classic tokens have one scope for all of them."""
    if scope.repo.is_organization:
        return f"give the token read and write permission for {permission(scope)} (classic: the scope admin:org)"
    if not all(each.documented for each in of_list(scope)):
        return f"give the token the permission for {permission(scope)} (classic: the scope repo)"
    return PERMIT.replace("Secrets", permission(scope))
