"""Handlers of repositories: one by name or id, the lists of an owner or a token, the user, the rate limit."""

from collections.abc import Iterable

from flowforge.sandbox.handlers import shapes
from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.rules.answers import ApiAnswer, not_found
from flowforge.sandbox.world.model import Owner, Repository


def get(call: Call) -> ApiAnswer:
    """Answer GET /repos/{owner}/{repo} and GET /repositories/{id}."""
    repo = call.repository()
    return ApiAnswer(200, shapes.repository(repo, call.token, call.request.base, call.version, full=True))


def of_organization(call: Call) -> ApiAnswer:
    """Answer GET /orgs/{org}/repos: 404 for a user."""
    owner = call.world.directory.owner(call.params["owner"])
    if owner is None or not owner.is_organization:
        raise not_found()
    return page(call, _of(call, owner), default_sort="created")


def of_account(call: Call) -> ApiAnswer:
    """Answer GET /users/{username}/repos: only the public ones, for everybody."""
    owner = call.world.directory.owner(call.params["owner"])
    if owner is None:
        raise not_found()
    return page(call, (repo for repo in _of(call, owner) if not repo.private), default_sort="full_name")


def of_token(call: Call) -> ApiAnswer:
    """Answer GET /user/repos: all that the user of the token sees, or with affiliation=owner the user's own."""
    _demand_person(call)
    own = call.token.login.lower() if call.request.query.get("affiliation") == "owner" else ""
    repos = (repo for repo in call.world.directory if not own or repo.owner.login.lower() == own)
    return page(call, repos, default_sort="full_name")


def user(call: Call) -> ApiAnswer:
    """Answer GET /user."""
    _demand_person(call)
    return ApiAnswer(200, shapes.user(call.world.directory.user(call.token.login), call.request.base))


def rate_limit(call: Call) -> ApiAnswer:
    """Answer GET /rate_limit, since version 2026-03-10 without the old `rate`."""
    core = call.world.limits.state(call.token, call.world.clock.now())
    search = {"limit": 30, "used": 0, "remaining": 30, "reset": core["reset"]}
    body: dict[str, object] = {"resources": {"core": core, "search": search}}
    if call.version == "2022-11-28":
        body["rate"] = core
    return ApiAnswer(200, body)


def page(call: Call, repos: Iterable[Repository], *, default_sort: str) -> ApiAnswer:
    """Return a page of what the token sees of these repositories.

    Organizations whose single sign-on keeps the token out are left out, which a header says.
    """
    kind = call.request.query.get("type") or call.request.query.get("visibility", "all")
    wanted = [repo for repo in repos if call.sees(repo) and _is_type(repo, kind)]
    shown = [repo for repo in wanted if not call.shut_out(repo.owner)]
    sort = call.request.query.get("sort", default_sort)
    if sort == "full_name":
        shown.sort(key=lambda repo: repo.full_name.lower())
    direction = call.request.query.get("direction", "asc" if sort == "full_name" else "desc")
    if direction == "desc":
        shown.reverse()
    part, headers = page_of(call, shown)
    missing = sorted({repo.owner.id for repo in wanted if call.shut_out(repo.owner)})
    if missing:
        headers["x-github-sso"] = f"partial-results; organizations={','.join(map(str, missing))}"
    base, version = call.request.base, call.version
    return ApiAnswer(200, [shapes.repository(repo, call.token, base, version) for repo in part], headers)


def _demand_person(call: Call) -> None:
    """Refuse the token of an installation, or of a workflow, where GitHub asks who its user is."""
    if not call.token.is_person:
        raise call.token.refused()


def _of(call: Call, owner: Owner) -> Iterable[Repository]:
    return (repo for repo in call.world.directory if repo.owner is owner)


def _is_type(repo: Repository, kind: str) -> bool:
    match kind:
        case "public":
            return not repo.private
        case "private":
            return repo.private
        case "forks":
            return repo.fork
        case "sources":
            return not repo.fork
    return True
