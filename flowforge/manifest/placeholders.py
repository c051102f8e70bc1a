"""Placeholders in the text of a source: `{owner}`, `{repo}` and `{environment}`, and `{{` and `}}` for braces."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from flowforge.errors import ManifestError, Problem, Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.source_spec import Option
from flowforge.plan.address import Scope

NAMES: Final[Mapping[str, Callable[[Scope], str]]] = MappingProxyType(
    {
        "owner": lambda scope: scope.repo.owner,
        "repo": lambda scope: scope.repo.short,
        "environment": lambda scope: scope.environment,
    }
)
_NO_PLACEHOLDER: Final = "use a credential whose source has no such placeholder"
_PIECE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
# Such as {repo}, and -{repo}, where the letters of a name would be options.
_BEGINS: Final = re.compile(r"-*\{(?!\{)")
# One segment of a path: it cannot lead elsewhere, and cannot begin an option or a hidden file.
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def names_in(text: str) -> frozenset[str]:
    """Return the names in braces, known or not."""
    return frozenset(name for _, name in _pieces(text) if name is not None)


def balanced(text: str) -> bool:
    """Return whether each brace belongs to a placeholder or to a doubled brace."""
    return all(name is not None or piece not in {"{", "}"} for piece, name in _pieces(text))


def check_braces(text: str, where: Where, findings: Findings) -> bool:
    """Return whether a text is balanced, and report (FF131) where it is not."""
    if not balanced(text):
        fix = "write {{ and }} for braces that are not a placeholder"
        findings.add(where, "FF131", "a brace here belongs to no placeholder", fix=fix)
        return False
    return True


def check_beginning(text: str, where: Where, findings: Findings) -> bool:
    """Return whether no placeholder begins an argument of a program, and report (FF131) where one does."""
    if _BEGINS.match(text):
        why = "a repository's name must not become an option of the program"
        fix = "write something before it, such as --repo={repo}"
        findings.add(where, "FF131", "a placeholder begins this argument", why=why, fix=fix)
        return False
    return True


def check_names(text: str, where: Where, findings: Findings, known: Collection[str], *, otherwise: str) -> bool:
    """Return whether a balanced text has known placeholders alone, and report (FF131) each other one.

    otherwise: what to write where none of the known ones is meant.
    """
    unknown = sorted(names_in(text) - set(known))
    for each in unknown:
        shown, misplaced = f"{{{each}}}", each in NAMES or not known
        what = f"the placeholder {quote(shown)} {'cannot stand here' if misplaced else 'is not known'}"
        fix = otherwise if misplaced else findings.suggest(shown, [f"{{{name}}}" for name in known], otherwise)
        findings.add(where, "FF131", what, fix=fix)
    return not unknown


def fits(name: str, scope: Scope) -> bool:
    """Return whether a scope's name may fill a placeholder: one path segment, unlike the name of `acme/.github`."""
    return _SEGMENT.fullmatch(NAMES[name](scope)) is not None


def sample(text: str) -> str:
    """Fill a balanced text with a letter for each placeholder, as an example of what it can become."""
    return "".join(_brace(piece) if name is None else "x" for piece, name in _pieces(text))


def of_owners(text: str) -> str:
    """Return a text in which `{owner}` alone may stand with that placeholder as it is, and single braces."""
    return "".join(_brace(piece) for piece, _ in _pieces(text))


def plain(option: Option) -> Option:
    """Return an option without placeholders ready to be read: its doubled braces become single ones."""
    return sample(option) if isinstance(option, str) else tuple(map(sample, option))


def may_be(text: str, name: str) -> bool:
    """Return whether a checked text may become a name once it is filled, for any repo."""
    parts = [""]
    for piece, placeholder in _pieces(text):
        if placeholder is None:
            parts[-1] += _brace(piece)
        else:
            parts.append("")
    # A text of placeholders alone could become any name, which says nothing: it counts as none.
    if len(parts) == 1 or not any(parts):
        return name in parts
    first, *middle, last = parts
    if not name.startswith(first) or not name.endswith(last):
        return False
    left = name[len(first) :]
    # The leftmost match of each part leaves the most for the rest, so no other needs to be tried.
    for part in middle:
        if part not in left:
            return False
        left = left[left.index(part) + len(part) :]
    return len(left) >= len(last)


def fill(text: str, scope: Scope) -> str:
    """Fill a checked text for a scope. Raise ManifestError (FF152) if one of its names does not fit."""
    return "".join(_brace(piece) if name is None else _value(name, scope) for piece, name in _pieces(text))


def fill_option(option: Option, scope: Scope) -> Option:
    """Fill a text, or each text of a list. Raise ManifestError as `fill` does."""
    return fill(option, scope) if isinstance(option, str) else tuple(fill(text, scope) for text in option)


def _brace(piece: str) -> str:
    return piece[0] if piece in {"{{", "}}"} else piece


def _value(name: str, scope: Scope) -> str:
    if not fits(name, scope):
        raise ManifestError(unfit(name, scope))
    return NAMES[name](scope)


def unfit(name: str, scope: Scope) -> Problem:
    """Return the problem (FF152) of a placeholder for which a scope has no fitting name."""
    if scope.repo.is_organization:
        what = f"there is no name for {{{name}}} in a secret of the organization {quote(scope.repo.name)}"
        why = "it is one secret for all of the organization's repositories"
        return Problem("FF152", what, why=why, fix=_NO_PLACEHOLDER)
    if not NAMES[name](scope):
        what = f"there is no name for {{{name}}}: {quote(str(scope))} is in no environment"
        fix = "name `environments` in the target, or a credential whose source has no such placeholder"
        return Problem("FF152", what, fix=fix)
    noun = scope.environment if name == "environment" else scope.repo.name
    what = f"{quote(noun)} cannot replace {{{name}}}"
    why = "a placeholder can become only letters, digits, - _ and ., and must begin with a letter, a digit or _"
    return Problem("FF152", what, why=why, fix=_NO_PLACEHOLDER)


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    for match in _PIECE.finditer(text):
        yield match.group(), match.group(1)
