"""Draw mutants at random: the same seed draws the same ones while other code, or the list of equals, changes."""

import fnmatch
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence

from tools.mutants.equivalent import Identity
from tools.mutants.find import Mutant
from tools.mutants.table import Part

Found = tuple[Part, Mutant]


def pool(found: Sequence[Found], known: Collection[Identity], only: Sequence[str]) -> list[Found]:
    """Return the mutants that may be drawn: of these files, as patterns, and none that is known to be the same."""
    return [
        (part, mutant)
        for part, mutant in found
        if mutant.identity not in known and (not only or any(fnmatch.fnmatch(mutant.path, each) for each in only))
    ]


def drawn(found: Sequence[Found], count: int, seed: int) -> list[Found]:
    """Return so many of the mutants, all for 0. Each has a place of its own, whichever others there are."""
    met: Counter[Identity] = Counter()
    places: list[tuple[str, Found]] = []
    for part, mutant in found:
        met[mutant.identity] += 1
        place = json.dumps([seed, *mutant.identity, met[mutant.identity]])
        places.append((hashlib.sha256(place.encode()).hexdigest(), (part, mutant)))
    return [each for _, each in sorted(places, key=lambda place: place[0])][: count or None]
