"""Choose the tests that a mutant meets: those that execute its line, a part's own ones first, each time the fastest."""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tools.mutants.find import Mutant
from tools.mutants.ground import first
from tools.mutants.reach import Map
from tools.mutants.table import Part

# Of the processor, for all tests of a mutant together: hardly one that lives so long is noticed later.
_OWN_SECONDS: Final = 60.0
_OTHERS_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant, and the tests that it meets, in order, each with the seconds that it takes."""

    part: Part
    mutant: Mutant
    tests: Mapping[str, float]

    def without(self, tests: Collection[str]) -> "Trial":
        """Return the same trial with fewer tests."""
        return replace(self, tests={test: cpu for test, cpu in self.tests.items() if test not in tests})


def is_own(test: str, own: Collection[str]) -> bool:
    """Return whether a test is of these folders and files."""
    file = test.partition("::")[0]
    return any(file == path or file.startswith(f"{path}/") for path in own)


def chosen(known: Map, own: Collection[str], mutant: Mutant, text: bytes) -> dict[str, float]:
    """Return the tests, in the order in which to ask them, each with the seconds that it takes.

    Where no test executes the line, it runs as its file is imported, or nowhere: then those that execute any other line
    of the file, and all of the part's own, which may read what it makes. What is called like the file comes first.
    """
    alone, statement = lines(text, mutant.line)
    found = known.executing(mutant.path, alone) or known.executing(mutant.path, statement)
    order = sorted(found, key=lambda test: (not is_own(test, own), found[test], test))
    if not found:
        near = known.executing(mutant.path, range(1, text.count(b"\n") + 2))
        found = near | {test: each.cpu for test, each in known.tests.items() if is_own(test, own)}
        like = f"test_{Path(mutant.path).stem}"
        order = sorted(
            found,
            key=lambda test: (
                *(not is_own(test, own), not Path(test.partition("::")[0]).stem.startswith(like)),
                *(test not in near, found[test], test),
            ),
        )
    return {
        test: found[test]
        for ours, seconds in ((True, _OWN_SECONDS), (False, _OTHERS_SECONDS))
        for test in first([test for test in order if is_own(test, own) is ours], found, len(order), seconds)
    }


def lines(text: bytes, line: int) -> tuple[set[int], set[int]]:
    """Return the line where it runs in a function, and the lines of its statement, or of the head of its block.

    Both are empty for what runs as the file is imported.
    """
    within: list[ast.stmt] = []
    below: Iterator[ast.stmt] | list[ast.stmt] = ast.parse(text).body
    while around := [each for each in below if each.lineno <= line <= (each.end_lineno or each.lineno)]:
        within.append(around[-1])
        below = list(_below(around[-1]))
    if not any(isinstance(each, ast.FunctionDef) for each in within[:-1]):
        return set(), set()
    inner = within[-1]
    head = min((each.lineno for each in _below(inner)), default=(inner.end_lineno or inner.lineno) + 1)
    return {line}, {line, *range(inner.lineno, head)}


def _below(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements right below another."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, ast.excepthandler | ast.match_case):
            yield from _below(child)
