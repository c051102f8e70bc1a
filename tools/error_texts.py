"""Put sentences together from the expressions that make them, without running them.

An expression comes to the texts that it can have: names, f-strings, conditions, tables and calls are followed through
the package. What differs from run to run is a placeholder, as `<path>`.
"""

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final

from tools.error_modules import Function, Module, Package, given, returned

# A sentence that can have more forms than this is a placeholder.
_MOST_FORMS: Final = 6
# How many steps a name, a call and a name again are followed.
_DEEPEST: Final = 8
# Functions that only make their argument fit to be shown.
_SHOWING: Final = frozenset({"printable", "str", "quote", "quote_sentence", "len", "map", "sorted"})
_NUMBERS: Final[Mapping[type[ast.operator], Callable[[int, int], int]]] = {
    ast.FloorDiv: operator.floordiv,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
}

Texts = tuple[str, ...]


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: a module, and what the parameters of its function were given, and where."""

    package: Package
    module: Module
    bound: Mapping[str, "tuple[ast.expr, Scope]"] = field(default_factory=dict)
    depth: int = 0

    def at(self, module: Module) -> "Scope":
        """Return the scope of a module's own names, a step further."""
        return Scope(self.package, module, {}, self.depth + 1)

    def where(self, **values: ast.expr) -> "Scope":
        """Return the same scope with these names bound."""
        return replace(self, bound={**self.bound, **{name: (value, self) for name, value in values.items()}})

    def inside(self, call: ast.Call, function: Function, module: Module) -> "Scope":
        """Return the scope of a function that is called, its parameters bound to what this call gives them."""
        bound = {name: (value, self) for name, value in given(call, function).items()}
        return Scope(self.package, module, bound, self.depth + 1)


def texts(node: ast.expr | None, scope: Scope) -> Texts:
    """Return the texts that an expression can have; a placeholder alone where that cannot be said."""
    if node is None:
        return ()
    found = _texts(node, scope) if scope.depth < _DEEPEST else ()
    return found if 0 < len(found) <= _MOST_FORMS else (placeholder(node),)


def _texts(node: ast.expr, scope: Scope) -> Texts:
    found: Texts = ()
    match node:
        case ast.Constant(value=str() | int() as value):
            found = (str(value),)
        case ast.JoinedStr(values=parts):
            found = _joined([_part(part, scope) for part in parts])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            found = _joined([texts(left, scope), texts(right, scope)])
        case ast.BinOp(left=left, op=op, right=right):
            found = _computed(left, op, right, scope)
        case _:
            found = _unique(text for each, home in alternatives(node, scope) for text in texts(each, home))
    return found


def alternatives(node: ast.expr, scope: Scope) -> Iterator[tuple[ast.expr, Scope]]:
    """Yield the expressions that one comes to, each with its scope, by one step: a branch, a value, a call's result."""
    further = replace(scope, depth=scope.depth + 1)
    match node:
        case ast.IfExp(body=first, orelse=second):
            yield from ((first, further), (second, further))
        case ast.BoolOp(op=ast.Or(), values=values):
            yield from ((each, further) for each in values)
        case ast.Subscript(value=table):
            yield from ((value, home) for _, value, home in entries(table, further))
        case ast.Name():
            yield from _values(node, further)
        case ast.Attribute(value=ast.Name(id=name), attr=attr):
            if found := scope.package.constant(f"{name}.{attr}", scope.module):
                yield found[0], scope.at(found[1])
        case ast.Call():
            yield from _results(node, further)


def entries(table: ast.expr, scope: Scope) -> Iterator[tuple[ast.expr | None, ast.expr, Scope]]:
    """Yield the keys and values of a table, written out where it stands or under a name."""
    if isinstance(table, ast.Dict):
        yield from ((key, value, scope) for key, value in zip(table.keys, table.values, strict=True))
    elif isinstance(table, ast.Name):
        for value, home in _values(table, scope):
            if isinstance(value, ast.Dict):
                yield from entries(value, home)


