"""Anthropic's API as a function from request to reply: the models; and for Admin keys, API keys and their usage.

docs: api/models/list, api/admin/api_keys, api/admin/usage_report, api/errors. Where they are silent, the stricter way
is taken.
"""

import json
import re
import secrets as random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from flowforge.sandbox.rules.answers import ApiAnswer, ApiRequest, RefusalError, parsed, whole
from flowforge.sandbox.rules.anthropic_keys import SandboxKey, refused
from flowforge.sandbox.rules.anthropic_usage import usage_report
from flowforge.sandbox.rules.encoding import Reply, encode
from flowforge.sandbox.rules.faults import Fault, FaultKind
from flowforge.sandbox.rules.traffic import Logged
from flowforge.sandbox.world.world import World

_MODELS: Final = "/v1/models"
_KEYS: Final = "/v1/organizations/api_keys"
_USAGE: Final = "/v1/organizations/usage_report/messages"
_ONE_KEY: Final = re.compile(rf"{_KEYS}/(\w{{1,200}})", re.ASCII)
_MOST: Final = 1000
_USUAL: Final = 20
_GITHUBS: Final = 100
_DROPPED: Final = (FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.HANG)
_CHANGEABLE: Final = ("active", "inactive", "archived")
_ANSWERED: Final = frozenset({400, 401, 402, 403, 404, 429, 500, 529})


