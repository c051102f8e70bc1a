"""Hold the house to its sizes and to the rules that no linter knows; exit 1 on a breach.

Sizes: a file of at most 300 lines (500 for tests), a function of at most 60. Printed beside the aims: the median file
and the ninetieth percentile of functions in `flowforge/`. Rules: a test says in a docstring what it proves, an
exception is caught by its name, a suppression has its reason after `--`, nothing is left for later in a comment, and
what a function returns is said by `Return` or `Yield`.
"""

import ast
import io
import re
import statistics
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST_FILE = 300
LONGEST_TEST_FILE = 500
LONGEST_FUNCTION = 60
AIM_FILE_MEDIAN = 110
AIM_FUNCTION_P90 = 35
TREES = ("flowforge", "action", "tests", "tools", "benchmarks", "fuzz")

_SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore)", re.IGNORECASE)
_REASON = re.compile(r"--\s+\w")
_LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_GIVING = re.compile(r"\W*(Give|Hand|Say|Tell)s?\b")
_UNCOVERED = re.compile(r"#\s*pragma:\s*no\s*(cover|branch)", re.IGNORECASE)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Measured:
    """One file: its lines, the length of each function in it, and what breaks a rule, as `path:line: text`."""

    lines: int
    functions: tuple[int, ...]
    breaches: tuple[str, ...]


def measure(path: Path, shown: str) -> Measured:
    """Read one file; `shown` is its path in messages. Raises SyntaxError when it is not Python."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, filename=shown)
    lines = len(text.splitlines())
    test = shown.startswith("tests/")
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    found = [
        *_too_long(lines, functions, LONGEST_TEST_FILE if test else LONGEST_FILE),
        *(_silent_tests(functions) if test else ()),
        *_giving(functions, whatever_it_returns=shown.startswith("flowforge/")),
        *_broad_excepts(tree, text.splitlines()),
        *_comments(text),
    ]
    return Measured(
        lines,
        tuple(_length(function) for function in functions),
        tuple(f"{shown}:{line}: {message}" for line, message in sorted(found)),
    )


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _too_long(lines: int, functions: Sequence[Function], limit: int) -> Iterator[tuple[int, str]]:
    if lines > limit:
        yield 1, f"{lines} lines, at most {limit}"
    for function in functions:
        if _length(function) > LONGEST_FUNCTION:
            yield function.lineno, f"{function.name} has {_length(function)} lines, at most {LONGEST_FUNCTION}"


def _silent_tests(functions: Sequence[Function]) -> Iterator[tuple[int, str]]:
    for function in functions:
        if function.name.startswith("test_") and not ast.get_docstring(function):
            yield function.lineno, f"{function.name} does not say what it proves"


def _giving(functions: Sequence[Function], *, whatever_it_returns: bool) -> Iterator[tuple[int, str]]:
    """Find functions that give, hand, say or tell their result; those without one do so to somebody, if they may."""
    for function in functions:
        returns = function.returns is not None and ast.unparse(function.returns) != "None"
        if (returns or whatever_it_returns) and _GIVING.match(ast.get_docstring(function) or ""):
            yield function.lineno, f"{function.name} does not say in the usual words what it returns or does"


def _broad_excepts(tree: ast.AST, lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Find handlers of everything; one that raises again, or gives its reason, may stay."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler) or not _is_broad(node.type):
            continue
        raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        if not raises_again and "noqa: BLE001 --" not in lines[node.lineno - 1]:
            yield node.lineno, "a broad except"


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(_is_broad(one) for one in caught.elts)
    return caught is None or (isinstance(caught, ast.Name) and caught.id in {"Exception", "BaseException"})


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        if _SUPPRESSION.search(token.string) and not _REASON.search(token.string):
            yield token.start[0], "a suppression without its reason after --"
        if _LATER.search(token.string):
            yield token.start[0], "something left for later"
        if _UNCOVERED.search(token.string):
            yield token.start[0], "code hidden from coverage"


def _summary(files: Sequence[Measured]) -> str:
    lines = [measured.lines for measured in files]
    functions = sorted(length for measured in files for length in measured.functions)
    if not functions:
        return "no functions"
    ninetieth = functions[-(-len(functions) * 9 // 10) - 1]
    return (
        f"file median {round(statistics.median(lines))} (aim {AIM_FILE_MEDIAN}), longest {max(lines)}; "
        f"function p90 {ninetieth} (aim {AIM_FUNCTION_P90}), longest {functions[-1]}"
    )


def main(root: Path) -> int:
    """Check the trees below `root`, print what was found, and return the exit code."""
    files = {
        path.relative_to(root).as_posix(): measure(path, path.relative_to(root).as_posix())
        for tree in TREES
        for path in sorted((root / tree).rglob("*.py"))
    }
    breaches = [breach for measured in files.values() for breach in measured.breaches]
    print("\n".join(breaches), end="\n" if breaches else "")
    ours = [measured for shown, measured in files.items() if shown.startswith("flowforge/")]
    print(f"{len(files)} files, {len(breaches)} breaches; in flowforge/: {_summary(ours)}")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
