"""Where the value of a template comes from: a secret, a variable, a literal, whoever calls, or nobody can tell."""

from dataclasses import replace
from enum import StrEnum
from typing import Final

from flowforge.data_class import dataclass
from flowforge.tokens import recognise
from flowforge.workflows.expression_tree import (
    And,
    Comparison,
    Expression,
    FunctionCall,
    Index,
    Literal,
    Not,
    Or,
    Text,
    accesses,
    path_of,
)
from flowforge.workflows.scopes import Bound, NameScope, Secrets, input_of


class SourceKind(StrEnum):
    """What a value comes from; the words are public."""

    SECRET = "secret"  # noqa: S105 -- a kind, no value
    VARIABLE = "variable"
    LITERAL = "literal"
    INPUT = "input"
    UNKNOWN = "unknown"


REPO: Final = "repo"
CALLER: Final = "caller"
_MAX_DEPTH: Final = 30
_PAIR: Final = 2
# Secrets that GitHub makes itself for each run.
_GITHUB_TOKEN: Final = "GITHUB_TOKEN"  # noqa: S105 -- a name


@dataclass(frozen=True, slots=True)
class ValueSource:
    """One place that a value may come from."""

    kind: SourceKind
    """What the value comes from."""
    name: str = ""
    """Of a secret or a variable, in upper case; of an input as it is written. Never the text of a literal."""
    where: str = REPO
    """`repo`, `environment:NAME` or `caller`."""
    where_known: bool = True
    """Whether the job's environment could be told."""
    mapped_past_environment: str = ""
    """The environment of the job that reads it, where its caller named the secret instead of handing on all."""
    looks: str = ""
    """Of a literal: the public stem of the token that it begins like, such as `sk-ant-oat`; nothing else is kept."""
    is_github_token: bool = False
    """Whether it is the token that GitHub makes for the run, which nobody has to store."""


UNKNOWN: Final = ValueSource(SourceKind.UNKNOWN)


def sources_of(bound: Bound | None) -> tuple[ValueSource, ...]:
    """Return where the value of a template may come from, in the order of the text; none for an empty one."""
    if bound is None:
        return ()
    return tuple(dict.fromkeys(_sources(bound.expression, bound.scope, 0)))


def _sources(  # noqa: PLR0911 -- one for each kind of expression
    expression: Expression, scope: NameScope, depth: int
) -> list[ValueSource]:
    if depth > _MAX_DEPTH:
        return [UNKNOWN]
    match expression:
        case Literal():
            return _literal(expression)
        case Or(operands):
            # What stands before `||` is the value or nothing, so each operand may be it.
            return [each for operand in operands for each in _sources(operand, scope, depth + 1)]
        case And(operands):
            # The others decide whether it is the value, and are not part of it.
            return _sources(operands[-1], scope, depth + 1)
        case Text(parts):
            found = [each for part in parts for each in _sources(part, scope, depth + 1)]
            named = [each for each in found if each.kind is not SourceKind.LITERAL]
            return named or found
        case Not() | Comparison():
            # It gives true or false, whatever secret it compares.
            return [ValueSource(SourceKind.LITERAL)]
        case FunctionCall(name, arguments):
            return _call(name, arguments, scope, depth)
        case _:
            return _access(expression, scope, depth)


def _literal(literal: Literal) -> list[ValueSource]:
    if literal.value in ("", None, False):
        return []
    text = str(literal.value).strip()
    token = recognise(text)
    # Only the public stem is kept, for a literal may be a credential that somebody wrote out.
    return [ValueSource(SourceKind.LITERAL, looks=token.stem if token else "")] if text else []


def _call(name: str, arguments: tuple[Expression, ...], scope: NameScope, depth: int) -> list[ValueSource]:
    if name in {"format", "join", "fromjson", "tojson", "case"}:
        found = [each for one in arguments for each in _sources(one, scope, depth + 1)]
        named = [each for each in found if each.kind is not SourceKind.LITERAL]
        return named or found
    return [UNKNOWN]