def elements(node: ast.expr, index: int, scope: Scope) -> Iterator[tuple[ast.expr, Scope]]:
    """Yield what stands at an index of a tuple, of whichever tuple the expression comes to."""
    if isinstance(node, ast.Tuple):
        if index < len(node.elts):
            yield node.elts[index], scope
    elif scope.depth < _DEEPEST:
        for each, home in alternatives(node, scope):
            yield from elements(each, index, home)


def _results(call: ast.Call, scope: Scope) -> Iterator[tuple[ast.expr, Scope]]:
    """Yield what a call returns: the results of a function of the package's, the template of a `format`."""
    match call.func:
        case ast.Name(id="quote" | "quote_sentence") if call.args:
            yield ast.Constant(value=f'"{placeholder(call.args[0])}"'), scope
        case ast.Attribute(value=template, attr="format"):
            yield template, scope
        case name if found := scope.package.function(name, scope.module):
            inner = scope.inside(call, *found)
            yield from ((value, inner) for value in returned(found[0]))


def _values(name: ast.Name, scope: Scope) -> Iterator[tuple[ast.expr, Scope]]:
    """Yield what a name can stand for where it is used: a local variable, a parameter, a constant, a function."""
    local = list(scope.module.reaching(name))
    if name.id in scope.bound:
        yield scope.bound[name.id]
    elif local:
        for value, index in local:
            yield from [(value, scope)] if index is None else elements(value, index, scope)
    elif function := is_parameter(name, scope.module):
        for call, module in scope.package.calls(function, scope.module):
            argument = given(call, function).get(name.id)
            yield from () if argument is None else [(argument, scope.at(module))]
    elif found := scope.package.constant(name.id, scope.module):
        yield found[0], scope.at(found[1])
    elif callee := scope.package.function(name, scope.module):
        yield from ((value, scope.at(callee[1])) for value in returned(callee[0]))


def is_parameter(name: ast.Name, module: Module) -> Function | None:
    """Return the function that a name is a parameter of where it is used."""
    function = module.function_of(name)
    arguments = [] if function is None else [*function.args.args, *function.args.kwonlyargs]
    return function if name.id in {each.arg for each in arguments} else None


def _part(part: ast.expr, scope: Scope) -> Texts:
    """Return a part of an f-string: its text where it has but one, else a placeholder."""
    if not isinstance(part, ast.FormattedValue):
        return texts(part, scope)
    found = texts(part.value, scope)
    if len(found) != 1 or ("<" in found[0] and not found[0].startswith('"<')):
        return (placeholder(part.value),)
    grouped = isinstance(part.format_spec, ast.JoinedStr) and ast.unparse(part.format_spec) == "f','"
    return (f"{int(found[0]):,}",) if grouped and found[0].isdecimal() else found


def _computed(left: ast.expr, op: ast.operator, right: ast.expr, scope: Scope) -> Texts:
    numbers = [int(text) for node in (left, right) for text in texts(node, scope) if text.isdecimal()]
    return (str(_NUMBERS[type(op)](*numbers)),) if type(op) in _NUMBERS and len(numbers) == len("ab") else ()


def _joined(parts: Sequence[Texts]) -> Texts:
    return _unique("".join(each) for each in product(*parts))


def _unique(found: Iterable[str]) -> Texts:
    return tuple(dict.fromkeys(found))


def placeholder(node: ast.expr) -> str:
    """Return a placeholder that is called as the code calls it."""
    return f"<{_called(node) or '...'}>"


def _called(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").replace("_", " ").lower()
        case ast.Call(func=ast.Name(id=name), args=[*_, last]) if name in _SHOWING:
            return _called(last)
        case ast.Call(func=ast.Attribute(attr="join"), args=[inner]) | ast.BinOp(left=inner):
            return _called(inner)
        case ast.Call(func=ast.Name() as inner) | ast.Call(func=ast.Attribute(attr="reason" | "strerror") as inner):
            return _called(inner)
        case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner) | ast.Starred(value=inner):
            return _called(inner)
    return next((_called(each) for each in ast.walk(node) if isinstance(each, ast.Name)), "")
