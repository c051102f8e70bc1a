"""The public keys that earlier runs have remembered."""

from collections.abc import Mapping

from flowforge.github.repos import RepoInfo
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Listing, Record, Seen


def remembered_keys(
    records: Mapping[Address, Record], repos: Mapping[Repo, RepoInfo], seen: Mapping[Scope, Seen]
) -> Mapping[Scope, str]:
    """Return the key of each scope that the newest write there was sealed with.

    A repo that was made again has another id, and the keys of the one before are none of its own; so has an environment
    that is to be made. Those of an environment that was made again meanwhile cannot be told: GitHub refuses the box.
    """
    newest: dict[Scope, tuple[str, str]] = {}
    for address, record in records.items():
        scope = address.scope
        if record.public_key and _is_there(scope, record, repos, seen):
            newest[scope] = max(newest.get(scope, ("", "")), (record.written_at, record.public_key))
    return {scope: key for scope, (_, key) in newest.items()}


def _is_there(scope: Scope, record: Record, repos: Mapping[Repo, RepoInfo], seen: Mapping[Scope, Seen]) -> bool:
    listing = seen.get(scope)
    if not isinstance(listing, Listing) or not listing.made:
        return False
    return scope.repo.is_organization or (scope.repo in repos and repos[scope.repo].id == record.repo_id)
