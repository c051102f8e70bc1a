"""Control over the world by HTTP, as a test has it in process: POST /_sandbox/VERB with a JSON object."""

import hmac
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from types import UnionType
from typing import Final, get_args, get_origin

from flowforge.sandbox.rules.access import Level, Token, TokenKind, levels
from flowforge.sandbox.rules.answers import ApiAnswer, ApiRequest, RefusalError, parsed
from flowforge.sandbox.rules.encoding import Reply, encode
from flowforge.sandbox.rules.faults import Fault, FaultKind
from flowforge.sandbox.world.scope import Lag
from flowforge.sandbox.world.world import World
from flowforge.sandbox_verbs import VERBS

PREFIX: Final = "/_sandbox/"


class Control:
    """Verbs on a world. Every request must carry the sandbox's own token, because `reveal` answers with plaintext.

    A page in a browser can reach loopback ports; it cannot know the token.
    """

    def __init__(self, world: World, token: str) -> None:
        """Control `world` for requests with `token`."""
        self._world = world
        self._token = token
        own: Mapping[str, Callable[..., object]] = {
            "stats": lambda: asdict(world.stats()),
            "log": lambda: [asdict(entry) for entry in world.log()],
            "advance": world.clock.advance,
            "clear_faults": world.faults.clear,
            "add_token": self._add_token,
            "add_fault": self._add_fault,
            "settings": self._settings,
            "limits": self._limits,
        }
        # By the table alone: what has no row there is no verb.
        self._verbs: Mapping[str, Callable[..., object]] = {
            name: own[name] if name in own else getattr(world, name) for name in VERBS
        }

    def respond(self, request: ApiRequest) -> Reply:
        """Carry out a verb. Return 200 with its result as JSON, or a refusal that says what is wrong."""
        try:
            answer = ApiAnswer(200, self._done(request))
        except RefusalError as refusal:
            answer = refusal.answer
        answer.raw = json.dumps(answer.data).encode()
        return Reply(encode(answer, int(self._world.clock.now())))

    def _done(self, request: ApiRequest) -> object:
        given = request.headers.get("authorization", "").partition(" ")[2].strip()
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            raise RefusalError(401, "The control surface needs the sandbox's own token.")
        verb = self._verbs.get(request.path.removeprefix(PREFIX))
        if verb is None or request.method != "POST":
            raise RefusalError(404, f"POST one of these: {', '.join(sorted(self._verbs))}.")
        try:
            return verb(**_checked(verb, parsed(request.body or b"{}")))
        except KeyError as error:
            raise RefusalError(404, f"There is no {error.args[0]}.") from None
        except ValueError as error:
            raise RefusalError(422, str(error)) from None

    def _settings(
        self,
        *,
        latency: float | None = None,
        lag_reads: int | None = None,
        lag_seconds: float | None = None,
        late_stamp: int | None = None,
        per_page: int | None = None,
        token_life: int | None = None,
        computed_etags: bool | None = None,
        unchanged_links: bool | None = None,
        graphql: bool | None = None,
        graphql_bytes: int | None = None,
    ) -> None:
        settings = self._world.settings
        lag = settings.lag
        settings.lag = Lag(
            lag.reads if lag_reads is None else lag_reads, lag.seconds if lag_seconds is None else lag_seconds
        )
        given = {
            "latency": latency,
            "late_stamp": late_stamp,
            "per_page": None if per_page is None else max(1, per_page),
            "token_life": token_life,
            "computed_etags": computed_etags,
            "unchanged_links": unchanged_links,
            "graphql": graphql,
            "graphql_bytes": graphql_bytes,
        }
        for name, value in given.items():
            if value is not None:
                setattr(settings, name, value)

    def _limits(
        self,
        *,
        enabled: bool | None = None,
        primary: int | None = None,
        points: int | None = None,
        per_repo: int | None = None,
        in_flight: int | None = None,
        content: bool | None = None,
        content_minute: int | None = None,
        content_hour: int | None = None,
        status: int | None = None,
        tell_wait: bool | None = None,
    ) -> None:
        asked = {"enabled": enabled, "primary": primary, "points": points, "in_flight": in_flight, "per_repo": per_repo}
        asked |= {"content": content, "content_minute": content_minute, "content_hour": content_hour}
        for name, value in {**asked, "status": status, "tell_wait": tell_wait}.items():
            if value is not None:
                setattr(self._world.limits, name, value)

    def _add_token(
        self,
        text: str,
        *,
        kind: str = TokenKind.FINE_GRAINED,
        login: str = "rehearsal",
        secrets: str = "write",
        scopes: list[str] | None = None,
        repos: list[str] | None = None,
        role: str = "admin",
        expires: int | None = None,
        sso: bool = False,
        permissions: dict[str, str] | None = None,
        name: str = "",
        owner: str = "",
    ) -> None:
        token = Token(
            TokenKind(kind),
            login,
            name=name,
            owner=owner.lower(),
            secrets=Level.named("secrets", secrets),
            role=role,
            expires=expires,
            sso=sso,
            permissions=levels(permissions or {}),
        )
        if scopes is not None:
            token = replace(token, scopes=tuple(scopes))
        if repos is not None:
            token = replace(token, repos=frozenset(name.lower() for name in repos))
        self._world.add_token(text, token)

    def _add_fault(
        self,
        match: str,
        kind: str,
        *,
        times: int = 1,
        status: int = 502,
        retry_after: int | None = None,
        message: str = "",
        seconds: float = 0.0,
        after: int = 0,
        verb: str = "",
        arguments: dict[str, object] | None = None,
    ) -> None:
        """Add a fault. What one of the kind `then` does is one of these verbs with its arguments."""
        then = self._then(verb, arguments or {}) if verb or kind == FaultKind.THEN else lambda: None
        self._world.faults.add(
            Fault(match, FaultKind(kind), times, status, retry_after, message, seconds, after=after, then=then)
        )

    def _then(self, verb: str, arguments: dict[str, object]) -> Callable[[], object]:
        if verb not in self._verbs:
            raise ValueError("verb is not the name of one")
        return partial(self._verbs[verb], **_checked(self._verbs[verb], arguments))


def _checked(verb: Callable[..., object], arguments: dict[str, object]) -> dict[str, object]:
    """Return the arguments of a verb. Raise ValueError if their names or types are not those that it takes."""
    signature = inspect.signature(verb)
    try:
        signature.bind(**arguments)
    except TypeError as error:
        raise ValueError(str(error)) from None
    for name, value in arguments.items():
        if not _fits(value, signature.parameters[name].annotation):
            message = f"{name} has the wrong type"
            raise ValueError(message)
    return arguments


def _fits(value: object, hint: object) -> bool:
    """Return whether a JSON value has a parameter's type: plain types, lists and objects of them, None, unions."""
    if isinstance(hint, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if hint is object:
        return True
    kind, of = get_origin(hint) or hint, get_args(hint)
    if kind is list:
        return isinstance(value, list) and all(_fits(item, of[0]) for item in value)
    if kind is dict:
        return isinstance(value, dict) and all(_fits(item, of[1]) for item in value.values())
    if kind is float:
        return type(value) in {int, float}
    return type(value) is kind
