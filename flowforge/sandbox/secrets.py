"""Handlers of a repository's Actions secrets: list, public key, get, put, delete."""

from flowforge.sandbox.access import Level
from flowforge.sandbox.answers import Answer, RefusalError, invalid, not_found, parsed
from flowforge.sandbox.call import Call, page_of
from flowforge.sandbox.clock import timestamp
from flowforge.sandbox.scope import Scope, Secret, checked_name


def list_all(call: Call) -> Answer:
    """Answer GET …/actions/secrets, at most 100 a page."""
    seen = _scope(call, Level.READ).listed(call.world.clock.now())
    page, headers = page_of(call, seen)
    secrets = [_shape(secret, updated) for secret, updated in page]
    return Answer(200, {"total_count": len(seen), "secrets": secrets}, headers)


def public_key(call: Call) -> Answer:
    """Answer GET …/actions/secrets/public-key: one id for all, a key for each repository."""
    return Answer(200, _scope(call, Level.READ).public_key())


def get(call: Call) -> Answer:
    """Answer GET …/actions/secrets/{name}, which lags like the list."""
    secret = _scope(call, Level.READ).secrets.get(call.params["name"].upper())
    updated = secret.seen(call.world.clock.now()) if secret else None
    if secret is None or updated is None:
        raise not_found()
    return Answer(200, _shape(secret, updated))


def put(call: Call) -> Answer:
    """Answer PUT …/actions/secrets/{name}: the box is opened here; 201 with `{}` when created, 204 when updated."""
    scope = _scope(call, Level.WRITE)
    encrypted, key_id = _sealed(call.request.body)
    settings = call.world.settings
    value = scope.open(encrypted, key_id)
    created = scope.put(checked_name(call.params["name"]), value, at=call.now + settings.late_stamp, lag=settings.lag)
    return Answer(201, {}) if created else Answer(204)


def delete(call: Call) -> Answer:
    """Answer DELETE …/actions/secrets/{name}: 204, or 404 when there is none."""
    if _scope(call, Level.WRITE).secrets.pop(call.params["name"].upper(), None) is None:
        raise not_found()
    return Answer(204)


def _scope(call: Call, need: Level) -> Scope:
    repo = call.repository()
    call.token.demand(repo.full_name.lower(), need)
    if need is Level.WRITE and repo.archived:
        raise RefusalError(403, "Repository was archived so is read-only.")
    return repo.actions


def _shape(secret: Secret, updated: int) -> dict[str, str]:
    return {"name": secret.name, "created_at": timestamp(secret.created), "updated_at": timestamp(updated)}


def _sealed(body: bytes) -> tuple[str, str]:
    """Give encrypted_value and key_id, which some clients send as a number; raises 400 or 422 in GitHub's words."""
    data = parsed(body)
    for member in ("encrypted_value", "key_id"):
        if not isinstance(data.get(member), str | int):
            message = f'Invalid request.\n\n"{member}" wasn\'t supplied.'
            raise invalid(message)
    return str(data["encrypted_value"]), str(data["key_id"])
