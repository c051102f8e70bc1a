"""Find every mutant of a file: one small change of its code that a test should notice."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import CodeType
from typing import Final

from tools.mutants import operators

LEFT_OUT: Final = "(left out)"
Node = ast.stmt | ast.expr | ast.keyword


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. path: below the root. function: where it is, dotted. before, after: its first line, stripped."""

    path: str
    line: int
    function: str
    before: str
    after: str
    start: int
    end: int
    new: bytes

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What stays the same while other lines of the file change."""
        return self.path, self.function, self.before, self.after

    def of(self, text: bytes) -> bytes:
        """Return the mutated file. text: the file as it is."""
        return text[: self.start] + self.new + text[self.end :]

    def __str__(self) -> str:
        """Return it as people read it: a place, and a diff of one line."""
        return f"{self.path}:{self.line} {self.function}\n- {self.before}\n+ {self.after}"


def mutants(path: str, text: bytes, optional: Mapping[str, Collection[str]]) -> Iterator[Mutant]:
    """Yield the mutants of a file whose compiled code differs from the file's, in order.

    optional: for each name that can be called, the arguments that may be left out.
    """
    tree = ast.parse(text)
    finder = _Finder(optional)
    finder.visit(tree)
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    spans = [(_first(each) - 1, each.end_lineno or each.lineno) for each in tree.body]
    compiled = cache(_compiled)
    seen: set[tuple[int, bytes, int]] = set()
    for function, node, new in finder.found:
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        if isinstance(node, ast.keyword):
            start, end = _with_comma(text, start, end)
        mutant = _mutant(path, text, function, node.lineno, (start, end, new.encode()))
        # What stands at the top of a file is compiled alone: it means the same there, and a file has many mutants.
        first, last = next(span for span in spans if starts[span[0]] <= start < starts[span[1]])
        before, behind = text[starts[first] : start], text[end : starts[last]]
        changed = _compiled(before + mutant.new + behind)
        if (start, mutant.new, end) not in seen and not same(compiled(text[starts[first] : starts[last]]), changed):
            seen.add((start, mutant.new, end))
            yield mutant


def _first(node: ast.stmt) -> int:
    """Return the first line of a statement, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _compiled(text: bytes) -> CodeType:
    return compile(text, "", "exec", dont_inherit=True)


def _with_comma(text: bytes, start: int, end: int) -> tuple[int, int]:
    """Return the span of an argument and the comma behind it, else of the one before it."""
    if behind := re.match(rb"\s*, ?", text[end:]):
        return start, end + behind.end()
    before = re.search(rb",\s*$", text[:start])
    return (before.start() if before else start), end


def _mutant(path: str, text: bytes, function: str, line: int, change: tuple[int, int, bytes]) -> Mutant:
    start, end, new = change
    after = text[:start] + new + text[end:]
    lines = [each.splitlines()[line - 1].decode().strip() for each in (text, after)]
    return Mutant(path, line, function, lines[0], lines[1] or LEFT_OUT, start, end, new)


_COMPARED: Final = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_exceptiontable")


def same(one: CodeType, other: CodeType) -> bool:
    """Return whether two pieces of code do the same: all but where each instruction stands in its file."""
    if any(getattr(one, name) != getattr(other, name) for name in _COMPARED):
        return False
    if len(one.co_consts) != len(other.co_consts):
        return False
    return all(map(_same_constant, one.co_consts, other.co_consts))


def _same_constant(one: object, other: object) -> bool:
    if isinstance(one, CodeType) and isinstance(other, CodeType):
        return same(one, other)
    return (type(one), repr(one)) == (type(other), repr(other))


