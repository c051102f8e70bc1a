"""Values of which something is known before anything runs, and GitHub's comparisons of them."""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.expression_tree import LiteralValue


class Open(Enum):
    """A value of which nothing definite is known."""

    FREE = auto()
    """It may be anything: the text of a comment, a label, the output of a step."""
    UNKNOWN = auto()
    """It cannot be told what it may be: what does not parse, or a name that GitHub does not have."""
    ABSENT = auto()
    """What tells of the presence of something that is not there: empty, `false`, `0`."""
    HOLDS = auto()
    """It is true, whatever it is."""
    FAILS = auto()
    """It is false, whatever it is."""


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value that is known."""

    value: LiteralValue


@dataclass(frozen=True, slots=True)
class TextList:
    """A list of known texts, as `fromJSON('["a"]')` gives it."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A text that has a name here. Two names of a family are two texts."""

    family: str
    name: str


@dataclass(frozen=True, slots=True)
class Begins:
    """A text of which the beginning is known, in lower case."""

    prefix: str


Abstract = Open | KnownValue | TextList | Symbol | Begins

PERSON: Final = Symbol("login", "person")
OUTSIDER: Final = Symbol("association", "outsider")
REPO: Final = Symbol("repo", "this")
FORK: Final = Symbol("repo", "fork")
OWNER: Final = Symbol("owner", "this")
FORK_OWNER: Final = Symbol("owner", "fork")
_TRUSTED: Final = frozenset({"owner", "member", "collaborator"})
# What scripts may write for a secret that is not there, besides what GitHub makes of an empty one.
_FALSE_WORDS: Final = frozenset({"", "false", "0", "no", "null", "skip", "skipped", "missing", "absent", "none"})


@dataclass(frozen=True, slots=True)
class Truth:
    """Whether a condition may hold."""

    true: bool
    false: bool
    unknown: bool = False
    """Whether nobody can tell."""


_TRUE: Final = Truth(true=True, false=False)
_FALSE: Final = Truth(true=False, false=True)
# Made once: a condition is evaluated for each class of run, and asks this of each of its parts.
_OPEN: Final = {
    Open.FREE: Truth(true=True, false=True),
    Open.UNKNOWN: Truth(true=True, false=True, unknown=True),
    Open.ABSENT: _FALSE,
    Open.FAILS: _FALSE,
    Open.HOLDS: _TRUE,
}


def truth(value: Abstract) -> Truth:
    """Return whether a value may be true and may be false."""
    if isinstance(value, KnownValue):
        known = value.value
        # docs.github.com, "Literals": false, 0, the empty text and null are false, and all else is true.
        return _TRUE if known and known == known else _FALSE  # noqa: PLR0124 -- NaN is false
    return _OPEN[value] if isinstance(value, Open) else _TRUE


def equal(left: Abstract, right: Abstract) -> Abstract:  # noqa: PLR0911 -- one for each kind of value
    """Return whether two values are equal as GitHub compares them: texts without case, others as numbers."""
    if left is Open.UNKNOWN or right is Open.UNKNOWN:
        return Open.UNKNOWN
    if isinstance(left, KnownValue) and isinstance(right, KnownValue):
        return KnownValue(same(left.value, right.value))
    for one, other in ((left, right), (right, left)):
        if one is Open.ABSENT:
            return _equal_absent(other)
        if isinstance(one, Open | TextList):
            return Open.FREE
        if isinstance(one, Symbol):
            return _equal_symbol(one, other)
        if isinstance(one, Begins):
            return _begins(one, other)
    return Open.FREE


def _equal_absent(other: Abstract) -> Abstract:
    if isinstance(other, KnownValue):
        return KnownValue(str(other.value if other.value is not None else "").lower() in _FALSE_WORDS)
    return Open.FREE


def _equal_symbol(symbol: Symbol, other: Abstract) -> Abstract:
    if isinstance(other, Symbol) and other.family == symbol.family:
        # Two people of one run may be the same: who opened the pull request and who comments on it.
        return KnownValue(other == symbol) if symbol != PERSON else Open.FREE
    if isinstance(other, KnownValue):
        text = str(other.value).lower()
        if (symbol == PERSON and text.endswith("[bot]")) or (symbol == OUTSIDER and text in _TRUSTED):
            return KnownValue(False)  # noqa: FBT003 -- the value itself
        if other.value in (None, "", False):
            return KnownValue(False)  # noqa: FBT003 -- the value itself
        if symbol in {REPO, OWNER}:
            return Open.UNKNOWN  # which repository this is, is not known
        if symbol in {FORK, FORK_OWNER}:
            # Somebody compares with the name of this repository, and a fork has another.
            return KnownValue(False)  # noqa: FBT003 -- the value itself
    return Open.FREE


def _begins(one: Begins, other: Abstract) -> Abstract:
    if isinstance(other, KnownValue):
        text = str(other.value).lower()
        return Open.FREE if text.startswith(one.prefix) else KnownValue(False)  # noqa: FBT003 -- the value itself
    return Open.FREE


def same(left: LiteralValue, right: LiteralValue) -> bool:
    """Return whether two known values are equal as GitHub compares them."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if left is None and right is None:
        return True
    # docs.github.com, "Operators": kinds that differ are compared as numbers, true as 1, and NaN equals nothing.
    return number(left) == number(right)


def number(value: LiteralValue) -> float:
    """Return a value as the number that GitHub makes of it; NaN for a text that is none."""
    if value is None or value == "":
        return 0.0
    try:
        return float(value)
    except ValueError:
        return float("nan")


def tested(  # noqa: PLR0911 -- one for each kind of value
    value: Abstract, other: Abstract, test: Callable[[str, str], bool]
) -> Abstract:
    """Return whether a test of two texts holds, such as `startsWith`: as far as both are known."""
    if Open.UNKNOWN in (value, other):
        return Open.UNKNOWN
    if not isinstance(other, KnownValue):
        return Open.FREE
    needle = _text(other.value)
    if isinstance(value, KnownValue):
        return KnownValue(test(_text(value.value), needle))
    # What is absent counts as the empty text, in which nothing but the empty text is found.
    if value is Open.ABSENT:
        return KnownValue(not needle)
    if value == PERSON and "[bot]" in needle:
        return KnownValue(False)  # noqa: FBT003 -- the value itself
    if isinstance(value, Begins) and test(value.prefix, needle):
        return KnownValue(True)  # noqa: FBT003 -- the value itself
    return Open.FREE


def begins_otherwise(value: Abstract, other: Abstract) -> bool:
    """Whether a text of a known beginning surely begins otherwise than with another."""
    if not isinstance(value, Begins) or not isinstance(other, KnownValue):
        return False
    needle = _text(other.value)
    return not needle.startswith(value.prefix) and not value.prefix.startswith(needle)


def within(items: TextList, value: Abstract) -> Abstract:
    """Return whether a list has a value."""
    found = [equal(KnownValue(item), value) for item in items.items]
    if any(each == KnownValue(True) for each in found):  # noqa: FBT003 -- the value itself
        return KnownValue(True)  # noqa: FBT003 -- the value itself
    if all(each == KnownValue(False) for each in found):  # noqa: FBT003 -- the value itself
        return KnownValue(False)  # noqa: FBT003 -- the value itself
    return Open.UNKNOWN if Open.UNKNOWN in found else Open.FREE


def _text(value: LiteralValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).lower()
