"""GraphQL as far as it is asked here: fields with arguments, aliases, fragments. No variables, no mutations."""

import json
import re
from collections.abc import Iterator
from typing import Final

from flowforge.data_class import dataclass

_TOKEN: Final = re.compile(r'\s+|,|#[^\n]*|(?P<word>\.\.\.|[{}():]|[A-Za-z_]\w*|-?\d+|"(?:[^"\\\n]|\\.)*")')
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_DEEPEST: Final = 20
Argument = str | int | bool


class GraphQLError(Exception):
    """A query that GitHub would refuse whole, and its sentence for it."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is asked for."""

    alias: str
    """The name in the answer."""
    name: str
    arguments: dict[str, Argument]
    selections: tuple["Selection", ...] | None
    """What of it is asked for; None for a scalar."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """Fields of one type among those that an object may have."""

    type: str
    selections: tuple["Selection", ...]


Selection = Field | Fragment


def read_query(text: str) -> tuple[Selection, ...]:
    """Return what a document's one query asks for, with its fragments in place. Raise GraphQLError."""
    return _Parser([*_tokens(text)]).document()


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            message = f"Parse error on {json.dumps(text[at])}"
            raise GraphQLError(message)
        at = match.end()
        if match["word"]:
            yield match["word"]


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._named: dict[str, int] = {}
        self._depth = 0

    def document(self) -> tuple[Selection, ...]:
        """Read it twice: first where each fragment stands, then the query, which may use one that stands below it."""
        query = None
        while self._at < len(self._tokens):
            start, word = self._at, self._next()
            if word == "fragment":
                name = self._name()
                self._named[name] = self._at
                self._take("on")
                self._name()
            elif word == "query":
                query = self._at + (self._peek() != "{")
                self._at = query
            elif word == "{" and query is None:
                query = self._at = start
            else:
                raise self._error(word)
            self._skip()
        if query is None:
            raise GraphQLError("A query is required.")
        self._at = query
        return self._set()

    def _skip(self) -> None:
        self._take("{")
        depth = 1
        while depth:
            word = self._next()
            depth += (word == "{") - (word == "}")

    def _set(self) -> tuple[Selection, ...]:
        self._take("{")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise GraphQLError("The query is nested too deep.")
        found: list[Selection] = []
        while self._peek() != "}":
            found.append(self._fragment() if self._peek() == "..." else self._field())
        self._take("}")
        self._depth -= 1
        if not found:
            raise self._error("}")
        return tuple(found)

    def _fragment(self) -> Fragment:
        self._take("...")
        name = self._name()
        if name == "on":
            return Fragment(self._name(), self._set())
        if name not in self._named:
            message = f"Fragment {name} was used, but not defined"
            raise GraphQLError(message)
        back, self._at = self._at, self._named[name]
        self._take("on")
        found = Fragment(self._name(), self._set())
        self._at = back
        return found

    def _field(self) -> Field:
        alias = name = self._name()
        if self._peek() == ":":
            self._take(":")
            name = self._name()
        arguments: dict[str, Argument] = {}
        if self._peek() == "(":
            self._take("(")
            while self._peek() != ")":
                key = self._name()
                self._take(":")
                arguments[key] = self._value()
            self._take(")")
        return Field(alias, name, arguments, self._set() if self._peek() == "{" else None)

    def _value(self) -> Argument:
        word = self._next()
        if word in {"true", "false"}:
            return word == "true"
        try:
            found = json.loads(word)
        except ValueError:
            found = None
        if not isinstance(found, str | int):
            raise self._error(word)
        return found

    def _name(self) -> str:
        word = self._next()
        if not _NAME.fullmatch(word):
            raise self._error(word)
        return word

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        word = self._peek()
        if not word:
            raise GraphQLError("Unexpected end of document")
        self._at += 1
        return word

    def _take(self, word: str) -> None:
        found = self._next()
        if found != word:
            raise self._error(found)

    def _error(self, word: str) -> GraphQLError:
        return GraphQLError(f"Parse error on {json.dumps(word)}")
