"""Which secrets or variables a path means, and what a token needs for them, by GitHub's tables of permissions."""

from typing import Final

from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.rules.access import Level, Need
from flowforge.sandbox.rules.answers import RefusalError
from flowforge.sandbox.world.model import Repository, SecretHolder

VARIABLES: Final = "variables"
# The permission `agent_secrets` is not established; the others are from GitHub's tables.
_PERMISSIONS: Final = {
    "actions": "secrets",
    "dependabot": "dependabot_secrets",
    "codespaces": "codespaces_secrets",
    "agents": "agent_secrets",
    VARIABLES: "actions_variables",
}
_CHANGES: Final = {"PUT", "POST", "PATCH", "DELETE"}


def holder(call: Call) -> SecretHolder:
    """Return the organization, repository or environment that the path names, if the token may do this there.

    The parameter `store` is one of the four stores or `variables`. Raise 404, redirects and 403.
    """
    level = Level.WRITE if call.request.method in _CHANGES else Level.READ
    permission = _PERMISSIONS[call.params["store"]]
    if not {"repo", "id"} & call.params.keys():
        organization = call.organization()
        need = Need(f"organization_{permission}", level, "admin")
        call.token.demand_of_organization(organization.login.lower(), need, "admin:org")
        return organization
    repo = call.repository()
    in_environment = "environment" in call.params
    call.token.demand(repo, Need("environments" if in_environment else permission, level))
    if level is Level.WRITE:
        refuse_archived(repo)
    return call.environment(repo) if in_environment else repo


def refuse_archived(repo: Repository) -> None:
    """Raise GitHub's 403 for an archived repository."""
    if repo.archived:
        raise RefusalError(403, "Repository was archived so is read-only.")
