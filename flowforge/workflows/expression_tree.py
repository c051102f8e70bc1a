"""The tree of an expression of GitHub's: `secrets.KEY || format('{0}', inputs.key)`."""

from collections.abc import Iterator

from flowforge.data_class import dataclass

# The runner keeps every number as a double, so there is no int.
LiteralValue = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written out."""

    value: LiteralValue


@dataclass(frozen=True, slots=True)
class ContextName:
    """The name that an access begins with, in lower case: `secrets`, `github`."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """A member: `.key`, `['key']` or `[expression]`."""

    base: "Expression"
    key: "Expression"


@dataclass(frozen=True, slots=True)
class Every:
    """All members: `.*`."""

    base: "Expression"


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function of the name in lower case."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A negation."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands beside `==`, `!=`, `<`, `<=`, `>` or `>=`."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """All operands of a chain of `&&`."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """All operands of a chain of `||`."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text around expressions, as a template has it: the runner joins the parts."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class UnreadableExpression:
    """What stands in place of an expression that does not follow the grammar. Nothing is known of its value."""


Expression = (
    Literal | ContextName | Index | Every | FunctionCall | Not | Comparison | And | Or | Text | UnreadableExpression
)
EMPTY = Literal("")


def path_of(expression: Expression) -> tuple[str, ...] | None:
    """Return the names of an access whose every name is written out, in lower case: `("secrets", "key")`."""
    names: list[str] = []
    while isinstance(expression, Index):
        if not isinstance(expression.key, Literal):
            return None
        # `secrets['KEY']` and `secrets.key` are one access: the runner looks these names up without case.
        names.append(str(expression.key.value).lower())
        expression = expression.base
    if not isinstance(expression, ContextName):
        return None
    return (expression.name, *reversed(names))


def children(expression: Expression) -> tuple[Expression, ...]:
    """Return the expressions directly within one."""
    match expression:
        case Index(base, key):
            return base, key
        case Every(operand) | Not(operand):
            return (operand,)
        case FunctionCall(_, inner) | And(inner) | Or(inner) | Text(inner):
            return inner
        case Comparison(_, left, right):
            return left, right
        case _:
            return ()


def every(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and all within it, without recursion: nobody bounds how deep they are nested in all."""
    stack = [expression]
    while stack:
        each = stack.pop()
        yield each
        stack.extend(reversed(children(each)))


def root_of(access: Expression) -> Expression:
    """Return what an access begins with: a context, or a call."""
    while isinstance(access, Index | Every):
        access = access.base
    return access


def accesses(expression: Expression) -> list[Expression]:
    """Return the outermost accesses within an expression, from left to right, those of computed names too."""
    found: list[Expression] = []
    stack = [expression]
    while stack:
        each = stack.pop()
        if isinstance(each, Index | ContextName | Every):
            found.append(each)
            stack.extend(_keys(each))
        else:
            stack.extend(reversed(children(each)))
    return found


def _keys(access: Expression) -> list[Expression]:
    """Return what computes the names of an access."""
    found: list[Expression] = []
    while isinstance(access, Index | Every):
        if isinstance(access, Index) and not isinstance(access.key, Literal):
            found.append(access.key)
        access = access.base
    return found if isinstance(access, ContextName) else [*found, access]
