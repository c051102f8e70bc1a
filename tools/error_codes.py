"""Read from the code what each code of an error says: docs/errors.md is made of it.

A code is read where it is handed, with its sentences, to what has a parameter called `code`: Problem itself, and
whatever makes one, such as Findings.add; or where a table leads from it to a function that returns the sentences.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Final

from tools.error_modules import Function, Package, returned
from tools.error_texts import Scope, Texts, elements, entries, is_parameter, texts

# Codes that several modules may raise: none, as a code has one owner and one meaning.
SHARED: Final[frozenset[str]] = frozenset()
# What is said where the sentence is put together as the program runs, so that it cannot be read from the code.
COMPOSED: Final[Mapping[str, Texts]] = {
    "FF003": (
        "'<value>' is not a valid <kind of value>",
        "Missing argument '<name>'",
        "Option '<option>' requires an argument",
        "Got unexpected extra argument (<text>)",
    ),
    "FF047": (
        '"<name>" cannot be made',
        "the world file cannot be read, is no text, or no mapping of repositories",
        '"<key>" is not known here, or must be something else',
    ),
    "FF138": ('"<key>" cannot be used with this credential', '"<key>" cannot be used with "variable"'),
    "FF182": (
        'the type "<name>" is FlowForge\'s own',
        'the type "<name>" is there twice',
        'the prefix of the type "<name>" is taken',
    ),
    "FF234": ("nobody can be asked", "not pasted"),
    "FF270": ("<source>: <what> (the words are the plugin's own)",),
    "FF293": (
        "the key belongs to organization or workspace <has>, and expect_organization or expect_workspace is <wanted>",
    ),
    "FF327": ("<what GitHub answered, such as a list without its items>: not what GitHub documents",),
    "FF348": ("a bug in FlowForge: <error>",),
    "FF505": ("new to <group>, and not admitted yet: <repos>",),
    "FF506": ("<secret> of <owner> would be visible to <repos>",),
}
HEAD: Final = """# Errors

Every code with its sentences, as the code has them: what is wrong, why, what to do, and the module that says it.
`flowforge explain CODE` prints the same. `<name>` stands for what differs from run to run; where a sentence has several
forms, each has its line.

<!-- Made from the program by `make docs`. -->
"""

_GAP: Final = re.compile(r"<[^<>]*>")
_WORD: Final = re.compile(r"[a-z]", re.IGNORECASE)
_CODE: Final = re.compile(r"FF\d{3}")
_FAMILY: Final = re.compile(r"(?:Error|│) +(FF\d)xx +(.+)")
# FF099 is the bug in FlowForge itself, and ends its hundred.
_LAST: Final = "99"


@dataclass(frozen=True, slots=True)
class Raised:
    """A place that raises a code, with the forms that each of its sentences can have; a second one like it is none."""

    code: str
    module: str
    line: int = field(compare=False)
    what: Texts
    why: Texts
    fix: Texts


def raised(folder: Path) -> list[Raised]:
    """Return every place that raises a code, in order of codes."""
    package = Package(folder)
    parameters = _parameters(package)
    found = [
        each
        for module in package.modules.values()
        for each in (*_calls(Scope(package, module), parameters), *_tables(Scope(package, module)))
    ]
    found = [each if _forms(each.what) else replace(each, what=COMPOSED.get(each.code, each.what)) for each in found]
    return sorted(dict.fromkeys(found), key=lambda each: (each.code, each.module, each.line))


def _parameters(package: Package) -> dict[str, list[str]]:
    """Return the parameters of whatever has one called `code`, by its name: functions, methods, data classes."""
    found: dict[str, list[str]] = {"replace": []}
    for module in package.modules.values():
        for node in module.nodes:
            names: list[str] = []
            if isinstance(node, Function):
                names = [each.arg for each in (*node.args.args, *node.args.kwonlyargs) if each.arg != "self"]
            elif isinstance(node, ast.ClassDef):
                fields = (each.target for each in node.body if isinstance(each, ast.AnnAssign))
                names = [each.id for each in fields if isinstance(each, ast.Name)]
            if "code" in names and isinstance(node, Function | ast.ClassDef):
                found[node.name] = names
    return found


def _calls(scope: Scope, parameters: Mapping[str, list[str]]) -> Iterator[Raised]:
    """Yield what is handed to something that has a parameter called `code`, or to `replace` by that name."""
    for node in scope.module.nodes:
        name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in parameters:
            code = _arguments(node, parameters[name]).get("code")
            for text, home in _codes(code, scope):
                given = _given(node, parameters[name], home)
                # A refusal of GitHub's has a `why` that is no sentence, and a `detail` that is one.
                why = () if "detail" in given else given.get("why", ())
                what = given.get("what") or given.get("detail", ())
                yield Raised(text, scope.module.shown, node.lineno, what, why, given.get("fix", ()))


def _codes(node: ast.expr | None, scope: Scope) -> Iterator[tuple[str, Scope]]:
    """Yield the codes that an expression comes to, each with the scope of what belongs to that very code."""
    match node:
        case ast.Subscript(value=table, slice=ast.Name(id=name)):
            found = [(value, scope.where(**{name: key})) for key, value, _ in entries(table, scope) if key is not None]
        case ast.Name() if not is_parameter(node, scope.module):  # whoever calls that function is read
            found = list(_coupled(node, scope)) or [(node, scope)]
        case ast.Constant() | ast.Attribute():
            found = [(node, scope)]
        case _:
            found = []
    yield from ((text, home) for each, home in found for text in texts(each, scope) if _CODE.fullmatch(text))


def _coupled(name: ast.Name, scope: Scope) -> Iterator[tuple[ast.expr, Scope]]:
    """Yield what `code` is where `code, noun = (A, B) if x else (C, D)`, with the noun that belongs to it."""
    for value, index in scope.module.reaching(name):
        statement = scope.module.parents[value]
        if index is not None and isinstance(statement, ast.Assign) and isinstance(value, ast.IfExp):
            names = [getattr(each, "id", "") for each in getattr(statement.targets[0], "elts", [])]
            for branch in (value.body, value.orelse):
                if isinstance(branch, ast.Tuple):
                    yield branch.elts[index], scope.where(**dict(zip(names, branch.elts, strict=True)))


def _arguments(call: ast.Call, names: Sequence[str]) -> dict[str, ast.expr]:
    given = dict(zip(names, call.args, strict=False))
    return given | {each.arg: each.value for each in call.keywords if each.arg is not None}


def _given(call: ast.Call, names: Sequence[str], scope: Scope) -> dict[str, Texts]:
    """Return what the parameters of a call can be, by their names; `**parts(x)` gives several at once."""
    given = {name: texts(value, scope) for name, value in _arguments(call, names).items()}
    for keyword in call.keywords:
        if keyword.arg is None and isinstance(keyword.value, ast.Call):
            function, module = scope.package.function(keyword.value.func, scope.module) or (None, scope.module)
            for table in returned(function) if function else ():
                for key, value, home in entries(table, scope.at(module)):
                    name = getattr(key, "value", "")
                    given[name] = (*given.get(name, ()), *texts(value, home))
    return given


def _tables(scope: Scope) -> Iterator[Raised]:
    """Yield the rows of tables from an enum's codes to functions that return what, why and fix."""
    for table in scope.module.constants.values():
        for key, value, _ in entries(table, scope):
            if isinstance(key, ast.Attribute) and isinstance(value, ast.Name) and value.id in scope.module.functions:
                call = ast.Call(func=value, args=[], keywords=[])
                parts = [
                    [text for each, home in elements(call, index, scope) for text in texts(each, home)]
                    for index in range(3)
                ]
                what, why, fix = map(tuple, parts)
                yield from (
                    Raised(code, scope.module.shown, value.lineno, what, why, fix) for code, _ in _codes(key, scope)
                )


