"""The GraphQL queries that the sandbox knows: gh asks for repositories' ids by their names, a bot who it is."""

import json
import re

from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.rules.answers import ApiAnswer, not_found

_REPOSITORY = re.compile(
    r'(?P<alias>\w+):\s*repository\(owner:\s*"(?P<owner>[^"]+)",\s*name:\s*"(?P<name>[^"]+)"\)\s*{\s*databaseId\s*}'
)

_VIEWER = re.compile(r"\s*(query\s*)?{\s*viewer\s*{\s*login\s*}\s*}\s*")


def answer_query(call: Call) -> ApiAnswer:
    """Answer POST /graphql. What is neither of the two queries gets a 404."""
    try:
        asked = json.loads(call.request.body)["query"]
        wanted = list(_REPOSITORY.finditer(asked))
    except (ValueError, KeyError, TypeError):
        raise not_found() from None
    if _VIEWER.fullmatch(asked):
        # Of the token of an installation too, which GET /user refuses.
        return ApiAnswer(200, {"data": {"viewer": {"login": call.token.author}}})
    if not wanted:
        raise not_found()
    return _repository_ids(call, wanted)


def _repository_ids(call: Call, wanted: list[re.Match[str]]) -> ApiAnswer:
    """Return an id for each alias, null with an error for what the token cannot see."""
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
