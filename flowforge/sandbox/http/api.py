"""GitHub's API as a function from request to reply: token, limits, latency, faults, the handler, the headers."""

import hashlib
import json
import secrets as random
from collections.abc import Mapping

from flowforge.data_class import dataclass
from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.http import routes
from flowforge.sandbox.rules.access import Token
from flowforge.sandbox.rules.answers import UNANSWERED, ApiAnswer, ApiRequest, RefusalError, not_found
from flowforge.sandbox.rules.encoding import Reply, encode
from flowforge.sandbox.rules.faults import Fault, FaultKind
from flowforge.sandbox.rules.traffic import Logged
from flowforge.sandbox.world.world import World

_DEFAULT_VERSION = "2022-11-28"
_VERSIONS = {_DEFAULT_VERSION, "2026-03-10"}
_WRITE_POINTS = 5
_FIXED = {
    "x-github-media-type": "github.v3; format=json",
    "cache-control": "private, max-age=60, s-maxage=60",
    "vary": "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With",
}


@dataclass(slots=True)
class Exchange:
    """A request on its way through the sandbox, with what is known about it so far."""

    request: ApiRequest
    """The request as it arrived."""
    template: str
    """The route's template, such as `/repos/{owner}/{repo}`, under which it is counted."""
    params: Mapping[str, str]
    """The parameters of the route."""
    version: str
    """The version of the API that it asks for."""
    now: int
    """The whole second at which it was handled: the answer's Date, and the time of whatever was written."""
    token: Token | None = None
    """Its token; None until it is authenticated."""
    by: Token | None = None
    """The token that it carries, which may be refused; None for one that is unknown."""
    fault: Fault | None = None
    """The fault that struck it."""

    @property
    def resource(self) -> str:
        """Return GitHub's name for the hourly budget that it is counted in."""
        return "graphql" if self.template == routes.GRAPHQL else "core"

    def struck_by(self, *kinds: FaultKind) -> bool:
        """Return whether a fault of one of these kinds struck."""
        return self.fault is not None and self.fault.kind in kinds


class Api:
    """Answers requests against a world. Thread-safe."""

    def __init__(self, world: World) -> None:
        """Serve `world`."""
        self.world = world

    def respond(self, request: ApiRequest) -> Reply:
        """Do what the request asks and return the bytes of the answer."""
        template, handler, params = routes.find(request.method, request.path)
        version = request.headers.get("x-github-api-version", _DEFAULT_VERSION)
        exchange = Exchange(request, template, params, version, int(self.world.clock.now()))
        try:
            answer = self._admitted(exchange, handler)
        except RefusalError as refusal:
            answer = refusal.answer
        dropped = exchange.struck_by(FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.HANG)
        reply = Reply(drop=True) if dropped else self._reply(exchange, answer)
        status = UNANSWERED if dropped else answer.status
        by, mint = (exchange.by.who, exchange.by.mint) if exchange.by else ("", 0)
        self.world.traffic.note(template, Logged(request.method, request.target, status, by, mint))
        return reply

    def _admitted(self, exchange: Exchange, handler: routes.Handler | None) -> ApiAnswer:
        """Let a request in and handle it. Raise whatever GitHub refuses it for."""
        world, request = self.world, exchange.request
        start = world.clock.now()
        exchange.token = token = self._authenticated(exchange, start)
        if exchange.version not in _VERSIONS:
            # The wording is ours: GitHub's is not documented.
            raise RefusalError(400, "The API version is not supported.")
        cost = 1 if request.method == "GET" or exchange.resource == "graphql" else _WRITE_POINTS
        free = exchange.template == routes.RATE_LIMIT
        with world.limits.admitted(token, cost, start, free=free, resource=exchange.resource):
            world.pause(world.settings.latency)
            fault = exchange.fault = world.faults.strike(request.method, request.target)
            instead = fault.instead(world.pause) if fault else None
            if instead:
                return instead
            if handler is None:
                raise not_found()
            with world.lock:
                exchange.now = int(world.clock.now())
                if request.method != "GET":
                    world.clock.write(exchange.now + world.settings.late_stamp)
                answer = handler(Call(world, request, token, exchange.params, exchange.version, exchange.now))
        if fault:
            fault.spoil(answer, request)
        return answer

    def _authenticated(self, exchange: Exchange, now: float) -> Token:
        """Return the token of a request, or its App where an App has to ask. Raise GitHub's refusal."""
        header = exchange.request.headers.get("authorization", "")
        if exchange.template in routes.AS_APP:
            exchange.by = self.world.apps.asserted(header, now)
        else:
            exchange.by = self.world.tokens.known(header)
            exchange.by.admit(now)
        return exchange.by

    def _reply(self, exchange: Exchange, answer: ApiAnswer) -> Reply:
        if answer.raw is None:
            answer.raw = b"" if answer.data is None else json.dumps(answer.data, separators=(",", ":")).encode()
        if not answer.foreign:
            self._dress(exchange, answer)
        if exchange.struck_by(FaultKind.TRUNCATED):
            answer.raw = answer.raw[: len(answer.raw) // 2]
        pause = exchange.fault.seconds if exchange.fault and exchange.struck_by(FaultKind.SLOW_BODY) else 0.0
        return Reply(encode(answer, exchange.now), pause=pause)

    def _dress(self, exchange: Exchange, answer: ApiAnswer) -> None:
        """Add GitHub's headers to an answer, and turn it into a 304 if the client has it already."""
        request, token = exchange.request, exchange.token
        answer.headers |= _FIXED
        answer.headers["x-github-request-id"] = random.token_hex(10).upper()
        answer.headers["x-github-api-version-selected"] = exchange.version
        if token is None:
            return
        if answer.status == 200 and request.method == "GET":  # noqa: PLR2004 -- HTTP
            formula = b"" if self.world.settings.computed_etags else b"another"
            tag = answer.headers["etag"] = _etag(request.headers, formula + (answer.raw or b""))
            if tag in request.headers.get("if-none-match", ""):
                self._unchanged(token, answer)
        answer.headers |= token.headers()
        state = self.world.limits.state(token, self.world.clock.now(), exchange.resource)
        answer.headers |= {f"x-ratelimit-{name}": str(number) for name, number in state.items()}
        answer.headers["x-ratelimit-resource"] = exchange.resource

    def _unchanged(self, token: Token, answer: ApiAnswer) -> None:
        answer.status, answer.raw = 304, b""
        self.world.limits.refund(token)
        if not self.world.settings.unchanged_links:
            for name in ("link", "x-github-sso"):
                answer.headers.pop(name, None)


def _etag(headers: Mapping[str, str], body: bytes) -> str:
    """Return GitHub's weak tag: SHA-256 over Accept, Authorization and Cookie, each with a colon, and the body."""
    known = [headers[name] for name in ("accept", "authorization", "cookie") if name in headers]
    return f'W/"{hashlib.sha256("".join(f"{value}:" for value in known).encode() + body).hexdigest()}"'
