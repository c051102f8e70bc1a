"""The table of routes: which handler answers a method on a path, and the template under which it is counted."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote

from flowforge.data_class import dataclass
from flowforge.sandbox.handlers import (
    actions,
    apps,
    contents,
    environments,
    git_data,
    graphql,
    issues,
    organizations,
    refs,
    repos,
    runs,
    secrets,
    selected,
    variables,
)
from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.handlers.scope_paths import VARIABLES
from flowforge.sandbox.rules.answers import ApiAnswer
from flowforge.sandbox.world.stores import STORES

Handler = Callable[[Call], ApiAnswer]
RATE_LIMIT: Final = "/rate_limit"
GRAPHQL: Final = "/graphql"
UNKNOWN: Final = "(unknown)"


@dataclass(frozen=True, slots=True)
class Route:
    """One template, like `/repos/{owner}/{repo}`, with a handler for each method. fixed: more parameters.

    A parameter such as `{+path}` goes over slashes.
    """

    template: str
    handlers: Mapping[str, Handler]
    pattern: re.Pattern[str]
    fixed: Mapping[str, str]


def _route(template: str, store: str = "", **handlers: Handler) -> Route:
    pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", re.sub(r"{\+(\w+)}", r"(?P<\1>.+)", template))
    return Route(template.replace("{+", "{"), handlers, re.compile(pattern), {"store": store} if store else {})


# The public key stands before the secret's name, which would match it.
def _secrets(base: str, store: str) -> list[Route]:
    return [
        _route(base, store, GET=secrets.list_all),
        _route(f"{base}/public-key", store, GET=secrets.public_key),
        _route(f"{base}/{{name}}", store, GET=secrets.get, PUT=secrets.put, DELETE=secrets.delete),
    ]


def _variables(base: str) -> list[Route]:
    one = {"GET": variables.get, "PATCH": variables.update, "DELETE": variables.delete}
    return [
        _route(base, VARIABLES, GET=variables.list_all, POST=variables.create),
        _route(f"{base}/{{name}}", VARIABLES, **one),
    ]


def _selected(base: str, store: str) -> list[Route]:
    path = f"{base}/{{name}}/repositories"
    return [
        _route(path, store, GET=selected.list_all, PUT=selected.replace),
        _route(f"{path}/{{repository}}", store, PUT=selected.add, DELETE=selected.remove),
    ]


def _git(base: str) -> list[Route]:
    return [
        _route(f"{base}/blobs", POST=git_data.create_blob),
        _route(f"{base}/blobs/{{sha}}", GET=git_data.get_blob),
        _route(f"{base}/trees", POST=git_data.create_tree),
        _route(f"{base}/trees/{{sha}}", GET=git_data.get_tree),
        _route(f"{base}/commits", POST=git_data.create_commit),
        _route(f"{base}/commits/{{sha}}", GET=git_data.get_commit),
        _route(f"{base}/ref/{{+ref}}", GET=refs.get),
        _route(f"{base}/matching-refs/{{+ref}}", GET=refs.matching),
        _route(f"{base}/refs", POST=refs.create),
        _route(f"{base}/refs/{{+ref}}", PATCH=refs.update, DELETE=refs.delete),
    ]


def _issues(prefix: str) -> list[Route]:
    one, comment = f"{prefix}/issues/{{number}}", f"{prefix}/issues/comments/{{comment}}"
    return [
        _route(f"{prefix}/issues", GET=issues.list_issues, POST=issues.create_issue),
        _route(one, GET=issues.get_issue, PATCH=issues.update_issue),
        _route(f"{one}/comments", GET=issues.list_comments, POST=issues.create_comment),
        _route(comment, GET=issues.get_comment, PATCH=issues.update_comment),
        _route(f"{prefix}/pulls", GET=issues.list_pulls),
    ]


def _in_repository(prefix: str) -> list[Route]:
    one = f"{prefix}/environments/{{environment}}"
    effective = {"actions": secrets.of_the_organization, "agents": secrets.of_the_organization}
    return [
        *(route for store in STORES for route in _secrets(f"{prefix}/{store}/secrets", store)),
        *(_route(f"{prefix}/{store}/organization-secrets", store, GET=handler) for store, handler in effective.items()),
        _route(f"{prefix}/actions/organization-variables", VARIABLES, GET=variables.of_the_organization),
        *_variables(f"{prefix}/actions/variables"),
        _route(f"{prefix}/actions/workflows", GET=actions.workflows),
        _route(f"{prefix}/actions/workflows/{{workflow}}", GET=actions.workflow),
        _route(f"{prefix}/actions/workflows/{{workflow}}/runs", GET=runs.list_of_workflow),
        _route(f"{prefix}/actions/workflows/{{workflow}}/dispatches", POST=actions.dispatch),
        _route(f"{prefix}/actions/permissions/workflow", GET=actions.permissions),
        _route(f"{prefix}/actions/oidc/customization/sub", GET=actions.subject),
        *_secrets(f"{one}/secrets", "actions"),
        *_variables(f"{one}/variables"),
        _route(f"{prefix}/environments", GET=environments.list_all),
        _route(one, GET=environments.get, PUT=environments.put, DELETE=environments.delete),
        _route(f"{prefix}/properties/values", GET=organizations.repo_properties),
        _route(f"{prefix}/contents/{{+path}}", GET=contents.get, PUT=contents.put),
        *_git(f"{prefix}/git"),
        *_issues(prefix),
        _route(f"{prefix}/actions/runs", GET=runs.list_runs),
        _route(f"{prefix}/actions/runs/{{run}}", GET=runs.get_run),
        _route(f"{prefix}/actions/runs/{{run}}/jobs", GET=runs.list_jobs),
        _route(f"{prefix}/actions/runs/{{run}}/cancel", POST=runs.cancel),
        _route(f"{prefix}/check-runs/{{check}}/annotations", GET=runs.list_annotations),
        _route(f"{prefix}/installation", GET=apps.of_repository),
        _route(prefix, GET=repos.get),
    ]


def _in_organization(prefix: str) -> list[Route]:
    return [
        *(route for store in STORES for route in _secrets(f"{prefix}/{store}/secrets", store)),
        *(route for store in STORES for route in _selected(f"{prefix}/{store}/secrets", store)),
        *_variables(f"{prefix}/actions/variables"),
        *_selected(f"{prefix}/actions/variables", VARIABLES),
        _route(f"{prefix}/teams/{{team}}/repos", GET=organizations.team_repos),
        _route(f"{prefix}/teams/{{team}}", GET=organizations.team),
        _route(f"{prefix}/properties/schema", GET=organizations.property_schema),
        _route(f"{prefix}/properties/values", GET=organizations.property_values),
        _route(f"{prefix}/repos", GET=repos.of_organization),
        _route(f"{prefix}/installation", GET=apps.of_organization),
        _route(prefix, GET=organizations.get),
    ]


def _of_apps(prefix: str) -> list[Route]:
    one = f"{prefix}/installations/{{installation}}"
    return [
        _route(prefix, GET=apps.get),
        _route(f"{prefix}/installations", GET=apps.list_installations),
        _route(one, GET=apps.get_installation),
        _route(f"{one}/access_tokens", POST=apps.create_token),
    ]


_ROUTES: Final = (
    *_in_repository("/repos/{owner}/{repo}"),
    *_in_repository("/repositories/{id}"),
    *_in_organization("/orgs/{owner}"),
    *_of_apps("/app"),
    _route("/users/{owner}/installation", GET=apps.of_user),
    _route("/users/{owner}/repos", GET=repos.of_account),
    _route("/users/{owner}", GET=organizations.user),
    _route("/installation/repositories", GET=organizations.installation_repos),
    _route("/installation/token", DELETE=apps.revoke_token),
    _route("/user/repos", GET=repos.of_token),
    _route("/user", GET=repos.user),
    _route(GRAPHQL, POST=graphql.query),
    _route(RATE_LIMIT, GET=repos.rate_limit),
)

# An App itself asks these, with a JWT; whatever else is presented there is taken for one.
AS_APP: Final = frozenset(
    route.template for route in _ROUTES if route.template.startswith("/app") or route.template.endswith("/installation")
)


def find(method: str, path: str) -> tuple[str, Handler | None, Mapping[str, str]]:
    """Return template, handler and parameters. If no handler takes the method, the template is `(unknown)`."""
    for route in _ROUTES:
        match = route.pattern.fullmatch(path)
        if match:
            handler = route.handlers.get(method)
            return (route.template, handler, _parameters(route, match)) if handler else (UNKNOWN, None, {})
    return UNKNOWN, None, {}


def _parameters(route: Route, match: re.Match[str]) -> Mapping[str, str]:
    return {**route.fixed, **{name: unquote(value) for name, value in match.groupdict().items()}}
