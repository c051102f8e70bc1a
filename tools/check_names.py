"""Hold the house to its names; exit 1 on a breach.

A public type of `flowforge/` has a name of its own, so that a reader who meets it knows which one it is. Each field of
a public data class with more than five of them says below it what it is. And no file is called by a word that could
stand over any other file.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

MOST_FIELDS = 5
# By what they were called once, before anybody but their author looked for something in them.
VAGUE = frozenset(
    {
        "choices",
        "eclipse",
        "found",
        "ground",
        "hidden",
        "home",
        "kept",
        "moved",
        "named",
        "origins",
        "permits",
        "rivals",
        "roll",
        "room",
        "supersede",
        "told",
        "turns",
        "unproven",
    }
)

_TYPE = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
_MADE = re.compile(r"(\w+\.)?(dataclass|NamedTuple)\b")


def types_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each public class, and of each public name for a type."""
    for node in _outermost(tree.body):
        match node:
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield node.lineno, name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield from [(node.lineno, name)] if _TYPE.fullmatch(name) else []


def _outermost(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what a module does at its top, whatever it asks first."""
    for node in body:
        yield from _outermost([*node.body, *node.orelse]) if isinstance(node, ast.If) else [node]


def unsaid(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each field of a wide public data class below which nothing is said of it."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or node.name.startswith("_") or not _is_data(node):
            continue
        below = dict(zip(node.body, [*node.body[1:], None], strict=True))
        fields = [each for each in node.body if _is_field(each)]
        if len(fields) > MOST_FIELDS:
            yield from (
                (each.lineno, f"{node.name}.{ast.unparse(each).partition(':')[0]}")
                for each in fields
                if not _is_text(below[each])
            )


def _is_data(node: ast.ClassDef) -> bool:
    made = [ast.unparse(each) for each in (*node.decorator_list, *node.bases)]
    return any(map(_MADE.match, made))


def _is_field(node: ast.stmt) -> bool:
    match node:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=kind):
            return not name.startswith("_") and not ast.unparse(kind).startswith("ClassVar")
    return False


def _is_text(node: ast.stmt | None) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    return False


def breaches(files: Mapping[str, str]) -> Iterator[str]:
    """Yield what breaks a rule, as `path:line: text`. files: the text of each file of `flowforge/`, by its path."""
    places: dict[str, list[str]] = defaultdict(list)
    for shown, text in files.items():
        tree = ast.parse(text, filename=shown)
        for line, name in types_of(tree):
            places[name].append(f"{shown}:{line}")
        yield from (f"{shown}:{line}: {name} does not say below it what it is" for line, name in unsaid(tree))
        if not VAGUE.isdisjoint(Path(shown).with_suffix("").parts):
            yield f"{shown}:1: a name that does not say what is in the file"
    for name, found in places.items():
        first, *others = found
        yield from (f"{each}: {name} is another type too, at {first}" for each in others)


def main(root: Path) -> int:
    """Check `flowforge/` below `root`, print what was found, and return the exit code."""
    files = {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in sorted((root / "flowforge").rglob("*.py"))
    }
    found = sorted(breaches(files))
    print("\n".join(found), end="\n" if found else "")
    print(f"{len(files)} files of flowforge/, {len(found)} breaches of the rules for names")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
