"""What becomes of a node: the other operators, constants, functions and results."""

import ast
import copy
import re
from collections.abc import Iterator, Mapping
from typing import Final

COMPARISONS: Final[Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: Final[Mapping[type[ast.operator], tuple[type[ast.operator], ...]]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitAnd: (ast.BitOr,),
}
OTHER: Final = {
    "any": "all",
    "all": "any",
    "min": "max",
    "max": "min",
    "math.ceil": "math.floor",
    "math.floor": "math.ceil",
}
_CODE = re.compile(r"[\w./:@*<>=-]*")


def operated(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the expression with another operator, for each that there is."""
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                changed = copy.copy(node)
                changed.ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
                yield changed
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.BinOp):
        for other_operator in ARITHMETIC.get(type(node.op), ()):
            yield ast.BinOp(node.left, other_operator(), node.right)


def conditions(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what is asked as it is, a `not` included: what has an operator of its own is changed there."""
    asked: list[ast.expr] = []
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        asked = [node.test]
    elif isinstance(node, ast.comprehension):
        asked = node.ifs
    elif isinstance(node, ast.BoolOp):
        asked = node.values
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node
    yield from (each for each in asked if isinstance(each, ast.Name | ast.Attribute | ast.Call | ast.Subscript))


def negated(condition: ast.expr) -> str:
    """Return the text of the opposite."""
    if isinstance(condition, ast.UnaryOp):
        return f"({ast.unparse(condition.operand)})"
    return f"(not {ast.unparse(condition)})"


def returned(type_: ast.expr | None) -> tuple[str, ...]:
    """Return what a function of this type could return instead."""
    if isinstance(type_, ast.Name) and type_.id == "bool":
        return "True", "False"
    options = ast.unparse(type_).split(" | ") if type_ is not None else []
    return ("None",) if "None" in options[1:] else ()


def constants(value: object) -> tuple[object, ...]:
    """Return the constants to take instead of one."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return value + 1, value - 1
    if isinstance(value, float):
        return (value + 1,)
    if isinstance(value, str | bytes):
        return ("?" if isinstance(value, str) else b"?",) if not value else (value[:0],)
    return ()


def called(node: ast.Call) -> str:
    """Return the last name of what is called, empty where it has none."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def is_message(name: str) -> bool:
    """Return whether the texts that something is called with are for people."""
    return name in {"Problem", "No", "Brake", "cast", "TypeVar", "NewType"} or name.endswith("Error")


def is_code(text: str) -> bool:
    """Return whether a text is one that code looks at: a word without a space."""
    return _CODE.fullmatch(text) is not None


def is_type(value: ast.expr) -> bool:
    """Return whether the value of a name of a module is another name of types, like `A | B` or `Callable[..., A]`."""
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.BitOr)
    return isinstance(value, ast.Subscript)
