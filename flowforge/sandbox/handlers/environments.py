"""Handlers of environments: the list of a repository's, one by name, create or update."""

from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.handlers.profiles import environment
from flowforge.sandbox.handlers.scope_paths import refuse_archived
from flowforge.sandbox.rules.access import Level, Need
from flowforge.sandbox.rules.answers import ApiAnswer, RefusalError, not_found, parsed
from flowforge.sandbox.world.model import Repository

_MAX_WAIT = 43_200  # minutes


def list_all(call: Call) -> ApiAnswer:
    """Answer GET …/environments. A private repository of a free plan has none."""
    repo = _readable(call)
    found = [] if repo.is_short_of_plan else list(repo.environments.values())
    page, headers = page_of(call, found)
    shown = [environment(repo, one, call.request.base) for one in page]
    return ApiAnswer(200, {"total_count": len(found), "environments": shown}, headers)


def get(call: Call) -> ApiAnswer:
    """Answer GET …/environments/{environment}."""
    repo = _readable(call)
    return ApiAnswer(200, environment(repo, call.environment(repo), call.request.base))


def put(call: Call) -> ApiAnswer:
    """Answer PUT …/environments/{environment}: create it, or replace its protection by that of the body, if any."""
    repo = call.repository()
    call.token.demand(repo, Need("administration", Level.WRITE, "admin"))
    refuse_archived(repo)
    if repo.is_short_of_plan:
        raise not_found()
    data = parsed(call.request.body) if call.request.body not in {b"", b"null"} else {}
    wait = data.get("wait_timer", 0)
    if not isinstance(wait, int) or not 0 <= wait <= _MAX_WAIT:
        raise RefusalError(422, "Validation Failed")
    made = call.world.directory.add_environment(repo, call.params["environment"], call.now)
    made.wait_timer, made.updated = wait, call.now
    return ApiAnswer(200, environment(repo, made, call.request.base))


def delete(call: Call) -> ApiAnswer:
    """Answer DELETE …/environments/{environment}, which deletes its secrets and variables too."""
    repo = call.repository()
    call.token.demand(repo, Need("administration", Level.WRITE, "admin"))
    refuse_archived(repo)
    del repo.environments[call.environment(repo).name.lower()]
    return ApiAnswer(204)


def _readable(call: Call) -> Repository:
    """Return the repository if the token may read its environments. Anybody may read those of a public one."""
    repo = call.repository()
    if repo.private:
        call.token.demand(repo, Need("actions", Level.READ, "read"))
    return repo
