"""Create an environment that does not exist, and leave an existing one alone."""

from flowforge.github.http import Client
from flowforge.github.paths import environment_path
from flowforge.github.problems import RepoError
from flowforge.plan.address import Scope

_NOT_FOUND = 404  # also of a repo that the token may not see; the PUT is refused then


def make_environment(client: Client, scope: Scope) -> None:
    """Create the environment of a scope if it does not exist. Raises as the client does."""
    # GitHub's PUT creates or updates, and an update may remove the protection rules that the body does not name. So the
    # environment is asked for first.
    try:
        client.get(environment_path(scope))
    except RepoError as refusal:
        if refusal.no.status != _NOT_FOUND:
            raise refusal.at(str(scope)) from None
    else:
        return
    try:
        client.put(environment_path(scope), {})
    except RepoError as refusal:
        raise refusal.at(str(scope)) from None
