"""Find what a code or a text of a log is about."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from flowforge.cli.explanations.failures import FAILURES, RunFailure

CODE: Final = re.compile(r"\bFF\d{3}\b", re.IGNORECASE)
# Shorter pieces stand in too many texts to mean one.
_LEAST: Final = 8
_ALIKE: Final = 0.75
# Of a log that was pasted whole: more is not read.
_MOST: Final = 20_000
_QUOTES: Final = "[`'\"\u00b4\u2018-\u201f]"

# The page of a code: what its hundred is about, and each form of what it says.
CodePage = Mapping[str, Any]


@cache
def pages() -> Mapping[str, CodePage]:
    """Return the pages of our codes, by code. `make docs` makes them of the program, as it makes docs/errors.md."""
    text = (Path(__file__).parent / "codes.json").read_text(encoding="utf-8")
    found: Mapping[str, CodePage] = json.loads(text)
    return found


def codes_of(text: str) -> list[str]:
    """Return the codes of ours that a text names, in order."""
    return list(dict.fromkeys(code.upper() for code in CODE.findall(text)))


def failures_of(text: str) -> list[RunFailure]:
    """Return the failures that a text shows, the one with the longest match first; else the one that is most alike."""
    told = _plain(text)
    matched = [(length, failure) for failure in FAILURES if (length := max(_matches(failure, told), default=0))]
    if matched:
        return [failure for _, failure in sorted(matched, key=lambda pair: -pair[0])]
    return _alike(told)


def near(text: str, known: Sequence[str]) -> str:
    """Return the known code that is most like a text; empty where none is."""
    return next(iter(difflib.get_close_matches(text.upper(), known, n=1)), "")


def _matches(failure: RunFailure, told: str) -> Iterator[int]:
    for text in failure.texts:
        form = _plain(text)
        pattern = ".*?".join(map(re.escape, form.split("*")))
        if found := re.search(pattern, told):
            yield len(found[0])
        elif len(told) >= _LEAST and told in form:
            yield len(told)


def _alike(told: str) -> list[RunFailure]:
    ranked = [
        (difflib.SequenceMatcher(None, _plain(text), told, autojunk=False).ratio(), failure)
        for failure in FAILURES
        for text in failure.texts
    ]
    best = max(ranked, key=lambda pair: pair[0])
    return [best[1]] if best[0] >= _ALIKE else []


def _plain(text: str) -> str:
    """Return a text without what a log or a shell does to it: colours, case, kinds of quotes, white space."""
    bare = re.sub(r"\x1b\[[0-9;]*m", "", text[:_MOST])
    return " ".join(re.sub(_QUOTES, "", bare).casefold().split())
