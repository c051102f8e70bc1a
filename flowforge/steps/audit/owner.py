"""The repos of an owner: an organization's, or those of the token's own user."""

from flowforge.errors import quote
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
        if not isinstance(of_user, Unreadable):
            return of_user
        return _unknown(owner, of_user) if of_user.why is Why.NOT_FOUND else found
    return found


def _unknown(owner: str, of_user: Unreadable) -> Unreadable:
    """Return why nothing of a name can be listed. of_user: why not, if it is a user's."""
    detail = f"there is no organization or user {quote(owner)} that this token can see"
    return Unreadable(Why.NOT_FOUND, detail, f"check its name; if it is a user, {of_user.detail}: {of_user.fix}")