def _access(  # noqa: PLR0911 -- one for each context
    expression: Expression, scope: NameScope, depth: int
) -> list[ValueSource]:
    path = path_of(expression)
    if path is None or len(path) < _PAIR:
        # A part of what `fromJSON(secrets.ALL)` gives comes from that secret.
        if isinstance(expression, Index) and (calls := _calls(expression)):
            return _sources(calls, scope, depth + 1)
        return [UNKNOWN]
    root, name = path[0], path[1]
    match root:
        case "secrets":
            return secret_sources(name.upper(), scope, depth)
        case "vars":
            return [ValueSource(SourceKind.VARIABLE, name.upper(), _where(scope), scope.environment_known)]
        case "env":
            return _env(name, scope, depth)
        case "inputs":
            return _input(expression, name, scope, depth)
        case "github":
            return [ValueSource(SourceKind.UNKNOWN, is_github_token=name == "token")]
        case _:
            return [UNKNOWN]


def _calls(expression: Expression) -> FunctionCall | None:
    while isinstance(expression, Index):
        expression = expression.base
    return expression if isinstance(expression, FunctionCall) else None


def _env(name: str, scope: NameScope, depth: int) -> list[ValueSource]:
    found = scope.env.find(name)
    return [UNKNOWN] if found is None else _sources(found.expression, found.scope, depth + 1)


def _input(expression: Expression, name: str, scope: NameScope, depth: int) -> list[ValueSource]:
    bound = input_of(expression, scope)
    if bound is None:
        return [ValueSource(SourceKind.INPUT, name, CALLER)]
    return _sources(bound.expression, bound.scope, depth + 1)


def _where(scope: NameScope) -> str:
    return f"environment:{scope.environment}" if scope.environment else REPO


def secret_sources(name: str, scope: NameScope, depth: int = 0) -> list[ValueSource]:
    """Return what `secrets.NAME` is at a place; nothing where its caller hands on no such secret."""
    if name == _GITHUB_TOKEN:
        return [ValueSource(SourceKind.UNKNOWN, is_github_token=True)]
    if scope.secrets is Secrets.OWN:
        return [ValueSource(SourceKind.SECRET, name, _where(scope), scope.environment_known)]
    if scope.secrets is Secrets.CALLERS:
        return [ValueSource(SourceKind.SECRET, name, CALLER)]
    bound = scope.mapped.get(name)
    # docs.github.com, "Reuse workflows": a job with an environment reads its secret before the one that was passed.
    past = scope.environment
    if bound is None:
        return [ValueSource(SourceKind.SECRET, name, _where(scope), mapped_past_environment=past)] if past else []
    found = _sources(bound.expression, bound.scope, depth + 1)
    if not past:
        return found
    return [replace(each, mapped_past_environment=past) for each in found]


def withheld(bound: Bound, depth: int = 0) -> str:
    """Return the first `secrets.NAME` or `inputs.NAME` of a template that no caller hands on; empty if none."""
    scope = bound.scope
    for access in accesses(bound.expression):
        root, name = (*(path_of(access) or ()), "", "")[:2]
        if root == "secrets" and scope.secrets is Secrets.MAPPED and name.upper() not in scope.mapped:
            return f"secrets.{name.upper()}"
        if root == "inputs" and scope.inputs is not None and depth < _MAX_DEPTH:
            found = scope.inputs.get(name)
            # What is given may be made of something that is not, one call further out.
            if lacking := withheld(found, depth + 1) if found else f"inputs.{name}":
                return lacking
    return ""


def secrets_within(expression: Expression, scope: NameScope) -> set[str]:
    """Return the names of all secrets that an expression mentions, as value or as condition, in upper case."""
    found: set[str] = set()
    for access in accesses(expression):
        path = path_of(access)
        if path is None or len(path) < _PAIR or path[0] not in {"secrets", "env", "inputs"}:
            continue
        for source in _access(access, scope, 0):
            if source.kind is SourceKind.SECRET:
                found.add(source.name)
    return found
