"""Patterns of names, such as `svc-*`, compiled once for all names that they are tried on."""

import re
from collections.abc import Iterable
from fnmatch import translate


class Globs:
    """Patterns, in lower case, of which one must fit."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Compile them."""
        # fnmatch compiles them too, but its cache would drop some when there are hundreds.
        self._patterns = [re.compile(translate(pattern)) for pattern in dict.fromkeys(patterns)]

    def __len__(self) -> int:
        return len(self._patterns)

    def fit(self, name: str) -> bool:
        """Return whether one of them fits a name, in lower case."""
        return any(pattern.match(name) for pattern in self._patterns)
