"""Handlers of secrets in every store of repositories, environments and organizations: list, key, get, put, delete."""

from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.handlers.scope_paths import holder
from flowforge.sandbox.handlers.selected import audience_of, shape_of
from flowforge.sandbox.rules.answers import ApiAnswer, invalid, not_found, parsed
from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.world.model import Owner
from flowforge.sandbox.world.scope import Secret, SecretScope, checked_name
from flowforge.sandbox.world.viewers import SharedWith


def list_all(call: Call) -> ApiAnswer:
    """Answer GET …/secrets, at most 100 a page."""
    return _page(call, _scope(call).listed(call.world.clock.now()))


def of_the_organization(call: Call) -> ApiAnswer:
    """Answer GET …/organization-secrets: those of its organization that the repository sees."""
    holder(call)
    repo = call.repository()
    listed = repo.owner.stores[call.params["store"]].listed(call.world.clock.now())
    return _page(call, [(secret, updated) for secret, updated in listed if repo.sees(secret.audience)], bare=True)


def public_key(call: Call) -> ApiAnswer:
    """Answer GET …/secrets/public-key: one id for all of a store, a key for each scope."""
    return ApiAnswer(200, _scope(call).public_key())


def get(call: Call) -> ApiAnswer:
    """Answer GET …/secrets/{name}, which lags like the list."""
    secret = _scope(call).secrets.get(call.params["name"].upper())
    updated = secret.seen(call.world.clock.now()) if secret else None
    if secret is None or updated is None:
        raise not_found()
    return ApiAnswer(200, _shape(call, secret, updated))


def put(call: Call) -> ApiAnswer:
    """Answer PUT …/secrets/{name}: the box is opened here; 201 with `{}` when created, 204 when updated.

    Of an organization the audience is written too, and the value may be left out of an update.
    """
    place = holder(call)
    scope = place.stores[call.params["store"]]
    data = parsed(call.request.body)
    name = call.params["name"].upper()
    audience, old = None, None
    if isinstance(place, Owner):
        audience, old = audience_of(call, place, data), scope.secrets.get(name)
    value = old.value if old and "encrypted_value" not in data else scope.open(*_sealed(data))
    return _written(call, scope, value, audience)


def delete(call: Call) -> ApiAnswer:
    """Answer DELETE …/secrets/{name}: 204, or 404 if there is none."""
    if _scope(call).secrets.pop(call.params["name"].upper(), None) is None:
        raise not_found()
    return ApiAnswer(204)


def _written(call: Call, scope: SecretScope, value: bytes, audience: SharedWith | None) -> ApiAnswer:
    settings = call.world.settings
    name, at = checked_name(call.params["name"]), call.now + settings.late_stamp
    created = scope.put(name, value, at=at, lag=settings.lag, audience=audience)
    return ApiAnswer(201, {}) if created else ApiAnswer(204)


def _scope(call: Call) -> SecretScope:
    return holder(call).stores[call.params["store"]]


def _page(call: Call, seen: list[tuple[Secret, int]], *, bare: bool = False) -> ApiAnswer:
    page, headers = page_of(call, seen)
    secrets = [_shape(call, secret, updated, bare=bare) for secret, updated in page]
    return ApiAnswer(200, {"total_count": len(seen), "secrets": secrets}, headers)


def _shape(call: Call, secret: Secret, updated: int, *, bare: bool = False) -> dict[str, str]:
    """Return a secret as GitHub does. bare: without its audience, as a repository sees it."""
    shape = {"name": secret.name, "created_at": timestamp(secret.created), "updated_at": timestamp(updated)}
    return shape if bare else shape | shape_of(call, secret)


def _sealed(data: dict[str, object]) -> tuple[str, str]:
    """Return encrypted_value and key_id, which some clients send as a number. Raise 422 in GitHub's words."""
    for member in ("encrypted_value", "key_id"):
        if not isinstance(data.get(member), str | int):
            message = f'Invalid request.\n\n"{member}" wasn\'t supplied.'
            raise invalid(message)
    return str(data["encrypted_value"]), str(data["key_id"])