def complaints(folder: Path, shared: frozenset[str] = SHARED) -> Iterator[str]:
    """Yield what is wrong with the codes: one whose sentences are not found, one that several modules raise."""
    owners: dict[str, set[str]] = {}
    found = raised(folder)
    for each in found:
        owners.setdefault(each.code, set()).add(each.module)
    for code in sorted({each.code for each in found if not _forms(each.what)}):
        yield f"what {code} says cannot be read: add it to COMPOSED in tools/error_codes.py"
    for path in sorted(folder.rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for code in sorted({str(node.value) for node in nodes if isinstance(node, ast.Constant)} - owners.keys()):
            if _CODE.fullmatch(code):
                yield f"{path.relative_to(folder.parent).as_posix()}: the sentences of {code} are not found"
    for code in sorted(owners.keys() | shared):
        modules = sorted(owners.get(code, ()))
        if len(modules) > 1 and code not in shared:
            yield f"{code} is raised in {' and '.join(modules)}: let one own it, and give the other a code of its own"
        elif len(modules) <= 1 and code in shared:
            yield f"{code} has one owner now: take it out of SHARED in tools/error_codes.py"


def page(folder: Path) -> str:
    """Return docs/errors.md: the next free codes, then a table for each hundred."""
    found = raised(folder)
    families = dict(_FAMILY.findall((folder / "errors.py").read_text(encoding="utf-8")))
    parts = [HEAD, f"\nThe next free code of each hundred: {', '.join(_next_free(found))}.\n"]
    for family, rows in groupby(found, key=lambda each: each.code[:3]):
        parts.append(f"\n## {family}xx: {families[family]}\n\n")
        parts.append("| code | what | why | fix | stated in |\n| --- | --- | --- | --- | --- |\n")
        parts += [f"| {' | '.join(_cells(each))} |\n" for each in rows]
    return "".join(parts)


def pages(folder: Path) -> Mapping[str, Mapping[str, object]]:
    """Return what `flowforge explain` shows of each code: what its hundred is about, and its sentences."""
    families = dict(_FAMILY.findall((folder / "errors.py").read_text(encoding="utf-8")))
    made: dict[str, dict[str, object]] = {}
    for code, places in groupby(raised(folder), key=lambda each: each.code):
        says = [{"what": _forms(each.what), "why": _forms(each.why), "fix": _forms(each.fix)} for each in places]
        made[code] = {"about": families[code[:3]], "says": [each for each in says if any(each.values())]}
    return made


def _forms(texts: Texts) -> list[str]:
    # A text of gaps alone tells nobody anything.
    shown = (text.replace("{}", "<text>") for text in texts)
    return [text for text in dict.fromkeys(shown) if _WORD.search(_GAP.sub("", text))]


def _next_free(found: Iterable[Raised]) -> Iterator[str]:
    for family, rows in groupby(found, key=lambda each: each.code[:3]):
        highest = max(int(each.code[3:]) for each in rows if each.code[3:] != _LAST)
        yield f"{family}{highest + 1:02}"


def _cells(each: Raised) -> Iterator[str]:
    yield each.code
    for forms in (each.what, each.why, each.fix):
        yield "<br>".join(map(_code_span, filter(None, forms)))
    yield f"`{each.module}`"


def _code_span(text: str) -> str:
    text = text.replace("{}", "<text>")  # of a template
    fence = "``" if "`" in text else "`"
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}".replace("|", "\\|")


if __name__ == "__main__":
    print(page(Path(__file__).resolve().parent.parent / "flowforge"), end="")
