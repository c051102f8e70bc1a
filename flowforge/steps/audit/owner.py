"""The repos of an owner: an organization's, or those of the token's own user."""

from flowforge.github.clients import Clients
from flowforge.github.discover import Described, RepoListKind, RepoListQuery, list_repos
from flowforge.plan.action import Why
from flowforge.plan.facts import Unreadable


def repos_of(clients: Clients, owner: str) -> tuple[Described, ...] | Unreadable:
    """Return every repo of an organization or user, archived ones among them, or why the whole list cannot be had.

    Raises StoppedError, and GitHubError when the run is over.
    """
    client = clients.of(owner)
    found = list_repos(client, RepoListQuery(RepoListKind.ORG, owner))
    # Whether a name is an organization's or a user's, only the answer tells.
    if isinstance(found, Unreadable) and found.why is Why.NOT_FOUND:
        of_user = list_repos(client, RepoListQuery(RepoListKind.USER, owner))
        return found if isinstance(of_user, Unreadable) and of_user.why is not Why.NOT_FOUND else of_user
    return found