class AnthropicApi:
    """Answers requests against the keys of a world. Thread-safe. The faults are those of the world, by their paths."""

    def __init__(self, world: World) -> None:
        """Serve `world`."""
        self.world = world

    def respond(self, request: ApiRequest) -> Reply:
        """Do what the request asks and return the bytes of the answer."""
        world = self.world
        fault = world.faults.strike(request.method, request.target)
        key = world.anthropic_keys.get(request.headers.get("x-api-key", ""))
        answer = _instead(fault, world.pause) if fault else None
        if answer is None:
            with world.lock:
                answer = self._answered(request, key)
            if fault:
                fault.spoil(answer, request)
        self.world.traffic.note(
            request.path, Logged(request.method, request.target, answer.status, key.name if key else "", 0)
        )
        if fault is not None and fault.kind in _DROPPED:
            return Reply(drop=True)
        return self._reply(answer, key, fault)

    def _reply(self, answer: ApiAnswer, key: SandboxKey | None, fault: Fault | None) -> Reply:
        if answer.raw is None:
            answer.raw = json.dumps(answer.data, separators=(",", ":")).encode()
        if not answer.foreign:
            answer.headers["request-id"] = f"req_{random.token_hex(12)}"
        # Not on a 401, whose key belongs to nobody.
        if key is not None and not answer.foreign and answer.status == 200:  # noqa: PLR2004 -- HTTP
            answer.headers["anthropic-organization-id"] = key.organization
            answer.headers |= {"anthropic-workspace-id": key.workspace} if key.workspace and not key.admin else {}
        if fault is not None and fault.kind is FaultKind.TRUNCATED:
            answer.raw = answer.raw[: len(answer.raw) // 2]
        pause = fault.seconds if fault is not None and fault.kind is FaultKind.SLOW_BODY else 0.0
        return Reply(encode(answer, int(self.world.clock.now())), pause=pause)

    def _answered(self, request: ApiRequest, key: SandboxKey | None) -> ApiAnswer:
        now = self.world.clock.now()
        refusal = _refusal(request, key, now)
        if refusal is not None or key is None:
            return refusal or refused(401, "invalid x-api-key")
        if not key.admin:
            return _models(request)
        mine = [
            each
            for each in self.world.anthropic_keys.values()
            if each.organization == key.organization and not each.admin
        ]
        settings = self.world.settings
        if request.path == _USAGE:
            most = settings.per_page if settings.per_page < _GITHUBS else _MOST
            return usage_report(request.query, mine, now, lag=settings.usage_lag, most=most)
        return self._keys(request, mine, now) if request.path == _KEYS else _one_key(request, mine, now)

    def _keys(self, request: ApiRequest, mine: Sequence[SandboxKey], now: float) -> ApiAnswer:
        after = request.query.get("after_id", "")
        ids = [each.id for each in mine]
        if after and after not in ids:
            return refused(400, "after_id: not found")
        begin = ids.index(after) + 1 if after else 0
        # The world's page size is for tests of paging: as it is, GitHub's hundred, it says nothing of Anthropic.
        most = min(_MOST, self.world.settings.per_page if self.world.settings.per_page < _GITHUBS else _MOST)
        size = min(whole(request.query.get("limit", ""), _USUAL), most)
        page = mine[begin : begin + size]
        return ApiAnswer(
            200,
            {
                "data": [_shown(each, now) for each in page],
                "has_more": begin + size < len(mine),
                "first_id": page[0].id if page else None,
                "last_id": page[-1].id if page else None,
            },
        )


def _instead(fault: Fault, paused: Callable[[float], None]) -> ApiAnswer | None:
    """Return the answer that replaces the work. A status that the documentation names has its error."""
    if fault.kind is FaultKind.STATUS and fault.status in _ANSWERED:
        answer = refused(fault.status, fault.message or "Sandbox")
        answer.headers |= {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
        return answer
    return fault.instead(paused)


def _refusal(request: ApiRequest, key: SandboxKey | None, now: float) -> ApiAnswer | None:
    """Return why a request is refused; None where it is not."""
    if key is None or key.status_at(now) in {"expired", "archived"}:
        return refused(401, "invalid x-api-key" if "x-api-key" in request.headers else "x-api-key header is required")
    one = _ONE_KEY.fullmatch(request.path) is not None
    known = one or request.path in {_MODELS, _KEYS, _USAGE}
    if key.status_at(now) != "active" or not known or request.method not in ({"GET", "POST"} if one else {"GET"}):
        return refused(404, "Not found")
    if "anthropic-version" not in request.headers:
        return refused(400, "anthropic-version: header is required")
    # Each endpoint knows its own kind of key alone.
    if key.admin != (request.path != _MODELS):
        return refused(401, "invalid x-api-key")
    return None if key.rights else refused(403, "Missing permissions")


def _one_key(request: ApiRequest, mine: Sequence[SandboxKey], now: float) -> ApiAnswer:
    """Show a key, or change its name or status."""
    found = _ONE_KEY.fullmatch(request.path)
    key = next((each for each in mine if found and each.id == found[1]), None)
    if key is None:
        return refused(404, "Not found")
    if request.method == "POST":
        try:
            body = parsed(request.body)
        except RefusalError:
            return refused(400, "the body is no JSON object")
        name, status = body.get("name", key.name), body.get("status", key.status)
        if not isinstance(name, str) or status not in _CHANGEABLE or key.status_at(now) == "expired":
            return refused(400, "status: one of active, inactive, archived")
        key.name, key.status = name, str(status)
    return ApiAnswer(200, _shown(key, now))


def _models(request: ApiRequest) -> ApiAnswer:
    size = whole(request.query.get("limit", ""), _USUAL)
    models = [
        {"type": "model", "id": f"claude-sandbox-{number}", "display_name": "Sandbox", "created_at": _time(0)}
        for number in (2, 1)
    ][:size]
    more = {"has_more": size < 2, "first_id": models[0]["id"], "last_id": models[-1]["id"]}  # noqa: PLR2004 -- it has two
    return ApiAnswer(200, {"data": models, **more})


def _shown(key: SandboxKey, now: float) -> dict[str, object]:
    return {
        "type": "api_key",
        "id": key.id,
        "name": key.name,
        "workspace_id": key.workspace or None,
        "created_at": _time(key.created),
        "created_by": {"type": "user", "id": key.creator} if key.creator else None,
        "partial_key_hint": key.hint,
        "status": key.status_at(now),
        "expires_at": None if key.expires is None else _time(key.expires),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
