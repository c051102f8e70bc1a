"""Placeholders in a source's text: `{owner}` and `{repo}`, and `{{` and `}}` for braces."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from flowforge.errors import ManifestError, Problem, quote
from flowforge.manifest.model import Option
from flowforge.plan.address import Repo

NAMES: Final[Mapping[str, Callable[[Repo], str]]] = MappingProxyType(
    {"owner": lambda repo: repo.owner, "repo": lambda repo: repo.short}
)
_PIECE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
# One segment of a path: it leads nowhere else, and begins neither an option nor a hidden file.
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def names_in(text: str) -> frozenset[str]:
    """Give the names that stand in braces, known or not."""
    return frozenset(name for _, name in _pieces(text) if name is not None)


def balanced(text: str) -> bool:
    """Whether each brace belongs to a placeholder or to a doubled brace."""
    return all(name is not None or piece not in {"{", "}"} for piece, name in _pieces(text))


def fits(name: str, repo: Repo) -> bool:
    """Whether a repo's name or owner may stand for a placeholder: one path segment (`acme/.github` has none)."""
    return _SEGMENT.fullmatch(NAMES[name](repo)) is not None


def sample(text: str) -> str:
    """Fill a balanced text with a letter for each placeholder: what any filled text looks like."""
    return "".join(_brace(piece) if name is None else "x" for piece, name in _pieces(text))


def fill(text: str, repo: Repo) -> str:
    """Fill a checked text for a repo.

    Raises ManifestError (FF152) when the repo's name does not fit.
    """
    return "".join(_brace(piece) if name is None else _value(name, repo) for piece, name in _pieces(text))


def fill_option(option: Option, repo: Repo) -> Option:
    """Fill a text, or each text of a list; raises ManifestError as `fill` does."""
    return fill(option, repo) if isinstance(option, str) else tuple(fill(text, repo) for text in option)


def _brace(piece: str) -> str:
    return piece[0] if piece in {"{{", "}}"} else piece


def _value(name: str, repo: Repo) -> str:
    if not fits(name, repo):
        raise ManifestError(Problem("FF152", **unfit(name, repo)))
    return NAMES[name](repo)


def unfit(name: str, repo: Repo) -> dict[str, str]:
    """Say that a repo's name does not fit (the parts of a Problem)."""
    return {
        "what": f"{quote(repo.name)} cannot stand for {{{name}}}",
        "why": "what stands for a placeholder begins with a letter, a digit or _",
        "fix": "give this repository a credential whose source has no such placeholder",
    }


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    for match in _PIECE.finditer(text):
        yield match.group(), match.group(1)
