"""The limits of a manifest: what a small file could make large is counted before it is made."""

from typing import Final

from flowforge.errors import ManifestError, Problem, quote
from flowforge.manifest.model import AbsentEntry, Target

# Twenty places in each of ten thousand repositories. A manifest with that many takes 4 s and 140 MB to read.
MAX_PLACES: Final = 200_000


def too_much(what: str, where: str, fix: str) -> ManifestError:
    """Return the error (FF103) of a manifest that goes beyond a limit."""
    return ManifestError(Problem("FF103", what, where, fix=fix))


class PlaceLimit:
    """What is left of `MAX_PLACES` for the entries of one manifest."""

    def __init__(self) -> None:
        """Start with all of it."""
        self._left = MAX_PLACES

    def count(self, entry: Target | AbsentEntry, whom: int, names: int, viewers: int) -> None:
        """Count the places of an entry. Raise ManifestError (FF154) if there are more than are left.

        whom: how many repos, or the one organization. names: how many secrets or variables. viewers: how many repos see
        it; each counts as a place does.
        """
        environments = len(entry.lists.environments)
        parts = {
            "repositories": whom,
            "environments" if environments else "stores": environments or len(entry.lists.stores),
            "names": names,
            "repositories that see it": viewers,
        }
        # A factor of one is no reason, so the message leaves it out.
        several = {word: number for word, number in parts.items() if number > 1}
        # Without repos an entry has no place, whatever its other factors are.
        before, product = MAX_PLACES - self._left, 1 if whom else 0
        for number in several.values():
            product *= number
        self._left -= product
        if self._left < 0:
            factors = " times ".join(f"{number:,} {word}" for word, number in several.items())
            counts = [f"it has {factors}"] if factors else []
            counts += [f"the entries before it lead to {before:,}"] if before else []
            what = f"the {entry.noun} {quote(entry.name)} leads to more than {MAX_PLACES:,} secrets and variables"
            fix = "name fewer repositories, environments or stores, or split the manifest into several"
            raise ManifestError(Problem("FF154", what, str(entry.where), "; ".join(counts), fix))
