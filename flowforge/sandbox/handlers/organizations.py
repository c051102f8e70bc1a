"""Handlers of organizations and users: who they are, teams and their repositories, custom properties."""

from typing import Final

from flowforge.sandbox.handlers import profiles, repos, shapes
from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.rules.access import Level, Need, Token, TokenKind
from flowforge.sandbox.rules.answers import ApiAnswer, RefusalError, not_found
from flowforge.sandbox.world.model import Owner, Team

_NO_INSTALLATION: Final = (
    "You must authenticate with an installation access token in order to list repositories for an installation."
)


def user(call: Call) -> ApiAnswer:
    """Answer GET /users/{username}, which says whether a login is that of an organization."""
    owner = call.world.directory.owner(call.params["owner"])
    if owner is None:
        raise not_found()
    return ApiAnswer(200, profiles.public_user(owner, call.request.base))


def get(call: Call) -> ApiAnswer:
    """Answer GET /orgs/{org}. Only its owners see its plan."""
    organization = call.organization()
    plan = _sees_plan(call.token, organization.login.lower())
    return ApiAnswer(200, profiles.organization(organization, call.request.base, plan=plan))


def installation_repos(call: Call) -> ApiAnswer:
    """Answer GET /installation/repositories: what an installation was given, for its token alone."""
    token = call.token
    if token.kind not in {TokenKind.APP, TokenKind.WORKFLOW}:
        raise RefusalError(403, _NO_INSTALLATION)
    given = [repo for repo in call.world.directory if call.sees(repo) and token.has(repo)]
    page, headers = page_of(call, given)
    listed = [shapes.repository(repo, token, call.request.base, call.version, full=True) for repo in page]
    body = {"total_count": len(given), "repository_selection": token.selection, "repositories": listed}
    return ApiAnswer(200, body, headers)


def team(call: Call) -> ApiAnswer:
    """Answer GET /orgs/{org}/teams/{team}."""
    organization, found = _team(call)
    return ApiAnswer(200, profiles.team(organization, found, call.request.base))


def team_repos(call: Call) -> ApiAnswer:
    """Answer GET /orgs/{org}/teams/{team}/repos: those that the token sees."""
    organization, found = _team(call)
    its = (repo for repo in call.world.directory if repo.owner is organization and repo.id in found.repos)
    return repos.page(call, its, default_sort="full_name")


def property_schema(call: Call) -> ApiAnswer:
    """Answer GET /orgs/{org}/properties/schema."""
    organization = _with_properties(call)
    url = f"{call.request.base}/orgs/{organization.login}/properties/schema"
    return ApiAnswer(200, [profiles.definition(one, url) for _, one in sorted(organization.properties.items())])


def property_values(call: Call) -> ApiAnswer:
    """Answer GET /orgs/{org}/properties/values: all properties of every repository that the token sees.

    A repository_query is refused: GitHub would search by it, the sandbox cannot.
    """
    organization = _with_properties(call)
    if call.request.query.get("repository_query"):
        raise RefusalError(422, "The sandbox does not know repository_query.")
    seen = [repo for repo in call.world.directory if repo.owner is organization and call.sees(repo)]
    page, headers = page_of(call, seen)
    return ApiAnswer(200, [profiles.property_values(repo) for repo in page], headers)


def repo_properties(call: Call) -> ApiAnswer:
    """Answer GET /repos/{owner}/{repo}/properties/values."""
    return ApiAnswer(200, profiles.values(call.repository().property_values()))


def _team(call: Call) -> tuple[Owner, Team]:
    organization = call.organization()
    _demand_member(call, organization, "members")
    found = organization.teams.get(call.params["team"].lower())
    if found is None:
        raise not_found()
    return organization, found


def _with_properties(call: Call) -> Owner:
    organization = call.organization()
    _demand_member(call, organization, "organization_custom_properties")
    return organization


def _demand_member(call: Call, organization: Owner, permission: str) -> None:
    """Refuse a token that is not of the organization. A classic one needs `read:org` or `repo`."""
    scope = "repo" if "repo" in call.token.scopes else "read:org"
    need = Need(permission, Level.READ, "read")
    call.token.demand_of_organization(organization.login.lower(), need, scope)


def _sees_plan(token: Token, login: str) -> bool:
    try:
        token.demand_of_organization(login, Need("organization_plan", Level.READ, "admin"), "admin:org")
    except RefusalError:
        return False
    return True
