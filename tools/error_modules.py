"""The modules of a package, parsed: which function, constant or local variable a name stands for where it is used."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

Function = ast.FunctionDef


@dataclass(frozen=True)
class Module:
    """A module: `shown` is its path below the package's root."""

    shown: str
    tree: ast.Module

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node that each node stands in."""
        found: dict[ast.AST, ast.AST] = {}
        nodes: list[ast.AST] = [self.tree]
        for node in nodes:  # which grows meanwhile
            children = list(ast.iter_child_nodes(node))
            found |= dict.fromkeys(children, node)
            nodes += children
        return found

    @property
    def nodes(self) -> Iterable[ast.AST]:
        """Every node below the module itself, as `ast.walk` finds them, which takes a second for all modules."""
        return self.parents

    @cached_property
    def functions(self) -> dict[str, list[Function]]:
        """Every function and method by its name."""
        found: dict[str, list[Function]] = {}
        for node in self.nodes:
            if isinstance(node, Function):
                found.setdefault(node.name, []).append(node)
        return found

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """What the module's own names stand for, and those of its classes, as `Class.NAME`; a version differs."""
        found = dict(_assigned(self.tree.body))
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef):
                found |= {f"{node.name}.{name}": value for name, value in _assigned(node.body)}
        return {name: value for name, value in found.items() if not name.startswith("__")}

    @cached_property
    def imported(self) -> dict[str, tuple[str, str]]:
        """The module, and the name there, that an imported name stands for."""
        return {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in self.tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

    def function_of(self, node: ast.AST) -> Function | None:
        """Return the function that a node stands in."""
        above = self.parents.get(node)
        return above if above is None or isinstance(above, Function) else self.function_of(above)

    def reaching(self, name: ast.Name) -> Iterator[tuple[ast.expr, int | None]]:
        """Yield what a local variable can have been given where it is used: a value, or a tuple and an index of it.

        Nearest first; what stands behind an assignment that is made in any case does not reach.
        """
        node: ast.AST = name
        while (above := self.parents.get(node)) is not None and not isinstance(node, Function):
            for block in _blocks(above):
                before = block[: block.index(node)] if node in block else []
                for statement in reversed(before):
                    found = list(_bindings(statement, name.id))
                    yield from found
                    if found and isinstance(statement, ast.Assign | ast.AnnAssign):
                        return
            node = above


class Package:
    """All modules of a package, by their dotted names."""

    def __init__(self, folder: Path) -> None:
        """Parse every module below the package's folder."""
        self.modules: dict[str, Module] = {}
        for path in sorted(folder.rglob("*.py")):
            shown = path.relative_to(folder).as_posix()
            parts = [folder.name, *shown.removesuffix(".py").split("/")]
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self.modules[name] = Module(shown, ast.parse(path.read_text(encoding="utf-8")))

    @cached_property
    def _functions(self) -> dict[str, list[tuple[Function, Module]]]:
        found: dict[str, list[tuple[Function, Module]]] = {}
        for module in self.modules.values():
            for name, functions in module.functions.items():
                found.setdefault(name, []).extend((each, module) for each in functions)
        return found

    @cached_property
    def _calls(self) -> dict[str, list[tuple[ast.Call, Module]]]:
        found: dict[str, list[tuple[ast.Call, Module]]] = {}
        for module in self.modules.values():
            for node in module.nodes:
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                    found.setdefault(_name(node.func), []).append((node, module))
        return found

    def function(self, name: ast.expr, at: Module) -> tuple[Function, Module] | None:
        """Return the function that a module means by `f`, `module.f` or `x.f`; None for one that may be another."""
        found: list[tuple[Function, Module]] = []
        match name:
            case ast.Name(id=original):
                home, original = self._home(original, at) or (at, original)
                found = [(each, home) for each in home.functions.get(original, [])]
            case ast.Attribute(value=ast.Name(id=head), attr=attr) if module := self._module(head, at):
                found = [(each, module) for each in module.functions.get(attr, [])]
            case ast.Attribute(value=ast.Name(id="self"), attr=attr):
                found = [(each, at) for each in at.functions.get(attr, [])]
            case ast.Attribute(attr=attr):
                found = self._functions.get(attr, [])
        return found[0] if len(found) == 1 else None

    def constant(self, name: str, at: Module) -> tuple[ast.expr, Module] | None:
        """Return what a name, or `Class.NAME`, stands for in a module, with the module that it is from."""
        head, dot, rest = name.partition(".")
        home, original = (at, head) if name in at.constants else self._home(head, at) or (at, head)
        value = home.constants.get(f"{original}{dot}{rest}")
        return None if value is None else (value, home)

    def calls(self, function: Function, home: Module) -> list[tuple[ast.Call, Module]]:
        """Return every call of a function of a module; none where a call may be one of it or of another."""
        named = self._calls.get(function.name, [])
        meant = [self.function(call.func, module) for call, module in named]
        found = [each for each, callee in zip(named, meant, strict=True) if callee == (function, home)]
        return [] if None in meant else found

    def _module(self, name: str, at: Module) -> Module | None:
        return self.modules.get(".".join(at.imported.get(name, ())))

    def _home(self, name: str, at: Module) -> tuple[Module, str] | None:
        module, original = at.imported.get(name, ("", ""))
        return (self.modules[module], original) if module in self.modules else None


def given(call: ast.Call, function: Function) -> dict[str, ast.expr]:
    """Return what a call gives to the parameters of a function, defaults included."""
    arguments = function.args
    names = [each.arg for each in arguments.args if each.arg not in {"self", "cls"}]
    found: dict[str, ast.expr] = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
    found |= {
        each.arg: value
        for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if value is not None
    }
    found |= dict(zip(names, call.args, strict=False))
    return found | {each.arg: each.value for each in call.keywords if each.arg is not None}


def returned(function: Function) -> list[ast.expr]:
    """Return what a function returns, each expression of it."""
    nodes = (node.value for node in ast.walk(function) if isinstance(node, ast.Return))
    return sorted((value for value in nodes if value is not None), key=lambda value: value.lineno)


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _assigned(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value


def _blocks(node: ast.AST) -> Iterator[list[ast.AST]]:
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def _bindings(statement: ast.AST, name: str) -> Iterator[tuple[ast.expr, int | None]]:
    for node in ast.walk(statement):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            pairs = [(node.target, node.value)]
        for target, value in pairs:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            for index, each in enumerate(names):
                if isinstance(each, ast.Name) and each.id == name:
                    yield value, index if isinstance(target, ast.Tuple) else None
