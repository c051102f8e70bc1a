"""The cause of a refusal: GitHub answers 404 both for what does not exist and for what a token may not see."""

from dataclasses import replace
from typing import Final
from urllib.parse import unquote

from flowforge.errors import printable, quote
from flowforge.github.classify import renamed_to
from flowforge.github.forbidden import PERMIT, lacks_scope, sees_only
from flowforge.github.http import Client
from flowforge.github.paths import environment_path, organization_path, repo_path
from flowforge.github.permissions import of_list
from flowforge.github.problems import Refusal, RepoError, naming, other_shape
from flowforge.plan.action import Why
from flowforge.plan.address import Repo, Scope, Store

_NOT_FOUND: Final = 404
FREE: Final = "free"
_NOT_EVERYWHERE: Final = (Store.CODESPACES, Store.AGENTS)


def explain(client: Client, scope: Scope, refusal: RepoError, *, writes: bool = False) -> RepoError:
    """Return a refusal with its cause: a repo's new name, a missing environment or permission. Asks once or twice.

    writes: whether a write was refused, so that the list itself may be seen.
    """
    part = f"may not write {_list(scope)}" if writes else f"not {_list(scope)}"
    return refusal.at(str(scope.repo), _cause(client, scope, refusal.no, part).of_token(client.whose))


def _cause(client: Client, scope: Scope, no: Refusal, part: str) -> Refusal:
    lacking = _out_of_scope(client, scope.repo)
    if no.status != _NOT_FOUND:
        if no.why is Why.RENAMED:
            return renamed(client, no, scope.repo)
        if no.why is not Why.NO_PERMISSION:
            return no
        general = naming(PERMIT, client.whose)
        return replace(no, fix=lacking.fix if lacking else no.fix.replace(general, _permit(client, scope)))
    if lacking:
        return lacking
    return (_of_organization if scope.repo.is_organization else _of_repo)(client, scope, no, part)


def permission(scope: Scope) -> str:
    """Return the name of the permission that a scope needs."""
    names = " and ".join(each.title for each in of_list(scope))
    return f"organization {names.lower()}" if scope.repo.is_organization else names


def renamed(client: Client, no: Refusal, repo: Repo) -> Refusal:
    """Return a refusal with the repo's new name, if the redirect is to `/repositories/ID` below the API's base."""
    target = client.api.repository_at(no.location)
    if target is None:
        return no
    try:
        match client.get(target).data:
            case {"full_name": str() as name}:
                return replace(moved(name, repo), status=no.status)
    except RepoError:
        pass  # what the repo is called now is a courtesy
    return no


def moved(name: str, before: Repo) -> Refusal:
    """Return the refusal of a repo that is called `name` now. Raises RepoError if that is no name."""
    try:
        shown = Repo.parse(name)
    except ValueError:
        raise other_shape("a repo's full_name is not owner/name") from None
    return renamed_to(shown, str(before))


def _out_of_scope(client: Client, repo: Repo) -> Refusal | None:
    """Return the refusal of a classic token without the scope for a repo or organization; None if it has it."""
    # GitHub states the scopes in a header, to classic tokens only. Others have permissions, which no header states.
    needed = "admin:org" if repo.is_organization else "repo"
    if not client.scopes or needed in client.scopes:
        return None
    return lacks_scope(needed, printable(", ".join(sorted(client.scopes))))


def _of_organization(client: Client, scope: Scope, no: Refusal, part: str) -> Refusal:
    """Return what a 404 means for an organization. Everybody may see that there is one, so it is asked for."""
    try:
        shown = client.get(organization_path(scope.repo)).data
    except RepoError as other:
        if other.no.status != _NOT_FOUND:
            return other.no
        return replace(no, detail="there is no such organization", fix="check its name; of a user, name repos")
    if missing := _not_here(client, scope):
        return missing
    if scope.store is Store.CODESPACES and plan_of(shown) == FREE:
        detail = "GitHub shows no codespaces secrets of this organization, which is on its Free plan"
        fix = "take codespaces out of `stores`, or move the organization to a plan that has them"
        return Refusal("FF352", Why.NOT_FOUND, detail, fix, _NOT_FOUND)
    return sees_only("the organization", part, _permit(client, scope), no)


def _of_repo(client: Client, scope: Scope, no: Refusal, part: str) -> Refusal:
    """Return what a 404 means for a repo: it is asked for, and so is its environment."""
    try:
        client.get(repo_path(scope.repo))
    except RepoError as other:
        return renamed(client, other.no, scope.repo) if other.no.why is Why.RENAMED else other.no
    missing = _missing_environment(client, scope) if scope.environment else _not_here(client, scope)
    return missing or sees_only("the repo", part, _permit(client, scope), no)


def _not_here(client: Client, scope: Scope) -> Refusal | None:
    """Return what a 404 means for a store that a GitHub Enterprise Server does not have; None elsewhere."""
    # docs.github.com has no page on either store for GitHub Enterprise Server.
    if not client.api.self_hosted or scope.store not in _NOT_EVERYWHERE:
        return None
    detail = f"this server has no {scope.store} secrets"
    fix = f"take {scope.store} out of `stores`: a GitHub Enterprise Server does not have that store"
    return Refusal("FF353", Why.NOT_FOUND, detail, fix, _NOT_FOUND)


def plan_of(shown: object) -> str:
    """Return the plan of an organization as GitHub shows it, in lower case; empty where this token is not shown it."""
    match shown:
        case {"plan": {"name": str() as name}}:
            return name.lower()
    return ""


def _missing_environment(client: Client, scope: Scope) -> Refusal | None:
    try:
        client.get(environment_path(scope))
    except RepoError as refusal:
        if refusal.no.status != _NOT_FOUND:
            return refusal.no
        fix = "make it in the repo's settings, or write `create_environment: true` in the target"
        # Copied from an address, where GitHub escapes it: made so, it would be another one than the workflows name.
        if (shown := unquote(scope.environment)) != scope.environment:
            fix = f"write it as it is shown: {quote(shown)}"
        return Refusal("FF344", Why.NO_ENVIRONMENT, f"there is no environment {scope.environment}", fix, _NOT_FOUND)
    return None


def _list(scope: Scope) -> str:
    if scope.environment:
        return f"the {'' if scope.is_readable else 'secrets of its '}{scope.place}"
    if scope.is_readable:
        return "its variables"
    return "its secrets" if scope.store is Store.ACTIONS else f"its {scope.store} secrets"


def _permit(client: Client, scope: Scope) -> str:
    """Return the fix: which permission to give. Classic tokens have one scope for all of them."""
    whole = scope.repo.is_organization
    needed, role = ("admin:org", "the role of an owner") if whole else ("repo", "write access")
    # What the run knows to be there is no advice: GitHub states the scopes of a classic token.
    if client.scopes:
        advice = f"give the user whose token it is {role}; the token has the scope {needed}"
    elif whole or all(each.documented for each in of_list(scope)):
        write = "" if whole else ", and its owner write access"
        advice = (
            f"give the token read and write permission for {permission(scope)} (classic: the scope {needed}){write}"
        )
    else:
        advice = f"give the token the permission for {permission(scope)} (classic: the scope {needed})"
    return f"{advice}; not every plan and server has this store" if scope.store in _NOT_EVERYWHERE else advice
