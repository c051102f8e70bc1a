"""Who sees an organization's secret or variable: how requests say it, how answers show it, and its list of repos."""

from typing import Protocol

from flowforge.sandbox.handlers import shapes
from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.handlers.scope_paths import VARIABLES, holder
from flowforge.sandbox.rules.answers import ApiAnswer, RefusalError, invalid, not_found, parsed, whole
from flowforge.sandbox.world.model import Owner, Repository
from flowforge.sandbox.world.viewers import VISIBILITIES, SharedWith


class Shown(Protocol):
    """A secret or a variable of an organization, which has an audience."""

    name: str
    updated: int
    audience: SharedWith | None


def audience_of(call: Call, organization: Owner, data: dict[str, object]) -> SharedWith:
    """Read visibility and ids from a body. `selected` without ids means nobody. Raise GitHub's 422."""
    visibility = data.get("visibility")
    if visibility not in VISIBILITIES:
        raise invalid('Invalid request.\n\n"visibility" is not one of all, private, selected.')
    if visibility != "selected":
        return SharedWith(str(visibility))
    return SharedWith("selected", _ids(call, organization, data.get("selected_repository_ids", [])))


def shape_of(call: Call, shown: Shown) -> dict[str, str]:
    """Return the members that only an organization's secrets and variables have."""
    audience = shown.audience
    if audience is None:
        return {}
    kind = "actions/variables" if call.params["store"] == VARIABLES else f"{call.params['store']}/secrets"
    url = f"{call.request.base}/orgs/{call.params['owner']}/{kind}/{shown.name}/repositories"
    return {"visibility": audience.visibility} | ({"selected_repositories_url": url} if audience.is_selected else {})


def list_all(call: Call) -> ApiAnswer:
    """Answer GET …/repositories, at most 100 a page, as far as the token sees them; only variables answer 409."""
    _, _, audience = _found(call)
    if call.params["store"] == VARIABLES:
        _refuse_unselected(audience)
    repos = [call.world.directory.by_id(number) for number in sorted(audience.selected)]
    seen = [repo for repo in repos if repo and call.sees(repo)]
    page, headers = page_of(call, seen)
    listed = [shapes.repository(repo, call.token, call.request.base, call.version) for repo in page]
    return ApiAnswer(200, {"total_count": len(seen), "repositories": listed}, headers)


def replace(call: Call) -> ApiAnswer:
    """Answer PUT …/repositories: the whole list is replaced."""
    organization, shown, audience = _found(call)
    _refuse_unselected(audience)
    data = parsed(call.request.body)
    if "selected_repository_ids" not in data:
        raise invalid('Invalid request.\n\n"selected_repository_ids" wasn\'t supplied.')
    return _changed(call, shown, _ids(call, organization, data["selected_repository_ids"]))


def add(call: Call) -> ApiAnswer:
    """Answer PUT …/repositories/{repository}: 204, 404 for a repository of another owner, 409 without a list."""
    organization, shown, audience = _found(call)
    _refuse_unselected(audience)
    number = whole(call.params["repository"], 0)
    if not _is_of(call, organization, number):
        raise not_found()
    return _changed(call, shown, audience.selected | {number})


def remove(call: Call) -> ApiAnswer:
    """Answer DELETE …/repositories/{repository}: 204, or 409 without a list."""
    _, shown, audience = _found(call)
    _refuse_unselected(audience)
    return _changed(call, shown, audience.selected - {whole(call.params["repository"], 0)})


def _changed(call: Call, shown: Shown, selected: frozenset[int]) -> ApiAnswer:
    """Write the list. GitHub sets updated_at anew, although the value stays."""
    shown.audience = SharedWith("selected", selected)
    shown.updated = call.now + call.world.settings.late_stamp
    return ApiAnswer(204)


def _found(call: Call) -> tuple[Owner, Shown, SharedWith]:
    """Return the organization, and its secret or variable with its present audience. Raise 404 if there is none.

    Repositories that were deleted or transferred are no longer in it.
    """
    place, store, name = holder(call), call.params["store"], call.params["name"].upper()
    shown: Shown | None = place.variables[name] if store == VARIABLES else place.stores[store].secrets.get(name)
    if shown is None or shown.audience is None or not isinstance(place, Owner):
        raise not_found()
    here = frozenset(number for number in shown.audience.selected if _is_of(call, place, number))
    return place, shown, SharedWith(shown.audience.visibility, here)


def _ids(call: Call, organization: Owner, given: object) -> frozenset[int]:
    """Read ids, which may be texts. Raise a 422 for one that is no repository of the organization."""
    ids = [whole(str(one), 0) for one in given] if isinstance(given, list) else [0]
    if not all(_is_of(call, organization, number) for number in ids):
        raise invalid("Invalid request.\n\nselected_repository_ids are not all repositories of the organization.")
    return frozenset(ids)


def _is_of(call: Call, organization: Owner, number: int) -> bool:
    repo: Repository | None = call.world.directory.by_id(number)
    return repo is not None and repo.owner is organization


def _refuse_unselected(audience: SharedWith) -> None:
    if not audience.is_selected:
        raise RefusalError(409, "Conflict: the visibility is not set to selected.")  # the wording is ours
