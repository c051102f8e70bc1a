"""The four stores of secrets, which share nothing: each has its own list, its own key and its own key id."""

from typing import Final

from flowforge.sandbox.world.scope import KeyRing, SecretScope

# The ids of Actions and Dependabot were recorded at GitHub; the others are ours.
_FIRST_IDS: Final = {
    "actions": 3380204578043523366,
    "dependabot": 3380217566468950943,
    "codespaces": 3380217568112345111,
    "agents": 3380217569745678222,
}
STORES: Final = tuple(_FIRST_IDS)


class Rings:
    """The key ids of the four products."""

    def __init__(self) -> None:
        """Start with the first ids."""
        self._rings = {store: KeyRing(first) for store, first in _FIRST_IDS.items()}

    def __getitem__(self, store: str) -> KeyRing:
        """Return the key ring of a store. Raise KeyError if it is none of the four."""
        if store not in self._rings:
            message = f"store {store}"
            raise KeyError(message)
        return self._rings[store]

    def rotate(self) -> None:
        """Make every key of every store invalid."""
        for ring in self._rings.values():
            ring.rotate()


class Stores:
    """The scopes of a repository, an environment or an organization, made when they are first needed."""

    def __init__(self, rings: Rings, most: int, whose: str) -> None:
        """Start empty. Each store takes `most` secrets."""
        self._rings, self._most, self._whose = rings, most, whose
        self._scopes: dict[str, SecretScope] = {}

    def __getitem__(self, store: str) -> SecretScope:
        """Return the scope of a store. Raise KeyError if it is none of the four."""
        if store not in self._scopes:
            self._scopes[store] = SecretScope(self._rings[store], self._most, self._whose)
        return self._scopes[store]
