"""GitHub's expressions, `${{ ... }}`, as far as our action and workflows use them; anything else is an error.

https://docs.github.com/actions/reference/workflows-and-actions/expressions
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"\s*(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w-]*)|(==|!=|&&|\|\||[!().,\[\]]))", re.ASCII
)
_EXPRESSION: Final = re.compile(r"\$\{\{((?:'(?:[^']|'')*'|(?!\}\})[^'])*)\}\}", re.DOTALL)
_NAMES: Final = {"true": True, "false": False, "null": None}

Contexts = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]
PURE: Final[Functions] = {"fromjson": json.loads, "tojson": lambda value: json.dumps(value, indent=2)}


class _Reader:
    """Reads one expression, and works it out on the way."""

    def __init__(self, text: str, contexts: Contexts, functions: Functions) -> None:
        self._tokens = list(_tokens(text))
        self._contexts, self._functions = contexts, functions

    def all(self) -> Any:  # noqa: ANN401 -- JSON
        value = self._or()
        if self._tokens:
            raise ValueError(self._tokens)
        return value

    def _or(self) -> Any:  # noqa: ANN401 -- JSON
        value = self._and()
        while self._take("||"):
            other = self._and()
            value = value if is_true(value) else other
        return value

    def _and(self) -> Any:  # noqa: ANN401 -- JSON
        value = self._equal()
        while self._take("&&"):
            other = self._equal()
            value = other if is_true(value) else value
        return value

    def _equal(self) -> Any:  # noqa: ANN401 -- JSON
        value = self._not()
        while self._next() in {("op", "=="), ("op", "!=")}:
            wanted = self._tokens.pop(0)[1] == "=="
            value = (_key(value) == _key(self._not())) is wanted
        return value

    def _not(self) -> Any:  # noqa: ANN401 -- JSON
        return not is_true(self._not()) if self._take("!") else self._value()

    def _value(self) -> Any:  # noqa: ANN401 -- JSON
        return self._path(self._primary())

    def _primary(self) -> Any:  # noqa: ANN401 -- JSON
        kind, found = self._tokens.pop(0)
        if kind == "value":
            return found
        if (kind, found) == ("op", "("):
            value = self._or()
            self._require(")")
            return value
        if kind != "name":
            raise ValueError(found)
        if self._take("("):
            return self._functions[found.lower()](*self._arguments())
        return _NAMES[found] if found in _NAMES else self._contexts[found]

    def _path(self, value: Any) -> Any:  # noqa: ANN401 -- JSON
        while True:
            if self._take("."):
                value = _member(value, self._tokens.pop(0)[1])
            elif self._take("["):
                value = _member(value, self._or())
                self._require("]")
            else:
                return value

    def _arguments(self) -> Sequence[Any]:
        found: list[Any] = []
        while not self._take(")"):
            found.append(self._or())
            self._take(",")
        return found

    def _next(self) -> tuple[str, Any]:
        return self._tokens[0] if self._tokens else ("end", None)

    def _take(self, text: str) -> bool:
        if self._next() != ("op", text):
            return False
        self._tokens.pop(0)
        return True

    def _require(self, text: str) -> None:
        if not self._take(text):
            raise ValueError(text)


def _tokens(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    at, text = 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(text[at:])
        string, number, name, operator = match.groups()
        if string is not None:
            found.append(("value", string.replace("''", "'")))
        elif number is not None:
            found.append(("value", float(number)))
        else:
            found.append(("name", name) if name is not None else ("op", operator))
        at = match.end()
    return found


def _member(value: Any, name: Any) -> Any:  # noqa: ANN401 -- JSON
    return value.get(name) if isinstance(value, Mapping) else None


def _key(value: Any) -> str:  # noqa: ANN401 -- JSON
    return text_of(value).lower()


def is_true(value: Any) -> bool:  # noqa: ANN401 -- JSON
    """Return whether GitHub takes a value for true: an empty text, 0, false and null are not."""
    return value not in ("", 0, False, None)


def text_of(value: Any) -> str:  # noqa: ANN401 -- JSON
    """Return a value as the text that GitHub makes of it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)


def evaluate(text: str, contexts: Contexts, functions: Functions = PURE) -> Any:  # noqa: ANN401 -- JSON
    """Return what an expression comes to, with or without its braces. Raises ValueError and KeyError."""
    whole = _EXPRESSION.fullmatch(text.strip())
    return _Reader(whole[1] if whole else text, contexts, functions).all()


def filled(value: Any, contexts: Contexts, functions: Functions = PURE) -> Any:  # noqa: ANN401 -- YAML
    """Return a text, or all texts of a mapping or a list, with what its expressions come to."""
    if isinstance(value, Mapping):
        return {name: filled(each, contexts, functions) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, contexts, functions) for each in value]
    if not isinstance(value, str):
        return value
    if whole := _EXPRESSION.fullmatch(value.strip()):
        return _Reader(whole[1], contexts, functions).all()
    return _EXPRESSION.sub(lambda found: text_of(_Reader(found[1], contexts, functions).all()), value)
