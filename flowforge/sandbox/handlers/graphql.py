"""The only GraphQL query that the sandbox knows: with it, gh asks for the ids of repositories by their names."""

import json
import re

from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.rules.answers import ApiAnswer, not_found

_REPOSITORY = re.compile(
    r'(?P<alias>\w+):\s*repository\(owner:\s*"(?P<owner>[^"]+)",\s*name:\s*"(?P<name>[^"]+)"\)\s*{\s*databaseId\s*}'
)


def repository_ids(call: Call) -> ApiAnswer:
    """Answer POST /graphql: an id for each alias, null with an error for what the token cannot see. Else 404."""
    try:
        asked = json.loads(call.request.body)["query"]
        wanted = list(_REPOSITORY.finditer(asked))
    except (ValueError, KeyError, TypeError):
        wanted = []
    if not wanted:
        raise not_found()
    found: dict[str, dict[str, int] | None] = {}
    for one in wanted:
        repo = call.world.directory.by_name(f"{one['owner']}/{one['name']}")
        seen = repo is not None and call.sees(repo) and not call.shut_out(repo.owner)
        found[one["alias"]] = {"databaseId": repo.id} if repo and seen else None
    errors = [
        {"type": "NOT_FOUND", "path": [alias], "message": "Could not resolve to a Repository."}
        for alias, node in found.items()
        if node is None
    ]
    return ApiAnswer(200, {"data": found, **({"errors": errors} if errors else {})})
