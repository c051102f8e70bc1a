"""GitHub's JSON shapes of organizations, public users, teams, environments and custom properties."""

from collections.abc import Mapping
from urllib.parse import quote

from flowforge.sandbox.handlers.shapes import node_id, owner
from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.world.model import Environment, Owner, Property, PropertyValue, Repository, Team

_PROFILE = {
    **dict.fromkeys(("name", "company", "location", "email", "twitter_username")),
    **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
    "blog": "",
}


def public_user(account: Owner, base: str) -> dict[str, object]:
    """Return a public-user: what GET /users/{username} answers, of organizations too."""
    then = timestamp(0)
    own = {"bio": None, "hireable": None, "user_view_type": "public", "created_at": then, "updated_at": then}
    return {**owner(account, base), **_PROFILE, **own}


def organization(account: Owner, base: str, *, plan: bool) -> dict[str, object]:
    """Return an organization-full. plan: whether it shows its plan."""
    url, then = f"{base}/orgs/{account.login}", timestamp(0)
    rest = ("repos", "events", "hooks", "issues")
    shape: dict[str, object] = {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("Organization", account.id),
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in rest},
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{account.id}",
        "html_url": f"https://github.com/{account.login}",
        "description": None,
        **_PROFILE,
        **dict.fromkeys(("has_organization_projects", "has_repository_projects"), True),
        "type": "Organization",
        "created_at": then,
        "updated_at": then,
        "archived_at": None,
    }
    if plan:
        shape["plan"] = {"name": account.plan, "space": 976_562_499, "private_repos": 9_999, "seats": 1}
    return shape


def team(account: Owner, found: Team, base: str) -> dict[str, object]:
    """Return a team-full."""
    url, then = f"{base}/organizations/{account.id}/team/{found.id}", timestamp(0)
    return {
        "id": found.id,
        "node_id": node_id("Team", found.id),
        "name": found.name,
        "slug": found.slug,
        "url": url,
        "html_url": f"https://github.com/orgs/{account.login}/teams/{found.slug}",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "description": "",
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "parent": None,
        "members_count": 0,
        "repos_count": len(found.repos),
        "created_at": then,
        "updated_at": then,
        "organization": organization(account, base, plan=False),
    }


def environment(repo: Repository, one: Environment, base: str) -> dict[str, object]:
    """Return an environment with its protection rules."""
    path = f"{repo.full_name}/environments/{quote(one.name, safe='')}"
    rule = {"id": one.id, "node_id": node_id("Gate", one.id), "type": "wait_timer", "wait_timer": one.wait_timer}
    return {
        "id": one.id,
        "node_id": node_id("Environment", one.id),
        "name": one.name,
        "url": f"{base}/repos/{path}",
        "html_url": f"https://github.com/{repo.full_name}/deployments/activity_log?environments_filter={quote(one.name)}",
        "created_at": timestamp(one.created),
        "updated_at": timestamp(one.updated),
        "can_admins_bypass": True,
        "protection_rules": [rule] if one.wait_timer else [],
        "deployment_branch_policy": None,
    }


def definition(one: Property, url: str) -> dict[str, object]:
    """Return the definition of a custom property. url: of the schema."""
    return {
        "property_name": one.name,
        "url": f"{url}/{quote(one.name, safe='')}",
        "source_type": "organization",
        "value_type": one.value_type,
        "required": one.default is not None,
        "default_value": one.default,
        "description": None,
        "allowed_values": list(one.allowed) or None,
        "values_editable_by": "org_actors",
        "require_explicit_values": False,
    }


def property_values(repo: Repository) -> dict[str, object]:
    """Return a repository with its values, as an organization's list shows it."""
    return {
        "repository_id": repo.id,
        "repository_name": repo.name,
        "repository_full_name": repo.full_name,
        "properties": values(repo.property_values()),
    }


def values(found: Mapping[str, PropertyValue]) -> list[dict[str, object]]:
    """Return values as a list, null for a property that has none."""
    return [{"property_name": name, "value": value} for name, value in found.items()]
