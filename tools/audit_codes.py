"""Read what each code of the audit says from its table, and from the calls that fill its places.

docs/findings.md is made of it, and what `flowforge explain` shows of such a code.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from flowforge.audit.codes import CODES
from tools.error_modules import Package
from tools.error_texts import Scope, Texts, entries, texts

HEAD: Final = """# Findings of the audit

Every code of [`flowforge audit`](audit.md) with its sentences, as the program has them: what is wrong, why, what to do.
`flowforge explain CODE` prints the same. `<name>` stands for what differs; where a sentence has several forms, each has
its line.

<!-- Made from the program by `make docs`. -->
"""
# Functions that make a finding, each with the place of the code among its arguments.
_MAKERS: Final = {"at_step": 1, "at": 1, "at_file": 0}
_PLACE: Final = re.compile(r"\{(\w+)(?::[^}]*)?\}")

Forms = Mapping[str, list[str]]


@cache
def findings(folder: Path) -> Mapping[str, Forms]:
    """Return the forms of `what`, `why` and `fix` of each code."""
    given: dict[str, dict[str, list[str]]] = {code: {} for code in CODES}
    for code, name, forms in _given(Package(folder)):
        given[code].setdefault(name, []).extend(forms)
    return {
        code: {part: _forms(getattr(row, part), given[code]) for part in ("what", "why", "fix")}
        for code, row in CODES.items()
    }


def _given(package: Package) -> Iterator[tuple[str, str, Texts]]:
    """Yield what the places of a code's sentences are filled with: the code, the place, the texts."""
    for module in package.modules.values():
        scope = Scope(package, module)
        for node in ast.walk(module.tree):
            at = _MAKERS.get(getattr(node.func, "id", "")) if isinstance(node, ast.Call) else None
            if not isinstance(node, ast.Call) or at is None or len(node.args) <= at:
                continue
            pairs = [
                pair
                for word in node.keywords
                for pair in ([(word.arg, texts(word.value, scope))] if word.arg else _of_table(word.value, scope))
            ]
            yield from ((code, *pair) for code in texts(node.args[at], scope) if code in CODES for pair in pairs)


def _of_table(node: ast.expr, scope: Scope) -> list[tuple[str, Texts]]:
    return [(str(getattr(key, "value", "")), texts(value, home)) for key, value, home in entries(node, scope)]


def _forms(sentence: str, given: Mapping[str, list[str]]) -> list[str]:
    """Return the forms of a sentence: one that is a place and nothing else has those that are put there."""
    whole = _PLACE.fullmatch(sentence)
    found = given.get(whole[1], []) if whole else []
    plain = [sentence] if not found else dict.fromkeys(found)
    shown = [_PLACE.sub(lambda match: f"<{match[1].replace('_', ' ')}>", each) for each in plain if each]
    return [each.replace("{{", "{").replace("}}", "}") for each in shown]


def pages(folder: Path) -> Mapping[str, Mapping[str, object]]:
    """Return what `flowforge explain` shows of each code."""
    about = {code: f"{_article(row.level.value)} of `flowforge audit`" for code, row in CODES.items()}
    return {code: {"about": about[code], "says": [forms]} for code, forms in findings(folder).items()}


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def page(folder: Path) -> str:
    """Return docs/findings.md: a section for each code."""
    parts = [HEAD]
    for code, forms in findings(folder).items():
        parts.append(f"\n## {code}\n\n{_article(CODES[code].level.value).capitalize()}.\n\n")
        parts += [f"- {part}: {'<br>'.join(map(_span, found))}\n" for part, found in forms.items() if found]
    return "".join(parts)


def _span(text: str) -> str:
    fence = "``" if "`" in text else "`"
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"
