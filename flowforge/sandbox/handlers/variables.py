"""Handlers of Actions variables of repositories, environments and organizations: list, get, create, update, delete."""

from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.handlers.scope_paths import holder
from flowforge.sandbox.handlers.selected import audience_of, shape_of
from flowforge.sandbox.rules.answers import ApiAnswer, invalid, parsed
from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.world.model import Owner
from flowforge.sandbox.world.variable import Variable
from flowforge.sandbox.world.viewers import SharedWith

_PER_PAGE = 10
_MAX_PER_PAGE = 30


def list_all(call: Call) -> ApiAnswer:
    """Answer GET …/variables: 10 a page, at most 30."""
    return _page(call, holder(call).variables.listed())


def of_the_organization(call: Call) -> ApiAnswer:
    """Answer GET …/organization-variables: those of its organization that the repository sees."""
    holder(call)
    repo = call.repository()
    seen = [variable for variable in repo.owner.variables.listed() if repo.sees(variable.audience)]
    return _page(call, seen, bare=True)


def get(call: Call) -> ApiAnswer:
    """Answer GET …/variables/{name}."""
    return ApiAnswer(200, _shape(call, holder(call).variables[call.params["name"]]))


def create(call: Call) -> ApiAnswer:
    """Answer POST …/variables: 201 with `{}`, 409 if the name is taken, 422 if it breaks the rules."""
    place = holder(call)
    data = parsed(call.request.body)
    name, value = _text(data, "name"), _text(data, "value")
    place.variables.create(name, value, at=_at(call), audience=_audience(call, place, data))
    return ApiAnswer(201, {})


def update(call: Call) -> ApiAnswer:
    """Answer PATCH …/variables/{name}: 204. What the body does not name stays as it is."""
    place = holder(call)
    data = parsed(call.request.body)
    given = {member: _text(data, member) for member in ("name", "value") if member in data}
    audience = place.variables[call.params["name"]].audience
    if audience and {"visibility", "selected_repository_ids"} & data.keys():
        audience = _audience(call, place, {"visibility": audience.visibility, **data})
    changed = place.variables.update(
        call.params["name"], new_name=given.get("name"), value=given.get("value"), at=_at(call)
    )
    changed.audience = audience
    return ApiAnswer(204)


def delete(call: Call) -> ApiAnswer:
    """Answer DELETE …/variables/{name}: 204, or 404 if there is none."""
    holder(call).variables.delete(call.params["name"])
    return ApiAnswer(204)


def _audience(call: Call, place: object, data: dict[str, object]) -> SharedWith | None:
    return audience_of(call, place, data) if isinstance(place, Owner) else None


def _at(call: Call) -> int:
    return call.now + call.world.settings.late_stamp


def _text(data: dict[str, object], member: str) -> str:
    value = data.get(member)
    if not isinstance(value, str):
        message = f'Invalid request.\n\n"{member}" wasn\'t supplied.'
        raise invalid(message)
    return value


def _page(call: Call, seen: list[Variable], *, bare: bool = False) -> ApiAnswer:
    page, headers = page_of(call, seen, usual=_PER_PAGE, most=_MAX_PER_PAGE)
    variables = [_shape(call, variable, bare=bare) for variable in page]
    return ApiAnswer(200, {"total_count": len(seen), "variables": variables}, headers)


def _shape(call: Call, variable: Variable, *, bare: bool = False) -> dict[str, str]:
    """Return a variable as GitHub does. bare: without its audience, as a repository sees it."""
    times = {"created_at": timestamp(variable.created), "updated_at": timestamp(variable.updated)}
    shape = {"name": variable.name, "value": variable.value, **times}
    return shape if bare else shape | shape_of(call, variable)
