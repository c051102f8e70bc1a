"""Make an environment that is not there, and touch none that is."""

from flowforge.github.http import Client
from flowforge.github.paths import environment_path
from flowforge.github.problems import RepoError
from flowforge.plan.address import Scope

_NOT_FOUND = 404


def make_environment(client: Client, scope: Scope) -> None:
    """Make a scope's environment where there is none; raises as the client does.

    GitHub's PUT creates or updates, and what it is not told of protection it may take away: so it is asked first, and
    what is there is left alone.
    """
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
