"""Find what a code or a text of a log is about."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from flowforge.cli.explanations.failures import FAILURES, RunFailure

# One of an error, or of a finding of the audit: words with hyphens, which are one only where there is such a code.
CODE: Final = re.compile(r"\bFF\d{3}\b|(?<![\w-])[a-z]+(?:-[a-z]+)+(?![\w-])", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"FF\d{3}")
_WORD: Final = re.compile(r"[\w-]+")
# Shorter pieces stand in too many texts to mean one.
_LEAST: Final = 8
_ALIKE: Final = 0.75
_LONGEST: Final = 1000
MOST: Final = 20_000
"""Characters of a log that are read."""
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
    found = [code.upper() if code[:2].upper() == "FF" else code.lower() for code in CODE.findall(text)]
    named = [code for code in found if code in pages() or _NUMBERED.fullmatch(code)]
    # A plain word such as `gated` is a code where it is all that is asked about.
    words = [word.lower() for word in _WORD.findall(text[:MOST])]
    return list(dict.fromkeys(named or (words if all(word in pages() for word in words) else [])))


def failures_of(text: str) -> list[RunFailure]:
    """Return the failures that a text shows, the one with the longest match first; else the one that is most alike."""
    told = _plain(text)
    matched = [(length, failure) for failure in FAILURES if (length := max(_matches(failure, told), default=0))]
    if matched:
        return [failure for _, failure in sorted(matched, key=lambda pair: -pair[0])]
    return _alike(told)


def near(text: str, known: Sequence[str]) -> str:
    """Return the known code that is most like a text; empty where none is."""
    alike = (difflib.get_close_matches(each, known, n=1) for each in (text.upper(), text.lower()))
    return next((found for each in alike for found in each), "")


def _matches(failure: RunFailure, told: str) -> Iterator[int]:
    for text in failure.texts:
        form = _plain(text)
        pattern = ".*?".join(map(re.escape, form.split("*")))
        if found := re.search(pattern, told):
            yield len(found[0])
        elif len(told) >= _LEAST and told in form:
            yield len(told)


def _alike(told: str) -> list[RunFailure]:
    # What is so much longer is like none, and comparing it would take long.
    if len(told) > _LONGEST:
        return []
    ranked = [
        (difflib.SequenceMatcher(None, _plain(text), told, autojunk=False).ratio(), failure)
        for failure in FAILURES
        for text in failure.texts
    ]
    best = max(ranked, key=lambda pair: pair[0])
    return [best[1]] if best[0] >= _ALIKE else []


def _plain(text: str) -> str:
    """Return a text without what a log or a shell does to it: colours, case, kinds of quotes, white space."""
    bare = re.sub(r"\x1b\[[0-9;]*m", "", text[:MOST])
    return " ".join(re.sub(_QUOTES, "", bare).casefold().split())
