"""The arguments of a verb of the sandbox, as people type them: `key=text`, `key=@FILE`, `key:=JSON`."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from flowforge.cli.output import around
from flowforge.cli.streams import reason
from flowforge.errors import Problem, UsageError, quote
from flowforge.sandbox_verbs import Taken, Verb

_GIVEN: Final = re.compile(r"([^=:]+)(:?=)(.*)", re.DOTALL)
# What an example of each kind looks like.
_EXAMPLES: Final[Mapping[str, str]] = {
    "N": "3",
    "SECONDS": "1.5",
    "BOOL": "true",
    "LIST": "a,b",
    "MAP": "secrets:read,issues:write",
    "JSON": '\'{"full_name": "acme/api"}\'',
}


def read_arguments(verb: Verb, given: Iterable[str]) -> Mapping[str, Any]:
    """Return the arguments of a verb by name, each of the type that it takes. Raises UsageError (FF043)."""
    read: dict[str, Any] = {}
    for text in given:
        match = _GIVEN.fullmatch(text)
        if match is None:
            raise _unusable(verb, f"{quote(text)} is not key=value")
        name, sign, value = match.groups()
        if name not in verb.arguments:
            near = get_close_matches(name, verb.arguments, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise _unusable(verb, f"it takes no {quote(name)}{hint}")
        if name in read:
            raise _unusable(verb, f"{name} is given twice")
        read[name] = _value(verb, verb.arguments[name], sign, value)
    lacking = [each.name for each in verb.arguments.values() if each.needed and each.name not in read]
    if lacking:
        raise _unusable(verb, f"it needs {' and '.join(lacking)}")
    return read


def _value(verb: Verb, taken: Taken, sign: str, text: str) -> Any:  # noqa: ANN401 -- JSON
    if sign == "=" and text.startswith("@"):
        text = _content(verb, taken.name, Path(text[1:]))
    try:
        # Whether JSON of another type fits, the sandbox says.
        return _json(text) if sign == ":=" else _READERS[taken.kind](text)
    except ValueError:
        example = "'\"text\"'" if sign == ":=" else _EXAMPLES[taken.kind]
        raise _unusable(verb, f"{taken.name} is written like {taken.name}{sign}{example}") from None


def _content(verb: Verb, name: str, path: Path) -> str:
    try:
        with open(around(path).read(path), encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
            return file.read()
    except OSError as error:
        why = reason(error)
    except ValueError:
        why = "it is no text in UTF-8"
    raise _unusable(verb, f"the file of {name} cannot be read: {why}")


def _unusable(verb: Verb, why: str) -> UsageError:
    return UsageError(
        Problem("FF043", f"the sandbox cannot do {verb.name} with these arguments", why=why, fix=f"say {verb.usage}")
    )


def _seconds(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _bool(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _map(text: str) -> dict[str, str]:
    pairs = [part.partition(":") for part in _list(text)]
    if not all(sign for _, sign, _ in pairs):
        raise ValueError(text)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _json(text: str) -> Any:  # noqa: ANN401 -- JSON
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(text) from None


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "TEXT": str,
    "N": int,
    "SECONDS": _seconds,
    "BOOL": _bool,
    "LIST": _list,
    "MAP": _map,
    "JSON": _json,
}
