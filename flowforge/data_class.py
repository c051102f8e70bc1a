"""Data classes that are made quickly: a plan of one repo makes some 160 of them as it starts.

The standard library writes and compiles the text of five to nine methods for each class, which was a quarter of such a
plan's CPU time. Here all classes share theirs, and only `__init__` is compiled, when the first object of its class is
made. A class is used like one of the standard library's: `fields`, `replace` and `asdict` take it.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from operator import attrgetter, ge, gt, le, lt
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, NoReturn

_put: Final = object.__setattr__


def _made(cls: type[Any], *, frozen: bool, slots: bool, order: bool, eq: bool, kw_only: bool) -> type[Any]:
    """Return a class with its fields and methods. What it defines itself stays."""
    own = {name for name, there in vars(cls).items() if there is not None}  # no __hash__ where there is an __eq__
    made: type[Any] = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
    methods: dict[str, Any] = {"__init__": _first_init(made), "__repr__": _repr}
    if eq:
        methods |= _comparing(made, frozen=frozen, order=order)
    if frozen:
        methods |= {"__setattr__": _set_nothing, "__delattr__": _delete_nothing}
        methods |= {"__getstate__": _state, "__setstate__": _restore}
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    return made


def _first_init(cls: type[Any]) -> Callable[..., None]:
    """Return what stands for `__init__` until the first object is made, and puts the real one into its place."""

    def __init__(self: object, *args: object, **words: object) -> None:  # noqa: N807 -- a method
        cls.__init__ = init = _init(cls)
        init(self, *args, **words)

    return __init__


def _init(cls: type[Any]) -> Callable[..., None]:
    """Return `__init__` of a class, which sets each field also where the class lets nobody do so."""
    given: dict[str, Any] = {"_put": _put, "_absent": MISSING}
    words: dict[bool, list[str]] = {False: ["self"], True: []}
    body = []
    for each in fields(cls):
        default = f"_{each.name}"
        given[default] = each.default if each.default_factory is MISSING else each.default_factory
        if each.init:
            words[bool(each.kw_only)].append(each.name + _preset(each, default))
        if each.init or given[default] is not MISSING:
            body.append(f"_put(self, {each.name!r}, {_value(each, default)})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    taken = ", ".join([*words[False], *(["*", *words[True]] if words[True] else [])])
    lines = "".join(f"\n  {line}" for line in body or ["pass"])
    there: dict[str, Any] = {}
    text = f"def make({', '.join(given)}):\n def __init__({taken}):{lines}\n return __init__"
    exec(text, there)  # noqa: S102 -- the names of fields, as they stand in our code
    init: Callable[..., None] = there["make"](**given)
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _preset(each: Field[Any], default: str) -> str:
    """Return what stands behind a field's name among what `__init__` takes. default: what it is called there."""
    if each.default_factory is not MISSING:
        return "=_absent"
    return "" if each.default is MISSING else f"={default}"


def _value(each: Field[Any], default: str) -> str:
    """Return the expression of what a field becomes. default: as above."""
    if each.default_factory is MISSING:
        return each.name if each.init else default
    return f"{default}() if {each.name} is _absent else {each.name}" if each.init else f"{default}()"


def _comparing(cls: type[Any], *, frozen: bool, order: bool) -> dict[str, Any]:
    """Return the methods that compare two objects of the very same class by their fields."""
    names = [each.name for each in fields(cls) if each.compare]
    # Of one name attrgetter returns no tuple, and of none it cannot be made.
    values: Callable[[Any], Any] = attrgetter(*names, *names[:1]) if names else lambda _: ()

    def __eq__(self: object, other: object) -> bool:  # noqa: N807 -- a method
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: object) -> int:  # noqa: N807 -- a method
        return hash(values(self))

    ordering = {f"__{each.__name__}__": _ordering(values, each) for each in (lt, le, gt, ge)} if order else {}
    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None, **ordering}


def _ordering(values: Callable[[Any], Any], compared: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(self: object, other: object) -> bool:
        return compared(values(self), values(other)) if other.__class__ is self.__class__ else NotImplemented

    return compare


@recursive_repr()
def _repr(self: Any) -> str:  # noqa: ANN401 -- of any data class
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _set_nothing(self: object, name: str, value: object) -> NoReturn:
    del self, value
    message = f"cannot assign to field {name!r}"
    raise FrozenInstanceError(message)


def _delete_nothing(self: object, name: str) -> NoReturn:
    del self
    message = f"cannot delete field {name!r}"
    raise FrozenInstanceError(message)


def _state(self: Any) -> list[Any]:  # noqa: ANN401 -- of any data class
    return [getattr(self, each.name) for each in fields(self)]


def _restore(self: Any, state: list[Any]) -> None:  # noqa: ANN401 -- of any data class
    for each, value in zip(fields(self), state, strict=True):
        _put(self, each.name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 -- which a type checker knows all about
else:

    def dataclass(
        *, frozen: bool = False, slots: bool = False, order: bool = False, eq: bool = True, kw_only: bool = False
    ) -> Callable[[type[Any]], type[Any]]:
        """Return what makes a class a data class, as the standard library's `dataclass` does with the same words."""
        return lambda cls: _made(cls, frozen=frozen, slots=slots, order=order, eq=eq, kw_only=kw_only)
