"""The table of routes: which handler answers a method on a path, and the template under which it is counted."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from flowforge.sandbox import repos, secrets
from flowforge.sandbox.answers import Answer
from flowforge.sandbox.call import Call

Handler = Callable[[Call], Answer]
RATE_LIMIT: Final = "/rate_limit"
UNKNOWN: Final = "(unknown)"


@dataclass(frozen=True, slots=True)
class Route:
    """One template, like `/repos/{owner}/{repo}`, with a handler for each method."""

    template: str
    handlers: Mapping[str, Handler]
    pattern: re.Pattern[str]


def _route(template: str, **handlers: Handler) -> Route:
    pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", template)
    return Route(template, handlers, re.compile(pattern))


def _under_repository(rest: str, **handlers: Handler) -> list[Route]:
    return [_route(f"/repos/{{owner}}/{{repo}}{rest}", **handlers), _route(f"/repositories/{{id}}{rest}", **handlers)]


# The public key stands before the secret's name, which would match it.
_ROUTES: Final = (
    *_under_repository("/actions/secrets", GET=secrets.list_all),
    *_under_repository("/actions/secrets/public-key", GET=secrets.public_key),
    *_under_repository("/actions/secrets/{name}", GET=secrets.get, PUT=secrets.put, DELETE=secrets.delete),
    *_under_repository("", GET=repos.get),
    _route("/orgs/{owner}/repos", GET=repos.of_organization),
    _route("/users/{owner}/repos", GET=repos.of_account),
    _route("/user/repos", GET=repos.of_token),
    _route("/user", GET=repos.user),
    _route(RATE_LIMIT, GET=repos.rate_limit),
)


def find(method: str, path: str) -> tuple[str, Handler | None, Mapping[str, str]]:
    """Give template, handler and parameters; without a handler for the method the template is `(unknown)`."""
    for route in _ROUTES:
        match = route.pattern.fullmatch(path)
        if match:
            handler = route.handlers.get(method)
            return (
                (route.template, handler, {name: unquote(value) for name, value in match.groupdict().items()})
                if handler
                else (UNKNOWN, None, {})
            )
    return UNKNOWN, None, {}
