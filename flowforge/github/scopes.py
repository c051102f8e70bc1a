"""One name for secrets and variables alike: list what a scope holds, and delete one of it."""

from flowforge.github.http import Client
from flowforge.github.secrets import Deleted, delete_secret, list_secrets
from flowforge.github.variables import delete_variable, list_variables
from flowforge.plan.address import Address, Scope
from flowforge.plan.facts import Listing, Unreadable


def list_scope(client: Client, scope: Scope, *, fresh: bool = True) -> Listing | Unreadable:
    """Return the whole list of a scope. Raises StoppedError, and GitHubError when the run is over.

    fresh: whether to ask without what an earlier run was told. Of variables nothing is kept, as they have values.
    """
    return list_variables(client, scope) if scope.is_readable else list_secrets(client, scope, fresh=fresh)


def delete(client: Client, address: Address) -> Deleted:
    """Delete a secret or a variable; one that is not there is deleted already.

    Raises RepoError, which names it; StoppedError; GitHubError when the run is over.
    """
    remove = delete_variable if address.scope.is_readable else delete_secret
    return remove(client, address.scope, address.secret)