def optional_arguments(texts: Collection[bytes]) -> dict[str, set[str]]:
    """Return for the name of each function and data class of these files the arguments that have a default."""
    found: dict[str, set[str]] = {}
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                arguments = node.args
                late = arguments.args[len(arguments.args) - len(arguments.defaults) :]
                late += [each for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
                found.setdefault(node.name, set()).update(each.arg for each in late)
            elif isinstance(node, ast.ClassDef):
                fields = (each for each in node.body if isinstance(each, ast.AnnAssign) and each.value)
                names = {each.target.id for each in fields if isinstance(each.target, ast.Name)}
                found.setdefault(node.name, set()).update(names)
    return found


class _Finder(ast.NodeVisitor):
    """Collects the function, the node and its new text of every change. Types, decorators and messages stay."""

    def __init__(self, optional: Mapping[str, Collection[str]]) -> None:
        self.found: list[tuple[str, Node, str]] = []
        self._optional = optional
        self._inside: list[str] = []
        self._returns: list[ast.expr | None] = []
        self._telling = 0

    def _add(self, node: Node, new: ast.AST | str) -> None:
        text = new if isinstance(new, str) else ast.unparse(new)
        self.found.append((".".join(self._inside) or "(module)", node, text))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Visit what it computes; its decorators and its types stay."""
        self._inside.append(node.name)
        self._returns.append(node.returns)
        for each in (*node.args.defaults, *(value for value in node.args.kw_defaults if value), *node.body):
            self.visit(each)
        self._returns.pop()
        self._inside.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Visit its body."""
        self._inside.append(node.name)
        for each in node.body:
            self.visit(each)
        self._inside.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Visit its value: the type stays."""
        if node.value is not None:
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Pass over it: a message; before Python 3.12 its nodes do not know where they are, either."""

    def visit_Raise(self, node: ast.Raise) -> None:
        """Do not raise; what the message says stays."""
        self._add(node, "pass")
        self._telling += 1
        self.generic_visit(node)
        self._telling -= 1

    def visit_Expr(self, node: ast.Expr) -> None:
        """Leave a call out. A docstring stays."""
        if isinstance(node.value, ast.Call):
            self._add(node, "pass")
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Leave out what is kept in an object, outside of its constructor. `__all__` is for the checker of types."""
        if [ast.unparse(each) for each in node.targets] == ["__all__"]:
            return
        kept = any(isinstance(each, ast.Attribute | ast.Subscript) for each in node.targets)
        if kept and self._inside and self._inside[-1] != "__init__":
            self._add(node, "pass")
        if self._inside or not operators.is_type(node.value):
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Add where it takes away; and leave it out."""
        self._add(node, "pass")
        for operator in operators.ARITHMETIC.get(type(node.op), ()):
            self._add(node, ast.AugAssign(node.target, operator(), node.value))
        self.visit(node.value)

    def visit_Return(self, node: ast.Return) -> None:
        """Return nothing, or the other truth, where the type has it."""
        if node.value is not None:
            for new in operators.returned(self._returns[-1]):
                self._add(node.value, new)
            self.visit(node.value)

    def visit_Break(self, node: ast.Break) -> None:
        """Go on instead."""
        self._add(node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        """End instead."""
        self._add(node, "break")

    def visit_Call(self, node: ast.Call) -> None:
        """Take the other of two functions, and leave out an argument that has a default."""
        name = operators.called(node)
        if other := operators.OTHER.get(ast.unparse(node.func)):
            self._add(node.func, other)
        for keyword in node.keywords:
            if keyword.arg in self._optional.get(name, ()):
                self._add(keyword, "")
        told = operators.is_message(name)
        self._telling += told
        for each in (node.func, *node.args, *(keyword.value for keyword in node.keywords)):
            if not (name == "isinstance" and isinstance(each, ast.BinOp)):
                self.visit(each)
        self._telling -= told

    def visit_Constant(self, node: ast.Constant) -> None:
        """Take another constant. Texts for people stay."""
        if isinstance(node.value, str) and (self._telling or not operators.is_code(node.value)):
            return
        for new in operators.constants(node.value):
            self._add(node, repr(new))

    def generic_visit(self, node: ast.AST) -> None:
        """Change what has an operator or is a condition, then go into it."""
        if isinstance(node, ast.expr):
            for new in operators.operated(node):
                self._add(node, new)
        for condition in operators.conditions(node):
            self._add(condition, operators.negated(condition))
        super().generic_visit(node)
