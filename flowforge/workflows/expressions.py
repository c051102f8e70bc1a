"""Read GitHub's expressions by their grammar, and the templates that they stand in. What does not fit is left unread.

docs.github.com, "Evaluate expressions in workflows and actions". The runner refuses more than fifty levels; so do we.
"""

import re
from functools import lru_cache
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.expression_tree import (
    And,
    Comparison,
    ContextName,
    Every,
    Expression,
    FunctionCall,
    Index,
    Literal,
    Not,
    Or,
    Text,
    UnreadableExpression,
)

MAX_DEPTH: Final = 50
# The limit of a file's size alone would let one expression hold half a million of them.
_MAX_TOKENS: Final = 20_000
# What follows a number may not go on with it: `1.2.3` is an error. A name may hold `-`: there is no subtraction.
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*')
      | (?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.]))
      | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
      | (?P<sign>\|\||&&|==|!=|<=|>=|[!<>()\[\],.*])
    )""",
    re.VERBOSE,
)
# The runner has words for the last two, though the documentation of literals names neither.
_WORDS: Final = {"true": True, "false": False, "null": None, "nan": float("nan"), "infinity": float("inf")}
_COMPARE: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})


class _SyntaxError(Exception):
    """The text does not follow the grammar."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at, end)
        if match is None or match.lastgroup is None or len(found) >= _MAX_TOKENS:
            raise _SyntaxError
        found.append(_Token(match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


class _Parser:
    """Recursive descent over tokens, with a limit on its depth."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._or()
        if self._at < len(self._tokens):
            raise _SyntaxError
        return found

    def _sign(self) -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        return token.text if token is not None and token.kind == "sign" else ""

    def _take(self, *signs: str) -> str:
        sign = self._sign()
        if sign not in signs or not sign:
            return ""
        self._at += 1
        return sign

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise _SyntaxError

    def _or(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _SyntaxError
        operands = [self._and()]
        while self._take("||"):
            operands.append(self._and())
        self._depth -= 1
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def _and(self) -> Expression:
        operands = [self._comparison()]
        while self._take("&&"):
            operands.append(self._comparison())
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def _comparison(self) -> Expression:
        left, levels = self._unary(), 0
        while sign := self._take(*_COMPARE):
            levels = self._deeper(levels)
            left = Comparison(sign, left, self._unary())
        return left

    def _unary(self) -> Expression:
        count = 0
        # Counted in a loop, so that our limit is reached before that of Python's stack.
        while self._take("!"):
            count = self._deeper(count)
        found = self._member()
        for _ in range(count):
            found = Not(found)
        return found

    def _member(self) -> Expression:
        found, levels = self._primary(), 0
        while sign := self._take(".", "["):
            levels = self._deeper(levels)
            if sign == ".":
                found = Every(found) if self._take("*") else Index(found, Literal(self._name()))
            else:
                found = Every(found) if self._take("*") else Index(found, self._or())
                self._expect("]")
        return found

    @staticmethod
    def _deeper(levels: int) -> int:
        if levels >= MAX_DEPTH:
            raise _SyntaxError
        return levels + 1

    def _name(self) -> str:
        return self._next("name").text

    def _next(self, *kinds: str) -> _Token:
        if self._at >= len(self._tokens) or self._tokens[self._at].kind not in kinds:
            raise _SyntaxError
        self._at += 1
        return self._tokens[self._at - 1]

    def _primary(self) -> Expression:
        if self._take("("):
            found = self._or()
            self._expect(")")
            return found
        token = self._next("text", "number", "name")
        if token.kind == "text":
            # docs.github.com, "Literals": a doubled quote is the only escape.
            return Literal(token.text[1:-1].replace("''", "'"))
        if token.kind == "number":
            return Literal(_number(token.text))
        if token.text.lower() in _WORDS:
            return Literal(_WORDS[token.text.lower()])
        return self._call(token.text.lower()) if self._take("(") else ContextName(token.text.lower())

    def _call(self, name: str) -> Expression:
        arguments: list[Expression] = []
        if self._take(")"):
            return FunctionCall(name, ())
        arguments.append(self._or())
        while self._take(","):
            arguments.append(self._or())
        self._expect(")")
        return FunctionCall(name, tuple(arguments))


def _number(text: str) -> float:
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.removeprefix("+"))
    if digits[:2].lower() in {"0x", "0o"}:
        return float(sign * int(digits, 0))
    return sign * float(digits)


def read_expression(text: str) -> Expression:
    """Return the tree of one expression; an UnreadableExpression where it does not follow the grammar."""
    return _remembered(text) if len(text) <= _SHORT else _read_expression(text)


def _read_expression(text: str) -> Expression:
    try:
        return _Parser(_tokens(text)).whole()
    except _SyntaxError:
        return UnreadableExpression()


# Workflows repeat the same short expressions. Long ones are read anew, so that what is kept stays small.
_SHORT: Final = 400
_remembered = lru_cache(maxsize=4096)(_read_expression)


def read_template(text: str) -> Expression:
    """Return a text with its `${{ … }}`: a Literal without any, the expression where it is all, else a Text."""
    return _read_template(text) if "${{" in text else Literal(text)


def _read_template(text: str) -> Expression:
    parts: list[Expression] = []
    at = 0
    while (start := text.find("${{", at)) >= 0:
        end = _end(text, start + 3)
        if start > at:
            parts.append(Literal(text[at:start]))
        if end < 0:
            # Nothing closes it, so the text behind it may belong to it as well.
            parts.append(UnreadableExpression())
            at = len(text)
            break
        parts.append(read_expression(text[start + 3 : end]))
        at = end + 2
    if at < len(text):
        parts.append(Literal(text[at:]))
    return parts[0] if len(parts) == 1 else Text(tuple(parts))


def read_condition(text: str) -> Expression:
    """Return the tree of an `if:`, which may go without `${{ }}`."""
    stripped = text.strip()
    return read_template(stripped) if "${{" in stripped else read_expression(stripped)


_BORDER: Final = re.compile(r"'|\}\}")


def _end(text: str, at: int) -> int:
    """Return where the `}}` of an expression stands, outside of its quotes; -1 if there is none."""
    quoted = False
    while match := _BORDER.search(text, at):
        at = match.end()
        # A doubled quote within a text closes and opens it again, which comes to the same.
        if match.group() == "'":
            quoted = not quoted
        elif not quoted:
            return match.start()
    return -1
