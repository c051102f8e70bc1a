"""Our data classes are like the standard library's in all that is used of them."""

import copy
import dataclasses
import inspect
import pickle
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, astuple, field, is_dataclass, replace
from itertools import product
from operator import eq, ge, gt, le, lt, ne
from typing import Any, ClassVar, Final

import pytest

from flowforge.data_class import dataclass
from flowforge.on_demand import load

WORDS: Final[tuple[dict[str, bool], ...]] = (
    {},
    {"slots": True},
    {"slots": True, "eq": False},
    {"frozen": True},
    {"frozen": True, "eq": False},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True, "slots": True, "order": True},
)
Maker = Callable[..., Any]


def _wide(maker: Maker, words: dict[str, bool]) -> Any:  # noqa: ANN401 -- a class made here
    """Return a class with every kind of field that is used."""

    @maker(**words)
    class Wide:
        """It is wide."""

        first: int
        second: str = "two"
        aside: int = field(default=3, compare=False)
        hidden: str = field(default="four", repr=False)
        made: list[int] = field(default_factory=list, compare=False)
        later: int = field(default=0, init=False)
        named: bool = field(default=False, kw_only=True)
        noun: ClassVar[str] = "wide"

        def __post_init__(self) -> None:
            object.__setattr__(self, "second", self.second.upper())

        @property
        def double(self) -> int:
            return self.first * 2

    return Wide


def _one(maker: Maker, words: dict[str, bool]) -> Any:  # noqa: ANN401 -- as above
    @maker(**words)
    class One:
        """It has one field."""

        only: int

    return One


def _none(maker: Maker, words: dict[str, bool]) -> Any:  # noqa: ANN401 -- as above
    @maker(**words)
    class Empty:
        """It has no field."""

    return Empty


def _own(maker: Maker, words: dict[str, bool]) -> Any:  # noqa: ANN401 -- as above
    @maker(**words)
    class Own:  # noqa: PLW1641 -- whether it has a hash is asked
        """It compares and shows itself in a way of its own."""

        first: int
        second: int = 0

        def __eq__(self, other: object) -> bool:
            return isinstance(other, type(self)) and self.first == other.first

        def __repr__(self) -> str:
            return f"own {self.first}"

    return Own


def _heir(maker: Maker, words: dict[str, bool]) -> Any:  # noqa: ANN401 -- as above
    @maker(**words)
    class Heir(_one(maker, words)):  # type: ignore[misc]  # -- any base at all
        """It has a field more than its base."""

        more: str = "more"

    return Heir


def _told(do: Callable[..., Any], *args: object, **named: object) -> Any:  # noqa: ANN401 -- whatever that returns
    """Return what comes of a step: its result, or the type and text of its error."""
    try:
        return do(*args, **named)
    except Exception as error:  # noqa: BLE001 -- to be compared
        return type(error).__name__, str(error)


CASES: Final[dict[str, tuple[Callable[..., Any], list[tuple[tuple[Any, ...], dict[str, Any]]]]]] = {
    "wide": (
        _wide,
        [
            ((), {"first": 1}),
            ((1,), {}),
            ((), {"first": 1, "aside": 9, "made": [1]}),
            ((), {"first": 1, "hidden": "x", "named": True}),
            ((), {"first": 2, "second": "a"}),
            ((), {}),
            ((), {"first": 1, "unknown": 1}),
            ((), {"first": 1, "later": 1}),
            ((1, "b", 2, "c", [], 1), {}),
        ],
    ),
    "one": (_one, [((), {"only": 1}), ((), {"only": 2}), ((), {"only": [1]}), ((1,), {})]),
    "none": (_none, [((), {}), ((1,), {})]),
    "own": (_own, [((), {"first": 1}), ((), {"first": 1, "second": 2}), ((), {"first": 2})]),
    "heir": (_heir, [((), {"only": 1}), ((), {"only": 1, "more": "x"}), ((1, "y"), {})]),
}


def _seen(maker: Maker, case: str, words: dict[str, bool]) -> list[object]:
    """Return all that is to be seen of a class and of the objects that a case makes of it."""
    make, given = CASES[case]
    cls = make(maker, words)
    seen = [cls.__doc__, cls.__qualname__, cls.__match_args__, hasattr(cls, "__slots__"), is_dataclass(cls)]
    made = [_told(cls, *args, **named) for args, named in given]
    objects = [each for each in made if not isinstance(each, tuple)]
    seen += [each if isinstance(each, tuple) else "made" for each in made]
    for each in objects:
        seen += [repr(each), asdict(each), astuple(each), hasattr(each, "__dict__")]
        seen += [asdict(copy.copy(each)), asdict(copy.deepcopy(each)), isinstance(_told(hash, each), int)]
        for name in cls.__match_args__[:1]:
            seen += [asdict(replace(each, **{name: 7})), _told(setattr, each, name, 8), _told(delattr, each, name)]
    made = [_told(cls, *args, **named) for args, named in given]
    for one, other in product(made, [*made, 1]):
        seen += [_told(compare, one, other) for compare in (eq, ne, lt, le, gt, ge)]
        seen.append(_told(hash, one) == _told(hash, other) if _told(eq, one, other) is True else None)
    return seen


@pytest.mark.parametrize("words", WORDS, ids=lambda words: " ".join(words) or "plain")
@pytest.mark.parametrize("case", CASES)
def test_they_are_as_the_standard_library_makes_them(case: str, words: dict[str, bool]) -> None:
    """Making, showing, comparing, hashing, copying, replacing and refusing: the same results, and the same errors."""
    assert _seen(dataclasses.dataclass, case, words) == _seen(dataclass, case, words)


@dataclass(frozen=True, slots=True)
class Kept:
    """One that pickle finds by its name."""

    name: str
    more: tuple[int, ...] = ()


def test_they_can_be_pickled() -> None:
    """What no assignment may change is restored all the same."""
    kept = Kept("a", (1, 2))
    assert kept == pickle.loads(pickle.dumps(kept))  # noqa: S301 -- its own


@dataclass(slots=True)
class Looped:
    """One that can hold itself."""

    inside: "list[Looped]" = field(default_factory=list)


def test_one_that_holds_itself_can_be_shown() -> None:
    """What holds itself is shown once."""
    looped = Looped()
    looped.inside.append(looped)
    assert "Looped(inside=[...])" == repr(looped)


def test_only_what_is_used_is_compiled() -> None:
    """The first object has `__init__` compiled, which is that of all later ones, of its class and of no other."""

    @dataclass(frozen=True)
    class Made:
        """It is made twice."""

        name: str

    @dataclass(frozen=True)
    class Heir(Made):
        """It is made once."""

    before = Made.__init__
    Heir("a")
    assert before is Made.__init__
    Made("a")
    compiled = Made.__init__
    Made("b")
    assert (True, True) == (compiled is not before, compiled is Made.__init__)


def test_what_is_loaded_is_made_of_them() -> None:
    """Of the data classes that a plan loads none has a method of which the text was made and compiled."""
    load("flowforge.run.flows")
    classes = {
        each
        for name, module in list(sys.modules.items())
        if name.startswith("flowforge.")
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__.startswith("flowforge.") and is_dataclass(each)
    }
    compiled = [each for each in classes if inspect.unwrap(each.__repr__).__code__.co_filename == "<string>"]
    assert (True, []) == (len(classes) > 100, compiled)


def test_a_field_cannot_be_set() -> None:
    """Nothing of what is frozen changes."""
    kept = Kept("a")
    with pytest.raises(FrozenInstanceError):
        kept.name = "b"  # type: ignore[misc]  # -- that is the point
    assert "a" == kept.name
